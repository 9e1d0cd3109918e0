"""Hold the files of a benchmark folder against its manifest: bytes, columns, lengths, gaps, values that cannot be."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lcbench import signature
from lcbench.errors import FolderError, InputError
from lcbench.files import read_groups
from lcbench.table import reading
from lcbench.table.curve import backwards, outside
from lcbench.table.manifest import (
    BASELINE_KEY,
    BASELINES,
    CONFIGS,
    DATASETS,
    GRADIENT_STATISTICS,
    GRADIENTS,
    LABELS,
    MANIFEST,
    PARTS,
    PREDICTIONS,
    RUNS,
    FileRecord,
    Manifest,
)
from lcbench.table.record import KEY, SECONDS, Record
from lcbench.table.store import place, read_manifest

_HALF_ROUNDING = 1e-3
"""How far float16 may carry a probability beyond its range."""


def content_problems(folder: Path, path: str, manifest: Manifest) -> Iterator[str]:
    """What is wrong inside one table of a folder, a line each.

    Raises:
        FolderError: If it cannot be opened, which says what is wrong.
    """
    kind, _, name = path.partition("/")
    dataset = name.removesuffix(".parquet")
    if path == CONFIGS:
        yield from _configs(folder, manifest)
    elif path == DATASETS:
        reading.datasets(folder, manifest)
    elif kind == PREDICTIONS:  # may be larger than the memory: read piece by piece
        yield from _predictions(folder, dataset, manifest)
    elif manifest.schema_of(path) is not None:
        table = reading.table(folder, manifest, path)
        if kind == RUNS:
            yield from _runs(folder, table, manifest)
        else:
            yield from _extra(folder, kind, dataset, table, manifest)


def _configs(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Problems of the configurations: what is outside the space."""
    from lcbench.space.spaces import check_configs, from_json  # importing ConfigSpace takes a while

    configs = reading.configs(folder, manifest).to_pandas().drop(columns="config_id")
    try:
        check_configs(from_json(manifest.space), configs)
    except (FolderError, InputError) as error:
        yield str(error)


def _runs(folder: Path, table: pa.Table, manifest: Manifest) -> Iterator[str]:
    yield from _wrong_lengths(table, manifest.record.ranges)
    yield from _gaps(folder, table, manifest)
    yield from _outside(table, manifest.record)
    if SECONDS in manifest.record.ranges:
        yield from _backwards(table, manifest.record.key)


def _extra(folder: Path, kind: str, dataset: str, table: pa.Table, manifest: Manifest) -> Iterator[str]:
    """Problems of what stands beside the runs: of each run its row, or of each row of the data set its label."""
    if kind == LABELS:
        yield from _labels(folder, dataset, table, manifest)
    elif kind == BASELINES:
        yield from _baselines(folder, dataset, table, manifest)
    else:
        yield from _wrong_lengths(table, GRADIENT_STATISTICS if kind == GRADIENTS else ())
        yield from _gaps_beside(folder, dataset, table, manifest)


def _wrong_lengths(table: pa.Table, series: Iterable[str]) -> list[str]:
    return [
        f"column {name} has curves that are not budget + 1 long"
        for name in series
        if pc.all(pc.equal(pc.list_value_length(table[name]), pc.add(table["budget"], 1))).as_py() is False
    ]


_Wanted = dict[str, NDArray[Any]]


def _gaps(folder: Path, table: pa.Table, manifest: Manifest) -> list[str]:
    """Compare the runs with all combinations of budgets, configurations, seeds and further fidelities.

    If the manifest says that runs are missing on purpose, how many is compared in :func:`problems`, over all files.
    """
    wanted = _wanted(folder, manifest)
    if not wanted:
        return []
    codes, found = _codes(table, wanted)
    planned = math.prod(map(len, wanted.values()))
    if len(codes) < planned and not manifest.missing:
        found.append(_lacking(planned - len(codes), planned, _first_missing(codes), wanted))
    return found


