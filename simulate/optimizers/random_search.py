"""Random search: the baseline that everything must beat."""

import numpy as np

from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.space import Config


def draw(domain: Domain, rng: np.random.Generator) -> Config | None:
    """Draw a configuration uniformly and take it; None if there is none left."""
    config = domain.sample(rng)
    if config is not None:
        domain.take(config)
    return config


class RandomSearch:
    """Draw configurations uniformly without looking at results, and train each for the largest budget.

    Bergstra and Bengio (2012), *Random search for hyper-parameter optimization*, JMLR 13.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of randomness.
    """

    def __init__(self, domain: Domain, budgets: tuple[int, ...], rng: np.random.Generator) -> None:
        self._domain = domain
        self._budget = checked(budgets)[-1]
        self._rng = rng
        self._trials = 0

    def ask(self) -> Job | None:
        """A new configuration; None once a table has none left."""
        config = self._draw()
        if config is None:
            return None
        self._trials += 1
        return Job(self._trials - 1, config, self._budget)

    def _draw(self) -> Config | None:
        """A configuration, taken from the domain."""
        return draw(self._domain, self._rng)

    def tell(self, result: Result) -> None:
        """Random search learns nothing."""
