"""LPI, local importance: how much the loss varies along each hyperparameter around the incumbent.

A. Biedenkapp, J. Marben, M. Lindauer, F. Hutter: CAVE: Configuration Assessment, Visualization and Evaluation (LION
2018). The forest's mean prediction is followed along one hyperparameter while all others stay as in the incumbent; its
variance over that hyperparameter's range, divided by the sum over all hyperparameters, is its local importance. Where
the original samples values along the range, we integrate over the intervals on which the forest is constant.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lcbench.analysis.importance.model import Model
from lcbench.analysis.importance.sweep import step_variances


def local_importance(model: Model, incumbent: ArrayLike) -> pd.DataFrame:
    """Local importance of every hyperparameter at a configuration.

    Args:
        model: The model.
        incumbent: ``(dimensions,)`` coordinates of the configuration; NaN where a hyperparameter is inactive: it is
            averaged over, and its local importance is 0.

    Returns:
        One row per hyperparameter, in the space's order: ``hyperparameter``, ``importance`` (in [0, 1], sums to 1; NaN
        if the loss varies along none) and ``variance`` (in squared units of the loss).
    """
    variances = local_variances(model, incumbent)
    total = variances.sum()
    share = variances / total if total > 0 else np.full(len(variances), np.nan)
    return pd.DataFrame({"hyperparameter": model.names, "importance": share, "variance": variances})


def local_variances(model: Model, incumbent: ArrayLike) -> NDArray[np.float64]:
    """Variance of the mean prediction along each axis through a configuration, ``(dimensions,)``."""
    membership = model.membership(incumbent)
    near = np.flatnonzero((membership == 0).sum(axis=0) <= 1)  # leaves that some axis through the incumbent can meet
    membership, value = membership[:, near], model.boxes.value[near]
    centre = float(value.mean())
    variances = np.zeros(len(model.axes))
    for j in np.flatnonzero(~np.isnan(np.asarray(incumbent, dtype=np.float64))):
        weight = np.delete(membership, j, axis=0).prod(axis=0)
        height = weight * (value - centre) / model.boxes.trees
        low, high = model.shares.low[j, near], model.shares.high[j, near]
        variances[j] = step_variances(np.zeros(len(near), dtype=np.intp), low, high, height, 1)[0]
    return variances
