"""Journal of a search: one line for each model in the order in which they were fitted, with the ensemble after it.

It is a journal (:mod:`lcbench.work.journal`). A model that comes again replaces its earlier line. The last line says
which ensemble is the best so far, so the ensemble changes atomically, when a line is written.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lcbench.errors import DamagedFileError
from lcbench.form import Real, Whole, check
from lcbench.work import Journal, journal

NETWORK = "network"

_NUMBER = (Real(), "nan", "inf", "-inf")
_FORM = {
    "number": Whole(),
    "trial": Whole(-1),
    "kind": str,
    "config": (dict, None),
    "budget": Whole(),
    "worker": Whole(-1),
    **dict.fromkeys(("score", "started", "finished", "ensemble_score"), _NUMBER),
    "reason": (str, None),
    "weights": {re.compile(r"\d{1,9}"): Real(0, 1.0001)},
}


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
    """Add a line."""
    with Journal(path) as kept:
        kept.append(
            {
                name: journal.number(value) if isinstance(value, float) else value
                for name, value in asdict(entry).items()
            }
        )


def read(path: Path) -> list[Entry]:
    """Read all whole lines; of a model that comes again the last.

    Raises:
        DamagedFileError: If one of them is damaged.
    """
    entries = [_entry(path, number, found) for number, found in enumerate(journal.read(path), start=1)]
    return list({entry.number: entry for entry in entries}.values())


def _entry(path: Path, number: int, found: dict[str, Any]) -> Entry:
    check(path, found, _FORM, f"line {number}")
    try:
        weights = {int(model): float(weight) for model, weight in found.pop("weights").items()}
        floats: dict[str, Any] = {
            name: float(found.pop(name)) for name in ("score", "started", "finished", "ensemble_score")
        }
        return Entry(**found, **floats, weights=weights)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DamagedFileError(f"{path} is damaged in line {number} ({error!r}); restore it.") from error
