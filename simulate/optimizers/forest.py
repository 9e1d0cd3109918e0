"""Bayesian optimization with a random forest, alone and in Hyperband; mean and variance of the trees as in SMAC."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.contract import Domain, Result
from lcbench.simulate.optimizers._model_bo import (
    Acquisition,
    ModelBO,
    Search,
    check_model,
    expected_improvement_of_logs,
    most_promising,
)
from lcbench.simulate.optimizers._targets import logs, one_thread
from lcbench.simulate.optimizers._trials import History
from lcbench.simulate.optimizers.hyperband import Hyperband
from lcbench.simulate.optimizers.random_search import draw
from lcbench.simulate.optimizers.rungs import Variant
from lcbench.space import Config
from lcbench.space.encoding import Encoding

if TYPE_CHECKING:
    from types import ModuleType
Array = NDArray[np.float64]


def scikit_learn() -> "ModuleType":
    """scikit-learn, which is imported only here.

    Raises:
        InputError: If it is not installed.
    """
    try:
        import sklearn.tree  # slow to import
    except ImportError as error:
        raise InputError(
            "scikit-learn must be installed for the optimizer 'forest', got none; pip install 'lcbench[models]'."
        ) from error
    return sklearn


class Forest:
    """Regression trees, each grown on a bootstrap sample.

    Hutter, Hoos and Leyton-Brown (2011), *Sequential model-based optimization for general algorithm configuration*,
    LION 5, section 4.1; the variance is that of Hutter et al. (2014), *Algorithm runtime prediction*, section 4.3.2: of
    the leaves' means between trees, plus the mean of the variances within leaves.

    The trees are grown one by one with ``DecisionTreeRegressor``: ten on 300 results take 12 ms,
    ``RandomForestRegressor``'s ten 14 ms.

    Args:
        x: ``(n, features)`` points.
        y: ``(n,)`` targets.
        rng: Source of randomness.
        trees: How many; they are grown until a leaf holds one configuration.
        features: Fraction of the features that each split looks at; all by default, as in SMAC 2.4 (before it 5/6).
    """

    def __init__(
        self,
        x: Array,
        y: Array,
        rng: np.random.Generator,
        *,
        trees: int = 10,
        features: float = 1.0,
    ) -> None:
        sklearn = scikit_learn()
        single, n = x.astype(np.float32), len(y)  # as the trees want it
        samples, seeds = rng.integers(n, size=(trees, n)), rng.integers(2**31, size=trees)
        with sklearn.config_context(skip_parameter_validation=True):
            self._trees = [
                sklearn.tree.DecisionTreeRegressor(max_features=features, random_state=int(seed))
                .fit(single[sample], y[sample], check_input=False)
                .tree_
                for sample, seed in zip(samples, seeds, strict=True)
            ]

    def predict(self, points: Array) -> tuple[Array, Array]:
        """Means and standard deviations at ``(m, features)`` points, each ``(m,)``."""
        single = points.astype(np.float32)
        leaves = [tree.apply(single) for tree in self._trees]
        means = np.stack([tree.value[leaf, 0, 0] for tree, leaf in zip(self._trees, leaves, strict=True)])
        within = np.stack([tree.impurity[leaf] for tree, leaf in zip(self._trees, leaves, strict=True)])
        variance = means.var(axis=0) + within.mean(axis=0)
        return means.mean(axis=0), np.sqrt(np.maximum(variance, 1e-10))


# Bayesian optimization with a random forest, like SMAC's.

SEARCH = Search(candidates=1024, steps=(0.2, 0.1, 0.05, 0.02, 0.01), beam=10, neighbours=20)
"""A forest's expected improvement is a landscape of steps, so it is searched more closely than a smooth one."""


