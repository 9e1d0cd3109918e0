"""fANOVA's pairs: the share of the variance that two hyperparameters explain together and neither alone.

The joint marginal of a pair is constant on the rectangles between the thresholds of both in a tree. Each leaf adds its
value times its volume in the other dimensions to a block of these rectangles: four entries of an array of differences,
which two running sums turn into the marginal. That is O(leaves + rectangles) for a tree and pair, where summing over
pairs of overlapping leaves would be O(leaves squared).
"""

from itertools import combinations, pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.analysis.importance.boxes import Boxes
from lcbench.analysis.importance.fanova import centred_weights, main_variances, per_width, summary, total_variances
from lcbench.analysis.importance.model import Model


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
