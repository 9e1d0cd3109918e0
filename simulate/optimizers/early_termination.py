"""Random search whose trials are looked at on the way: what the rules of early termination share."""

from abc import ABC, abstractmethod
from collections import deque
from itertools import pairwise
from math import isfinite

import numpy as np

from lcbench.errors import InputError
from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers.random_search import draw
from lcbench.simulate.optimizers.running import Running


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
        budgets = checked(budgets)
        self._domain, self._budgets, self._rng = domain, budgets, rng
        self._grace = budgets[-1] // 10 if grace is None else grace
        self._next = dict(pairwise(budgets))
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
        hopeless = self._hopeless(result) and job.budget >= self._grace
        if job.budget in self._next and isfinite(result.loss) and not hopeless:
            self._going_on.append(Job(job.trial, job.config, self._next[job.budget]))

    @abstractmethod
    def _hopeless(self, result: Result) -> bool:
        """Note a result, and say whether its trial should end."""
