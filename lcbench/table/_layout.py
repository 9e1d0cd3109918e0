"""Where a run's numbers lie in memory: one flat array for each series of a data set.

Budget by budget, within a budget configuration by configuration, seed by seed, step by step: the order of the rows
in the files, so that a file without gaps is its own flat array.
"""

from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from lcbench.errors import DamagedFileError, InputError, UnknownNameError
from lcbench.table.curve import backwards, outside
from lcbench.table.record import KEY, SECONDS

_DENSE = 1 << 22
"""Largest id that is looked up in a table instead of by bisection."""


class Index:
    """Turns ids into their places, one at a time or in arrays.

    Args:
        kind: What the ids name, in the singular.
        ids: ``(n,)`` different non-negative integers.

    Attributes:
        places: The place of each id.
    """

    def __init__(self, kind: str, ids: Sequence[int]) -> None:
        self.kind = kind
        self.places = {int(each): place for place, each in enumerate(ids)}
        self._table: NDArray[np.intp] | None = None

    def __len__(self) -> int:
        return len(self.places)

    def array(self, ids: ArrayLike) -> NDArray[np.intp]:
        """Places of many ids.

        Args:
            ids: Integers of any shape.

        Returns:
            Array of the same shape.

        Raises:
            InputError: If they are not integers.
            UnknownNameError: If one is unknown; it names the first.
        """
        asked = _integers(self.kind, ids)
        if asked.ndim == 0 or not self.places or max(self.places) >= _DENSE or min(self.places) < 0:
            return self._one_by_one(asked)
        table = self._dense()
        if asked.size and (asked.min() < 0 or asked.max() >= len(table)):
            self._refuse(asked)
        places = table[asked]
        if places.size and places.min() < 0:
            self._refuse(asked)
        return places

    def _one_by_one(self, asked: NDArray[np.integer]) -> NDArray[np.intp]:
        try:
            found = [self.places[each] for each in asked.ravel().tolist()]
        except KeyError:
            self._refuse(asked)
        return np.array(found, np.intp).reshape(asked.shape)

    def _dense(self) -> NDArray[np.intp]:
        if self._table is None:
            table = np.full(max(self.places) + 1, -1, np.intp)
            table[list(self.places)] = list(self.places.values())
            self._table = table
        return self._table

    def _refuse(self, asked: NDArray[np.integer]) -> None:
        unknown = next(each for each in asked.ravel().tolist() if each not in self.places)
        raise UnknownNameError(self.kind, unknown, self.places)


class Layout:
    """Places of all runs of a data set.

    Args:
        config_ids: ``(configs,)`` in the order of the table of configurations.
        budgets: Increasing.
        seeds: Increasing.
    """

    def __init__(self, config_ids: Sequence[int], budgets: Sequence[int], seeds: Sequence[int]) -> None:
        self.configs = Index("configuration", config_ids)
        self.budgets = Index("budget", budgets)
        self.seeds = Index("seed", seeds)
        self.runs = len(self.configs) * len(self.seeds)
        self._epochs = np.asarray(budgets, np.intp)
        self._lacking: NDArray[np.bool_] | None = None  # (budgets,)
        self._starts = np.concatenate([[0], np.cumsum(self.runs * (self._epochs + 1))]).astype(np.intp)

    def having(self, budgets: Sequence[int]) -> "Layout":
        """The layout of a data set that has runs of these budgets alone: one NaN at its end stands for all others."""
        found = copy(self)
        found._lacking = np.isin(self._epochs, budgets, invert=True)
        lengths = np.where(found._lacking, 0, self._epochs + 1)
        found._starts = np.concatenate([[0], np.cumsum(self.runs * lengths)]).astype(np.intp)
        return found

    @property
    def size(self) -> int:
        """How many numbers a series has."""
        return int(self._starts[-1]) + (self._lacking is not None)

    def block(self, flat: NDArray[np.float32], budget: int) -> NDArray[np.float32]:
        """One budget's curves, ``(configs, seeds, budget + 1)``: a read-only view of a series."""
        place, shape = self.budgets.places[budget], (len(self.configs), len(self.seeds), budget + 1)
        if self._lacking is not None and self._lacking[place]:
            return np.broadcast_to(flat[-1], shape)
        return flat[slice(*self._starts[place : place + 2])].reshape(shape)

    def places(
        self, config_ids: ArrayLike, budgets: ArrayLike, seeds: ArrayLike, epochs: ArrayLike | None
    ) -> NDArray[np.intp]:
        """Places of many values in the flat array.

        Args:
            config_ids: Integers of any shape; this one and the next three are broadcast against each other.
            budgets: Budgets.
            seeds: Seeds.
            epochs: Epochs trained, in [0, budget]; the whole budget if None.

        Returns:
            Array of the broadcast shape.

        Raises:
            InputError: If anything asked for is not in the table.
        """
        which = self.budgets.array(budgets)
        cells = self.configs.array(config_ids) * len(self.seeds) + self.seeds.array(seeds)
        longest = self._epochs[which]
        trained = longest if epochs is None else _within(_integers("epoch", epochs), longest)
        found = cells * (longest + 1) + (self._starts[which] + trained)
        return found if self._lacking is None else np.where(self._lacking[which], self.size - 1, found)


