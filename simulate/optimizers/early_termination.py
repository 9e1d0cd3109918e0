"""Random search whose trials are looked at on the way: what the rules of early termination share."""

from abc import ABC, abstractmethod
from collections import deque
from itertools import pairwise
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from simulate.contract import Domain, Job, Result
from simulate.optimizers.random_search import draw
from simulate.optimizers.running import Running


class Direction:
    """Whether small or large values of the curves are good.

    An optimizer sees a loss for the last value of a curve only; which way the other values go is read off results that
    have different ones.
    """

    def __init__(self) -> None:
        self._low: tuple[float, float] | None = None  # the lowest value so far and its loss
        self._high: tuple[float, float] | None = None

    def tell(self, result: Result) -> None:
        """Learn from a result (a diverged run says nothing)."""
        pair = (float(result.curve.values[-1]), result.loss)
        if not all(map(isfinite, pair)):
            return
        self._low = pair if self._low is None or pair < self._low else self._low
        self._high = pair if self._high is None or pair > self._high else self._high

    @property
    def sign(self) -> int:
        """1 if small values are good, -1 if large ones are, 0 as long as nobody knows."""
        if self._low is None or self._high is None or self._low[0] == self._high[0]:
            return 0
        return (self._high[1] > self._low[1]) - (self._high[1] < self._low[1])


def losses_of(result: Result, sign: int) -> NDArray[np.float64]:
    """The losses after each epoch of a result's curve, ``(budget,)``: the untrained network is not among them.

    Args:
        result: The result; its loss belongs to the last epoch.
        sign: 1 if small values are good, -1 if large ones are.

    Returns:
        Losses; all infinite if the run has diverged by its end.
    """
    if not isfinite(result.loss):
        return np.full(result.job.budget, np.inf)
    values = np.asarray(result.curve.values[1:], np.float64)
    return result.loss + sign * (values - values[-1])


class EarlyTermination(ABC):
    """Random search that looks at each trial at every budget, and lets it go on or ends it.

    A trial that goes on asks for its next budget at once, before new trials begin; with the budgets 1, 2, ..., 50 of a
    replay that resumes, it is looked at after every epoch. A diverged run is ended.

    Args:
        domain: Where to look.
        budgets: Epochs at which a trial is looked at, increasing.
        rng: Source of randomness.
        grace: Epochs before which no trial is ended (unless it diverged); by default a tenth of the largest budget.
    """

    def __init__(
        self, domain: Domain, budgets: tuple[int, ...], rng: np.random.Generator, *, grace: int | None = None
    ) -> None:
        if grace is not None and grace < 0:
            raise InputError(f"grace must be at least 0 epochs, got {grace}.")
        self._domain, self._budgets, self._rng = domain, budgets, rng
        self._grace = budgets[-1] // 10 if grace is None else grace
        self._next = dict(pairwise(budgets))
        self._direction = Direction()
        self._unread: list[Result] = []  # from before the direction was known
        self._going_on: deque[Job] = deque()
        self._running: Running[None] = Running()

    def ask(self) -> Job | None:
        """A trial that goes on, or a new one; None once a table has no rows left."""
        job = self._going_on.popleft() if self._going_on else self._new_trial()
        if job is not None:
            self._running.begin(job.trial, None)
        return job

    def _new_trial(self) -> Job | None:
        config = draw(self._domain, self._rng)
        return None if config is None else Job(self._running.new_trial(), config, self._budgets[0])

    def tell(self, result: Result) -> None:
        """Note a result, and decide whether its trial goes on."""
        self._running.end(result)
        job = result.job
        hopeless = self._read(result) and job.budget >= self._grace
        if job.budget in self._next and isfinite(result.loss) and not hopeless:
            self._going_on.append(Job(job.trial, job.config, self._next[job.budget]))

    def _read(self, result: Result) -> bool:
        """Let the rule see a result, and first those that it could not read before."""
        self._direction.tell(result)
        sign = self._direction.sign
        if not sign:
            self._unread.append(result)
            return False
        for earlier in self._unread:
            self._hopeless(earlier, sign)
        self._unread.clear()
        return self._hopeless(result, sign)

    @abstractmethod
    def _hopeless(self, result: Result, sign: int) -> bool:
        """Note a result, and say whether its trial should end.

        Args:
            result: The result.
            sign: 1 if small values of the curve are good, -1 if large ones are.
        """
