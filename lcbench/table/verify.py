"""Hold the files of a benchmark folder against its manifest: bytes, columns, lengths, gaps, values that cannot be."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lcbench import signature
from lcbench.errors import FolderError
from lcbench.files import read_groups, read_parquet
from lcbench.table.manifest import (
    BASELINE_KEY,
    BASELINES,
    CONFIGS,
    DATASET_SCHEMA,
    DATASETS,
    EXTRAS,
    GRADIENT_STATISTICS,
    GRADIENTS,
    LABELS,
    MANIFEST,
    PARTS,
    PREDICTIONS,
    RUNS,
    FileRecord,
    Manifest,
    extra_schema,
)
from lcbench.table.record import KEY, SECONDS, Record
from lcbench.table.store import read_manifest

_ROUNDING = 1e-5
"""How far float32 arithmetic may carry a mean over many rows beyond its range."""

_HALF_ROUNDING = 1e-3
"""How far float16 may carry a probability beyond its range."""


def content_problems(folder: Path, path: str, manifest: Manifest) -> Iterator[str]:
    """What is wrong inside one table of a folder, a line each."""
    kind, _, name = path.partition("/")
    dataset = name.removesuffix(".parquet")
    if kind == PREDICTIONS:  # may be larger than the memory: read piece by piece
        yield from _predictions(folder, dataset, manifest)
        return
    table = read_parquet(folder / path)
    if path == CONFIGS:
        yield from _configs(table, manifest)
    elif path == DATASETS:
        yield from _datasets(table, manifest)
    elif kind == RUNS:
        yield from _wrong_columns(table, manifest.record.schema) or _runs(folder, table, manifest)
    elif kind in EXTRAS:
        yield from _wrong_columns(table, extra_schema(kind, manifest.record)) or _extra(
            folder, kind, dataset, table, manifest
        )


def _configs(table: pa.Table, manifest: Manifest) -> Iterator[str]:
    names = {str(parameter["name"]) for parameter in manifest.space.get("hyperparameters", ())}
    if set(table.schema.names) != {"config_id", *names}:
        yield f"its columns are not config_id and the space's hyperparameters ({', '.join(sorted(names))})"
    elif pc.count_distinct(table["config_id"]).as_py() != table.num_rows:
        yield "a configuration is in it twice"


def _datasets(table: pa.Table, manifest: Manifest) -> Iterator[str]:
    known = [name for name in table.schema.names if name in DATASET_SCHEMA.names]
    wrong = _wrong_columns(table.select(known), pa.schema([DATASET_SCHEMA.field(name) for name in known]))
    wrong = wrong if "name" in known else ["it has no column name"]
    yield from wrong
    if not wrong and sorted(table["name"].to_pylist()) != sorted(manifest.datasets):
        yield "its data sets are not those that the manifest has runs of"


def _runs(folder: Path, table: pa.Table, manifest: Manifest) -> Iterator[str]:
    yield from _wrong_lengths(table, manifest.record.ranges)
    yield from _gaps(folder, table, manifest)
    yield from _outside(table, manifest.record)
    if SECONDS in manifest.record.ranges:
        yield from _backwards(table)


def _extra(folder: Path, kind: str, dataset: str, table: pa.Table, manifest: Manifest) -> Iterator[str]:
    """Problems of what stands beside the runs: of each run its row, or of each row of the data set its label."""
    if kind == LABELS:
        yield from _labels(folder, dataset, table)
    elif kind == BASELINES:
        yield from _baselines(folder, dataset, table, manifest.record)
    else:
        yield from _wrong_lengths(table, GRADIENT_STATISTICS if kind == GRADIENTS else ())
        yield from _gaps(folder, table, manifest)


def _wrong_columns(table: pa.Table, schema: pa.Schema) -> list[str]:
    columns, wanted = ([(field.name, field.type) for field in each] for each in (table.schema, schema))
    return [] if columns == wanted else ["its columns are not those of the format"]


def _wrong_lengths(table: pa.Table, series: Iterable[str]) -> list[str]:
    return [
        f"column {name} has curves that are not budget + 1 long"
        for name in series
        if not pc.all(pc.equal(pc.list_value_length(table[name]), pc.add(table["budget"], 1))).as_py()
    ]


def _gaps(folder: Path, table: pa.Table, manifest: Manifest) -> list[str]:
    """Compare the rows with all combinations of budgets, configurations and seeds."""
    try:
        config_ids = read_parquet(folder / CONFIGS, ["config_id"])["config_id"].to_numpy()
    except FolderError:  # said of that file already
        return []
    wanted = (np.asarray(manifest.budgets), config_ids, np.asarray(manifest.seeds))  # in the order of KEY
    keys = np.stack([table[key].to_numpy() for key in KEY], axis=1)
    planned = {tuple(key) for key in np.stack(np.meshgrid(*wanted, indexing="ij"), axis=-1).reshape(-1, 3).tolist()}
    there = {tuple(key) for key in keys.tolist()}
    found = [f"{len(keys) - len(there)} runs are in it twice"] if len(there) < len(keys) else []
    for words, runs in (("missing", planned - there), ("not of the manifest's budgets and seeds", there - planned)):
        if runs:
            first = ", ".join(f"{name} {value}" for name, value in zip(KEY, min(runs), strict=True))
            found.append(f"{len(runs)} of {len(planned)} runs are {words}, the first: {first}")
    return found


def _outside(table: pa.Table, record: Record) -> Iterator[str]:
    """Columns with a value outside its range; NaN, where a run diverged, is no value."""
    for name, (low, high) in record.ranges.items():
        values = pc.list_flatten(table[name]).to_numpy()
        wrong = values[(values < low - _ROUNDING) | (values > high + _ROUNDING)]
        if len(wrong):
            yield f"column {name} must be in [{low:g}, {high:g}], got {wrong[0]:g} and {len(wrong) - 1} more outside it"


def _backwards(table: pa.Table) -> Iterator[str]:
    """Seconds begin at 0, are numbers in diverged runs too, and never go down within a run."""
    column = table[SECONDS]
    ends = np.cumsum(pc.list_value_length(column).to_numpy())
    seconds = pc.list_flatten(column).to_numpy()
    if not len(seconds) or ends[-1] != len(seconds) or not np.all(np.diff(ends, prepend=0)):
        return  # said of the lengths already
    first = np.zeros(len(seconds), np.bool_)
    first[np.append(0, ends[:-1])] = True
    step = np.diff(seconds, prepend=0.0)
    bad = np.where(first, seconds != 0, ~(step >= 0))  # written so that NaN is bad as well
    if bad.any():
        row = int(np.searchsorted(ends, np.argmax(bad), side="right"))
        which = ", ".join(f"{key} {table[key][row].as_py()}" for key in KEY)
        yield f"column seconds must begin at 0 and never go down, which {int(bad.sum())} values break, first in {which}"


def _labels(folder: Path, dataset: str, table: pa.Table) -> Iterator[str]:
    described = _description(folder, dataset)
    if described is None:
        return
    parts = np.asarray(table["part"].to_pylist())
    for part in PARTS:
        wanted, got = described[f"{part}_instances"], int((parts == part).sum())
        if got != wanted:
            yield f"{got} labels of part {part}, the data set has {wanted} rows there"
    wrong = ~np.isin(table["label"].to_numpy(), np.arange(described["classes"]))
    if wrong.any():
        yield f"{int(wrong.sum())} labels are not a number of one of {described['classes']} classes"


def _baselines(folder: Path, dataset: str, table: pa.Table, record: Record) -> Iterator[str]:
    twice = table.num_rows - len(set(zip(*[table[name].to_pylist() for name in BASELINE_KEY], strict=True)))
    if twice:
        yield f"{twice} baselines are in it twice"
    ranges = {SECONDS: (0.0, np.inf), **record.ranges}
    for name in (SECONDS, *record.on_all_parts):
        low, high = ranges[name]
        values = table[name].to_numpy()
        wrong = values[~(np.isfinite(values) & (values >= low) & (values <= high))]
        if len(wrong):
            yield f"column {name} must be in [{low:g}, {high:g}] and finite, got {wrong[0]:g}"
    described = _description(folder, dataset)
    bad = 0 if described is None else sum(_bad_predictions(table, part, described).sum() for part in PARTS)
    if bad:
        yield f"{bad} predictions are not rows x classes of probabilities that add up to 1"


def _predictions(folder: Path, dataset: str, manifest: Manifest) -> Iterator[str]:
    described, keys, wrong = _description(folder, dataset), [], 0
    for group in read_groups(folder / f"{PREDICTIONS}/{dataset}.parquet"):
        columns = _wrong_columns(group, extra_schema(PREDICTIONS, manifest.record))
        if columns:
            yield from columns
            return
        keys.append(group.select(list(KEY)))
        wrong += 0 if described is None else sum(_bad_predictions(group, part, described).sum() for part in PARTS)
    if wrong:
        yield f"{wrong} predictions are not rows x classes of probabilities that add up to 1"
    if keys:
        yield from _gaps(folder, pa.concat_tables(keys), manifest)


def _bad_predictions(table: pa.Table, part: str, described: Mapping[str, int]) -> NDArray[np.bool_]:
    """Which runs' predictions cannot be; those of a diverged run are NaN throughout."""
    rows, classes = described[f"{part}_instances"], described["classes"]
    bad = pc.list_value_length(table[part]).to_numpy() != rows * classes
    for run in np.flatnonzero(~bad):
        chances = table[part][int(run)].values.to_numpy(zero_copy_only=False).astype(np.float32).reshape(rows, classes)
        if not np.isnan(chances).all():
            inside = (chances >= 0).all() and (chances <= 1 + _HALF_ROUNDING).all()
            bad[run] = not (inside and np.allclose(chances.sum(axis=1), 1, atol=_HALF_ROUNDING * max(2, classes)))
    return bad


