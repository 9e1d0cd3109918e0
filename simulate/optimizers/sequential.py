"""What optimizers share that train every trial for the largest budget and model the results: the books."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Config, Domain, Job, Result
from lcbench.simulate.encoding import Encoding
from lcbench.simulate.optimizers.history import History
from lcbench.simulate.optimizers.running import Running


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
        self._running: Running[NDArray[np.float64]] = Running()
        self._domain = domain
        self._budget = checked(budgets)[-1]
        self._propose = propose

    @property
    def running(self) -> NDArray[np.float64]:
        """Where the configurations of running jobs lie, ``(jobs, dimensions)``."""
        return np.array(self._running.notes).reshape(-1, len(self.encoding.names))

    def ask(self) -> Job | None:
        """The next job; None once a table has no rows left."""
        config = self._propose()
        if config is None:
            return None
        trial = self._running.new_trial()
        self._running.begin(trial, self._domain.encode(config))
        return Job(trial, config, self._budget)

    def tell(self, result: Result) -> None:
        """Note a result."""
        self.told.add(self._running.end(result), result.loss)
