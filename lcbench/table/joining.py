"""Join rows of two tables: rows that both have must agree, configurations are recognized by their values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lcbench.errors import InputError

Keep = Literal["first", "second", "mean"]
KEEPS: tuple[Keep, ...] = ("first", "second", "mean")
"""Whose seconds a row keeps that both tables have."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The rows of two tables.

    Attributes:
        rows: The rows of the first, then what only the second has.
        differ: How many rows both have with different seconds.
    """

    rows: pa.Table
    differ: int = 0


def join(tables: Sequence[pa.Table], key: Sequence[str], what: str, clock: str = "", keep: Keep = "first") -> Joined:
    """All rows of one or two tables, those that both have once.

    Args:
        tables: Of the same columns.
        key: Columns that identify a row.
        what: What the tables hold, for messages.
        clock: A column that may differ in rows that both have, such as measured seconds.
        keep: Whose clock such a row keeps.

    Raises:
        InputError: If a row that both have differs; it names the first. NaN equals NaN.
    """
    if len(tables) == 1:
        return Joined(tables[0])
    first, second = tables
    if set(first.column_names) != set(second.column_names):
        odd = sorted(set(first.column_names) ^ set(second.column_names))
        raise InputError(f"{what} must have the same columns in both tables, got {', '.join(odd)} in one only.")
    second = second.select(first.column_names)
    mine, theirs = _places(codes_of([first, second], key))
    both, other = first.take(pa.array(mine)), second.take(pa.array(theirs))
    for name in first.column_names:
        if name != clock:
            _compare(both, other, name, key, what)
    new = np.delete(np.arange(len(second)), theirs)
    rows, differ = first, 0
    if clock:
        ours, others = (table[clock].combine_chunks() for table in (both, other))
        _check_lengths(ours, others, both.select(list(key)), what)
        differ = _count(ours, others)
        if differ and keep != "first":
            kept = others if keep == "second" else _mean(ours, others)
            rows = _replaced(first, clock, mine, kept.cast(ours.type))
    return Joined(pa.concat_tables([rows, second.take(pa.array(new)).cast(first.schema)]), differ)


def codes_of(tables: Sequence[pa.Table], key: Sequence[str]) -> list[NDArray[np.int64]]:
    """A number for each row, the same for rows of equal keys, whichever table they are in; missing equals missing."""
    import pandas as pd

    lengths = [len(table) for table in tables]
    codes = np.zeros(sum(lengths), np.int64)
    for name in key:
        column = pd.concat([table[name].to_pandas() for table in tables], ignore_index=True)
        found, levels = pd.factorize(column)
        codes = np.unique(codes * (len(levels) + 1) + found + 1, return_inverse=True)[1]
    return np.split(codes, np.cumsum(lengths)[:-1])


def _places(codes: Sequence[NDArray[np.int64]]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where the rows are that both have: in the first table, and in the second."""
    first, second = codes
    _, mine, theirs = np.intersect1d(first, second, return_indices=True)
    order = np.argsort(mine)
    return mine[order], theirs[order]


def _compare(first: pa.Table, second: pa.Table, name: str, key: Sequence[str], what: str) -> None:
    """Compare a column of tables of the same keys in the same order."""
    found = _difference(first[name].combine_chunks(), second[name].combine_chunks())
    if not found:
        return
    row = found[0]
    values = [_at(table[name][row].as_py(), found[1:]) for table in (first, second)]
    which = ", ".join(f"{part} {first[part][row].as_py()}" for part in key)
    step = f" at step {found[1]}" if len(found) == 2 else ""
    raise InputError(
        f"{what} that both tables have must agree, got {name} {values[0]!r} and {values[1]!r}{step} for {which}; "
        "keep one of the two."
    )


def _difference(one: pa.Array, other: pa.Array) -> tuple[int, ...]:
    """Where two arrays first differ: the row and the places within its lists; nothing if they do not."""
    if one.type != other.type:
        other = other.cast(one.type)
    if pa.types.is_list(one.type):
        return _difference_of_lists(one, other)
    if pa.types.is_floating(one.type):
        left, right = (each.to_numpy(zero_copy_only=False) for each in (one, other))
        wrong = ~((left == right) | (np.isnan(left) & np.isnan(right)))
    else:
        same = pc.fill_null(pc.equal(one, other), False)
        wrong = ~pc.or_(same, pc.and_(one.is_null(), other.is_null())).to_numpy(zero_copy_only=False)
    return (int(np.argmax(wrong)),) if wrong.any() else ()


def _difference_of_lists(one: pa.Array, other: pa.Array) -> tuple[int, ...]:
    lengths = [pc.fill_null(pc.list_value_length(each), -1).to_numpy() for each in (one, other)]
    wrong = lengths[0] != lengths[1]
    if wrong.any():
        return (int(np.argmax(wrong)),)
    inner = _difference(one.flatten(), other.flatten())
    if not inner:
        return ()
    ends = np.cumsum(np.maximum(lengths[0], 0))
    row = int(np.searchsorted(ends, inner[0], side="right"))
    return (row, inner[0] - int(ends[row] - lengths[0][row]), *inner[1:])


