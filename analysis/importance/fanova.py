"""fANOVA: which share of the variance of a tree's predictions each hyperparameter explains on its own.

F. Hutter, H. Hoos, K. Leyton-Brown: An Efficient Approach for Assessing Hyperparameter Importance (ICML 2014). The
marginal of a hyperparameter at a value is the mean prediction over all values of the others; its main effect is the
variance of the marginal, as a fraction of the variance of the predictions. Fractions are taken for each tree and
averaged over the trees, as there (algorithm 2) and as in Optuna's evaluator.

A leaf adds to the marginal of hyperparameter j, over the leaf's extent in j, its value times its volume in the other
dimensions. So one sorted sweep per hyperparameter gives the variances for all trees at once.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.analysis.importance.boxes import Boxes
from lcbench.analysis.importance.model import Model
from lcbench.analysis.importance.sweep import step_variances

_NOISE = 1e-24
"""A variance below this part of the squared mean is rounding: such a tree is constant."""


def main_effects(model: Model) -> pd.DataFrame:
    """Main effect of every hyperparameter.

    Returns:
        One row per hyperparameter, in the space's order: ``hyperparameter``, ``importance`` (mean over the trees of
        its fraction of the variance, in [0, 1]; the sum of all is at most 1, the rest are interactions) and ``spread``
        (standard deviation over the trees, ``ddof=0``). NaN if every tree is constant.
    """
    return summary(model.names, tree_fractions(model)).rename(columns={"name": "hyperparameter"})


def tree_fractions(model: Model) -> NDArray[np.float64]:
    """Main effects tree by tree.

    Returns:
        ``(trees, dimensions)`` array in [0, 1]; NaN for a tree that is constant.
    """
    total = total_variances(model.shares)
    return np.clip(main_variances(model.shares) / total[:, None], 0.0, 1.0)


def summary(names: tuple[str, ...], fractions: NDArray[np.float64]) -> pd.DataFrame:
    """Mean and spread over those trees that are not constant, of ``(trees, names)`` fractions."""
    known = fractions[~np.isnan(fractions).any(axis=1)]
    nothing = np.full(len(names), np.nan)
    mean, spread = (known.mean(axis=0), known.std(axis=0)) if len(known) else (nothing, nothing)
    return pd.DataFrame({"name": names, "importance": mean, "spread": spread})


def main_variances(shares: Boxes) -> NDArray[np.float64]:
    """Variance of every marginal of every tree, ``(trees, dimensions)``, from boxes in shares."""
    weight = centred_weights(shares)
    widths = shares.high - shares.low
    columns = [
        step_variances(shares.tree, low, high, per_width(weight, width), shares.trees)
        for low, high, width in zip(shares.low, shares.high, widths, strict=True)
    ]
    return np.stack(columns, axis=1)


def total_variances(shares: Boxes) -> NDArray[np.float64]:
    """Variance of the predictions of every tree, ``(trees,)``; NaN if it is constant."""
    volume = np.prod(shares.high - shares.low, axis=0)
    mean = np.bincount(shares.tree, volume * shares.value, shares.trees)
    variance = np.bincount(shares.tree, volume * (shares.value - mean[shares.tree]) ** 2, shares.trees)
    return np.where(variance > _NOISE * mean**2, variance, np.nan)


def centred_weights(shares: Boxes) -> NDArray[np.float64]:
    """Volume of each leaf times its value less the mean of its tree: sums of these lose no digits to a large mean."""
    volume = np.prod(shares.high - shares.low, axis=0)
    mean = np.bincount(shares.tree, volume * shares.value, shares.trees)
    return np.asarray(volume * (shares.value - mean[shares.tree]))


def per_width(weight: NDArray[np.float64], width: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights divided by widths; 0 for a leaf without width, which holds no value of the hyperparameter."""
    return np.divide(weight, width, out=np.zeros_like(weight), where=width > 0)