def _gaps_beside(folder: Path, dataset: str, table: pa.Table, manifest: Manifest) -> list[str]:
    """Compare the rows of a table beside the runs with the runs, of which each has one."""
    if manifest.record.further:
        return [f"it is of no single runs, as it lacks {', '.join(each.name for each in manifest.record.further)}"]
    wanted = _wanted(folder, manifest)
    try:
        runs = reading.table(folder, manifest, f"{RUNS}/{dataset}.parquet", KEY)
    except FolderError:  # said of that file already
        return []
    if not wanted:
        return []
    (codes, found), (planned, _) = _codes(table, wanted), _codes(runs, wanted)
    gone = np.setdiff1d(planned, codes, assume_unique=True)
    if len(gone):
        found.append(_lacking(len(gone), len(planned), int(gone[0]), wanted))
    return found


def _wanted(folder: Path, manifest: Manifest) -> _Wanted:
    """The values that each column of the key can have, in its order; none if the configurations cannot be read."""
    try:
        config_ids = np.sort(reading.configs(folder, manifest)["config_id"].to_numpy())
    except FolderError:  # said of that file already
        return {}
    known = (manifest.budgets, config_ids, manifest.seeds, *(each.budgets for each in manifest.record.further))
    return {name: np.asarray(values) for name, values in zip(manifest.record.key, known, strict=True)}


def _codes(table: pa.Table, wanted: _Wanted) -> tuple[NDArray[np.intp], list[str]]:
    """The different runs of a table as places in the product of what is wanted, and what is wrong with its keys."""
    keys = {name: table[name].to_numpy() for name in wanted}
    known = np.logical_and.reduce([np.isin(keys[name], ids) for name, ids in wanted.items()])
    places = [np.searchsorted(ids, keys[name][known]) for name, ids in wanted.items()]
    codes = np.unique(np.ravel_multi_index(places, tuple(map(len, wanted.values()))))
    odd = set(zip(*(key[~known].tolist() for key in keys.values()), strict=True))
    twice = table.num_rows - len(codes) - len(odd)
    found = [f"{twice} runs are in it twice"] if twice else []
    if odd:
        planned = math.prod(map(len, wanted.values()))
        found.append(
            f"{int((~known).sum())} of {planned} runs are not of the manifest's budgets and seeds, the first: "
            f"{_named(wanted, min(odd))}"
        )
    return codes, found


def _lacking(count: int, planned: int, first: int, wanted: _Wanted) -> str:
    """What is said of missing runs, the first of which has this place in the product of what is wanted."""
    places = np.unravel_index(first, tuple(map(len, wanted.values())))
    key = [ids[place] for ids, place in zip(wanted.values(), places, strict=True)]
    return f"{count} of {planned} runs are missing, the first: {_named(wanted, key)}"


def _first_missing(codes: NDArray[np.intp]) -> int:
    """The smallest number from 0 that is not among different increasing ones."""
    wrong = np.flatnonzero(codes != np.arange(len(codes)))
    return int(wrong[0]) if len(wrong) else len(codes)


