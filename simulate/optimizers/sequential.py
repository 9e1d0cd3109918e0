"""What optimizers share that train every trial for the largest budget and model the results: the books."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from simulate.contract import Config, Domain, Job, Result
from simulate.encoding import Encoding
from simulate.optimizers.history import History


class Sequential:
    """Numbers the trials, and keeps what was told and what is still running.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        propose: Gives the next configuration (already taken from the domain), or None if there is none left.
    """

    def __init__(self, domain: Domain, budgets: Sequence[int], propose: Callable[[], Config | None]) -> None:
        self.encoding = Encoding(domain.space)
        self.told = History(len(self.encoding.names))
        self._running: dict[int, NDArray[np.float64]] = {}
        self._domain = domain
        self._budget = budgets[-1]
        self._propose = propose
        self._trials = 0

    @property
    def running(self) -> NDArray[np.float64]:
        """Where the configurations of running jobs lie, ``(jobs, dimensions)``."""
        found = np.empty((len(self._running), len(self.encoding.names)))
        for i, point in enumerate(self._running.values()):
            found[i] = point
        return found

    def ask(self) -> Job | None:
        """The next job; None once a table has no rows left."""
        config = self._propose()
        if config is None:
            return None
        trial = self._trials
        self._running[trial] = self._domain.encode(config)
        self._trials += 1
        return Job(trial, config, self._budget)

    def tell(self, result: Result) -> None:
        """Note a result of the largest budget; others are of no use here."""
        if result.job.budget == self._budget:
            self._running.pop(result.job.trial, None)
            self.told.add(self._domain.encode(result.job.config), result.loss)
