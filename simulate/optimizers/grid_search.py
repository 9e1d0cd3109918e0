"""Grid search: every combination of some levels of each hyperparameter."""

from itertools import count
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.space import Config
from lcbench.space.encoding import Encoding

_FIRST = 2


def axis(part: Any, categories: int, n: int) -> NDArray[np.float64]:
    """The levels of one hyperparameter, as coordinates of the unit cube.

    A number gets the middles of ``n`` cells of equal length on its own scale (logarithmic if it has one): 1/4 and 3/4,
    or 1/6, 1/2 and 5/6. A category gets all its levels, and so does an integer or another number with at most ``n``.

    Args:
        part: The hyperparameter.
        categories: Its number of categories; 0 for a number.
        n: Levels of a number.

    Returns:
        Increasing coordinates, at least one.
    """
    if categories:
        return np.arange(categories, dtype=np.float64)
    if part.size <= n:
        return np.asarray(part.to_vector(np.arange(part.lower, part.upper + 1)), np.float64)
    return (np.arange(n) + 0.5) / n


class Grid:
    """The points of a grid in random order, each once. Nothing is listed: a grid in 20 dimensions has a million points.

    Args:
        axes: Levels of each dimension.
        rng: Source of the order.
    """

    def __init__(self, axes: list[NDArray[np.float64]], rng: np.random.Generator) -> None:
        self._axes = axes
        self._rng = rng
        self._left = prod(map(len, axes))
        self._moved: dict[int, int] = {}  # a shuffled list of all numbers, of which only what was moved is kept

    def draw(self) -> NDArray[np.float64] | None:
        """A point not yet drawn, ``(dimensions,)``; None if there is none."""
        if not self._left:
            return None
        place = _below(self._left, self._rng)
        self._left -= 1
        last = self._moved.pop(self._left, self._left)
        number = last if place == self._left else self._moved.get(place, place)
        if place != self._left:
            self._moved[place] = last
        return self._point(number)

    def _point(self, number: int) -> NDArray[np.float64]:
        """The point with a number, read as digits, the last dimension first."""
        point = np.empty(len(self._axes))
        for j in range(len(self._axes) - 1, -1, -1):
            number, digit = divmod(number, len(self._axes[j]))
            point[j] = self._axes[j][digit]
        return point


class GridSearch:
    """Train every point of a grid for the largest budget, in random order, without looking at results.

    Bergstra and Bengio (2012), *Random search for hyper-parameter optimization*, JMLR 13, is why it is only a baseline.
    The order is shuffled, so that a search that is cut short has not seen one corner only.

    By default grids follow one another with 2, 3, 4, ... levels for each number, and a configuration that was there
    before is skipped: the search continues as long as there is time, and ends when a finite space or a table is used
    up. On a table each grid point gets the nearest row not yet taken.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of the order.
        levels: Levels of each number, for one grid after which the search ends; see :func:`axis`.
    """

    def __init__(
        self, domain: Domain, budgets: tuple[int, ...], rng: np.random.Generator, *, levels: int | None = None
    ) -> None:
        if levels is not None and levels < 1:
            raise InputError(f"levels must be at least 1 (of each number), got {levels}.")
        self._domain, self._budget, self._rng = domain, checked(budgets)[-1], rng
        self._encoding = Encoding(domain.space)
        self._last = levels
        self._refinements = count(_FIRST if levels is None else levels)
        self._seen: set[bytes] = set()
        self._trials = 0
        self._refine()

    def ask(self) -> Job | None:
        """The next point of the grid; None once there is none left."""
        config = self._next()
        if config is None:
            return None
        self._domain.take(config)
        self._trials += 1
        return Job(self._trials - 1, config, self._budget)

    def tell(self, result: Result) -> None:
        """Grid search learns nothing."""

    def _next(self) -> Config | None:
        """A configuration that was not there before, from this grid or a finer one."""
        while True:
            point = self._grid.draw()
            if point is None:
                if self._complete:
                    return None
                self._refine()
                continue
            configs, points = self._domain.realize(point[None])
            if configs and self._new(points[0]):
                return configs[0]
            if self._empty():
                return None

    def _refine(self) -> None:
        """Begin the next grid; after it no finer one comes if it was asked for alone or has every configuration."""
        n = next(self._refinements)
        parts, counts = self._encoding.parts, self._encoding.levels
        self._grid = Grid([axis(part, k, n) for part, k in zip(parts, counts, strict=True)], self._rng)
        self._complete = self._last is not None or all(part.size <= n for part in parts)

    def _new(self, point: NDArray[np.float64]) -> bool:
        key = point.tobytes()
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def _empty(self) -> bool:
        """Whether a table has no rows left (a point without a configuration can also be a forbidden one)."""
        return self._domain.sample(np.random.default_rng(0)) is None


def _below(n: int, rng: np.random.Generator) -> int:
    """A uniform integer in [0, n), for any n."""
    if n <= 2**62:
        return int(rng.integers(n))
    return int.from_bytes(rng.bytes(n.bit_length() // 8 + 9)) % n
