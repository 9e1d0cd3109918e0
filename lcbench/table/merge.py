"""Join two benchmark folders over their data sets and seeds: rows that both have must be the same."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.table import reading, store
from lcbench.table.manifest import (
    BASELINE_KEY,
    BASELINES,
    CONFIGS,
    DATASETS,
    EXTRAS,
    LABELS,
    RUNS,
    Manifest,
    table_path,
)
from lcbench.table.record import KEY, SECONDS
from lcbench.writing import appearing


def join(tables: Sequence[pa.Table], key: Sequence[str], what: str, measured: Sequence[str] = ()) -> pa.Table:
    """All rows of one or two tables, those that both have once.

    Args:
        tables: Of the same columns.
        key: Columns that identify a row.
        what: What the tables hold, for messages.
        measured: Columns that differ each time, such as measured seconds; the first table's count.

    Returns:
        The rows of the first, then what only the second has.

    Raises:
        InputError: If a row that both have differs; it names the first. NaN equals NaN.
    """
    if len(tables) == 1:
        return tables[0]
    first, second = tables
    places = {row: place for place, row in enumerate(_keys(first, key))}
    theirs = [places.get(row, -1) for row in _keys(second, key)]
    new = np.array([place < 0 for place in theirs], bool)
    both = second.filter(pa.array(~new))
    mine = first.take(pa.array([place for place in theirs if place >= 0], pa.int64()))
    _compare(mine.drop_columns(list(measured)), both.drop_columns(list(measured)), key, what)
    return pa.concat_tables([first, second.filter(pa.array(new)).cast(first.schema)])


def _keys(table: pa.Table, key: Sequence[str]) -> list[tuple[object, ...]]:
    return list(zip(*[table[name].to_pylist() for name in key], strict=True))


def _compare(first: pa.Table, second: pa.Table, key: Sequence[str], what: str) -> None:
    """Compare tables of the same keys in the same order."""
    for name in first.schema.names:
        one, other = (table[name].combine_chunks() for table in (first, second))
        if _same(one, other):
            continue
        row = next(i for i in range(len(one)) if not _same(one.slice(i, 1), other.slice(i, 1)))
        which = ", ".join(f"{part} {first[part][row].as_py()}" for part in key)
        raise InputError(
            f"{what} that both tables have must agree, got different {name} for {which}; keep one of the two."
        )


def _same(one: pa.Array, other: pa.Array) -> bool:
    """Whether two arrays hold the same, NaN being the same as NaN."""
    if one.type != other.type or not one.is_null().equals(other.is_null()):
        return False
    if pa.types.is_list(one.type):
        return _lengths(one) == _lengths(other) and _same(one.flatten(), other.flatten())
    if pa.types.is_floating(one.type):
        return np.array_equal(_numbers(one), _numbers(other), equal_nan=True)
    return bool(one.equals(other))


def _lengths(lists: pa.Array) -> list[int]:
    return np.diff(lists.offsets.to_numpy()).tolist()


def _numbers(array: pa.Array) -> NDArray[np.floating]:
    return array.to_numpy(zero_copy_only=False)


_COUNTED = re.compile(r" on \d+ data sets?$")
"""End of a title of older tables that is no longer true when they are joined."""

_SAME = ("space", "record", "budgets", "schedule")


def merge(first: Path, second: Path, out: Path) -> Manifest:
    """Join two benchmarks of the same configurations and budgets into a new folder.

    Every data set must have every seed in one of the two. Runs that both have are kept once, and must agree, but for
    seconds that were measured, or modelled from a measurement: these differ each time, and the first folder's count.

    Args:
        first: A benchmark folder.
        second: Another.
        out: The new folder; it appears when it is whole.

    Returns:
        The new folder's manifest; its provenance holds both folders' under ``"merged"``.

    Raises:
        InputError: If ``out`` exists, the two do not fit together, or a run that both have differs.
        FolderError: If a folder cannot be read.
    """
    folders = (store.place(first), store.place(second))
    manifests = [store.read_manifest(folder) for folder in folders]
    joined = _fit(*manifests)
    with appearing(out) as folder:
        configs, others = (reading.configs(*each) for each in zip(folders, manifests, strict=True))
        if not configs.equals(others):
            raise InputError(f"both tables must have the same configurations, got others in {second / CONFIGS}.")
        store.write_parquet(folder / CONFIGS, configs)
        described = [reading.datasets(*each) for each in zip(folders, manifests, strict=True)]
        store.write_parquet(folder / DATASETS, join(described, ("name",), DATASETS))
        datasets = list(dict.fromkeys(name for manifest in manifests for name in manifest.datasets))
        for kind, dataset in product((RUNS, *EXTRAS), datasets):
            _join(kind, dataset, dict(zip(folders, manifests, strict=True)), folder)
        return store.seal(folder, joined, datasets)


def _fit(first: Manifest, second: Manifest) -> Manifest:
    """The joined manifest, without files yet."""
    for name in _SAME:
        one, other = getattr(first, name), getattr(second, name)
        if one != other:
            shown = f": {one} and {other}" if name in ("budgets", "schedule") else ""
            raise InputError(f"both tables must have the same {name}, got different ones{shown}.")
    seeds = tuple(sorted({*first.seeds, *second.seeds}))
    there = {pair for manifest in (first, second) for pair in product(manifest.datasets, manifest.seeds)}
    for dataset, seed in product(dict.fromkeys(first.datasets + second.datasets), seeds):
        if (dataset, seed) not in there:
            raise InputError(
                f"every data set must have every seed in one of the tables, got no seed {seed} of {dataset}; "
                "merge with a table that has it first."
            )
    parts = "; ".join((first.title, second.title)).split("; ")
    title = "; ".join(dict.fromkeys(_COUNTED.sub("", part) for part in parts))
    return replace(first, title=title, seeds=seeds, provenance=_provenance(first, second), files={})


def _provenance(first: Manifest, second: Manifest) -> dict[str, object]:
    """What both say alike, and both in full."""
    one, other = first.provenance, second.provenance
    return {key: one[key] for key in one if key in other and one[key] == other[key]} | {"merged": [one, other]}


def _join(kind: str, dataset: str, manifests: dict[Path, Manifest], out: Path) -> None:
    """Join one data set's table of one kind; those that have none give none."""
    path = table_path(kind, dataset)
    tables = [reading.table(folder, manifest, path) for folder, manifest in manifests.items() if path in manifest.files]
    if kind == LABELS and len(tables) == 2 and not tables[0].equals(tables[1]):
        raise InputError(f"both tables must have the same labels of {dataset}, got others; their splits differ.")
    if kind == RUNS:
        record = next(iter(manifests.values())).record
        clocked = (SECONDS,) if record.seconds in ("measured", "modelled") else ()
        store.write_runs(out, dataset, join(tables, KEY, f"runs of {dataset}", clocked), record)
    elif tables:
        key, measured = (BASELINE_KEY, ("seconds",)) if kind == BASELINES else (KEY, ())
        joined = tables[0] if kind == LABELS else join(tables, key, f"{kind} of {dataset}", measured)
        store.write_parts(out / path, [joined], pa.schema(joined.schema))