def _named(names: Iterable[str], key: Iterable[object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in zip(names, key, strict=True))


def _outside(table: pa.Table, record: Record) -> Iterator[str]:
    """Columns with a value outside its range."""
    for name, ends in record.ranges.items():
        wrong = outside(pc.list_flatten(table[name]).to_numpy(), ends)
        if len(wrong):
            low, high = ends
            yield f"column {name} must be in [{low:g}, {high:g}], got {wrong[0]:g} and {len(wrong) - 1} more outside it"


def _backwards(table: pa.Table, key: Sequence[str]) -> Iterator[str]:
    """Seconds begin at 0, are numbers in diverged runs too, and never go down within a run."""
    column = table[SECONDS]
    ends = np.cumsum(pc.list_value_length(column).to_numpy())
    seconds = pc.list_flatten(column).to_numpy()
    if not len(seconds) or ends[-1] != len(seconds) or not np.all(np.diff(ends, prepend=0)):
        return  # said of the lengths already
    bad = backwards(seconds, np.append(0, ends[:-1]))
    if bad.any():
        row = int(np.searchsorted(ends, np.argmax(bad), side="right"))
        which = _named(key, (table[name][row].as_py() for name in key))
        yield f"column seconds must begin at 0 and never go down, which {int(bad.sum())} values break, first in {which}"


def _labels(folder: Path, dataset: str, table: pa.Table, manifest: Manifest) -> Iterator[str]:
    described = _description(folder, dataset, manifest)
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


def _baselines(folder: Path, dataset: str, table: pa.Table, manifest: Manifest) -> Iterator[str]:
    twice = table.num_rows - len(set(zip(*[table[name].to_pylist() for name in BASELINE_KEY], strict=True)))
    if twice:
        yield f"{twice} baselines are in it twice"
    record = manifest.record
    ranges = {SECONDS: (0.0, np.inf), **record.ranges}
    for name in (SECONDS, *record.on_all_parts):
        low, high = ranges[name]
        values = table[name].to_numpy()
        wrong = values[~(np.isfinite(values) & (values >= low) & (values <= high))]
        if len(wrong):
            yield f"column {name} must be in [{low:g}, {high:g}] and finite, got {wrong[0]:g}"
    described = _description(folder, dataset, manifest)
    bad = 0 if described is None else sum(_bad_predictions(table, part, described).sum() for part in PARTS)
    if bad:
        yield f"{bad} predictions are not rows x classes of probabilities that add up to 1"


def _predictions(folder: Path, dataset: str, manifest: Manifest) -> Iterator[str]:
    described, keys, wrong = _description(folder, dataset, manifest), [], 0
    for group in reading.groups(folder, manifest, f"{PREDICTIONS}/{dataset}.parquet"):
        keys.append(group.select(list(KEY)))
        wrong += 0 if described is None else sum(_bad_predictions(group, part, described).sum() for part in PARTS)
    if wrong:
        yield f"{wrong} predictions are not rows x classes of probabilities that add up to 1"
    if keys:
        yield from _gaps_beside(folder, dataset, pa.concat_tables(keys), manifest)


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


def _description(folder: Path, dataset: str, manifest: Manifest) -> dict[str, int] | None:
    """The data set's sizes in the table of data sets; None if not known, or not to be read (which is said then)."""
    try:
        rows = reading.datasets(folder, manifest).to_pylist()
    except FolderError:
        return None
    found: dict[str, Any] = next((row for row in rows if row["name"] == dataset), {})
    whole = all(isinstance(found.get(name), int) for name in ("classes", *(f"{part}_instances" for part in PARTS)))
    return found if whole else None


def changes(folder: Path, manifest: Manifest) -> list[str]:
    """Which files are not as they were written: rows, checksums, pages.

    Returns:
        One line ``PATH: PROBLEM`` for each thing; empty if all is well.
    """
    return _each_file(folder, manifest, lambda path, record: _changed(folder, path, record))


def problems(folder: Path, manifest: Manifest) -> list[str]:
    """What is wrong with a folder's files: :func:`changes`, columns, curves, gaps, values outside their range.

    If a file is not the one that was written, what it holds is of no interest.

    Returns:
        One line ``PATH: PROBLEM`` for each thing; empty if all is well.
    """
    found = [f"{path}: the manifest does not list it" for path in (CONFIGS, DATASETS) if path not in manifest.files]
    if manifest.missing and not found and manifest.planned - manifest.runs != manifest.missing:
        lacking = manifest.planned - manifest.runs
        found.append(f"{MANIFEST}: it says that {manifest.missing} runs are missing, the files lack {lacking}")

    def find(path: str, record: FileRecord) -> Iterable[str]:
        return _changed(folder, path, record) or content_problems(folder, path, manifest)

    return found + _each_file(folder, manifest, find)


def _each_file(folder: Path, manifest: Manifest, find: Callable[[str, FileRecord], Iterable[str]]) -> list[str]:
    found = []
    for path, record in manifest.files.items():
        try:
            found += [f"{path}: {problem}" for problem in find(path, record)]
        except FolderError as error:
            found.append(f"{path}: {str(error).removeprefix(f'{folder / path} ')}")
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
    folder = place(folder)
    manifest = read_manifest(folder)
    unsigned = [] if signature.is_signed(folder / MANIFEST) else [f"{MANIFEST}: {signature.UNSIGNED}"]
    return unsigned + problems(folder, manifest)
