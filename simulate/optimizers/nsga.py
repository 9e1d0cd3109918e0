"""NSGA-II: evolution by fronts and crowding, for several objectives."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers._proposal import fill_inactive, propose_at, propose_uniform
from lcbench.simulate.optimizers._trials import Running
from lcbench.simulate.pareto import crowding_distances, front_numbers
from lcbench.space import Config
from lcbench.space.encoding import Encoding

Array = NDArray[np.float64]

_TRIES = 8  # children bred at most for one that differs from all members (on a table the first one does)


@dataclass(frozen=True, slots=True)
class Member:
    """An evaluated configuration: where it lies, ``(dimensions,)``, NaN where inactive, and all its losses."""

    config: Config
    point: Array
    losses: tuple[float, ...]


def ranked(losses: Array) -> tuple[NDArray[np.intp], Array]:
    """Front and crowding distance of each of ``(n, objectives)`` points: what members are compared by."""
    fronts = front_numbers(losses)
    crowding = np.zeros(len(losses))
    for front in np.unique(fronts):
        crowding[fronts == front] = crowding_distances(losses[fronts == front])
    return fronts, crowding


def crossed(first: Array, second: Array, eta: float, rng: np.random.Generator) -> Array:
    """One child of simulated binary crossover of numbers in [0, 1].

    Deb and Agrawal (1995), *Simulated binary crossover for continuous search space*; each coordinate is crossed with a
    chance of one half, as in Deb's program, and otherwise is that of one parent.

    Args:
        first: ``(n,)`` coordinates.
        second: ``(n,)`` coordinates.
        eta: Distribution index; the larger, the nearer to the parents.
        rng: Source of randomness.
    """
    u, crosses, swaps = rng.random((3, len(first)))
    spread = np.where(u <= 0.5, 2 * u, 1 / np.maximum(2 * (1 - u), 1e-12)) ** (1 / (eta + 1))
    side = np.where(swaps < 0.5, 1.0, -1.0)
    child = 0.5 * ((first + second) + side * spread * (first - second))
    return np.clip(np.where(crosses < 0.5, child, np.where(swaps < 0.5, first, second)), 0.0, 1.0)


def mutated(coordinates: Array, eta: float, rng: np.random.Generator) -> Array:
    """Polynomial mutation of numbers in [0, 1] that stays in them (Deb and Goyal 1996; as in Deb's program).

    Args:
        coordinates: ``(n,)`` coordinates, all of which are changed.
        eta: Distribution index; the larger, the smaller the steps.
        rng: Source of randomness.
    """
    u = rng.random(len(coordinates))
    down = (2 * u + (1 - 2 * u) * (1 - coordinates) ** (eta + 1)) ** (1 / (eta + 1)) - 1
    up = 1 - (2 * (1 - u) + (2 * u - 1) * coordinates ** (eta + 1)) ** (1 / (eta + 1))
    return np.clip(coordinates + np.where(u < 0.5, down, up), 0.0, 1.0)


class NSGA2:
    """NSGA-II at the largest budget, for one objective or several.

    Deb, Pratap, Agarwal and Meyarivan (2002), *A fast and elitist multiobjective genetic algorithm: NSGA-II*, IEEE TEC
    6(2): parents are picked by tournaments of two, the one on the better front or, of one front, with the larger
    crowding distance; a generation of children and its parents compete for the places of the next generation.

    Numbers are coordinates of the unit cube, with simulated binary crossover and polynomial mutation; a category is
    that of either parent, and mutates to any. A diverged run is worse than all that did not. On a table a child is the
    nearest free row. With several workers nobody waits: children have the parents of the last generation that is
    complete, and a generation is as many results as there are members.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of randomness.
        population: Number of members, at least 2; so many configurations are random.
        crossover: Chance that a child has two parents.
        crossover_eta: Distribution index of the crossover.
        mutation: Chance that a hyperparameter mutates; by default one of them does on average.
        mutation_eta: Distribution index of the mutation.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        population: int = 20,
        crossover: float = 0.9,
        crossover_eta: float = 15.0,
        mutation: float | None = None,
        mutation_eta: float = 20.0,
    ) -> None:
        if population < 2:
            raise InputError(f"population must be at least 2, got {population}.")
        if min(crossover_eta, mutation_eta) < 0 or not all(0 <= p <= 1 for p in (crossover, mutation or 0)):
            raise InputError("crossover and mutation must be in [0, 1], and their distribution indices at least 0.")
        self._domain, self._budget, self._rng = domain, checked(budgets)[-1], rng
        self._levels = np.array(Encoding(domain.space).levels, dtype=np.intp)
        self._population, self._crossover, self._etas = population, crossover, (crossover_eta, mutation_eta)
        self._mutation = 1 / max(len(self._levels), 1) if mutation is None else mutation
        self._random_left = population
        self._parents: list[Member] = []
        self._order: NDArray[np.intp] = np.empty(0, np.intp)  # of the parents: place of each, the best has 0
        self._children: list[Member] = []
        self._running: Running[Array] = Running()

    def ask(self) -> Job | None:
        """A child; None once a table has no rows left."""
        found = self._propose()
        return None if found is None else self._running.job(found[0], self._budget, found[1])

    def tell(self, result: Result) -> None:
        """Learn a result; when a generation is complete, it and its parents compete."""
        self._children.append(Member(result.job.config, self._running.end(result), result.objectives))
        if len(self._children) == self._population:
            self._select([*self._parents, *self._children])
            self._children = []

    def _select(self, members: list[Member]) -> None:
        """The members of the next generation: front by front, of the last that has room the least crowded."""
        fronts, crowding = ranked(np.array([member.losses for member in members]))
        best = np.lexsort((-crowding, fronts))[: self._population]
        self._parents = [members[place] for place in best]
        fronts, crowding = ranked(np.array([member.losses for member in self._parents]))
        self._order = np.unique(np.stack([fronts, -crowding], axis=1), axis=0, return_inverse=True)[1].ravel()

    def _propose(self) -> tuple[Config, Array] | None:
        if self._random_left or not self._parents:
            self._random_left = max(0, self._random_left - 1)
            return propose_uniform(self._domain, self._rng)
        for _ in range(_TRIES):
            found = propose_at(self._domain, self._rng, self._bred())
            if found is None or all(found[0] != member.config for member in (*self._parents, *self._children)):
                break
        return found

    def _bred(self) -> Array:
        """A child of one parent or two, ``(dimensions,)`` without NaN."""
        rng, levels = self._rng, self._levels
        first = fill_inactive(rng, self._picked().point, tuple(levels))
        if rng.random() < self._crossover:
            second = fill_inactive(rng, self._picked().point, tuple(levels))
            of_either = np.where(rng.random(len(levels)) < 0.5, first, second)
            child = np.where(levels > 0, of_either, crossed(first, second, self._etas[0], rng))
        else:
            child = first
        anew = np.floor(rng.random(len(levels)) * levels)
        changed = np.where(levels > 0, anew, mutated(np.clip(child, 0, 1), self._etas[1], rng))
        return np.where(rng.random(len(levels)) < self._mutation, changed, child)

    def _picked(self) -> Member:
        """The better of two members; of two that are alike either."""
        one, other = self._rng.integers(len(self._parents), size=2)
        return self._parents[one if self._order[one] <= self._order[other] else other]