def _integers(kind: str, values: ArrayLike) -> NDArray[np.integer]:
    array = np.asarray(values)
    if array.size == 0:
        return array.astype(np.intp)
    if not np.issubdtype(array.dtype, np.integer):
        raise InputError(f"{kind}s must be integers, got {array.dtype}; convert them with astype(int).")
    return array


def _within(epochs: NDArray[np.integer], longest: NDArray[np.intp]) -> NDArray[np.integer]:
    """Check that no epoch is beyond its run."""
    wrong = (epochs < 0) | (epochs > longest)
    if wrong.any():
        first = np.broadcast_to(epochs, wrong.shape)[wrong][0]
        budget = np.broadcast_to(longest, wrong.shape)[wrong][0]
        raise InputError(f"epochs must be in [0, budget], got {first} with budget {budget}; ask for a longer budget.")
    return epochs


def series(path: Path, table: pa.Table, layout: Layout, ends: tuple[float, float]) -> NDArray[np.float32]:
    """Bring one list column of a data set's runs into the layout's order.

    Args:
        path: The file that it is from, for messages.
        table: The key and the column.
        layout: Which runs there should be.
        ends: Smallest and largest possible value.

    Returns:
        ``(layout.size,)`` read-only array in the layout's order, NaN where a run is missing; runs of budgets that the
        layout lacks are left out. A view of what was read if every run is there.

    Raises:
        DamagedFileError: If a run is unknown or there twice, a curve is not ``budget + 1`` long, a value is outside
            its range, or the manifest implies far more runs than there are.
    """
    metric = table.column_names[-1]
    table = _of_budgets(table.combine_chunks(), list(layout.budgets.places))
    budgets, config_ids, seeds = (_numbers(table[key]) for key in KEY)
    _check_lengths(path, table[metric], budgets)
    values = _numbers(pc.list_flatten(table[metric]))
    _check_range(path, metric, values, ends)
    if metric == SECONDS and backwards(values, np.cumsum(budgets + 1) - (budgets + 1)).any():
        raise DamagedFileError(f"{path} must have seconds that begin at 0 and never go down, got others; restore it.")
    starts = _starts(path, layout, budgets, config_ids, seeds)
    if len(values) != layout.size or np.any(starts != np.cumsum(budgets + 1) - (budgets + 1)):
        values = _scattered(path, values, starts, budgets + 1, layout.size)
    values.flags.writeable = False
    return values


