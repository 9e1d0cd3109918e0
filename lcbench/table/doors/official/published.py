"""The class of the published LCBench, so that notebooks written for it keep working.

It looks its runs up in a benchmark folder, or in a JSON file held in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lcbench.errors import InputError, UnknownNameError
from lcbench.table.doors.official.gradients import LAYER, WHOLE
from lcbench.table.doors.official.released import Released
from lcbench.table.doors.official.stream import entries

if TYPE_CHECKING:
    pass


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


def plot_runs(
    bench: Benchmark,
    names: Sequence[str],
    columns: tuple[str, str],
    scales: tuple[str, str],
    n_configs: int,
    criterion: str | None,
) -> None:
    """Draw one axes per data set; ``criterion`` ranks the runs, or None draws configurations 1 to ``n_configs``."""
    import matplotlib.pyplot as plt

    if not names:
        raise InputError("dataset_names must name at least one data set, got none.")
    _, axes = plt.subplots(len(names), 1, figsize=(10, 7 * len(names)), squeeze=False)
    for name, ax in zip(names, axes.flat, strict=True):
        _draw(ax, bench, name, columns, n_configs, criterion)
        ax.set(xscale=scales[0], yscale=scales[1], xlabel=columns[0], ylabel=columns[1])


def _draw(
    ax: Any, bench: Benchmark, name: str, columns: tuple[str, str], n_configs: int, criterion: str | None
) -> None:
    count = bench.get_number_of_configs(name)
    for i in range(min(n_configs, count if criterion else count - 1)):
        if criterion:
            x, y = (bench.query_best(name, column, criterion, i) for column in columns)
        else:
            x, y = (bench.query(name, column, i + 1) for column in columns)
        ax.plot(x, y, "p-")
    facts = {key: bench.query(name, key, 0) for key in ("features", "classes", "instances")}
    ax.set_title(", ".join([name, *(f"{key}: {value}" for key, value in facts.items())]))


class Source(Protocol):
    """Where published runs are looked up; see :mod:`lcbench.table.doors.official.published`."""

    datasets: tuple[str, ...]

    def config_ids(self, dataset: str) -> list[int]:
        """Numbers of the configurations of a data set, in the order of the source."""

    def has(self, dataset: str, config_id: int) -> bool:
        """Whether there is such a run."""

    def tags(self, dataset: str, config_id: int) -> list[str]:
        """Everything that can be asked of a run but ``"config"``."""

    def value(self, dataset: str, config_id: int, tag: str) -> Any:
        """What a run's log, results or configuration says; KeyError if none of them has the tag."""

    def config(self, dataset: str, config_id: int) -> dict[str, Any]:
        """Hyperparameters and settings."""


