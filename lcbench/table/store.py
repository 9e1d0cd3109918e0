"""Write and read a benchmark folder."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lcbench import signature
from lcbench.errors import NotABenchmarkError
from lcbench.files import read_json as read_json
from lcbench.files import read_parquet as read_parquet
from lcbench.files import read_row as read_row
from lcbench.files import read_rows as read_rows
from lcbench.files import replacing
from lcbench.files import write_json as write_json
from lcbench.files import write_parquet as write_parquet
from lcbench.files import write_parts as write_parts
from lcbench.table.manifest import (
    CONFIGS,
    DATASETS,
    EXTRAS,
    MANIFEST,
    RUN_SCHEMA,
    FileRecord,
    Manifest,
    runs_path,
    table_path,
)


def write(
    folder: Path, manifest: Manifest, configs: pa.Table, datasets: pa.Table, runs: Mapping[str, pa.Table]
) -> Manifest:
    """Write a whole benchmark folder, the manifest last.

    Args:
        folder: Where; made if missing.
        manifest: What to say of it; its ``files`` are filled in here.
        configs: ``config_id`` and the hyperparameters.
        datasets: In ``schema.DATASET_SCHEMA``.
        runs: For each data set its runs, in ``schema.RUN_SCHEMA`` and in any order.

    Returns:
        The manifest as written.
    """
    write_parquet(folder / CONFIGS, configs)
    write_parquet(folder / DATASETS, datasets)
    for dataset, table in runs.items():
        write_runs(folder, dataset, table)
    return seal(folder, manifest, list(runs))


def write_runs(folder: Path, dataset: str, runs: pa.Table) -> None:
    """Write one data set's runs in the table's order."""
    ordered = (
        runs.select(RUN_SCHEMA.names)
        .cast(RUN_SCHEMA)
        .sort_by([(key, "ascending") for key in ("budget", "config_id", "seed")])
    )
    write_parquet(folder / runs_path(dataset), ordered)


def seal(folder: Path, manifest: Manifest, datasets: Sequence[str]) -> Manifest:
    """Write the manifest over the files that are there: from now on the folder is a benchmark."""
    for leftover in (*folder.glob(".*.tmp"), *folder.glob("*/.*.tmp")):  # of a writer that was killed
        leftover.unlink()
    paths = [CONFIGS, DATASETS, *[runs_path(dataset) for dataset in datasets]]
    extras = [table_path(kind, dataset) for kind in EXTRAS for dataset in datasets]
    paths += [path for path in extras if (folder / path).is_file()]
    sealed = replace(manifest, files={path: _record(folder / path) for path in paths})
    write_manifest(folder, sealed)
    return sealed


def include(folder: Path, manifest: Manifest, paths: Sequence[str]) -> Manifest:
    """Write the manifest anew with records of these files; what it says of all others stays as it is."""
    files = {**manifest.files, **{path: _record(folder / path) for path in paths}}
    included = replace(manifest, files=files)
    write_manifest(folder, included)
    return included


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest with a checksum over itself."""
    with replacing(folder / MANIFEST) as temporary:
        temporary.write_text(signature.sign(manifest.to_json()), encoding="utf-8")


def _record(path: Path) -> FileRecord:
    return FileRecord(sha256=signature.digest(path), bytes=path.stat().st_size, rows=pq.read_metadata(path).num_rows)


def read_manifest(folder: Path) -> Manifest:
    """Read a folder's manifest.

    Raises:
        NotABenchmarkError: If there is no benchmark.
        NewerFormatError: If the format is newer than this program.
        DamagedFileError: If the manifest is damaged, or was changed after it was written.
    """
    if not folder.is_dir():
        raise NotABenchmarkError(
            f"{folder} is not a folder; make a benchmark there with 'lcbench collect {folder} ...'."
        )
    if not (folder / MANIFEST).is_file():
        raise NotABenchmarkError(
            f"{folder} holds no benchmark (no {MANIFEST}); if a collection was stopped there, run it again."
        )
    manifest = Manifest.from_json(read_json(folder / MANIFEST))
    signature.check(folder / MANIFEST)
    return manifest
