"""Hold the files of a benchmark folder against its manifest and against the format."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lcbench.errors import FolderError
from lcbench.files import read_parquet
from lcbench.metric import METRICS
from lcbench.schema import (
    CONFIGS,
    DATASET_SCHEMA,
    DATASETS,
    EXTRAS,
    GRADIENT_STATISTICS,
    GRADIENTS,
    KEY,
    RUN_SCHEMA,
    RUNS,
    SERIES,
    FileRecord,
    Manifest,
)

_ROUNDING = 1e-5
"""How far float32 arithmetic may carry a mean over many rows beyond its range."""


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def problems(folder: Path, manifest: Manifest) -> list[str]:
    """What is wrong with a folder's files: rows, checksums, columns, curves, gaps, values outside their range.

    Returns:
        One line ``PATH: PROBLEM`` for each thing; empty if all is well.
    """
    found = [f"{path}: the manifest does not list it" for path in (CONFIGS, DATASETS) if path not in manifest.files]
    for path, record in manifest.files.items():
        try:
            found += [f"{path}: {problem}" for problem in _problems(folder, path, record, manifest)]
        except FolderError as error:
            found.append(f"{path}: {error}")
    return found


def _problems(folder: Path, path: str, record: FileRecord, manifest: Manifest) -> list[str]:
    """Problems of one file; if it is not the file that was written, what it holds is of no interest."""
    if not (folder / path).is_file():
        return ["missing"]
    table = read_parquet(folder / path)
    found = [f"{table.num_rows} rows, the manifest says {record.rows}"] if table.num_rows != record.rows else []
    if digest(folder / path) != record.sha256:
        found.append("its checksum differs from the manifest's")
    return found or list(_contents(folder, path, table, manifest))


def _contents(folder: Path, path: str, table: pa.Table, manifest: Manifest) -> Iterator[str]:
    kind = path.partition("/")[0]
    if path == CONFIGS:
        yield from _configs(table, manifest)
    elif path == DATASETS:
        yield from _datasets(table, manifest)
    elif kind == RUNS:
        yield from _wrong_columns(table, RUN_SCHEMA) or _runs(folder, table, manifest)
    elif kind in EXTRAS:
        series = GRADIENT_STATISTICS if kind == GRADIENTS else ()
        yield from _wrong_columns(table, EXTRAS[kind]) or _wrong_lengths(table, series)


def _configs(table: pa.Table, manifest: Manifest) -> Iterator[str]:
    names = {str(parameter["name"]) for parameter in manifest.space.get("hyperparameters", ())}
    if set(table.schema.names) != {"config_id", *names}:
        yield f"its columns are not config_id and the space's hyperparameters ({', '.join(sorted(names))})"
    elif pc.count_distinct(table["config_id"]).as_py() != table.num_rows:
        yield "a configuration is in it twice"


def _datasets(table: pa.Table, manifest: Manifest) -> Iterator[str]:
    wrong = _wrong_columns(table, DATASET_SCHEMA)
    yield from wrong
    if not wrong and sorted(table["name"].to_pylist()) != sorted(manifest.datasets):
        yield "its data sets are not those that the manifest has runs of"


def _runs(folder: Path, table: pa.Table, manifest: Manifest) -> list[str]:
    wrong = _wrong_lengths(table, SERIES)
    try:
        config_ids = read_parquet(folder / CONFIGS, ["config_id"])["config_id"].to_numpy()
    except FolderError:  # said of that file already
        return wrong + list(_outside(table))
    gaps = _gaps(table, np.asarray(manifest.budgets), config_ids, np.asarray(manifest.seeds))
    return wrong + gaps + list(_outside(table))


def _wrong_columns(table: pa.Table, schema: pa.Schema) -> list[str]:
    columns, wanted = ([(field.name, field.type) for field in each] for each in (table.schema, schema))
    return [] if columns == wanted else ["its columns are not those of the format"]


def _wrong_lengths(table: pa.Table, series: Iterable[str]) -> list[str]:
    return [
        f"column {name} has curves that are not budget + 1 long"
        for name in series
        if not pc.all(pc.equal(pc.list_value_length(table[name]), pc.add(table["budget"], 1))).as_py()
    ]


def _gaps(table: pa.Table, *wanted: np.ndarray) -> list[str]:
    """Compare the runs with all combinations of ``wanted`` budgets, configurations and seeds, in the order of KEY."""
    keys = np.stack([table[key].to_numpy() for key in KEY], axis=1)
    planned = {tuple(key) for key in np.stack(np.meshgrid(*wanted, indexing="ij"), axis=-1).reshape(-1, 3).tolist()}
    there = {tuple(key) for key in keys.tolist()}
    found = [f"{len(keys) - len(there)} runs are in it twice"] if len(there) < len(keys) else []
    for words, runs in (("missing", planned - there), ("not of the manifest's budgets and seeds", there - planned)):
        if runs:
            first = ", ".join(f"{name} {value}" for name, value in zip(KEY, min(runs), strict=True))
            found.append(f"{len(runs)} of {len(planned)} runs are {words}, the first: {first}")
    return found


def _outside(table: pa.Table) -> Iterator[str]:
    """Columns with a value outside its range; NaN, where a run diverged, is no value."""
    for name in SERIES:
        low, high = (METRICS[name].low, METRICS[name].high) if name in METRICS else (0.0, np.inf)
        values = pc.list_flatten(table[name]).to_numpy()
        wrong = values[(values < low - _ROUNDING) | (values > high + _ROUNDING)]
        if len(wrong):
            yield f"column {name} must be in [{low:g}, {high:g}], got {wrong[0]:g} and {len(wrong) - 1} more outside it"
