"""The rows of a table of configurations: read one at a time, and found by their values.

A table can have a million rows, so nothing here makes an object of each.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from lcbench.space import Config

if TYPE_CHECKING:
    import pandas as pd
    from ConfigSpace import ConfigurationSpace


@dataclass(frozen=True)
class Column:
    """One hyperparameter of all rows.

    Attributes:
        name: Its name.
        numbers: ``(rows,)`` its values, or the places of its levels; NaN where it is inactive.
        levels: Of a category its levels, as Python's own; None of a number.
        whole: Whether its values are integers.
    """

    name: str
    numbers: NDArray[Any]
    levels: Sequence[Any] | None
    whole: bool

    @cached_property
    def _places(self) -> Mapping[Any, int]:
        return {level: place for place, level in reversed(list(enumerate(self.levels or ())))}

    def value(self, row: int) -> Any:
        """The value in a row, None where it is inactive."""
        number = self.numbers.item(row)
        if number != number:
            return None
        if self.levels is not None:
            return self.levels[int(number)]
        return int(number) if self.whole else float(number)

    def number(self, value: Any) -> float | None:
        """What a value is among :attr:`numbers`; None if it is none of the hyperparameter's."""
        if value is None:
            return np.nan
        if self.levels is not None:
            return self._places.get(value)
        plain = isinstance(value, Real) and np.asarray(value).dtype.kind in "biuf"  # no integer beyond those of numpy
        return value if plain else None


def columns_of(space: "ConfigurationSpace", frame: "pd.DataFrame") -> tuple[Column, ...]:
    """The columns of a batch of configurations of a space."""
    from lcbench.space.spaces import is_number, is_whole, levels_of

    found = []
    for name, part in space.items():
        if is_number(part):
            values = frame[name].to_numpy()
            numbers = values if values.dtype.kind in "iuf" else frame[name].astype(float).to_numpy()
            found.append(Column(name, numbers, None, is_whole(part)))
        else:
            numbers, levels = levels_of(part, frame[name])
            found.append(Column(name, numbers, levels, whole=False))
    return tuple(found)


class Rows(Sequence[Config]):
    """The rows as configurations, with their active hyperparameters only; each is made when it is asked for."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns

    def __len__(self) -> int:
        return len(self._columns[0].numbers)

    @overload
    def __getitem__(self, row: int) -> Config: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[Config]: ...
    def __getitem__(self, row: int | slice) -> Config | Sequence[Config]:
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(len(self)))]
        found = {column.name: column.value(row) for column in self._columns}
        return {name: value for name, value in found.items() if value is not None}

    def __iter__(self) -> Iterator[Config]:
        return (self[row] for row in range(len(self)))


class RowIndex:
    """Finds rows by the numbers in them: a sorted array for each column, and one for each pair of what is known so far.

    Args:
        columns: At least one array ``(rows,)`` of numbers; NaN is equal to NaN.

    Attributes:
        first: For each row the first that is equal to it, ``(rows,)``.
    """

    def __init__(self, columns: Sequence[NDArray[Any]]) -> None:
        self._columns = columns
        self._known: list[NDArray[Any]] = []
        self._pairs: list[NDArray[np.int64]] = []
        rows, codes = len(columns[0]), np.zeros(len(columns[0]), np.int64)
        for column in columns:
            known, places = np.unique(column, return_inverse=True)
            pairs, start, codes = np.unique(codes * len(known) + places, return_index=True, return_inverse=True)
            self._known.append(known)
            self._pairs.append(pairs)
            if len(pairs) == rows:  # each row is told from all others: the rest is compared
                break
        self._starts = start
        self.first: NDArray[np.intp] = start[codes]

    def find(self, points: Sequence[NDArray[Any]]) -> NDArray[np.intp]:
        """The first row with these numbers, ``(n,)``; -1 where there is none.

        Args:
            points: For each column an array ``(n,)``.
        """
        codes, found = np.zeros(len(points[0]), np.int64), np.ones(len(points[0]), np.bool_)
        for point, known, pairs in zip(points, self._known, self._pairs, strict=False):
            places, there = _places(known, point)
            found &= there
            codes, there = _places(pairs, codes * len(known) + places)
            found &= there
        rows = self._starts[codes]
        for point, column in zip(points[len(self._known) :], self._columns[len(self._known) :], strict=True):
            found &= _equal(column[rows], point)
        return np.where(found, rows, -1)


def _places(known: NDArray[Any], asked: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where numbers are among sorted ones, and whether they are there."""
    places = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return places, _equal(known[places], asked)


def _equal(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray((one == other) | ((one != one) & (other != other)))
