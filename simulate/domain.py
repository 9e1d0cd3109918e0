"""Domains of an optimizer: a whole search space, or the rows of a table."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist

from lcbench.errors import InputError
from lcbench.space import Config
from lcbench.space.encoding import Encoding, given
from lcbench.space.rounding import coordinates

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

_BATCH = 64  # ConfigSpace draws a batch in little more time than one configuration
_SPARE = 4  # times as many points are drawn as are wanted, where some may be forbidden
_NEIGHBOURS = 8  # rows looked at before looking at more, in search of one not taken
_SMALL = 4096  # up to so many rows all are looked at; their distances are found faster than by a tree


class SpaceDomain:
    """Every configuration of a search space. The space's own random state is left alone."""

    def __init__(self, space: "ConfigurationSpace") -> None:
        from lcbench.space.spaces import from_json, to_json

        self.space = space
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
    def configs(self) -> list[Config]:
        """The rows as configurations, with their active hyperparameters only."""
        from lcbench.space.spaces import records

        return list(records(self.space, self.frame))

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
    def rows(self) -> dict[Hashable, int]:
        """Row of each configuration; the first of equal ones."""
        return {self.encoding.key(c): row for row, c in reversed(list(enumerate(self.configs)))}

    @cached_property
    def _first(self) -> list[int]:
        """For each row the first that is equal to it."""
        return [self.rows[self.encoding.key(config)] for config in self.configs]

    def row(self, config: Config) -> int | None:
        """The row of a configuration, the first of equal ones; None if it is no row.

        Args:
            config: Its hyperparameters and no others; what is inactive is absent, None or NaN.

        Raises:
            InputError: If a value is no single one.
        """
        row = self.rows.get(self.encoding.key(config))
        if row is not None and len(config) == len(self.configs[row]):
            return row
        there = given(config)
        return None if there is config else self.row(there)

    def nearest(self, config: Config) -> int:
        """The row that lies nearest to a configuration in the unit cube, the first of equal ones.

        Raises:
            InputError: If the configuration is outside the space.
        """
        point = self.encoding.features(self.encoding.encode(config)[None])
        return self._first[int(np.asarray(self.tree.query(point)[1])[0])]


class TableDomain:
    """The rows of a table, each offered once."""

    def __init__(self, table: ConfigTable) -> None:
        self.space = table.space
        self._table = table
        self._free = np.array(sorted(table.rows.values()))  # the first `_left` are not taken, in no order
        self._place = {int(row): i for i, row in enumerate(self._free)}
        self._left = len(self._free)
        self._is_free = np.zeros(len(table.configs), np.bool_)
        self._is_free[self._free] = True
        self._tree_rows: NDArray[np.intp] = np.arange(len(table.configs))
        self._tree: KDTree | None = None

    def sample(self, rng: np.random.Generator) -> Config | None:
        """Draw uniformly among the rows not yet taken; None if none is left."""
        return self._table.configs[self._free[rng.integers(self._left)]] if self._left else None

    def encode(self, config: Config) -> NDArray[np.float64]:
        """Encode a configuration as a point of the unit cube, ``(dimensions,)``; NaN where inactive."""
        row = self._table.row(config)
        return self._table.encoding.encode(config) if row is None else self._table.cube[row]

    def realize(self, points: NDArray[np.float64]) -> tuple[list[Config], NDArray[np.float64]]:
        """For each point the nearest row not yet taken, each row once."""
        if not self._left or not len(points):
            return [], np.empty((0, self._table.cube.shape[1]))
        rows = np.unique(self._nearest(self._table.encoding.features(points)))
        return [self._table.configs[row] for row in rows], self._table.cube[rows]

    def candidates(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Points of the rows not yet taken, ``(rows, dimensions)``; if there are more than 4096, ``n`` of them."""
        free = self._free[: self._left]
        few = self._left <= max(n, _SMALL)
        return self._table.cube[free if few else rng.choice(free, n, replace=False)]

    def take(self, config: Config) -> None:
        """Offer this row no more (a configuration that is no row, or is taken already, changes nothing)."""
        row = self._table.row(config)
        place = None if row is None else self._place.pop(row, None)
        if row is None or place is None:
            return
        self._left -= 1
        last = int(self._free[self._left])
        self._free[place] = last
        if last != row:
            self._place[last] = place
        self._is_free[row] = False

    def _nearest(self, features: NDArray[np.float64]) -> NDArray[np.intp]:
        """The nearest row not yet taken, for each point."""
        if len(self._is_free) <= _SMALL:
            return self._nearest_of_few(features)
        if self._left < len(self._tree_rows) / 2:  # a tree of mostly taken rows is slow to search
            self._tree_rows = np.flatnonzero(self._is_free)
            self._tree = KDTree(self._table.features[self._tree_rows])
        tree = self._tree or self._table.tree
        found = np.empty(len(features), np.intp)
        searching, k = np.arange(len(features)), _NEIGHBOURS
        while len(searching):
            k = min(k, len(self._tree_rows))
            near = self._tree_rows[tree.query(features[searching], k=range(1, k + 1))[1]]
            free = self._is_free[near]
            found[searching] = near[np.arange(len(near)), free.argmax(axis=1)]
            searching, k = searching[~free.any(axis=1)], 2 * k
        return found

    def _nearest_of_few(self, features: NDArray[np.float64]) -> NDArray[np.intp]:
        """The same by all distances; the first row of equally near ones."""
        rows = np.flatnonzero(self._is_free)
        return rows[cdist(features, self._table.features[rows], "sqeuclidean").argmin(axis=1)]
