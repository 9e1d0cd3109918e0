"""BOHB: Hyperband whose new configurations come from a model of the good ones."""

import numpy as np

from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers.brackets import Brackets
from lcbench.simulate.optimizers.kde_model import KDEModel, Settings
from lcbench.simulate.optimizers.rungs import Variant, check_eta, hyperband_brackets, infer_eta, rungs_of


class BOHB:
    """Bayesian optimization and Hyperband.

    Falkner, Klein and Hutter (2018), *BOHB: robust and efficient hyperparameter optimization at scale*, ICML,
    algorithm 2. Brackets are Hyperband's. A fraction of the new configurations is drawn uniformly; the others come from
    the model of the largest budget with enough results: of 64 points drawn around good configurations the one with the
    largest l(x) / g(x), where l and g are the densities of good and of bad configurations. On a table the points are
    first brought to rows not yet taken, and the ratio is that of the rows.

    With two or three hyperparameters N_min is small, and on a space the first good points can draw all others to them
    (not on a table, where each row is offered once); ``min_points`` is there to raise it.

    Where the program HpBandSter differs: it never lets good and bad overlap (so its first model needs about 2 (d + 1)
    results, not d + 3), it fills inactive hyperparameters in at random, and its model keeps the bandwidth of a
    category's index.

    Args:
        domain: Where to look.
        budgets: Epochs of the rungs, increasing; see :func:`lcbench.simulate.optimizers.rungs.rungs_of` if there are
            many.
        rng: Source of randomness.
        eta: Halving rate; by default the one that fits the budgets.
        variant: Which of Hyperband's bracket tables.
        settings: How to model and sample.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        eta: int | None = None,
        variant: Variant = "floor",
        settings: Settings | None = None,
    ) -> None:
        eta = infer_eta(budgets) if eta is None else check_eta(eta)
        budgets = rungs_of(budgets, eta)
        self._model = KDEModel(domain, budgets, rng, settings)
        table = hyperband_brackets(len(budgets), eta, variant)
        self._brackets = Brackets(table, budgets, self._model.propose)

    def ask(self) -> Job | None:
        """The next job; None once a table has no rows left and all jobs are handed out."""
        return self._brackets.ask()

    def tell(self, result: Result) -> None:
        """Learn a result."""
        self._model.tell(result)
        self._brackets.tell(result)
