"""Write and read a benchmark folder."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from lcbench import signature
from lcbench.errors import DamagedFileError, NotABenchmarkError
from lcbench.files import MOST_JSON, no_links, parse_json, read_bytes
from lcbench.files import read_json as read_json
from lcbench.files import read_parquet as read_parquet
from lcbench.files import read_rows as read_rows
from lcbench.table.manifest import (
    CONFIGS,
    DATASETS,
    EXTRAS,
    MANIFEST,
    FileRecord,
    Manifest,
    runs_path,
    table_path,
)
from lcbench.table.record import Record
from lcbench.wanted import Wanted
from lcbench.writing import write_json as write_json
from lcbench.writing import write_parquet as write_parquet
from lcbench.writing import write_parts as write_parts

BENCHMARK = Wanted(
    "a benchmark folder",
    file=False,
    folder=True,
    holds=MANIFEST,
    remedy="make a benchmark there with 'lcbench collect {path} ...'",
    incomplete="if a collection was stopped there, run it again",
)
"""What :func:`read_manifest` reads."""


def write(
    folder: Path, manifest: Manifest, configs: pa.Table, datasets: pa.Table, runs: Mapping[str, pa.Table]
) -> Manifest:
    """Write a whole benchmark folder, the manifest last.

    Args:
        folder: Where; made if missing.
        manifest: What to say of it; its ``files`` are filled in here.
        configs: ``config_id`` and the hyperparameters.
        datasets: One row per data set: its ``name``, and what is known of it in columns of ``manifest.DATASET_SCHEMA``.
        runs: For each data set its runs, with the columns of ``manifest.record.schema`` and in any order.

    Returns:
        The manifest as written.
    """
    write_parquet(folder / CONFIGS, configs)
    write_parquet(folder / DATASETS, datasets)
    for dataset, table in runs.items():
        write_runs(folder, dataset, table, manifest.record)
    return seal(folder, manifest, list(runs))


def write_runs(folder: Path, dataset: str, runs: pa.Table, record: Record) -> None:
    """Write one data set's runs in the table's order."""
    whole = runs.select(record.schema.names).cast(record.schema)
    is_sorted = _is_sorted([whole[key].to_numpy() for key in record.key])
    ordered = whole.combine_chunks() if is_sorted else whole.sort_by([(key, "ascending") for key in record.key])
    write_parquet(folder / runs_path(dataset), ordered)


def _is_sorted(keys: Sequence[NDArray[Any]]) -> bool:
    """Whether rows are in the order of their keys, the first of which counts most; to sort takes a copy of it all."""
    tied = np.ones(max(len(keys[0]) - 1, 0), bool)
    for key in keys:
        before, after = key[:-1], key[1:]
        if (tied & ~(before <= after)).any():
            return False
        tied &= before == after
    return True


def seal(folder: Path, manifest: Manifest, datasets: Sequence[str]) -> Manifest:
    """Write the manifest over the files that are there: from now on the folder is a benchmark.

    Runs that the files lack are missing on purpose: the manifest says how many.
    """
    for leftover in (*folder.glob(".*.tmp"), *folder.glob("*/.*.tmp")):  # of a writer that was killed
        leftover.unlink()
    paths = [CONFIGS, DATASETS, *[runs_path(dataset) for dataset in datasets]]
    extras = [table_path(kind, dataset) for kind in EXTRAS for dataset in datasets]
    paths += [path for path in extras if (folder / path).is_file()]
    sealed = replace(manifest, files={path: _record(folder / path) for path in paths})
    sealed = replace(sealed, missing=max(sealed.planned - sealed.runs, 0))
    write_manifest(folder, sealed)
    return sealed


def include(folder: Path, manifest: Manifest, paths: Sequence[str]) -> Manifest:
    """Write the manifest anew with records of these files; what it says of all others stays as it is."""
    files = {**manifest.files, **{path: _record(folder / path) for path in paths}}
    included = replace(manifest, files=files)
    write_manifest(folder, included)
    return included


GROWN = Path(".collecting", "grown")
"""Where a larger table lies until its files have taken the place of a folder's own."""


def place(folder: Path) -> Path:
    """Where a folder's table is: in the folder itself, or in :data:`GROWN` while it is replaced by a larger one."""
    return folder / GROWN if (folder / GROWN / MANIFEST).is_file() else folder


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest with a checksum over itself."""
    write_json(folder / MANIFEST, manifest.to_json())


def _record(path: Path) -> FileRecord:
    return FileRecord(sha256=signature.digest(path), bytes=path.stat().st_size, rows=pq.read_metadata(path).num_rows)


def read_manifest(folder: Path, *, unfinished: bool = False) -> Manifest:
    """Read a folder's manifest.

    Args:
        folder: The folder.
        unfinished: Whether it is that of a table without files yet.

    Raises:
        NotABenchmarkError: If there is no benchmark.
        NewerFormatError: If the format is newer than this program.
        DamagedFileError: If the manifest is damaged, or was changed after it was written.
    """
    path = folder / MANIFEST
    if not path.exists():
        BENCHMARK.check(folder, NotABenchmarkError)
    content = read_bytes(no_links(folder) / MANIFEST, MOST_JSON)
    manifest = Manifest.from_json(parse_json(path, content))
    signature.check(path, content, _REMEDY)
    if not unfinished:
        _check_counts(path, manifest)
    return manifest


_REMEDY = "restore it, or if the change is meant, delete its last entry 'sha256' and run 'lcbench migrate'"


def _check_counts(path: Path, manifest: Manifest) -> None:
    """Check that there are no more budgets and seeds than runs, and the two tables that all else rests on."""
    lacking = [name for name in (CONFIGS, DATASETS) if name not in manifest.files]
    if lacking or not manifest.datasets:
        raise DamagedFileError(f"{path} lists no {' and no '.join(lacking) or 'runs'}; restore it or collect again.")
    for name in ("budgets", "seeds"):
        count = len(getattr(manifest, name))
        if count > manifest.runs:
            raise DamagedFileError(
                f"{path} has {count} {name}, more than there are runs ({manifest.runs}); restore it."
            )
