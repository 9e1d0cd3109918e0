"""Bayesian optimization with a random forest, like SMAC's."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.contract import Domain
from lcbench.simulate.encoding import Encoding
from lcbench.simulate.optimizers.acquisition import expected_improvement_of_logs
from lcbench.simulate.optimizers.forest import Forest, scikit_learn
from lcbench.simulate.optimizers.local_search import Acquisition, Search
from lcbench.simulate.optimizers.model_bo import ModelBO
from lcbench.simulate.optimizers.targets import logs

Array = NDArray[np.float64]

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
        settings: Further ones of :class:`lcbench.simulate.optimizers.model_bo.ModelBO`.

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
        search: Search | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(domain, budgets, rng, random_fraction=random_fraction, search=search or SEARCH, **settings)
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
