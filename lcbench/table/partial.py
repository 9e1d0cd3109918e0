"""What an unfinished collection holds: the runs that are finished, read as a benchmark with gaps."""

import shutil
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

import pyarrow as pa

from lcbench.errors import DamagedFileError, NotABenchmarkError
from lcbench.files import read_parquet
from lcbench.table import store
from lcbench.table.benchmark import Benchmark
from lcbench.table.manifest import CONFIGS, DATASETS, MANIFEST, Manifest
from lcbench.table.merge import merge

COLLECTING, UNITS = ".collecting", "units"
TASKS = "tasks"
"""Entry of a draft's provenance: how many tasks there are in all."""

_RECENT = 50
"""Finished tasks that tell how fast the work is."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished task's file.

    Attributes:
        dataset: Its data set.
        path: The file.
        at: When it was written, in seconds since 1970.
    """

    dataset: str
    path: Path
    at: float


def draft(folder: Path) -> Manifest:
    """What is known of the table of an unfinished collection before it is whole.

    Raises:
        NotABenchmarkError: If no collection is unfinished there.
        DamagedFileError: If the draft is damaged.
    """
    root = folder / COLLECTING
    if not (root / MANIFEST).is_file():
        raise NotABenchmarkError(f"{folder} holds no unfinished collection; begin one with 'lcbench collect {folder}'.")
    found = store.read_manifest(root, unfinished=True)
    if not isinstance(found.provenance.get(TASKS), int):
        raise DamagedFileError(f"{root / MANIFEST} does not say how many tasks there are; restore it.")
    return found


def finished(folder: Path) -> list[Finished]:
    """The finished tasks of an unfinished collection, the oldest first."""
    paths = (folder / COLLECTING / UNITS).glob("*/[!.]*.parquet")
    found = [Finished(path.parent.name, path, path.stat().st_mtime) for path in paths]
    return sorted(found, key=lambda each: each.at)


def seconds_a_task(done: list[Finished]) -> float | None:
    """Seconds between the ends of two tasks, from the latest ones; None if there are too few."""
    recent = done[-_RECENT:]
    if len(recent) < 2 or recent[-1].at <= recent[0].at:
        return None
    return (recent[-1].at - recent[0].at) / (len(recent) - 1)


def is_unfinished(folder: Path) -> bool:
    """Whether there is less or more to be read than a finished table: no table, or new runs of one that grows."""
    return not (folder / MANIFEST).is_file() or ((folder / COLLECTING / MANIFEST).is_file() and bool(finished(folder)))


class PartialBenchmark(Benchmark):
    """The finished runs of an unfinished collection, copied when it was opened; of a table that grows with its own.

    A run is there with all that was recorded of it, or not at all: then its numbers are NaN.

    Args:
        folder: The folder that is being collected.
        at: As of :class:`lcbench.table.benchmark.Benchmark`.
        along: Likewise.

    Raises:
        NotABenchmarkError: If no collection is unfinished there, or nothing of it is finished.
    """

    def __init__(self, folder: Path, at: Mapping[str, float] | None = None, along: str | None = None) -> None:
        place = Path(mkdtemp(prefix="lcbench-partial-"))
        weakref.finalize(self, shutil.rmtree, place, ignore_errors=True)
        _gather(folder, place / "new")
        if (folder / MANIFEST).is_file():
            merge(folder, place / "new", place / "all")
        super().__init__(place / ("all" if (folder / MANIFEST).is_file() else "new"), at, along)

    def _viewed(self, at: Mapping[str, float], along: str | None) -> Benchmark:
        found = super()._viewed(at, along)
        found.kept = self  # the folder is gone with it
        return found


def _gather(folder: Path, place: Path) -> None:
    manifest, root, done = draft(folder), folder / COLLECTING, finished(folder)
    if not done:
        raise NotABenchmarkError(f"{folder} has no finished runs yet; wait for the first.")
    rows = read_parquet(root / DATASETS)
    names = [name for name in rows["name"].to_pylist() if any(each.dataset == name for each in done)]
    for name in names:
        tables = list(_readable([each.path for each in done if each.dataset == name], manifest))
        store.write_runs(place, name, pa.concat_tables(tables), manifest.record)
    store.write_parquet(place / CONFIGS, read_parquet(root / CONFIGS))
    store.write_parquet(place / DATASETS, rows.filter(pa.array([name in names for name in rows["name"].to_pylist()])))
    store.seal(place, manifest, names)


def _readable(paths: list[Path], manifest: Manifest) -> Iterator[pa.Table]:
    """Tables of finished tasks; what has been damaged since will be trained again."""
    for path in paths:
        try:
            yield read_parquet(path, manifest.record.schema.names, manifest.record.schema).cast(manifest.record.schema)
        except (DamagedFileError, FileNotFoundError):
            continue


def as_of(done: list[Finished]) -> str:
    """When the latest task ended, for people."""
    return datetime.fromtimestamp(done[-1].at, UTC).isoformat(timespec="seconds") if done else "nothing yet"