def _at(value: Any, places: Sequence[int]) -> Any:
    for place in places:
        value = value[place]
    return float(f"{value:.7g}") if isinstance(value, float) else value


def _check_lengths(one: pa.Array, other: pa.Array, key: pa.Table, what: str) -> None:
    """Check that lists of the same rows are equally long."""
    if not pa.types.is_list(one.type):
        return
    found = _difference(*map(pc.list_value_length, (one, other)))
    if found:
        which = ", ".join(f"{name} {key[name][found[0]].as_py()}" for name in key.column_names)
        raise InputError(f"{what} that both tables have must have curves of one length, got two for {which}.")


def _replaced(table: pa.Table, name: str, rows: NDArray[np.intp], values: pa.Array) -> pa.Table:
    """A table with other values of a column in some rows."""
    place = np.arange(len(table))
    place[rows] = len(table) + np.arange(len(rows))
    column = pa.chunked_array([*table[name].chunks, values]).take(pa.array(place))
    return table.set_column(table.schema.get_field_index(name), table.schema.field(name), column)


def _count(one: pa.Array, other: pa.Array) -> int:
    """How many rows of two columns with equally long lists differ."""
    if not pa.types.is_list(one.type):
        return int((one.to_numpy() != other.to_numpy()).sum())
    wrong = one.flatten().to_numpy() != other.flatten().to_numpy()
    ends = np.cumsum(pc.list_value_length(one).to_numpy())
    return len(np.unique(np.searchsorted(ends, np.flatnonzero(wrong), side="right")))


def _mean(one: pa.Array, other: pa.Array) -> pa.Array:
    if not pa.types.is_list(one.type):
        return pa.array((one.to_numpy() + other.to_numpy()) / 2)
    flat = (one.flatten().to_numpy().astype(np.float64) + other.flatten().to_numpy()) / 2
    offsets = np.concatenate([[0], np.cumsum(pc.list_value_length(one).to_numpy())]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat).cast(one.type.value_type))


# Configurations --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Configs:
    """The configurations of two tables.

    Attributes:
        table: All of them, by their numbers.
        numbers: The number that each of the second table's has there.
        renumbered: How many of these were another configuration's in the first table.
    """

    table: pa.Table
    numbers: dict[int, int]
    renumbered: int

    def renumber(self, table: pa.Table) -> pa.Table:
        """Rows of the second table under the joined numbers; a number that it does not know stays as it is."""
        if all(old == new for old, new in self.numbers.items()):
            return table
        place, field = table.schema.get_field_index("config_id"), table.schema.field("config_id")
        old = table["config_id"].to_numpy()
        different, inverse = np.unique(old, return_inverse=True)
        new = np.array([self.numbers.get(int(each), int(each)) for each in different], np.int64)
        return table.set_column(place, field, pa.array(new[inverse]).cast(field.type))


def join_configs(first: pa.Table, second: pa.Table) -> Configs:
    """Recognize configurations by their values.

    Equal values are one configuration, under the first table's number. Where a table has the same values several
    times, those with the same number are the same, and the rest are taken in their order. What only the second table
    has keeps its number if that is free, and gets a new one if not.
    """
    import pandas as pd

    names = [name for name in first.column_names if name != "config_id"]
    values = codes_of([first, second], names)
    ids = [table["config_id"].to_numpy() for table in (first, second)]
    mine, theirs = (
        pd.DataFrame({"id": each, "value": value, "row": np.arange(len(each))})
        for each, value in zip(ids, values, strict=True)
    )
    same = mine.merge(theirs, on=["id", "value"], suffixes=("", "_second"))
    rest = [table[~table["row"].isin(rows)] for table, rows in ((mine, same["row"]), (theirs, same["row_second"]))]
    rest = [table.assign(nth=table.groupby("value").cumcount()) for table in rest]
    pairs = rest[0].merge(rest[1], on=["value", "nth"], suffixes=("", "_second"))
    new = theirs[~theirs["row"].isin(same["row_second"]) & ~theirs["row"].isin(pairs["row_second"])]
    taken = new["id"].isin(mine["id"])
    fresh = max((int(each.max()) for each in ids if len(each)), default=-1) + 1 + np.arange(int(taken.sum()))
    numbers = dict(zip(same["id"].tolist(), same["id"].tolist(), strict=True))
    numbers |= dict(zip(pairs["id_second"].tolist(), pairs["id"].tolist(), strict=True))
    numbers |= dict(zip(new["id"][~taken].tolist(), new["id"][~taken].tolist(), strict=True))
    numbers |= dict(zip(new["id"][taken].tolist(), fresh.tolist(), strict=True))
    found = Configs(first, numbers, int(taken.sum()))
    added = found.renumber(second.select(first.column_names).take(pa.array(new["row"].to_numpy())))
    table = pa.concat_tables([first, added], promote_options="permissive").sort_by("config_id")
    return Configs(table, numbers, int(taken.sum()))
