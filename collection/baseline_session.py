"""Baselines from what is missing to the table that the folder lists: resumable, in processes.

What is finished lies in ``DIR/.baselines/<dataset>/<baseline>-<seed>.parquet`` until the data set's table is written,
each file whole or not there. Prepared data lies in ``DIR/.collecting`` meanwhile, whose lock is held, so that no
collection and no second session is at work in the folder.
"""

import platform
import shutil
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pyarrow as pa
from lcbench.collection.attempt import describe
from lcbench.collection.engine import KILLED
from lcbench.collection.processes import Processes

from lcbench.collection.baseline_sources import load_again
from lcbench.collection.models.baselines import BASELINES, seeds_of
from lcbench.collection.provenance import processor
from lcbench.collection.shards import Workplace
from lcbench.collection.tables import labels_table
from lcbench.errors import DamagedFileError, LcbenchError
from lcbench.table import store
from lcbench.table.benchmark import Benchmark
from lcbench.table.manifest import BASELINE_KEY, LABELS, table_path
from lcbench.table.manifest import BASELINES as RECORDED
from lcbench.table.migrate import migrate
from lcbench.work.lock import alone

_PACKAGES = ("lightgbm", "catboost", "scikit-learn", "numpy")


@dataclass(frozen=True, slots=True, order=True)
class Fit:
    """One baseline to be trained on one data set."""

    dataset: str
    baseline: str
    seed: int

    def __str__(self) -> str:
        return f"{self.dataset} {self.baseline} {self.seed}"


@dataclass(frozen=True, slots=True)
class Order:
    """A fit and the folder it is for."""

    folder: Path
    fit: Fit


def attempt(order: Order) -> str:
    """Train one baseline and keep its row; give what went wrong, or nothing."""
    from lcbench.collection.baseline_scores import measured

    fit = order.fit
    try:
        data = Workplace(order.folder).read_data(fit.dataset)
        row = measured(fit.baseline, fit.seed, data, time.process_time)
        store.write_parquet(_kept(order.folder, fit), row)
    except Exception as error:
        return describe(error)
    return ""


@contextmanager
def held(folder: Path, names: Sequence[str]) -> Iterator["Session"]:
    """Hold a finished benchmark folder, so that nobody else writes to it.

    Raises:
        InputError: If somebody else is at work in it.
        FolderError: If there is no benchmark, or it is damaged.
    """
    store.read_manifest(folder)
    workplace = Workplace(folder)
    workplace.root.mkdir(exist_ok=True)
    with alone(workplace.lock, f"a collection is at work in {folder}; wait for it to end."):
        try:
            migrate(folder)  # a manifest without a checksum gets one only after all files were checked
            yield Session(folder, tuple(names))
        finally:
            workplace.remove()


class Session:
    """What is missing in a folder, and how it gets there; to be used while the folder is held.

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
        self.folder, self.bench = folder.resolve(), Benchmark(folder)
        self.fits = [
            Fit(dataset, name, seed)
            for dataset in self.bench.datasets
            for name in names
            for seed in seeds_of(name, self.bench.seeds)
        ]
        listed = {fit for dataset in self.bench.datasets for fit in self._listed(dataset)}
        self.wanted = [fit for fit in self.fits if fit not in listed]
        self.loaded: list[str] = []
        self.refused: dict[str, str] = {}
        self.recorded = 0

    @property
    def datasets(self) -> list[str]:
        """Data sets that lack a baseline in the folder's tables."""
        return list(dict.fromkeys(fit.dataset for fit in self.wanted))

    def load(self, dataset: str) -> None:
        """Make a data set ready, or keep in ``refused`` why it cannot be."""
        try:
            data = load_again(self.bench, dataset)
        except (LcbenchError, OSError) as error:
            self.refused[dataset] = " ".join(str(error).split())
            return
        Workplace(self.folder).write_data(data)
        self.loaded.append(dataset)

    def pending(self) -> list[Fit]:
        """What is still to be trained on the data sets that were loaded."""
        return [fit for fit in self.wanted if fit.dataset in self.loaded and not _kept(self.folder, fit).is_file()]

    def run(self, fits: Sequence[Fit], jobs: int) -> Iterator[tuple[Fit, str]]:
        """Train baselines on data sets that were loaded.

        Args:
            fits: Which.
            jobs: In how many processes; the results do not depend on it.

        Yields:
            What has ended, with what went wrong (nothing if all went well).
        """
        waiting, working = deque(fits), 0
        with Processes(jobs, attempt) as processes:
            while waiting or working:
                while waiting and processes.room() > 0:
                    processes.start(Order(self.folder, waiting.popleft()))
                    working += 1
                for order, said in processes.wait():
                    working -= 1
                    yield order.fit, KILLED if said is None else said

    def finish(self, dataset: str) -> None:
        """Write a data set's table with all that is finished, and list it in the manifest."""
        own = [fit for fit in self.wanted if fit.dataset == dataset]
        rows = [row for fit in own if (row := self._read(fit)) is not None]
        if not rows:
            return
        self.recorded += len(rows)
        paths = [table_path(RECORDED, dataset)]
        if paths[0] in self.bench.manifest.files:
            rows.append(store.read_parquet(self.folder / paths[0]))
        store.write_parquet(self.folder / paths[0], _ordered(pa.concat_tables(rows)))
        labels = table_path(LABELS, dataset)
        if labels not in self.bench.manifest.files:  # predictions say nothing without them
            store.write_parquet(self.folder / labels, labels_table(Workplace(self.folder).read_data(dataset)))
            paths.append(labels)
        self._list(paths)
        shutil.rmtree(_kept(self.folder, own[0]).parent)
        with suppress(OSError):  # not empty: other data sets have something there
            (self.folder / ".baselines").rmdir()

    def _list(self, paths: Sequence[str]) -> None:
        manifest = store.read_manifest(self.folder)
        provenance = {**manifest.provenance, "baselines": _provenance()}
        store.include(self.folder, replace(manifest, provenance=provenance), paths)

    def _listed(self, dataset: str) -> list[Fit]:
        """What the folder's own table has."""
        path = table_path(RECORDED, dataset)
        if path not in self.bench.manifest.files:
            return []
        table = store.read_parquet(self.folder / path, BASELINE_KEY)
        return [Fit(dataset, row["baseline"], row["seed"]) for row in table.to_pylist()]

    def _read(self, fit: Fit) -> pa.Table | None:
        """A finished row; one that was damaged since is removed."""
        path = _kept(self.folder, fit)
        if not path.is_file():
            return None
        try:
            return store.read_parquet(path)
        except DamagedFileError:
            path.unlink(missing_ok=True)
            return None


def _kept(folder: Path, fit: Fit) -> Path:
    return folder / ".baselines" / fit.dataset / f"{fit.baseline}-{fit.seed}.parquet"


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
    """What the manifest says of the baselines."""
    return {
        "settings": {name: dict(baseline.settings) for name, baseline in BASELINES.items()},
        "packages": {name: number for name in _PACKAGES if (number := _version(name)) is not None},
        "python": platform.python_version(),
        "processor": processor(),
    }
