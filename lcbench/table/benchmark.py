"""A benchmark folder as users hold it: it opens at once and answers with curves, values and what lies beside them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from lcbench.errors import DamagedFileError, InputError, NotABenchmarkError, UnknownNameError
from lcbench.table import manifest, parts, reading, store, verify
from lcbench.table._layout import Layout, series, steps
from lcbench.table.curve import Curve
from lcbench.table.metric import Fidelity, Metric
from lcbench.table.record import SECONDS
from lcbench.table.summary import summary
from lcbench.table.view import View

if TYPE_CHECKING:
    import pandas as pd  # takes longer to import than a table to open

NAME = "mini"
"""The benchmark that comes with the package and is meant where none is named."""


def embedded_folder(name: str = NAME) -> Path:
    """A folder that comes along: inside the installed package, or beside it in a checkout.

    Args:
        name: Of the folder; by default the embedded benchmark's.

    Raises:
        NotABenchmarkError: If this installation came without it.
    """
    here = Path(__file__).parent
    for data in (here / "data", here.parent / "data"):
        if (data / name).is_dir():
            return data / name
    what = "benchmark" if name == NAME else name
    raise NotABenchmarkError(f"this installation of lcbench came without its embedded {what}; name a folder.")


def folder_of(folder: str | Path | None) -> Path:
    """The folder that somebody means: one of that name, or else an embedded benchmark of that name.

    Args:
        folder: A path, or the bare name of a benchmark; None for ``mini``.

    Raises:
        NotABenchmarkError: If none is named, and this installation came without it.
    """
    if folder is None:
        return embedded_folder()
    place = Path(folder)
    if place.exists() or place.parts != (place.name,):
        return place
    try:
        found = embedded_folder(place.name)
    except NotABenchmarkError:
        return place
    return found if (found / manifest.MANIFEST).is_file() else place


def load(
    folder: str | Path | None = None,
    *,
    at: Mapping[str, float] | None = None,
    along: str | None = None,
    partial: bool = False,
) -> "Benchmark":
    """Open a benchmark folder; curves are read when they are first asked for.

    Args:
        folder: A folder made by ``lcbench collect``, or the name of a benchmark that comes with the package
            (``mini``, ``cells``) where there is no such folder; by default ``mini``.
        at: Values of further fidelities by name; by default the largest, see :meth:`Benchmark.at`.
        along: A further fidelity to take as the budget, see :meth:`Benchmark.along`.
        partial: Whether to read what is finished of a collection that is not, or has been stopped.

    Raises:
        FolderError: If there is no benchmark or it is damaged.
        UnknownNameError: If it has no such fidelity, or no runs at such a value.
    """
    place = folder_of(folder)
    if partial:
        from lcbench.table.partial import PartialBenchmark, is_unfinished  # uses this module

        if is_unfinished(place):
            return PartialBenchmark(place, at, along)
    return Benchmark(place, at, along)


class Benchmark:
    """Learning curves of many configurations on many data sets, at several budgets and seeds.

    Arrays that are handed out are read-only views; nothing is ever copied or changed.

    Where runs have further fidelities, such as the fraction of the data, those with the largest value of each are
    shown; :meth:`at` and :meth:`along` show others.

    Args:
        folder: Where it lies.
        at: Values of further fidelities by name; by default the largest.
        along: A further fidelity to take as the budget, see :meth:`along`.

    Attributes:
        folder: Where it lies.
        manifest: What the folder says of itself, or, along a further fidelity, of the runs shown.
        view: Which runs are shown.
    """

    def __init__(self, folder: Path, at: Mapping[str, float] | None = None, along: str | None = None) -> None:
        self.folder = store.place(folder)
        self._stored = store.read_manifest(self.folder)
        self.view = View.of(self._stored, at or {}, along)
        self.manifest = self.view.manifest(self._stored)
        self.kept: object = None  # something that must last as long as this
        # What look-ups need is all in these: each a dict whose key None stands for the default.
        self._arrays: dict[tuple[str, str | None, int | None], NDArray[np.float32]] = {}
        self._flat: dict[tuple[str, str | None], NDArray[np.float32]] = {}
        self._budgets: dict[str, tuple[int, ...]] = {}  # of data sets, where some lack some
        self._layouts: dict[tuple[int, ...], Layout] = {}  # by such budgets
        self._config_rows: dict[int, int] = {}
        self._seed_rows: dict[int | None, int] = {None: 0}

    # What it holds -------------------------------------------------------------------------------------------------

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of the data sets."""
        return self.manifest.datasets

    @property
    def budgets(self) -> tuple[int, ...]:
        """Numbers of steps of :attr:`fidelity`, increasing."""
        return self.manifest.budgets

    def budgets_of(self, dataset: str) -> tuple[int, ...]:
        """The budgets that a data set has runs at, increasing: all of :attr:`budgets`, unless runs are missing.

        Args:
            dataset: Name of a data set.

        Returns:
            Its budgets; all of the table if there is no run of it among those shown.

        Raises:
            UnknownNameError: If there is no such data set.
            DamagedFileError: If the file is damaged.
        """
        path = self._file(manifest.RUNS, dataset)
        if not self._stored.missing or len(self.budgets) == 1:
            return self.budgets
        if dataset not in self._budgets:
            keys = self.view.runs(path, self._table(manifest.RUNS, dataset, self._stored.record.key), self._stored)
            there = set(keys["budget"].unique().to_pylist())
            found = tuple(budget for budget in self.budgets if budget in there)
            self._budgets[dataset] = found or self.budgets
        return self._budgets[dataset]

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds, increasing."""
        return self.manifest.seeds

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of all that can be asked for by step: ``seconds``, other series such as the learning rate, metrics."""
        return self.manifest.record.names

    def metric(self, name: str | None = None) -> Metric:
        """A metric of the table: its unit, goal and range.

        Args:
            name: Its name; by default that of the table's objective.

        Raises:
            UnknownNameError: If the table has no such metric.
        """
        return self.manifest.record.metric(name)

    def objectives(self, text: str | None = None) -> tuple[Metric, ...]:
        """The metrics in a text such as ``"valid_accuracy,seconds"``, see :meth:`lcbench.table.record.Record`.

        Raises:
            UnknownNameError: If the table has no such metric.
            InputError: If one is named twice, or seconds first.
        """
        return self.manifest.record.objectives(text)

    @property
    def fidelity(self) -> Fidelity:
        """What is spent step by step, such as epochs: the axis of the curves."""
        return self.manifest.record.fidelity

    @property
    def fidelities(self) -> tuple[Fidelity, ...]:
        """All that runs of the folder are given more or less of: the recorded axis, then the further fidelities."""
        return self._stored.record.fidelities

    def at(self, **values: float) -> "Benchmark":
        """The same table at other values of its further fidelities.

        >>> bench.at(data_fraction=0.5).curve("wine", 3)

        Args:
            values: By name; what is not named stays as it is here.

        Raises:
            UnknownNameError: If the table has no such fidelity, or no runs at such a value.
            InputError: If the budget is named.
        """
        return self._viewed({**dict(self.view.fixed), **values}, self.view.along)

    def along(self, fidelity: str, **at: float) -> "Benchmark":
        """The same table with a further fidelity as the budget, such as fractions of the data at a fixed budget.

        Budget n is the n-th value of the fidelity, and each a run of its own from scratch. Such a run records its end
        alone: what lies between its first and its last step is NaN, and its seconds are all paid at the first.

        >>> bench.along("data_fraction", epochs=50).value("wine", 3, budget=1)

        Args:
            fidelity: Name of a further fidelity.
            at: Values of the other fidelities, the axis of the recorded curves among them; by default the largest.

        Raises:
            UnknownNameError: If the table has no such fidelity, or no runs at such a value.
        """
        kept = {name: value for name, value in self.view.fixed if name != fidelity}
        return self._viewed({**kept, **at}, fidelity)

    def _viewed(self, at: Mapping[str, float], along: str | None) -> "Benchmark":
        return Benchmark(self.folder, at, along)

    @cached_property
    def configs(self) -> "pd.DataFrame":
        """Configurations: index ``config_id``, one column per hyperparameter."""
        return reading.configs(self.folder, self._stored).to_pandas().set_index("config_id")

    @cached_property
    def dataset_table(self) -> "pd.DataFrame":
        """Data sets: index ``name``; source, ids (``<NA>`` if not from OpenML), sizes and class counts."""
        table = reading.datasets(self.folder, self._stored).to_pandas().set_index("name")
        return table.astype({name: "Int64" for name in ("openml_task_id", "openml_dataset_id") if name in table})

    @cached_property
    def space(self) -> Any:
        """The search space, a ``ConfigSpace.ConfigurationSpace``."""
        from lcbench.space.spaces import from_json  # importing ConfigSpace takes longer than opening the table

        found = from_json(self.manifest.space)
        if set(found) != set(self.manifest.hyperparameters):
            raise DamagedFileError(f"{self.folder / manifest.MANIFEST} has a search space that cannot be understood.")
        return found

    # Look-ups ------------------------------------------------------------------------------------------------------

    def array(self, dataset: str, metric: str | None = None, budget: int | None = None) -> NDArray[np.float32]:
        """All curves of one data set, metric and budget.

        Args:
            dataset: Name of a data set.
            metric: One of :attr:`metrics`; by default the table's objective.
            budget: Steps; the data set's largest by default.

        Returns:
            ``(configs, seeds, budget + 1)`` read-only array; configurations in the order of :attr:`configs`, seeds in
            the order of :attr:`seeds`, the last index = steps. NaN where a run diverged or is missing.

        Raises:
            UnknownNameError: If a name or the budget is not in the table.
            DamagedFileError: If the file is damaged.
        """
        try:
            return self._arrays[dataset, metric, budget]
        except KeyError:
            self._open(dataset, metric)
            return self._arrays[dataset, metric, self._budget(dataset, budget)]

    def curve(
        self,
        dataset: str,
        config_id: int,
        metric: str | None = None,
        budget: int | None = None,
        seed: int | None = None,
    ) -> NDArray[np.float32]:
        """One learning curve.

        Args:
            dataset: Name of a data set.
            config_id: Configuration.
            metric: One of :attr:`metrics`; by default the table's objective.
            budget: Steps; the data set's largest by default.
            seed: Seed; the first by default.

        Returns:
            ``(budget + 1,)`` read-only array, index = steps.
        """
        try:
            return self._arrays[dataset, metric, budget][self._config_rows[config_id], self._seed_rows[seed]]
        except KeyError:  # not read yet, or unknown
            return self.array(dataset, metric, budget)[self._row(config_id), self._seed_row(seed)]

    def value(
        self,
        dataset: str,
        config_id: int,
        metric: str | None = None,
        budget: int | None = None,
        seed: int | None = None,
    ) -> float:
        """The last entry of :meth:`curve`."""
        try:
            return self._arrays[dataset, metric, budget].item(self._config_rows[config_id], self._seed_rows[seed], -1)
        except KeyError:  # not read yet, or unknown
            return float(self.array(dataset, metric, budget)[self._row(config_id), self._seed_row(seed), -1])

    def values(
        self,
        dataset: str,
        metric: str | None,
        config_ids: ArrayLike,
        budgets: ArrayLike | None = None,
        seeds: ArrayLike | None = None,
        epochs: ArrayLike | None = None,
    ) -> NDArray[np.float32]:
        """Many values at once.

        Args:
            dataset: Name of a data set.
            metric: One of :attr:`metrics`; by default the table's objective.
            config_ids: Configurations, integers of any shape; this one and the next three are broadcast.
            budgets: Budgets; the data set's largest by default.
            seeds: Seeds; the first by default.
            epochs: Steps, in [0, budget]; the whole budget by default.

        Returns:
            A new array of the broadcast shape; NaN where a run diverged or is missing.

        Raises:
            InputError: If anything asked for is not in the table.
        """
        self._open(dataset, metric)
        budgets = self.budgets_of(dataset)[-1] if budgets is None else budgets
        seeds = self.seeds[0] if seeds is None else seeds
        return self._flat[dataset, metric][self._layout_of(dataset).places(config_ids, budgets, seeds, epochs)]

    def run(
        self,
        dataset: str,
        config_id: int,
        metric: str | None = None,
        budget: int | None = None,
        seed: int | None = None,
    ) -> Curve:
        """One run: its learning curve together with its seconds (in a table without, a step costs 1)."""
        where = (self._row(config_id), self._seed_row(seed))
        return Curve(self.array(dataset, metric, budget)[where], self.array(dataset, SECONDS, budget)[where])

    def to_pandas(self, dataset: str) -> "pd.DataFrame":
        """One row per run as stored, of all fidelities: its key, one value per run, and each series as an array."""
        return self._table(manifest.RUNS, dataset).to_pandas()

    def problems(self, *, thorough: bool = False) -> list[str]:
        """What is wrong with the files, one line each; empty if all is well.

        Args:
            thorough: Read every file and check its rows, its curves and its checksum, instead of its size only.
        """
        if thorough:
            return verify.verify(self.folder)
        return [
            f"{path} is {'missing' if size is None else f'{size} bytes long'}, the manifest says {record.bytes} bytes"
            for path, record in self.manifest.files.items()
            if (size := _size(self.folder / path)) != record.bytes
        ]

    # What was logged beside the learning curves ---------------------------------------------------------------------

    def gradients(self, dataset: str) -> "pd.DataFrame":
        """Statistics of the gradients, one row per run as stored (see ``lcbench.table.manifest.GRADIENT_SCHEMA``)."""
        return self._table(manifest.GRADIENTS, dataset).to_pandas()

    def labels(self, dataset: str, part: str = "valid") -> NDArray[np.int32]:
        """The classes that were to be predicted on ``"valid"`` or ``"test"``, ``(rows,)``."""
        table = self._table(manifest.LABELS, dataset)
        return parts.labels(self._file(manifest.LABELS, dataset), table, part, self._shape(dataset, part))

    def predictions(
        self, dataset: str, config_id: int, part: str = "valid", budget: int | None = None, seed: int | None = None
    ) -> NDArray[np.float16]:
        """Class probabilities of one run after its last epoch.

        Args:
            dataset: Name of a data set.
            config_id: Configuration.
            part: ``"valid"`` or ``"test"``.
            budget: Steps; the data set's largest by default.
            seed: Seed; the first by default.

        Returns:
            ``(rows, classes)`` array, rows as in :meth:`labels`; NaN if the run diverged.

        Raises:
            UnknownNameError: If a name is not in the table, or it has no predictions.
        """
        self._row(config_id)
        run = (config_id, self._budget(dataset, budget), self.seeds[self._seed_row(seed)])
        return self.predictions_of(dataset, [run], part)[0]

    def predictions_of(
        self, dataset: str, runs: Sequence[tuple[int, int, int]], part: str = "valid"
    ) -> NDArray[np.float16]:
        """Class probabilities of many runs; the file is gone through once.

        Args:
            dataset: Name of a data set.
            runs: ``(config_id, budget, seed)`` of each.
            part: ``"valid"`` or ``"test"``.

        Returns:
            ``(runs, rows, classes)`` array; NaN where a run diverged.

        Raises:
            UnknownNameError: If a run is not in the table, or it has no predictions.
        """
        key = ("config_id", "budget", "seed")
        return parts.stacked(self._file(manifest.PREDICTIONS, dataset), key, runs, part, self._shape(dataset, part))

    def baselines(self, dataset: str) -> "pd.DataFrame":
        """Other models on the same splits: columns ``baseline, seed, seconds`` and metrics of all three parts.

        See :func:`lcbench.table.manifest.extra_schema`; ``lcbench baselines DIR`` records them.

        Raises:
            UnknownNameError: If the table has none.
        """
        columns = manifest.extra_schema(manifest.BASELINES, self.manifest.record).names
        measured = [name for name in columns if name not in manifest.PARTS]
        return self._table(manifest.BASELINES, dataset, measured).to_pandas()

    def baseline_predictions(
        self, dataset: str, baselines: Sequence[tuple[str, int]], part: str = "valid"
    ) -> NDArray[np.float16]:
        """Class probabilities of baselines, as :meth:`predictions_of`.

        Args:
            dataset: Name of a data set.
            baselines: ``(baseline, seed)`` of each.
            part: ``"valid"`` or ``"test"``.
        """
        path = self._file(manifest.BASELINES, dataset)
        return parts.stacked(path, manifest.BASELINE_KEY, baselines, part, self._shape(dataset, part))

    # Inside --------------------------------------------------------------------------------------------------------

    @cached_property
    def _layout(self) -> Layout:
        column = reading.configs(self.folder, self._stored)["config_id"]
        layout = Layout(column.to_pylist(), self.budgets, self.seeds)
        self._config_rows = layout.configs.places
        for seed, row in layout.seeds.places.items():
            self._seed_rows[seed] = row
        return layout

    def _layout_of(self, dataset: str) -> Layout:
        """Places of a data set's runs: those of the table, without room for budgets that the data set lacks."""
        there = self.budgets_of(dataset)
        if there == self.budgets:
            return self._layout
        if there not in self._layouts:
            self._layouts[there] = self._layout.having(there)
        return self._layouts[there]

    def _shape(self, dataset: str, part: str) -> tuple[int, int]:
        """Rows of a part and classes of a data set."""
        parts.check_part(part)
        known = self.dataset_table
        rows = known[f"{part}_instances"][dataset] if f"{part}_instances" in known else math.nan
        if math.isnan(rows):
            raise DamagedFileError(f"{self.folder / manifest.DATASETS} lacks the number of {part} rows of {dataset}.")
        return int(rows), int(known["classes"][dataset])

    def _row(self, config_id: int) -> int:
        rows = self._layout.configs.places
        if config_id not in rows:
            raise UnknownNameError("configuration", config_id, rows)
        return rows[config_id]

    def _seed_row(self, seed: int | None) -> int:
        if seed is None:
            return 0
        if seed not in self.seeds:
            raise UnknownNameError("seed", seed, self.seeds)
        return self.seeds.index(seed)

    def _budget(self, dataset: str, budget: int | None) -> int:
        if budget is None:
            return self.budgets_of(dataset)[-1]
        if budget not in self.budgets:
            raise UnknownNameError("budget", budget, self.budgets)
        return budget

    def _file(self, kind: str, dataset: str) -> Path:
        if dataset not in self.datasets:
            raise UnknownNameError("data set", dataset, self.datasets)
        if self.view.along is not None and kind in manifest.OF_RUNS:
            raise InputError(f"{kind} are of runs with budgets of the recorded axis, got budgets of {self.view.along}.")
        path = f"{kind}/{dataset}.parquet"
        if path not in self.manifest.files:
            kinds = sorted({Path(p).parent.name for p in self.manifest.files if p.endswith(f"/{dataset}.parquet")})
            raise UnknownNameError(f"table of {dataset} in {self.folder}", kind, kinds)
        return reading.listed(self.folder, self._stored, path)

    def _table(self, kind: str, dataset: str, columns: Sequence[str] | None = None) -> pa.Table:
        self._file(kind, dataset)  # says which there are
        return reading.table(self.folder, self._stored, f"{kind}/{dataset}.parquet", columns)

    def _open(self, dataset: str, metric: str | None) -> None:
        """Read one series of a data set, at all budgets (one column of one file), unless that was done."""
        if (dataset, metric) in self._flat:
            return
        path, record = self._file(manifest.RUNS, dataset), self.manifest.record
        name = record.objective if metric is None else metric
        if name not in record.names:
            raise UnknownNameError("metric", name, record.names)
        stepwise = name == SECONDS and record.seconds == "none"
        key = self._stored.record.key
        found = self._table(manifest.RUNS, dataset, key if stepwise else (*key, name))
        table = self.view.runs(path, found, self._stored)
        layout = self._layout_of(dataset)
        flat = steps(path, table, layout) if stepwise else series(path, table, layout, record.ranges[name])
        for each in (name, None) if name == record.objective else (name,):
            for budget in self.budgets:
                self._arrays[dataset, each, budget] = layout.block(flat, budget)
            self._arrays[dataset, each, None] = self._arrays[dataset, each, self.budgets_of(dataset)[-1]]
            self._flat[dataset, each] = flat

    # For people ----------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"Benchmark({', '.join(filter(None, [repr(str(self.folder)), self.view.text]))})"

    def __str__(self) -> str:
        return "\n".join(f"{label:<16}{text}" for label, text in self.summary())

    def summary(self) -> Iterator[tuple[str, str]]:
        """What the folder holds and which of its runs are shown, as pairs of a label and a text."""
        return summary(self._stored, self.view)


def _size(path: Path) -> int | None:
    """Bytes of a file; None if there is none."""
    return path.stat().st_size if path.is_file() else None
