"""Hyperband: successive halving with several trade-offs between many trials and long ones."""

import numpy as np

from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers.brackets import Brackets
from lcbench.simulate.optimizers.random_search import draw
from lcbench.simulate.optimizers.rungs import Variant, check_eta, hyperband_brackets, infer_eta, rungs_of


class Hyperband:
    """Hyperband with synchronous brackets.

    Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar (2018), *Hyperband: a novel bandit-based approach to
    hyperparameter optimization*, JMLR 18(185). The rungs are the backend's budgets (the paper computes them from R and
    eta); with 12, 25, 50 and eta 2 the brackets have (4, 2, 1), (2, 1), (3) trials. After the last bracket the first
    comes again.

    Args:
        domain: Where to look.
        budgets: Epochs of the rungs, increasing; see :func:`lcbench.simulate.optimizers.rungs.rungs_of` if there are
            many.
        rng: Source of randomness.
        eta: Halving rate; by default the one that fits the budgets.
        variant: Which of the two bracket tables, see :func:`lcbench.simulate.optimizers.rungs.hyperband_brackets`.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        eta: int | None = None,
        variant: Variant = "floor",
    ) -> None:
        eta = infer_eta(budgets) if eta is None else check_eta(eta)
        budgets = rungs_of(budgets, eta)
        self._brackets = Brackets(hyperband_brackets(len(budgets), eta, variant), budgets, lambda: draw(domain, rng))

    def ask(self) -> Job | None:
        """The next job; None once a table has no rows left and all jobs are handed out."""
        return self._brackets.ask()

    def tell(self, result: Result) -> None:
        """Learn a result."""
        self._brackets.tell(result)