def _description(folder: Path, dataset: str) -> dict[str, int] | None:
    """The data set's sizes in the table of data sets; None if they cannot be read (which is said of that table)."""
    try:
        rows = read_parquet(
            folder / DATASETS, ["name", "classes", *(f"{part}_instances" for part in PARTS)]
        ).to_pylist()
    except FolderError:
        return None
    return next((row for row in rows if row.get("name") == dataset), None)


def changes(folder: Path, manifest: Manifest) -> list[str]:
    """Which files are not as they were written: rows, checksums, pages.

    Returns:
        One line ``PATH: PROBLEM`` for each thing; empty if all is well.
    """
    return _each_file(manifest, lambda path, record: _changed(folder, path, record))


def problems(folder: Path, manifest: Manifest) -> list[str]:
    """What is wrong with a folder's files: :func:`changes`, columns, curves, gaps, values outside their range.

    If a file is not the one that was written, what it holds is of no interest.

    Returns:
        One line ``PATH: PROBLEM`` for each thing; empty if all is well.
    """
    found = [f"{path}: the manifest does not list it" for path in (CONFIGS, DATASETS) if path not in manifest.files]
    return found + _each_file(
        manifest, lambda path, record: _changed(folder, path, record) or content_problems(folder, path, manifest)
    )


def _each_file(manifest: Manifest, find: Callable[[str, FileRecord], Iterable[str]]) -> list[str]:
    found = []
    for path, record in manifest.files.items():
        try:
            found += [f"{path}: {problem}" for problem in find(path, record)]
        except FolderError as error:
            found.append(f"{path}: {error}")
    return found


def _changed(folder: Path, path: str, record: FileRecord) -> list[str]:
    if not (folder / path).is_file():
        return ["missing"]
    rows = sum(group.num_rows for group in read_groups(folder / path))  # reads all: checks the pages' checksums
    found = [f"{rows} rows, the manifest says {record.rows}"] if rows != record.rows else []
    if signature.digest(folder / path) != record.sha256:
        found.append("its checksum differs from the manifest's")
    return found


def verify(folder: Path) -> list[str]:
    """Hold every file of a folder against its manifest and the format.

    Returns:
        One line for each thing that is wrong; empty if all is well.

    Raises:
        FolderError: If there is no manifest to hold them against.
    """
    manifest = read_manifest(folder)
    unsigned = [] if signature.is_signed(folder / MANIFEST) else [f"{MANIFEST}: {signature.UNSIGNED}"]
    return unsigned + problems(folder, manifest)