class ForestBO(ModelBO):
    """Random-forest optimization: SMAC's model and search, one evaluation of each configuration.

    Hutter, Hoos and Leyton-Brown (2011), *Sequential model-based optimization for general algorithm configuration*,
    LION 5: a forest of ten trees on the logarithms of the losses, their expected improvement, steps from the best
    results beside uniform candidates, random configurations in between. No racing (one result says all here).

    Settings are those of SMAC 2.4's facade for hyperparameters: ten trees on bootstrap samples, all features at each
    split, leaves of one result, improvement on the lowest loss that the forest predicts for what was evaluated. It
    differs where SMAC spares time or must know the end: SMAC fits after every eighth configuration, this after every
    one; SMAC's first quarter of all runs (at most ten a hyperparameter) is a Sobol design, this draws ``initial``
    random ones; of the later ones a fifth is random there, a tenth here.

    Jobs on other workers count as results with the mean of all (constant liar, "CL-mean"); diverged runs as the worst
    finite one.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of randomness.
        trees: Number of trees.
        random_fraction: Fraction of configurations drawn uniformly.
        search: How the expected improvement is maximized; :data:`SEARCH` by default.
        settings: Further ones of :class:`lcbench.simulate.optimizers._model_bo.ModelBO`.

    Raises:
        InputError: If scikit-learn is not installed.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        trees: int = 10,
        random_fraction: float = 0.1,
        search: Search = SEARCH,
        **settings: Any,
    ) -> None:
        super().__init__(domain, budgets, rng, random_fraction=random_fraction, search=search, **settings)
        self._trees = check_trees(trees)

    def _acquisition(self, points: Array, losses: Array, running: Array) -> Acquisition:
        return forest_improvement(self._encoding, points, losses, running, self._rng, self._trees)


def forest_improvement(
    encoding: Encoding, points: Array, losses: Array, running: Array, rng: np.random.Generator, trees: int
) -> Acquisition:
    """Fit a forest to results and give the expected improvement that it predicts.

    What is to be improved on is the lowest mean that it predicts for the results, as in SMAC. (The lowest result, which
    is below what most trees say of its own configuration, did as well.)

    Args:
        encoding: Of the space.
        points: ``(n, dimensions)`` points of the results.
        losses: ``(n,)`` their losses, infinite where a run diverged.
        running: ``(m, dimensions)`` points that count as results with the mean of all.
        rng: Source of randomness.
        trees: Number of trees.
    """
    features = encoding.features
    y = logs(losses)
    known, lies = np.concatenate([points, running]), np.full(len(running), y.mean())
    forest = Forest(features(known), np.append(y, lies), rng, trees=trees)
    best = float(forest.predict(features(points))[0].min())
    return lambda candidates: expected_improvement_of_logs(*forest.predict(features(candidates)), best)


def check_trees(trees: int) -> int:
    """Check a number of trees, and that there is a package that grows them.

    Raises:
        InputError: If there are fewer than two, or scikit-learn is not installed.
    """
    if trees < 2:
        raise InputError(f"trees must be at least 2 (their spread is the uncertainty), got {trees}.")
    scikit_learn()  # say at once if it is not there
    return trees


# Hyperband whose new configurations come from a random forest, like SMAC's multi-fidelity facade.


class ForestHyperband(Hyperband):
    """Hyperband with SMAC's forest in the place of random search.

    Lindauer, Eggensperger, Feurer, Biedenkapp, Deng, Benjamins, Ruhkopf, Sass and Hutter (2022), *SMAC3: a versatile
    Bayesian optimization package for hyperparameter optimization*, JMLR 23(54), section 3: as BOHB, but new
    configurations are those with the largest expected improvement by a forest, see
    :class:`lcbench.simulate.optimizers.forest.ForestBO`. The forest is fitted to the results of the largest budget
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
        search: How the expected improvement is maximized; :data:`lcbench.simulate.optimizers.forest.SEARCH` by
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
        search: Search = SEARCH,
    ) -> None:
        super().__init__(domain, budgets, rng, eta=eta, variant=variant)
        check_model(initial, random_fraction)
        self._random_fraction, self._trees = random_fraction, check_trees(trees)
        self._search = search
        self._encoding = Encoding(domain.space)
        dimensions = len(self._encoding.names)
        self._initial = initial or dimensions + 1
        self._told = {budget: History(dimensions) for budget in self._rungs}
        self._proposed = History(dimensions)
        self._one_thread = one_thread()

    def tell(self, result: Result) -> None:
        """Learn a result."""
        super().tell(result)
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
