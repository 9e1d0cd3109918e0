"""Domains of an optimizer: a whole search space, or the rows of a table."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist

from lcbench.errors import InputError
from lcbench.simulate.contract import Domain
from lcbench.simulate.rows import Column, RowIndex, Rows, columns_of
from lcbench.space import Config
from lcbench.space.encoding import Encoding, given
from lcbench.space.prior import Prior
from lcbench.space.rounding import coordinates

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

    from lcbench.simulate.sources import Sources

_BATCH = 64  # ConfigSpace draws a batch in little more time than one configuration
_SPARE = 4  # times as many points are drawn as are wanted, where some may be forbidden
_MORE = 4  # times as many neighbours are looked at, where all those looked at are taken
_SMALL = 4096  # up to so many rows all are looked at; their distances are found faster than by a tree


class SpaceDomain:
    """Every configuration of a search space. The space's own random state is left alone."""

    def __init__(
        self, space: "ConfigurationSpace", prior: Prior | None = None, sources: "Sources | None" = None
    ) -> None:
        from lcbench.space.spaces import from_json, to_json

        self.space, self.prior, self.sources = space, prior, sources
        self._encoding = Encoding(space)
        self._drawing = from_json(to_json(space))
        self._drawn: list[Config] = []

    def sample(self, rng: np.random.Generator) -> Config:
        """Draw a configuration uniformly (draws come in batches, so one domain belongs to one generator)."""
        if not self._drawn:
            self._drawing.seed(int(rng.integers(2**31)))
            drawn = self._encoding.points(self._drawing.sample_configuration(_BATCH))
            self._drawn = self._encoding.decode(drawn[::-1])
        return self._drawn.pop()

    def encode(self, config: Config) -> NDArray[np.float64]:
        """Encode a configuration as a point of the unit cube, ``(dimensions,)``; NaN where inactive."""
        return self._encoding.encode(config)

    def realize(self, points: NDArray[np.float64]) -> tuple[list[Config], NDArray[np.float64]]:
        """Decode points; those that are forbidden are left out."""
        if not len(points):
            return [], np.empty((0, points.shape[1]))
        if not self._encoding.conditional:
            return self._encoding.decode(points), coordinates(self._encoding.snap(points))
        legal, allowed = self._encoding.legal(self._encoding.snap(self._encoding.filled(points)))
        legal = legal[allowed]
        return self._encoding.decode(legal), coordinates(legal)

    def candidates(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Points of ``n`` configurations that are drawn uniformly, ``(n, dimensions)``; NaN where inactive."""
        if not self._encoding.conditional:
            return coordinates(self._encoding.snap(self._encoding.uniform(n, rng)))
        legal, allowed = self._encoding.legal(self._encoding.snap(self._encoding.uniform(_SPARE * n, rng)))
        if allowed.sum() >= n:
            return coordinates(legal[allowed][:n])
        self._drawing.seed(int(rng.integers(2**31)))  # most is forbidden: ConfigSpace looks for what is not
        drawn = self._drawing.sample_configuration(n)
        return coordinates(self._encoding.points(drawn if isinstance(drawn, list) else [drawn]))

    def take(self, config: Config) -> None:
        """A space never runs out: nothing to note."""


class DomainAround:
    """A domain around another one, to which it passes everything on.

    Args:
        domain: The domain inside.
    """

    def __init__(self, domain: Domain) -> None:
        self._domain = domain

    @property
    def space(self) -> "ConfigurationSpace":
        """The search space."""
        return self._domain.space

    @property
    def prior(self) -> Prior | None:
        """What the user believes."""
        return self._domain.prior

    @property
    def sources(self) -> "Sources | None":
        """What is known of other tasks."""
        return self._domain.sources

    def encode(self, config: Config) -> NDArray[np.float64]:
        """Encode a configuration as a point ``(dimensions,)`` of the unit cube; NaN where inactive."""
        return self._domain.encode(config)

    def sample(self, rng: np.random.Generator) -> Config | None:
        """Draw a configuration."""
        return self._domain.sample(rng)

    def realize(self, points: NDArray[np.float64]) -> tuple[list[Config], NDArray[np.float64]]:
        """Turn points into configurations."""
        return self._domain.realize(points)

    def candidates(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Points of configurations to choose among."""
        return self._domain.candidates(n, rng)

    def take(self, config: Config) -> None:
        """Note that a configuration has been proposed."""
        self._domain.take(config)


@dataclass(frozen=True)
class ConfigTable:
    """The rows of a table, encoded once and shared by all domains over it.

    Attributes:
        space: The search space.
        frame: One row per configuration, one column per hyperparameter; NaN where inactive.
    """

    space: "ConfigurationSpace"
    frame: pd.DataFrame

    def __post_init__(self) -> None:
        if self.frame.empty:
            raise InputError("a table of configurations must have at least one row, got none.")

    def take(self, rows: NDArray[np.intp]) -> "ConfigTable":
        """The table of some of the rows, increasing; this one if they are all."""
        if len(rows) == len(self.frame):
            return self
        taken = ConfigTable(self.space, self.frame.iloc[rows])
        taken.__dict__.update(encoding=self.encoding, cube=self.cube[rows])  # cached properties, found once
        return taken

    @cached_property
    def encoding(self) -> Encoding:
        """The map to the unit cube."""
        return Encoding(self.space)

    @cached_property
    def _columns(self) -> tuple[Column, ...]:
        return columns_of(self.space, self.frame)

    @cached_property
    def configs(self) -> Sequence[Config]:
        """The rows as configurations, with their active hyperparameters only."""
        return Rows(self._columns)

    @cached_property
    def cube(self) -> NDArray[np.float64]:
        """Points of the rows in the unit cube, ``(rows, dimensions)``."""
        return self.encoding.cube(self.frame)

    @cached_property
    def features(self) -> NDArray[np.float64]:
        """The rows as :meth:`lcbench.space.encoding.Encoding.features`."""
        return self.encoding.features(self.cube)

    @cached_property
    def tree(self) -> KDTree:
        """Finds the rows that lie nearest to a point."""
        return KDTree(self.features)

    @cached_property
    def _index(self) -> RowIndex:
        return RowIndex([column.numbers for column in self._columns])

    @cached_property
    def first(self) -> NDArray[np.intp]:
        """For each row the first that is equal to it."""
        return self._index.first

    @cached_property
    def equal(self) -> list[NDArray[np.intp]]:
        """The rows that have one configuration, where there are several."""
        repeated = np.unique(self.first[self.first != np.arange(len(self.first))])
        return [np.flatnonzero(self.first == row) for row in repeated]

    @cached_property
    def _found(self) -> dict[Hashable, tuple[int, int]]:
        """Rows that were looked for, and how many hyperparameters they have."""
        return {}

    def config(self, row: int) -> Config:
        """A row as a configuration, which is found at once when it is asked for; the row is the first of equal ones."""
        config = self.configs[row]
        self._found[self.encoding.key(config)] = row, len(config)
        return config

    def row(self, config: Config) -> int | None:
        """The row of a configuration, the first of equal ones; None if it is no row.

        Args:
            config: Its hyperparameters and no others; what is inactive is absent, None or NaN.

        Raises:
            InputError: If a value is no single one.
        """
        key = self.encoding.key(config)
        found = self._found.get(key)
        if found is None:
            numbers = [column.number(config.get(column.name)) for column in self._columns]
            row = -1 if None in numbers else int(self._index.find([np.array([number]) for number in numbers])[0])
            found = (row, len(self.configs[row])) if row >= 0 else None
        if found is not None and len(config) == found[1]:
            self._found[key] = found
            return found[0]
        there = given(config)
        return None if there is config else self.row(there)

    @cached_property
    def _places(self) -> RowIndex | None:
        """Finds rows by their points, in a space of categories that all have: a row of each point is likely there."""
        plain = all(self.encoding.levels) and not np.isnan(self.cube).any()
        return RowIndex(list(self.cube.T)) if plain else None

    def close(self, points: NDArray[np.float64]) -> NDArray[np.intp]:
        """Rows that are nearest to points of a space of categories: at a point, or beside it in one category.

        Returns:
            ``(n, rows)``, -1 for none: first the row at the point, then those that differ in one category; in other
            spaces there are none.
        """
        if self._places is None:
            return np.empty((len(points), 0), np.intp)
        asked = [points]
        for j, n in enumerate(self.encoding.levels):
            for shift in range(1, n):
                moved = points.copy()
                moved[:, j] = (moved[:, j] + shift) % n
                asked.append(moved)
        found = self._places.find(list(np.concatenate(asked).T))  # all at once: a look-up costs little beside a call
        return found.reshape(len(asked), len(points)).T

    def nearest(self, config: Config) -> int:
        """The row that lies nearest to a configuration in the unit cube, the first of equal ones.

        Raises:
            InputError: If the configuration is outside the space.
        """
        point = self.encoding.features(self.encoding.encode(config)[None])
        return int(self.first[int(np.asarray(self.tree.query(point)[1])[0])])


class TableDomain:
    """The rows of a table, each offered once."""

    def __init__(self, table: ConfigTable, prior: Prior | None = None, sources: "Sources | None" = None) -> None:
        self.space, self.prior, self.sources = table.space, prior, sources
        self._table = table
        self._free = np.flatnonzero(
            table.first == np.arange(len(table.first))
        )  # the first `_left` are not taken, in no order
        self._place = np.full(len(table.configs), -1)
        self._place[self._free] = np.arange(len(self._free))
        self._left = len(self._free)
        self._is_free = self._place >= 0
        self._tree_rows: NDArray[np.intp] = np.arange(len(table.configs))
        self._tree: KDTree | None = None

    def sample(self, rng: np.random.Generator) -> Config | None:
        """Draw uniformly among the rows not yet taken; None if none is left."""
        return self._table.config(int(self._free[rng.integers(self._left)])) if self._left else None

    def encode(self, config: Config) -> NDArray[np.float64]:
        """Encode a configuration as a point of the unit cube, ``(dimensions,)``; NaN where inactive."""
        row = self._table.row(config)
        return self._table.encoding.encode(config) if row is None else self._table.cube[row]

    def realize(self, points: NDArray[np.float64]) -> tuple[list[Config], NDArray[np.float64]]:
        """For each point the nearest row not yet taken, each row once."""
        if not self._left or not len(points):
            return [], np.empty((0, self._table.cube.shape[1]))
        rows = np.unique(self._nearest(points))
        return [self._table.configs[int(row)] for row in rows], self._table.cube[rows]

    def candidates(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Points of the rows not yet taken, ``(rows, dimensions)``; if there are more than 4096, ``n`` of them."""
        free = self._free[: self._left]
        few = self._left <= max(n, _SMALL)
        return self._table.cube[free if few else rng.choice(free, n, replace=False)]

    def take(self, config: Config) -> None:
        """Offer this row no more (a configuration that is no row, or is taken already, changes nothing)."""
        row = self._table.row(config)
        if row is None or not self._is_free[row]:
            return
        place = self._place[row]
        self._left -= 1
        last = int(self._free[self._left])
        self._free[place] = last
        self._place[last] = place
        self._is_free[row] = False

    def _nearest(self, points: NDArray[np.float64]) -> NDArray[np.intp]:
        """The nearest row not yet taken, for each point."""
        if len(self._is_free) <= _SMALL:
            return self._nearest_of_few(self._table.encoding.features(points))
        close = self._table.close(points)
        none = len(self._is_free)
        free = np.where((close >= 0) & self._is_free[close], close, none)
        found = np.where(free[:, 0] < none, free[:, 0], free.min(axis=1)) if close.size else np.full(len(points), none)
        far = np.flatnonzero(found == none)
        if len(far):
            found[far] = self._nearest_of_many(self._table.encoding.features(points[far]))
        return found

    def _nearest_of_many(self, features: NDArray[np.float64]) -> NDArray[np.intp]:
        """The same by a tree of the rows, with more and more neighbours of those whose neighbours are all taken."""
        if self._left < len(self._tree_rows) / 2:  # a tree of mostly taken rows is slow to search
            self._tree_rows = np.flatnonzero(self._is_free)
            self._tree = KDTree(self._table.features[self._tree_rows])
        tree = self._tree or self._table.tree
        found = np.empty(len(features), np.intp)
        searching, k = np.arange(len(features)), 1
        while len(searching):
            k = min(k, len(self._tree_rows))
            near = self._tree_rows[tree.query(features[searching], k=range(1, k + 1))[1]]
            free = self._is_free[near]
            found[searching] = near[np.arange(len(near)), free.argmax(axis=1)]
            searching, k = searching[~free.any(axis=1)], _MORE * k
        return found

    def _nearest_of_few(self, features: NDArray[np.float64]) -> NDArray[np.intp]:
        """The same by all distances; the first row of equally near ones."""
        rows = np.flatnonzero(self._is_free)
        return rows[cdist(features, self._table.features[rows], "sqeuclidean").argmin(axis=1)]