class Benchmark:
    """Query LCBench as its published class does, on a benchmark folder or on a JSON file in the published layout.

    A folder opens at once and reads what is asked for. A JSON file is read whole, which takes as long and as much
    memory as it always did; ``lcbench import lcbench FILE DIR`` once is the cure.

    Where the published class is odd, this one is too, and says so: :meth:`query_best`. Names that are not there are
    errors that are also ``ValueError``, as they were.

    Args:
        data_dir: A benchmark folder or a JSON file.
        cache: Accepted and passed over: a folder needs no cache, and we read and write no pickle.
        cache_dir: Accepted and passed over.

    Raises:
        LcbenchError: If it is neither.
    """

    def __init__(self, data_dir: str | Path, cache: bool = False, cache_dir: str = "cached/") -> None:  # noqa: ARG002
        pass

        path = Path(data_dir)
        self.data_dir = data_dir
        self._source: Source = FolderSource(path) if path.is_dir() else JsonSource(path)
        self.dataset_names = list(self._source.datasets)

    def query(self, dataset_name: str, tag: str, config_id: int | str) -> Any:
        """Look up a run.

        Args:
            dataset_name: Name of a data set.
            tag: A tag of the log (a list by epoch; index 0 is the untrained network), of the results or of the
                configuration, or ``"config"`` for the whole configuration.
            config_id: Number of a configuration.

        Raises:
            UnknownNameError: If there is no such data set, configuration or tag.
        """
        number = self._number(dataset_name, config_id)
        try:
            return self._source.value(dataset_name, number, tag)
        except KeyError:
            if tag == "config":
                return self._source.config(dataset_name, number)
            raise UnknownNameError("tag", tag, self.get_queriable_tags(dataset_name, config_id)) from None

    def query_best(self, dataset_name: str, tag: str, criterion: str, position: int = 0) -> Any:
        """Look up the run that is best by a criterion, or at a position behind it.

        As in the published class, "best" is the run with the **largest** value at any epoch, for losses too: with
        ``criterion="Train/val_cross_entropy"`` position 0 is the worst run and position -1 the one whose worst epoch
        is lowest.

        Args:
            dataset_name: Name of a data set.
            tag: What to look up.
            criterion: Tag to rank by: a list by epoch, or a number.
            position: 0 is the best.

        Raises:
            UnknownNameError: If there is no such data set or tag.
            InputError: If there is no such position.
        """
        numbers = self._numbers(dataset_name)
        values = [self.query(dataset_name, criterion, number) for number in numbers]
        if not -len(numbers) <= position < len(numbers):
            raise InputError(f"position must be below {len(numbers)}, got {position}.")
        largest = [max(value) if isinstance(value, list) else value for value in values]
        ranked = sorted(range(len(numbers)), key=lambda row: largest[row], reverse=True)
        return self.query(dataset_name, tag, numbers[ranked[position]])

    def get_queriable_tags(self, dataset_name: str | None = None, config_id: int | str | None = None) -> list[str]:
        """All tags of a run; of the first run where none is named."""
        if dataset_name is None or config_id is None:
            dataset_name = self.dataset_names[0]
            config_id = self._source.config_ids(dataset_name)[0]
        return [*self._source.tags(dataset_name, self._number(dataset_name, config_id)), "config"]

    def get_dataset_names(self) -> list[str]:
        """Names of the data sets."""
        return self.dataset_names

    def get_openml_task_ids(self) -> list[int]:
        """OpenML task of each data set."""
        return [self.query(name, "OpenML_task_id", self._source.config_ids(name)[0]) for name in self.dataset_names]

    def get_number_of_configs(self, dataset_name: str) -> int:
        """How many configurations a data set has."""
        return len(self._numbers(dataset_name))

    def get_config(self, dataset_name: str, config_id: int | str) -> dict[str, Any]:
        """Hyperparameters and settings; the published class takes the number as text only, this one either."""
        return self._source.config(dataset_name, self._number(dataset_name, config_id))

    def plot_by_name(
        self,
        dataset_names: str | Sequence[str],
        x_col: str,
        y_col: str,
        n_configs: int = 10,
        show_best: bool = False,
        xscale: str = "linear",
        yscale: str = "linear",
        criterion: str | None = None,
    ) -> None:
        """Draw runs with matplotlib, one picture per data set below the other; show or save it with pyplot.

        As in the published class, the runs drawn are those of configurations 1 to ``n_configs`` (number 0 is passed
        over), or with ``show_best`` the first by :meth:`query_best`.

        Args:
            dataset_names: One data set or several.
            x_col: Tag on the horizontal axis.
            y_col: Tag on the vertical axis.
            n_configs: How many runs.
            show_best: Draw the best runs.
            xscale: matplotlib's scale of the horizontal axis.
            yscale: matplotlib's scale of the vertical axis.
            criterion: What is best; ``y_col`` by default.
        """
        names = [dataset_names] if isinstance(dataset_names, str) else list(dataset_names)
        plot_runs(self, names, (x_col, y_col), (xscale, yscale), n_configs, criterion or y_col if show_best else None)

    def _numbers(self, dataset_name: str) -> list[int]:
        if dataset_name not in self.dataset_names:
            raise UnknownNameError("data set", dataset_name, self.dataset_names)
        return self._source.config_ids(dataset_name)

    def _number(self, dataset_name: str, config_id: int | str) -> int:
        if dataset_name not in self.dataset_names:
            raise UnknownNameError("data set", dataset_name, self.dataset_names)
        number = int(config_id) if str(config_id).isdecimal() else -1
        if not self._source.has(dataset_name, number):
            raise UnknownNameError(f"configuration of {dataset_name}", config_id, self._source.config_ids(dataset_name))
        return number
