"""Recording of baselines in a finished benchmark folder: resumable, wherever they are trained.

::

    DIR/.baselines/
      plan.json, lock, failures.jsonl            as in every workplace (lcbench.work.workplace)
      data/<dataset>/x_train.npy ...             prepared data, while baselines are trained
      rows/<dataset>/<baseline>-<seed>.parquet   finished, until the data set's table is written
"""

import platform
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pyarrow as pa

from lcbench.collection.baseline_rows import load_again
from lcbench.collection.data.prepared import read_prepared, write_prepared
from lcbench.collection.models.baselines import BASELINES, seeds_of
from lcbench.collection.provenance import processor
from lcbench.collection.tables import labels_table
from lcbench.errors import DamagedFileError, InputError, LcbenchError
from lcbench.files import read_parquet
from lcbench.table import reading, store
from lcbench.table.benchmark import Benchmark
from lcbench.table.manifest import BASELINE_KEY, LABELS, extra_schema, table_path
from lcbench.table.manifest import BASELINES as RECORDED
from lcbench.table.migrate import migrate
from lcbench.work import Executor, Outcome, Task, Workplace, get_executor, run
from lcbench.writing import write_parquet

_PACKAGES = ("lightgbm", "catboost", "scikit-learn", "numpy")


@dataclass(frozen=True, slots=True, order=True)
class BaselineTask(Task):
    """One baseline to be trained on one data set."""

    dataset: str
    baseline: str
    seed: int

    def __str__(self) -> str:
        return f"{self.dataset} {self.baseline} {self.seed}"


class Rows(Workplace):
    """The ``.baselines`` folder of a benchmark folder.

    Args:
        folder: The benchmark folder.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / ".baselines", "recording of baselines", folder)
        self.data = self.root / "data"

    def file(self, task: BaselineTask) -> Path:
        """The file of a finished row."""
        return self.root / "rows" / task.dataset / f"{task.baseline}-{task.seed}.parquet"

    def read(self, task: BaselineTask, schema: pa.Schema) -> pa.Table | None:
        """A finished row in the columns of a schema; one that was damaged since is removed."""
        path = self.file(task)
        try:
            return read_parquet(path, schema.names, schema).cast(schema) if path.is_file() else None
        except DamagedFileError:
            path.unlink(missing_ok=True)
            return None


@dataclass(frozen=True, slots=True)
class TrainBaseline:
    """Trains baselines, and keeps their rows in the folder.

    Attributes:
        folder: The benchmark folder, absolute.
    """

    folder: Path

    def __call__(self, task: BaselineTask) -> None:
        """Train and measure on one thread.

        Raises:
            InputError: If the folder is not to be seen from this machine.
        """
        from lcbench.collection.baseline_rows import measured

        rows = Rows(self.folder)
        rows.check_shared()
        data = read_prepared(rows.data, task.dataset)
        write_parquet(rows.file(task), measured(task.baseline, task.seed, data, time.process_time))


def executor_for(
    folder: Path, engine: str | None = None, jobs: int = 1, scheduler: str | None = None
) -> AbstractContextManager[Executor[BaselineTask]]:
    """An executor for a folder's baselines, ready to be entered; see :func:`lcbench.work.get_executor`."""
    function = TrainBaseline(folder.resolve())
    return get_executor(engine, jobs, scheduler, function, preload="lcbench.collection.baseline_rows")


@contextmanager
def held(folder: Path, names: Sequence[str]) -> Iterator["Recording"]:
    """Hold a finished benchmark folder, so that nobody else records baselines in it.

    Raises:
        InputError: If another process holds it.
        FolderError: If there is no benchmark, or it is damaged.
    """
    store.read_manifest(folder)
    rows = Rows(folder)
    with rows.held():
        migrate(folder)  # a manifest without a checksum gets one only after all files were checked
        recording = Recording(folder, tuple(names))
        try:
            yield recording
        finally:
            shutil.rmtree(rows.data, ignore_errors=True)
            if not any(rows.root.glob("rows/*/*.parquet")):
                rows.remove()


