"""Where the published class looks its runs up: a benchmark folder, or a JSON file held in memory."""

from pathlib import Path
from typing import Any

from lcbench.errors import InputError
from lcbench.official.gradients import LAYER, WHOLE
from lcbench.official.released import Released
from lcbench.official.stream import entries


class FolderSource:
    """A benchmark folder; reads a column when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._released = Released(folder)
        self.datasets = self._released.datasets
        self._rows: dict[str, dict[int, int]] = {}

    def config_ids(self, dataset: str) -> list[int]:
        """Numbers of the configurations, increasing."""
        return list(self._row_of(dataset))

    def has(self, dataset: str, config_id: int) -> bool:
        """Whether there is such a run."""
        return config_id in self._row_of(dataset)

    def tags(self, dataset: str, config_id: int) -> list[str]:
        """Tags of the log, the results and the configuration."""
        row = self._row_of(dataset)[config_id]
        return [
            *self._released.tags(dataset),
            *self._released.gradients(dataset, row),
            *self._released.result(dataset, row),
            *self._released.config(config_id),
        ]

    def value(self, dataset: str, config_id: int, tag: str) -> Any:
        """What a run's log, results or configuration says."""
        row = self._row_of(dataset)[config_id]
        if tag in self._released.tags(dataset):
            return self._released.log(dataset, tag)[row].tolist()
        if tag.startswith((WHOLE, LAYER)):
            return self._released.gradients(dataset, row)[tag]
        results = self._released.result(dataset, row)
        return results[tag] if tag in results else self._released.config(config_id)[tag]

    def config(self, dataset: str, config_id: int) -> dict[str, Any]:  # noqa: ARG002  # the same on every data set
        """Hyperparameters and settings."""
        return self._released.config(config_id)

    def _row_of(self, dataset: str) -> dict[int, int]:
        if dataset not in self._rows:
            self._rows[dataset] = {number: row for row, number in enumerate(self._released.config_ids(dataset))}
        return self._rows[dataset]


class JsonSource:
    """A JSON file in the published layout, whole in memory."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise InputError(f"the benchmark must be a benchmark folder or a JSON file, got {path}: no such thing.")
        self._data: dict[str, dict[int, dict[str, Any]]] = {}
        for dataset, config_id, entry in entries(path):
            self._data.setdefault(dataset, {})[config_id] = entry
        self.datasets = tuple(self._data)

    def config_ids(self, dataset: str) -> list[int]:
        """Numbers of the configurations, in the order of the file."""
        return list(self._data[dataset])

    def has(self, dataset: str, config_id: int) -> bool:
        """Whether there is such a run."""
        return config_id in self._data[dataset]

    def tags(self, dataset: str, config_id: int) -> list[str]:
        """Tags of the log, the results and the configuration."""
        entry = self._data[dataset][config_id]
        return [*entry["log"], *entry["results"], *entry["config"]]

    def value(self, dataset: str, config_id: int, tag: str) -> Any:
        """What a run's log, results or configuration says."""
        entry = self._data[dataset][config_id]
        parts = [part for part in ("log", "results", "config") if tag in entry[part]]
        return entry[parts[0] if parts else "config"][tag]

    def config(self, dataset: str, config_id: int) -> dict[str, Any]:
        """Hyperparameters and settings."""
        return self._data[dataset][config_id]["config"]
