"""BO with BOHB's model alone: no brackets, every trial trained for the largest budget."""

import numpy as np

from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers.kde_model import KDEModel, Settings
from lcbench.simulate.optimizers.running import Running


class KDEBO:
    """Bayesian optimization with kernel density estimates, as the paper's "BO".

    The model of Falkner, Klein and Hutter (2018), *BOHB*, ICML, section 4, without Hyperband: a variant of the
    tree-structured Parzen estimator (Bergstra et al. 2011, *Algorithms for hyper-parameter optimization*, NIPS) with
    one multivariate density for the good and one for the bad results. The first N_min + 2 results come from random
    configurations, and a third of the later ones do.

    Jobs that run on other workers are not modelled (as in BOHB): what keeps parallel proposals apart is that each is
    the best of its own 64 draws, and on a table that no row is offered twice.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of randomness.
        settings: How to model and sample.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        settings: Settings | None = None,
    ) -> None:
        self._budget = checked(budgets)[-1]
        self._model = KDEModel(domain, (self._budget,), rng, settings)
        self._running: Running[None] = Running()

    def ask(self) -> Job | None:
        """A new configuration; None once a table has none left."""
        config = self._model.propose()
        if config is None:
            return None
        trial = self._running.new_trial()
        self._running.begin(trial, None)
        return Job(trial, config, self._budget)

    def tell(self, result: Result) -> None:
        """Learn a result."""
        self._running.end(result)
        self._model.tell(result)
