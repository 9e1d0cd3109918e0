"""fANOVA (main effects and pairs) and LPI of a fitted forest, exactly from the boxes of its leaves."""

from itertools import combinations, pairwise

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lcbench.analysis.importance.model import Boxes, Model


def step_variances(
    group: NDArray[np.intp],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    height: NDArray[np.float64],
    groups: int,
) -> NDArray[np.float64]:
    """Variance over x uniform in [0, 1] of f(x) = sum of the heights of the intervals that hold x, group by group.

    One sorted sweep over the ends of all intervals of all groups: group g has the room from g to g + 1, an interval
    adds its height where it begins and takes it away where it ends, a running sum gives f between neighbouring ends.

    Args:
        group: ``(intervals,)`` the group of each interval.
        low: ``(intervals,)`` where it begins, in [0, 1].
        high: ``(intervals,)`` where it ends, in [low, 1].
        height: ``(intervals,)`` what it adds.
        groups: Number of groups.

    Returns:
        ``(groups,)`` variances.
    """
    ends = np.concatenate([group + low, group + high])
    order = np.argsort(ends)
    ends = ends[order]
    function = np.cumsum(np.concatenate([height, -height])[order])[:-1]
    width = np.diff(ends)
    where = np.minimum((0.5 * (ends[1:] + ends[:-1])).astype(np.intp), groups - 1)
    mean = np.bincount(where, width * function, groups)
    return np.asarray(np.bincount(where, width * (function - mean[where]) ** 2, groups), dtype=np.float64)


# fANOVA: which share of the variance of a tree's predictions each hyperparameter explains on its own.
# F. Hutter, H. Hoos, K. Leyton-Brown: An Efficient Approach for Assessing Hyperparameter Importance (ICML 2014). The
# marginal of a hyperparameter at a value is the mean prediction over all values of the others; its main effect is the
# variance of the marginal, as a fraction of the variance of the predictions. Fractions are taken for each tree and
# averaged over the trees, as there (algorithm 2) and as in Optuna's evaluator.
#
# A leaf adds to the marginal of hyperparameter j, over the leaf's extent in j, its value times its volume in the other
# dimensions. So one sorted sweep per hyperparameter gives the variances for all trees at once.

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


# fANOVA's pairs: the share of the variance that two hyperparameters explain together and neither alone.
# The joint marginal of a pair is constant on the rectangles between the thresholds of both in a tree. Each leaf adds
# its value times its volume in the other dimensions to a block of these rectangles: four entries of an array of
# differences, which two running sums turn into the marginal. That is O(leaves + rectangles) for a tree and pair, where
# summing over pairs of overlapping leaves would be O(leaves squared).


def interactions(model: Model) -> pd.DataFrame:
    """Interaction of every pair of hyperparameters.

    Returns:
        One row per pair: ``first``, ``second``, ``importance`` (mean over the trees of the joint marginal's variance
        less both main effects, as a fraction of the tree's variance, in [0, 1]) and ``spread`` (over the trees).
    """
    pairs = list(combinations(model.names, 2))
    found = summary(tuple(map("*".join, pairs)), pair_fractions(model))
    found = found.assign(first=[a for a, _ in pairs], second=[b for _, b in pairs])
    return found[["first", "second", "importance", "spread"]]


def pair_fractions(model: Model) -> NDArray[np.float64]:
    """Interactions tree by tree, ``(trees, pairs)``, pairs as ``itertools.combinations`` of the axes gives them."""
    shares = model.shares
    mains, weight = main_variances(shares), centred_weights(shares)
    first, second = np.array(list(combinations(range(len(shares.low)), 2)), dtype=int).reshape(-1, 2).T
    joint = np.empty((shares.trees, len(first)))
    ends = np.searchsorted(shares.tree, np.arange(shares.trees + 1))
    for tree, (start, stop) in enumerate(pairwise(ends)):
        joint[tree] = _joint_variances(shares, weight[start:stop], slice(start, stop), first, second)
    alone = mains[:, first] + mains[:, second]
    return np.clip((joint - alone) / total_variances(shares)[:, None], 0.0, 1.0)


def _joint_variances(
    shares: Boxes, weight: NDArray[np.float64], leaves: slice, first: NDArray[np.intp], second: NDArray[np.intp]
) -> list[float]:
    """Variance of the joint marginal of each pair, for one tree with centred values."""
    low, high = shares.low[:, leaves], shares.high[:, leaves]
    edges = [np.unique(np.concatenate(bounds)) for bounds in zip(low, high, strict=True)]
    begin = [np.searchsorted(edge, bound) for edge, bound in zip(edges, low, strict=True)]
    end = [np.searchsorted(edge, bound) for edge, bound in zip(edges, high, strict=True)]
    found = []
    for i, j in zip(first, second, strict=True):
        height = per_width(weight, (high[i] - low[i]) * (high[j] - low[j]))
        marginal = block_sums((begin[i], end[i]), (begin[j], end[j]), height, (len(edges[i]), len(edges[j])))
        found.append(float((np.diff(edges[i])[:, None] * marginal[:-1, :-1] ** 2 * np.diff(edges[j])).sum()))
    return found


def block_sums(
    rows: tuple[NDArray[np.intp], NDArray[np.intp]],
    columns: tuple[NDArray[np.intp], NDArray[np.intp]],
    height: NDArray[np.float64],
    shape: tuple[int, int],
) -> NDArray[np.float64]:
    """Sum of blocks of constant height on a grid, by an array of differences and two running sums.

    Args:
        rows: First row of each block and the row after its last.
        columns: First column of each block and the column after its last.
        height: What each block adds.
        shape: Of the grid, at least one more than the last row and column of any block.

    Returns:
        Array of that shape.
    """
    corners = [(rows[a] * shape[1] + columns[b], height if a == b else -height) for a in (0, 1) for b in (0, 1)]
    flat = np.bincount(
        np.concatenate([place for place, _ in corners]),
        np.concatenate([step for _, step in corners]),
        shape[0] * shape[1],
    )
    return flat.reshape(shape).cumsum(axis=0).cumsum(axis=1)


# LPI, local importance: how much the loss varies along each hyperparameter around the incumbent.
# A. Biedenkapp, J. Marben, M. Lindauer, F. Hutter: CAVE: Configuration Assessment, Visualization and Evaluation (LION
# 2018). The forest's mean prediction is followed along one hyperparameter while all others stay as in the incumbent;
# its variance over that hyperparameter's range, divided by the sum over all hyperparameters, is its local importance.
# Where the original samples values along the range, we integrate over the intervals on which the forest is constant.


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
