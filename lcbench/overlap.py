"""Join tables by key: rows that several have must be the same."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lcbench.errors import InputError


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