def steps(path: Path, table: pa.Table, layout: Layout) -> NDArray[np.float32]:
    """What stands for seconds in a table without them: a step costs 1.

    Args:
        path: The file that it is from, for messages.
        table: The key.
        layout: Which runs there should be.

    Returns:
        ``(layout.size,)`` read-only array as of :func:`series`: 0, 1, 2, ... for each run that is there.

    Raises:
        DamagedFileError: If a run is unknown or there twice.
    """
    table = _of_budgets(table.combine_chunks(), list(layout.budgets.places))
    budgets, config_ids, seeds = (_numbers(table[key]) for key in KEY)
    lengths = budgets + 1
    counted = (np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)).astype(np.float32)
    values = _scattered(path, counted, _starts(path, layout, budgets, config_ids, seeds), lengths, layout.size)
    values.flags.writeable = False
    return values


def _check_range(path: Path, metric: str, values: NDArray[np.float32], ends: tuple[float, float]) -> None:
    wrong = outside(values, ends)
    if len(wrong):
        raise DamagedFileError(
            f"{path} must have {metric} in [{ends[0]:g}, {ends[1]:g}], got {wrong[0]:g}; restore it or collect again."
        )


def _numbers(column: pa.ChunkedArray) -> NDArray[Any]:
    """A column as a read-only view, nulls as NaN. pyarrow's own ``to_numpy`` imports pandas, ten times slower."""
    array = column.combine_chunks()
    array = array.fill_null(np.nan) if array.null_count else array
    if not len(array):
        return np.empty(0, array.type.to_pandas_dtype())
    content = np.frombuffer(array.buffers()[-1], array.type.to_pandas_dtype())
    return content[array.offset : array.offset + len(array)]


def _of_budgets(table: pa.Table, budgets: list[int]) -> pa.Table:
    known = np.isin(_numbers(table["budget"]), budgets)
    return table if known.all() else table.filter(pa.array(known))


def _check_lengths(path: Path, column: pa.ChunkedArray, budgets: NDArray[np.int32]) -> None:
    wrong = budgets[_numbers(pc.list_value_length(column)) != budgets + 1]
    if len(wrong):
        raise DamagedFileError(f"{path} has a curve at budget {wrong[0]} that is not {wrong[0] + 1} long.")


def _starts(path: Path, layout: Layout, *key: NDArray[np.int32]) -> NDArray[np.intp]:
    """Where each run's curve begins."""
    budgets, config_ids, seeds = key
    for index, ids in ((layout.configs, config_ids), (layout.seeds, seeds)):
        unknown = set(_distinct(ids).tolist()) - index.places.keys()
        if unknown:
            raise DamagedFileError(
                f"{path} has a run of a configuration or seed that the manifest lacks: {min(unknown)}."
            )
    starts = layout.places(config_ids, budgets, seeds, np.zeros(len(budgets), np.intp))
    ordered = np.sort(starts)
    twice = ordered[1:][np.diff(ordered) == 0]
    if len(twice):
        budget = budgets[starts == twice[0]][0]
        raise DamagedFileError(f"{path} has a run twice at budget {budget}; restore it or collect again.")
    return starts


_NUMBERS, _TIMES = 1 << 26, 64
"""The most numbers of a series that a manifest may imply: so many, or so many times as many as there are."""


def _distinct(ids: NDArray[np.int32]) -> NDArray[np.int32]:
    """The different ones. ``numpy.unique`` imports ``numpy.ma`` first, which takes as long as reading a curve."""
    ordered = np.sort(ids)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ids) else ordered  # a mask


def _scattered(
    path: Path, values: NDArray[np.float32], starts: NDArray[np.intp], lengths: NDArray[np.int32], size: int
) -> NDArray[np.float32]:
    """Curves brought to their places, NaN elsewhere."""
    if size > max(_NUMBERS, _TIMES * len(values)):
        raise DamagedFileError(
            f"{path} holds {len(values)} numbers of a series of which the manifest promises {size}; restore both."
        )
    within = np.arange(len(values)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    full = np.full(size, np.nan, np.float32)
    full[np.repeat(starts, lengths) + within] = values
    return full
