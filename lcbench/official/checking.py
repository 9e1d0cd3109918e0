"""A sample of what was imported, read back and held against the source."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError
from lcbench.official.layout import TAGS
from lcbench.official.released import Released

_PER_DATASET = 3


class Samples:
    """A few published runs of each data set, drawn evenly as they pass by."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng(0)
        self._seen = 0
        self._kept: dict[str, dict[int, dict[str, Any]]] = {}

    def add(self, dataset: str, config_id: int, entry: dict[str, Any]) -> None:
        """Let a run pass by, and perhaps keep it (reservoir sampling: all are equally likely)."""
        kept = self._kept.setdefault(dataset, {})
        self._seen = self._seen + 1 if kept else 1
        if len(kept) == _PER_DATASET:
            if self._rng.random() >= _PER_DATASET / self._seen:
                return
            kept.pop(list(kept)[int(self._rng.integers(_PER_DATASET))])
        kept[config_id] = entry

    def check(self, folder: Path) -> None:
        """Compare the kept runs with what a folder gives back for them, to the precision of float32.

        Raises:
            DamagedFileError: If they differ.
        """
        released = Released(folder)
        for dataset, kept in self._kept.items():
            for config_id, entry in kept.items():
                self._compare(released, dataset, config_id, entry)

    def _compare(self, released: Released, dataset: str, config_id: int, entry: dict[str, Any]) -> None:
        row = released.config_ids(dataset).index(config_id)
        epochs = released.epochs(dataset)[row]
        until = epochs + 1 if epochs < released.budget else None  # of a diverged run, what it learned
        for tag in [tag for tag in TAGS.values() if tag in entry["log"]]:
            if not _same(released.log(dataset, tag)[row][:until], np.array(entry["log"][tag], np.float64)[:until]):
                raise DamagedFileError(_otherwise(tag, config_id, dataset))
        for tag, values in released.gradients(dataset, row).items():
            if not _same(np.array(values), np.array(entry["log"][tag], np.float64)):
                raise DamagedFileError(_otherwise(tag, config_id, dataset))
        same = all(released.config(config_id)[name] == value for name, value in entry["config"].items())
        if not same or released.result(dataset, row) != entry["results"]:
            raise DamagedFileError(_otherwise("config or results", config_id, dataset))


def _otherwise(what: str, config_id: int, dataset: str) -> str:
    return (
        f"{what} of configuration {config_id} on {dataset} must read back as in the source, got something else; "
        "import again, and report it if it happens again."
    )


def _same(found: NDArray[np.float64], wanted: NDArray[np.float64]) -> bool:
    if found.shape != wanted.shape:
        return False
    with np.errstate(over="ignore"):
        return bool(np.allclose(found, wanted.astype(np.float32), rtol=1e-6, atol=1e-9, equal_nan=True))
