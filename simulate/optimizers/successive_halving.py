"""Successive halving: many trials on the smallest budget, the best 1/eta on the next, and so on."""

import numpy as np

from lcbench.errors import InputError
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers.brackets import Brackets
from lcbench.simulate.optimizers.random_search import draw
from lcbench.simulate.optimizers.rungs import bracket_sizes, check_eta, infer_eta, rungs_of


class SuccessiveHalving:
    """Synchronous successive halving, again and again with new random configurations.

    Jamieson and Talwalkar (2016), *Non-stochastic best arm identification and hyperparameter optimization*, AISTATS.
    The rungs are the backend's budgets; with 12, 25, 50 and eta 2 a bracket has 4, 2, 1 trials.

    Args:
        domain: Where to look.
        budgets: Epochs of the rungs, increasing; see :func:`lcbench.simulate.optimizers.rungs.rungs_of` if there are
            many.
        rng: Source of randomness.
        eta: Halving rate; by default the one that fits the budgets.
        n: Trials of a bracket; by default ``eta ** (rungs - 1)``, which leaves one on the last rung.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        eta: int | None = None,
        n: int | None = None,
    ) -> None:
        eta = infer_eta(budgets) if eta is None else check_eta(eta)
        budgets = rungs_of(budgets, eta)
        if n is not None and n < 1:
            raise InputError(f"n must be at least 1 (trials of a bracket), got {n}.")
        sizes = bracket_sizes(eta ** (len(budgets) - 1) if n is None else n, len(budgets), eta)
        self._brackets = Brackets([sizes], budgets, lambda: draw(domain, rng))

    def ask(self) -> Job | None:
        """The next job; None once a table has no rows left and all jobs are handed out."""
        return self._brackets.ask()

    def tell(self, result: Result) -> None:
        """Learn a result."""
        self._brackets.tell(result)
