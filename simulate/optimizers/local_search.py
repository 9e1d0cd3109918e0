"""Local search: from the best of a few random configurations to better neighbours, and again from elsewhere."""

from collections.abc import Hashable, Iterator

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers._proposal import fill_inactive, propose_at, propose_uniform
from lcbench.simulate.optimizers._trials import Running
from lcbench.simulate.optimizers.regularized_evolution import Member, reflect
from lcbench.space import Config
from lcbench.space.encoding import Encoding
from lcbench.whole import whole

Array = NDArray[np.float64]

_TRIES = 16  # draws at most for a random configuration that is not known (on a table the first one is not)


def neighbours(
    rng: np.random.Generator, point: Array, levels: tuple[int, ...], steps: int, width: float
) -> Iterator[Array]:
    """All points that differ from one in one active hyperparameter; of a number, some of them.

    Args:
        rng: Source of randomness.
        point: ``(dimensions,)`` coordinates of the unit cube, NaN where inactive.
        levels: Numbers of categories, 0 for a number.
        steps: How many neighbours a number has.
        width: Standard deviation of a number's step; what leaves [0, 1] is reflected.

    Yields:
        ``(dimensions,)`` points; where a hyperparameter is inactive a uniform draw, in case the change activates it.
    """
    for j in np.flatnonzero(~np.isnan(point)):
        others = [(point[j] + shift) % levels[j] for shift in range(1, levels[j])]
        for value in others if levels[j] else map(reflect, point[j] + width * rng.standard_normal(steps)):
            moved = fill_inactive(rng, point, levels)
            moved[j] = value
            yield moved


class LocalSearch:
    """Hill climbing with restarts, with any number of workers, at the largest budget.

    White, Nolen and Savani (2021), *Exploring the loss landscape in neural architecture search*, UAI, algorithm 1: all
    neighbours of a configuration are evaluated, and the search moves to the best of them if that is better; else it
    begins anew. It begins at the best of a few random configurations. With ``first`` it moves as soon as a neighbour is
    better, as in their variant that does not look at the whole neighbourhood. Neighbours come in random order. What is
    known counts where it is met again, and is not evaluated a second time (unless nearly the whole space is known).

    A neighbour differs in one hyperparameter: a category is each of the others, a number takes four normal steps of
    0.2 in the unit cube, as in the local search of Hutter, Hoos and Leyton-Brown (2011), *Sequential model-based
    optimization for general algorithm configuration*, LION, section 4.3. On a table it is the nearest free row. A
    worker without a neighbour to train waits until all results of the neighbourhood are there.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of randomness.
        initial: How many random configurations a start is the best of.
        first: Whether to move to the first neighbour that is better, in place of the best.
        steps: How many neighbours a number has.
        width: Standard deviation of a number's step.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        initial: int = 10,
        first: bool = False,
        steps: int = 4,
        width: float = 0.2,
    ) -> None:
        if not width > 0:
            raise InputError(f"width must be more than 0, got {width}.")
        self._domain, self._budget, self._rng = domain, checked(budgets)[-1], rng
        self._initial, self._steps = whole("initial", initial, least=1), whole("steps", steps, least=1)
        self._first, self._width = first, width
        self._encoding = Encoding(domain.space)
        self._known: dict[Hashable, Member] = {}
        self._asked: set[Hashable] = set()
        self._running: Running[Array] = Running()
        self._begin()

    def ask(self) -> Job | None:
        """A random configuration or a neighbour; None while results are missing, and once a table has no rows left."""
        while True:
            if self._random_left:
                self._random_left -= 1
                return self._job(self._random())
            while self._queue:
                point = self._queue.pop()
                if not self._meet(point):
                    return self._job(propose_at(self._domain, self._rng, point))
            if self._running.notes:
                return None
            self._move()

    def tell(self, result: Result) -> None:
        """Learn a result; with ``first``, move if it is better."""
        member = Member(result.job.config, self._running.end(result), result.loss)
        self._known[self._encoding.key(member.config)] = member
        self._look_at(member)

    def _begin(self) -> None:
        """Begin anew."""
        self._current: Member | None = None
        self._best: Member | None = None  # of the start, or of the neighbours
        self._random_left, self._queue = self._initial, list[Array]()

    def _move(self) -> None:
        """Go to the best that was seen, and look at its neighbours; begin anew if it is no better."""
        best, current = self._best, self._current
        if best is None or (current is not None and best.loss >= current.loss):
            return self._begin()
        self._current, self._best = best, None
        around = list(neighbours(self._rng, best.point, self._encoding.levels, self._steps, self._width))
        self._queue = [around[place] for place in self._rng.permutation(len(around))]
        return None

    def _look_at(self, member: Member) -> None:
        if self._best is None or member.loss < self._best.loss:
            self._best = member
        if self._first and self._current is not None and self._best.loss < self._current.loss:
            self._move()

    def _meet(self, point: Array) -> bool:
        """Whether a neighbour needs no job: it is forbidden, it is running, or its result is known, and counts."""
        legal, allowed = self._encoding.legal(self._encoding.snap(point[None]))
        if not allowed[0]:
            return True
        key = self._encoding.key(self._encoding.decode(legal)[0])
        if key in self._known:
            self._look_at(self._known[key])
        return key in self._asked

    def _random(self) -> tuple[Config, Array] | None:
        """A random configuration that is not known; any, where nearly all are."""
        for _ in range(_TRIES):
            found = propose_uniform(self._domain, self._rng)
            if found is None or self._encoding.key(found[0]) not in self._asked:
                break
        return found

    def _job(self, found: tuple[Config, Array] | None) -> Job | None:
        if found is None:
            return None
        self._asked.add(self._encoding.key(found[0]))
        return self._running.job(found[0], self._budget, found[1])
