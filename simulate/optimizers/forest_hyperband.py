"""Hyperband whose new configurations come from a random forest, like SMAC's multi-fidelity facade."""

import numpy as np
from numpy.typing import NDArray

from lcbench.simulate.contract import Config, Domain, Job, Result
from lcbench.simulate.encoding import Encoding
from lcbench.simulate.optimizers.brackets import Brackets
from lcbench.simulate.optimizers.forest_bo import SEARCH, check_trees, forest_improvement
from lcbench.simulate.optimizers.history import History
from lcbench.simulate.optimizers.local_search import Search
from lcbench.simulate.optimizers.model_bo import check_model, most_promising
from lcbench.simulate.optimizers.random_search import draw
from lcbench.simulate.optimizers.rungs import Variant, check_eta, hyperband_brackets, infer_eta, rungs_of
from lcbench.simulate.optimizers.threads import one_thread

Array = NDArray[np.float64]


class ForestHyperband:
    """Hyperband with SMAC's forest in the place of random search.

    Lindauer, Eggensperger, Feurer, Biedenkapp, Deng, Benjamins, Ruhkopf, Sass and Hutter (2022), *SMAC3: a versatile
    Bayesian optimization package for hyperparameter optimization*, JMLR 23(54), section 3: as BOHB, but new
    configurations are those with the largest expected improvement by a forest, see
    :class:`lcbench.simulate.optimizers.forest_bo.ForestBO`. The forest is fitted to the results of the largest budget
    that has enough of them, as in BOHB, and before every new configuration (SMAC 2.4 fits after every eighth). What
    runs on other workers, and what has not come up to that budget, teaches nothing, but is not proposed again.

    Args:
        domain: Where to look.
        budgets: Epochs of the rungs, increasing; see :func:`lcbench.simulate.optimizers.rungs.rungs_of` if there are
            many.
        rng: Source of randomness.
        eta: Halving rate; by default the one that fits the budgets.
        variant: Which of Hyperband's bracket tables.
        trees: Number of trees.
        random_fraction: Fraction of configurations drawn uniformly.
        initial: Number of results of a budget that did not diverge before it has a model; by default one more than
            there are hyperparameters.
        search: How the expected improvement is maximized; :data:`lcbench.simulate.optimizers.forest_bo.SEARCH` by
            default.

    Raises:
        InputError: If scikit-learn is not installed, or a number cannot be used.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        eta: int | None = None,
        variant: Variant = "floor",
        trees: int = 10,
        random_fraction: float = 0.2,
        initial: int | None = None,
        search: Search | None = None,
    ) -> None:
        eta = infer_eta(budgets) if eta is None else check_eta(eta)
        budgets = rungs_of(budgets, eta)
        check_model(initial, random_fraction)
        self._random_fraction, self._trees = random_fraction, check_trees(trees)
        self._domain, self._rng, self._search = domain, rng, search or SEARCH
        self._encoding = Encoding(domain.space)
        dimensions = len(self._encoding.names)
        self._initial = initial or dimensions + 1
        self._told = {budget: History(dimensions) for budget in budgets}
        self._proposed = History(dimensions)
        self._brackets = Brackets(hyperband_brackets(len(budgets), eta, variant), budgets, self._propose)
        self._one_thread = one_thread()

    def ask(self) -> Job | None:
        """The next job; None once a table has no rows left and all jobs are handed out."""
        return self._brackets.ask()

    def tell(self, result: Result) -> None:
        """Learn a result."""
        self._brackets.tell(result)
        self._told[result.job.budget].add(self._domain.encode(result.job.config), result.loss)

    def _propose(self) -> Config | None:
        """The most promising configuration, or a random one; None once a table has no rows left."""
        config = self._modelled() or draw(self._domain, self._rng)
        if config is not None:
            self._proposed.add(self._domain.encode(config), np.inf)
        return config

    def _modelled(self) -> Config | None:
        """The most promising configuration by the model, taken from the domain; None if there is none."""
        told = self._enough()
        if told is None or self._rng.random() < self._random_fraction:
            return None
        none = np.empty((0, len(self._encoding.names)))
        with self._one_thread():
            value = forest_improvement(self._encoding, told.points, told.losses, none, self._rng, self._trees)
            known = self._proposed.points
            config = most_promising(value, self._domain, self._encoding, told, known, self._rng, self._search)
        if config is not None:
            self._domain.take(config)
        return config

    def _enough(self) -> History | None:
        """The results of the largest budget that has enough of them."""
        for budget in sorted(self._told, reverse=True):
            if np.isfinite(self._told[budget].losses).sum() >= self._initial:
                return self._told[budget]
        return None
