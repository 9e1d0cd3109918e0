"""Regularized evolution: tournament, one mutation, and the oldest dies."""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers._proposal import fill_inactive, propose_at, propose_uniform
from lcbench.simulate.optimizers._trials import Running
from lcbench.space import Config
from lcbench.space.encoding import Encoding

Array = NDArray[np.float64]

_TRIES = 8  # mutations drawn at most for a child that differs from its parent (on a table the first one does)


@dataclass(frozen=True, slots=True)
class Member:
    """An evaluated configuration: where it lies, ``(dimensions,)``, NaN where inactive, and its loss."""

    config: Config
    point: Array
    loss: float


def mutate(rng: np.random.Generator, point: Array, levels: tuple[int, ...], width: float) -> Array:
    """Change one active hyperparameter of a point of the unit cube.

    Args:
        rng: Source of randomness.
        point: ``(dimensions,)`` coordinates, NaN where inactive.
        levels: Numbers of categories, 0 for a number.
        width: Standard deviation of a number's step; what leaves [0, 1] is reflected.

    Returns:
        ``(dimensions,)`` point; where a hyperparameter is inactive a uniform draw, in case the change activates it.
    """
    changeable = [j for j, n in enumerate(levels) if n != 1 and not np.isnan(point[j])]
    mutated = fill_inactive(rng, point, levels)
    if changeable:
        j = changeable[rng.integers(len(changeable))]
        if levels[j]:
            mutated[j] = (point[j] + rng.integers(1, levels[j])) % levels[j]
        else:
            mutated[j] = reflect(point[j] + width * rng.standard_normal())
    return mutated


def reflect(coordinate: float) -> float:
    """Fold a number into [0, 1] at both ends: 1.2 becomes 0.8, -0.3 becomes 0.3."""
    return float(abs((coordinate + 1) % 2 - 1))


class RegularizedEvolution:
    """Aging evolution, with any number of workers, at the largest budget.

    Real, Aggarwal, Huang and Le (2019), *Regularized evolution for image classifier architecture search*, AAAI,
    algorithm 1: the population is a queue; the best of a sample drawn with replacement is the parent of a child in
    which one hyperparameter is changed; the child comes in at one end when its result is there, and the oldest leaves
    at the other, however good it is. As in the paper, it does not wait: it samples from the queue as it stands.

    Real et al. mutate architectures, with 100 members and samples of 25 in runs of 20,000. Here a category becomes
    another one, all alike, and a number takes a normal step in the unit cube; the smaller population fits runs of a
    hundred to a thousand evaluations. On a table a child is the nearest free row to the mutation.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of randomness.
        population: Number P of members, at least 1; so many configurations are random.
        sample: Size S of a tournament, at least 1.
        width: Standard deviation of a number's step.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        population: int = 20,
        sample: int = 5,
        width: float = 0.1,
    ) -> None:
        for name, value in (("population", population), ("sample", sample)):
            if value < 1:
                raise InputError(f"{name} must be at least 1, got {value}.")
        if not width > 0:
            raise InputError(f"width must be more than 0, got {width}.")
        self._domain, self._budget, self._rng = domain, checked(budgets)[-1], rng
        self._levels = Encoding(domain.space).levels
        self._sample, self._width = sample, width
        self._queue: deque[Member] = deque(maxlen=population)  # appending drops the oldest
        self._random_left = population
        self._running: Running[Array] = Running()

    def ask(self) -> Job | None:
        """A child of the best of a sample; None once a table has no rows left."""
        found = self._propose()
        return None if found is None else self._running.job(found[0], self._budget, found[1])

    def tell(self, result: Result) -> None:
        """Let a configuration into the queue; the oldest leaves it."""
        self._queue.append(Member(result.job.config, self._running.end(result), result.loss))

    def _propose(self) -> tuple[Config, Array] | None:
        if self._random_left or not self._queue:
            self._random_left = max(0, self._random_left - 1)
            return propose_uniform(self._domain, self._rng)
        drawn = self._rng.integers(len(self._queue), size=self._sample)
        parent = min((self._queue[i] for i in drawn), key=lambda member: member.loss)
        return self._child_of(parent)

    def _child_of(self, parent: Member) -> tuple[Config, Array] | None:
        """A mutation that is another configuration (a small step may leave an integer as it was)."""
        for _ in range(_TRIES):
            point = mutate(self._rng, parent.point, self._levels, self._width)
            found = propose_at(self._domain, self._rng, point)
            if found is None or found[0] != parent.config:
                break
        return found
