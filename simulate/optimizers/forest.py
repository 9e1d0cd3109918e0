"""A random forest that says how sure it is: scikit-learn's trees, means and variances as SMAC takes them."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError

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
