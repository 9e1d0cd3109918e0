"""Finding the configuration with the largest acquisition value: many candidates, then steps around the best.

As SMAC does it (Hutter, Hoos and Leyton-Brown 2011, section 4.3), in batches: all neighbours of a step are looked at
together, and the best few of them and of what was there before go on with smaller steps.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.contract import Domain
from lcbench.simulate.rounding import compared

Array = NDArray[np.float64]
Acquisition = Callable[[Array], Array]
"""Values of ``(n, dimensions)`` points of the unit cube, ``(n,)``, larger is better."""


@dataclass(frozen=True, slots=True)
class Search:
    """How to search.

    Attributes:
        candidates: How many configurations are drawn uniformly before the first step. Where the domain gives all that
            it has instead (a table), there are no steps.
        steps: Standard deviations of the steps, one after another, in units of the cube.
        beam: How many points each step starts from.
        neighbours: How many neighbours each of them has.
    """

    candidates: int = 512
    steps: tuple[float, ...] = (0.2, 0.05, 0.01)
    beam: int = 5
    neighbours: int = 10

    def __post_init__(self) -> None:
        for name in ("candidates", "beam", "neighbours"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1, got {getattr(self, name)}.")
        if not all(step > 0 for step in self.steps):
            raise InputError(f"steps must be more than 0, got {self.steps}.")


def maximize(
    acquisition: Acquisition,
    domain: Domain,
    levels: tuple[int, ...],
    starts: Array,
    rng: np.random.Generator,
    search: Search,
) -> Array:
    """Look for the points with the largest acquisition values.

    Args:
        acquisition: What to maximize.
        domain: Where to look.
        levels: For each hyperparameter its number of categories, 0 for a number.
        starts: ``(any number, dimensions)`` points around which to look as well, such as the best results.
        rng: Source of randomness; also decides between equal values.
        search: How.

    Returns:
        ``(at most beam, dimensions)`` points of configurations that can be evaluated, the best first; none if the
        domain has none left.
    """
    points = domain.candidates(search.candidates, rng)
    whole = len(points) != search.candidates
    best, values = _top(points, acquisition(points), search.beam, rng)
    centres = np.concatenate([best, starts])
    for step in () if whole else search.steps:
        near = domain.realize(neighbours(centres, levels, step, search.neighbours, rng))[1]
        if len(near):
            pool = np.concatenate([best, near]), np.concatenate([values, acquisition(near)])
            best, values = _top(*pool, search.beam, rng)
        centres = best
    return best


def neighbours(centres: Array, levels: tuple[int, ...], step: float, n: int, rng: np.random.Generator) -> Array:
    """Points near given ones: about half of the coordinates are changed, at least one.

    Numbers take a normally distributed step and stay in the cube; categories change with one coordinate in four and
    are then drawn uniformly. What is inactive is drawn uniformly, in case that it becomes active.

    Args:
        centres: ``(m, dimensions)`` points.
        levels: For each hyperparameter its number of categories, 0 for a number.
        step: Standard deviation of the steps.
        n: How many neighbours each centre gets.
        rng: Source of randomness.

    Returns:
        ``(m * n, dimensions)`` points without NaN.
    """
    points = np.repeat(centres, n, axis=0)
    rows, d = points.shape
    changed = rng.random((rows, d)) < 0.5
    forced = rng.integers(d, size=rows)
    changed[np.arange(rows), forced] = True
    uniform, normal = rng.random((rows, d)), rng.standard_normal((rows, d))
    for j, k in enumerate(levels):
        inactive = np.isnan(points[:, j])
        if k:
            redrawn = inactive | (forced == j) | (changed[:, j] & (rng.random(rows) < 0.25))
            points[:, j] = np.where(redrawn, np.floor(uniform[:, j] * k), points[:, j])
        else:
            moved = np.clip(points[:, j] + step * normal[:, j] * changed[:, j], 0.0, 1.0)
            points[:, j] = np.where(inactive, uniform[:, j], moved)
    return points


def _top(points: Array, values: Array, k: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """The ``k`` best of some points, the best first; chance decides between equal ones, on every machine alike."""
    order = np.lexsort((rng.random(len(values)), -compared(values)))[:k]
    return points[order], values[order]
