"""What a search has tried, one line for each model in the order in which they were done, with the ensemble after it.

A line counts once its line break is there; a model that comes again replaces its earlier line. The last line says which
ensemble is the best so far, so it changes at one blow, when a line is written.
"""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lcbench.errors import DamagedFileError

NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Entry:
    """A model that was tried.

    Attributes:
        number: Number of its job; models and predictions are filed under it.
        trial: Number of the trial, of which there may be models of several budgets.
        kind: ``"network"``, or the name of a baseline.
        config: A network's configuration.
        budget: Epochs; 1 for a baseline.
        score: On the validation rows, larger is better; NaN if it failed or diverged.
        started: Seconds since the beginning of the search.
        finished: Likewise.
        worker: Number of the worker.
        reason: None, or why there is no model.
        ensemble_score: Of the ensemble afterwards; NaN if there is none.
        weights: Shares of the models in it by their numbers, adding up to 1.
    """

    number: int
    trial: int
    kind: str
    config: Mapping[str, Any] | None
    budget: int
    score: float
    started: float
    finished: float
    worker: int
    reason: str | None = None
    ensemble_score: float = math.nan
    weights: Mapping[int, float] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Whether there is a model that predicts."""
        return math.isfinite(self.score)

    @property
    def status(self) -> str:
        """``"success"``, ``"diverged"``, or why there is no model."""
        return self.reason or ("success" if self.usable else "diverged")


def append(path: Path, entry: Entry) -> None:
    """Add a line, in one piece."""
    numbers = {name: _word(value) for name, value in asdict(entry).items()}
    line = memoryview(json.dumps(numbers, allow_nan=False).encode() + b"\n")
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        while line:
            line = line[os.write(file, line) :]
    finally:
        os.close(file)


def mend(path: Path) -> None:
    """Cut off what follows the last whole line."""
    if path.is_file():
        text = path.read_bytes()
        os.truncate(path, text.rfind(b"\n") + 1)


def read(path: Path) -> list[Entry]:
    """Read all whole lines; of a model that comes again the last.

    Raises:
        DamagedFileError: If one of them is damaged.
    """
    if not path.is_file():
        return []
    text = path.read_bytes()
    lines = text[: text.rfind(b"\n") + 1].splitlines()
    entries = [_entry(path, number, line) for number, line in enumerate(lines, start=1)]
    return list({entry.number: entry for entry in entries}.values())


def _entry(path: Path, number: int, line: bytes) -> Entry:
    try:
        found = json.loads(line)
        weights = {int(model): float(weight) for model, weight in found.pop("weights").items()}
        floats: dict[str, Any] = {
            name: float(found.pop(name)) for name in ("score", "started", "finished", "ensemble_score")
        }
        return Entry(**found, **floats, weights=weights)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DamagedFileError(f"{path} is damaged in line {number} ({error!r}); restore it.") from error


def _word(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
