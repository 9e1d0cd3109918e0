"""Differential evolution's steps as pure functions, and the population that they work on.

Individuals are real vectors in [0, 1]^d. A number is its coordinate in the unit cube; a category with k levels is cut
into k equal bins, as in Awad, Mallik and Hutter (2021), *DEHB*, IJCAI, section 3.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError

Array = NDArray[np.float64]

PARENTS = 3
"""Number of different individuals that rand/1 needs."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates of mutation and crossover; the defaults are those of DEHB.

    Attributes:
        mutation: F, the factor on the difference of two individuals.
        crossover: CR, the probability that a coordinate is the mutant's.
    """

    mutation: float = 0.5
    crossover: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.mutation <= 2:
            raise InputError(f"mutation must be in (0, 2], got {self.mutation}.")
        if not 0 <= self.crossover <= 1:
            raise InputError(f"crossover must be in [0, 1], got {self.crossover}.")


def mutate(parents: Array, factor: float) -> Array:
    """rand/1: ``parents[0] + factor * (parents[1] - parents[2])`` (Storn and Price 1997, equation 3)."""
    mutant: Array = parents[0] + factor * (parents[1] - parents[2])
    return mutant


def cross(target: Array, mutant: Array, uniform: Array, forced: int, rate: float) -> Array:
    """Binomial crossover (Storn and Price 1997, equation 5).

    Args:
        target: ``(d,)``, what the child competes with.
        mutant: ``(d,)``.
        uniform: ``(d,)`` uniform draws: the child has the mutant's coordinate where they are at most ``rate``.
        forced: The one coordinate that comes from the mutant in any case.
        rate: CR.

    Returns:
        ``(d,)`` the child.
    """
    from_mutant = uniform <= rate
    from_mutant[forced] = True
    return np.where(from_mutant, mutant, target)


def repair(child: Array, uniform: Array) -> Array:
    """Replace coordinates outside of [0, 1] by uniform draws (as in DEHB)."""
    return np.where((child < 0) | (child > 1), uniform, child)


def evolve(rng: np.random.Generator, target: Array, pool: Array, rates: Rates) -> Array:
    """One child: rand/1/bin.

    Args:
        rng: Source of randomness.
        target: ``(d,)``.
        pool: ``(n, d)``, n at least 3, from which three different parents are drawn.
        rates: F and CR.

    Returns:
        ``(d,)`` vector in [0, 1].
    """
    d = len(target)
    child = cross(target, _draw(rng, pool, rates), rng.random(d), int(rng.integers(d)), rates.crossover)
    return repair(child, rng.random(d))


def mutant(rng: np.random.Generator, pool: Array, rates: Rates) -> Array:
    """A mutant of three different individuals drawn from ``(n, d)``, ``(d,)`` in [0, 1]."""
    return repair(_draw(rng, pool, rates), rng.random((pool.shape[1],)))


def _draw(rng: np.random.Generator, pool: Array, rates: Rates) -> Array:
    """The same before repair."""
    return mutate(pool[rng.permutation(len(pool))[:PARENTS]], rates.mutation)


def to_point(vector: Array, levels: tuple[int, ...]) -> Array:
    """The point of the unit cube for a ``(d,)`` vector: categories as the index of their bin."""
    sizes = np.array(levels)
    return np.where(sizes == 0, vector, np.minimum(np.floor(vector * sizes), np.maximum(sizes - 1, 0)))


def to_vector(point: Array, proposed: Array, levels: tuple[int, ...]) -> Array:
    """The vector of a configuration that was proposed at one place and really lies at another.

    Args:
        point: ``(d,)`` point of the unit cube where the configuration lies; NaN where inactive.
        proposed: ``(d,)`` vector that was proposed: kept where a hyperparameter is inactive, or a category is the same.
        levels: Numbers of categories, 0 for a number.

    Returns:
        ``(d,)`` vector; a category that differs lies in the middle of its bin.
    """
    sizes = np.array(levels)
    keep = np.isnan(point) | ((sizes > 0) & (to_point(proposed, levels) == point))
    return np.where(keep, proposed, np.where(sizes == 0, point, (point + 0.5) / np.maximum(sizes, 1)))


class Population:
    """Individuals and their losses; random vectors of infinite loss at first.

    Args:
        size: How many.
        dimensions: d.
        rng: Source of the first vectors, which stand in until an individual has been proposed for their place.
    """

    def __init__(self, size: int, dimensions: int, rng: np.random.Generator) -> None:
        self.vectors = rng.random((size, dimensions))
        self.losses = np.full(size, np.inf)
        self._turn = 0

    def next_place(self) -> int:
        """Whose turn it is to be the target: one after the other."""
        self._turn += 1
        return (self._turn - 1) % len(self.losses)

    def others(self, place: int) -> Array:
        """Everybody's vectors but one's."""
        return np.delete(self.vectors, place, axis=0)

    def best(self, n: int) -> NDArray[np.intp]:
        """Places of the ``n`` lowest losses, the lowest first."""
        return np.argsort(self.losses, kind="stable")[:n]

    def select(self, place: int, vector: Array, loss: float) -> None:
        """Let an individual have a place, unless the one that holds it now is better."""
        if loss <= self.losses[place]:
            self.vectors[place], self.losses[place] = vector, loss