class Recording:
    """The recording of missing baselines in a folder; to be used while the folder is held.

    Args:
        folder: The benchmark folder.
        names: Names of baselines, in order.

    Attributes:
        wanted: What the folder's tables lack.
        loaded: Data sets that are ready.
        refused: Why the others cannot be had, by data set.
        recorded: How many rows were written into the folder's tables.
    """

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        self.folder, self.bench, self.rows = folder, Benchmark(folder), Rows(folder)
        tasks = [
            BaselineTask(dataset, name, seed)
            for dataset in self.bench.datasets
            for name in names
            for seed in seeds_of(name, self.bench.seeds)
        ]
        listed = {task for dataset in self.bench.datasets for task in self._listed(dataset)}
        self.wanted = [task for task in tasks if task not in listed]
        for task in listed:  # a process was killed between the manifest and this
            self.rows.file(task).unlink(missing_ok=True)
        self.loaded: list[str] = []
        self.refused: dict[str, str] = {}
        self.recorded = 0

    @property
    def datasets(self) -> list[str]:
        """Data sets that lack a baseline in the folder's tables."""
        return list(dict.fromkeys(task.dataset for task in self.wanted))

    def load(self, dataset: str) -> None:
        """Make a data set ready, or keep in ``refused`` why it cannot be."""
        try:
            self._check_classes(dataset)
            data = load_again(self.bench, dataset)
        except (LcbenchError, OSError) as error:
            self.refused[dataset] = " ".join(str(error).split())
            return
        write_prepared(self.rows.data, data)
        self.rows.accept({"rows": "baselines"})
        self.loaded.append(dataset)

    def _check_classes(self, dataset: str) -> None:
        """Check that a task is a data set of classes.

        Raises:
            InputError: If it is not.
        """
        row = self.bench.dataset_table.loc[dataset]
        if row.get("source") == dataset or row.get("classes") == 0:
            raise InputError("baselines must have a data set of classes, got a task of another kind.")

    def pending(self) -> list[BaselineTask]:
        """Baselines still to be trained on the loaded data sets."""
        return [task for task in self.wanted if task.dataset in self.loaded and not self.rows.file(task).is_file()]

    def run(self, tasks: Sequence[BaselineTask], executor: Executor[BaselineTask]) -> Iterator[Outcome[BaselineTask]]:
        """Train baselines on data sets that were loaded.

        Args:
            tasks: Which.
            executor: Where; the results do not depend on it.

        Yields:
            What became of each task, when it ends.
        """
        for outcome in run(executor, tasks):
            self.rows.record([outcome])
            yield outcome

    def finish(self, dataset: str) -> None:
        """Write a data set's table with all that is finished, and list it in the manifest."""
        own = [task for task in self.wanted if task.dataset == dataset]
        schema = extra_schema(RECORDED, self.bench.manifest.record)
        tables = [table for task in own if (table := self.rows.read(task, schema)) is not None]
        if not tables:
            return
        self.recorded += len(tables)
        paths = [table_path(RECORDED, dataset)]
        manifest = store.read_manifest(self.folder)  # as it is by now
        if paths[0] in manifest.files:
            tables.append(reading.table(self.folder, manifest, paths[0]))
        store.write_parquet(self.folder / paths[0], _ordered(pa.concat_tables(tables)))
        labels = table_path(LABELS, dataset)
        if labels not in self.bench.manifest.files:  # predictions say nothing without them
            store.write_parquet(self.folder / labels, labels_table(read_prepared(self.rows.data, dataset)))
            paths.append(labels)
        self._list(paths)
        shutil.rmtree(self.rows.file(own[0]).parent)

    def _list(self, paths: Sequence[str]) -> None:
        manifest = store.read_manifest(self.folder)
        provenance = {**manifest.provenance, "baselines": _provenance()}
        store.include(self.folder, replace(manifest, provenance=provenance), paths)

    def _listed(self, dataset: str) -> list[BaselineTask]:
        """The rows of the folder's own table."""
        path = table_path(RECORDED, dataset)
        if path not in self.bench.manifest.files:
            return []
        table = reading.table(self.folder, self.bench.manifest, path, BASELINE_KEY)
        return [BaselineTask(dataset, row["baseline"], row["seed"]) for row in table.to_pylist()]


def _ordered(table: pa.Table) -> pa.Table:
    """Rows in the order of the registry, then by seed."""
    place = {name: i for i, name in enumerate(BASELINES)}
    rows = table.select(list(BASELINE_KEY)).to_pylist()
    keys = [(place.get(row["baseline"], len(place)), row["seed"]) for row in rows]
    return table.take(sorted(range(len(keys)), key=keys.__getitem__)).combine_chunks()


def _version(package: str) -> str | None:
    """Version of a package; None if it is not installed, as it need not be where its baselines are not asked for."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _provenance() -> dict[str, Any]:
    """Provenance of the baselines, for the manifest."""
    return {
        "settings": {name: dict(baseline.settings) for name, baseline in BASELINES.items()},
        "packages": {name: number for name in _PACKAGES if (number := _version(name)) is not None},
        "python": platform.python_version(),
        "processor": processor(),
    }
