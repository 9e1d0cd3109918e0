"""The leaves of a fitted forest as boxes: what each predicts and where.

A tree cuts the space into boxes, one per leaf, and predicts a constant in each. So integrals of its predictions are
sums over boxes, and need no sampling (Hutter, Hoos, Leyton-Brown 2014, section 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lcbench.analysis.importance.axes import Axis


@dataclass(frozen=True, slots=True)
class Boxes:
    """All leaves of all trees, tree after tree.

    Attributes:
        trees: Number of trees.
        tree: ``(leaves,)`` the tree of each leaf.
        value: ``(leaves,)`` what it predicts.
        low: ``(dimensions, leaves)`` where it begins, itself outside; -inf where it has no bound.
        high: ``(dimensions, leaves)`` where it ends, itself inside; inf where it has no bound.
    """

    trees: int
    tree: NDArray[np.intp]
    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def holds(self, point: ArrayLike) -> NDArray[np.bool_]:
        """Whether a point ``(dimensions,)`` lies within each box, dimension by dimension: ``(dimensions, leaves)``."""
        column = np.asarray(point, dtype=np.float32).astype(np.float64)[:, None]  # trees see float32
        return np.asarray((self.low < column) & (column <= self.high))

    def in_shares(self, axes: Sequence[Axis]) -> "Boxes":
        """The same boxes with their bounds as probabilities, so that a box's volume is its probability."""
        low, high = (
            np.stack([axis.share(bounds) for axis, bounds in zip(axes, side, strict=True)])
            for side in (self.low, self.high)
        )
        return replace(self, low=low, high=high)


def boxes_of(forest: Any) -> Boxes:
    """Flatten a fitted ``sklearn.ensemble.RandomForestRegressor`` (or extra trees) of one output.

    All trees are walked together, level by level: a node hands its box to its children and each cuts it at the
    threshold.
    """
    trees = [estimator.tree_ for estimator in forest.estimators_]
    sizes = np.array([tree.node_count for tree in trees])
    first = np.cumsum(sizes) - sizes
    left = np.concatenate([_shifted(tree.children_left, start) for tree, start in zip(trees, first, strict=True)])
    right = np.concatenate([_shifted(tree.children_right, start) for tree, start in zip(trees, first, strict=True)])
    feature = np.concatenate([tree.feature for tree in trees])
    threshold = np.concatenate([tree.threshold for tree in trees])
    low, high = _bounds(first, left, right, feature, threshold, trees[0].n_features)
    value = np.concatenate([tree.value[:, 0, 0] for tree in trees])
    leaf = left < 0
    tree_of = np.repeat(np.arange(len(trees)), sizes)
    return Boxes(len(trees), tree_of[leaf], value[leaf], low[:, leaf], high[:, leaf])


def _shifted(children: NDArray[np.intp], start: int) -> NDArray[np.intp]:
    """Children's numbers among the nodes of all trees; -1 stays -1."""
    return np.asarray(np.where(children < 0, -1, children + start))


def _bounds(
    roots: NDArray[np.intp],
    left: NDArray[np.intp],
    right: NDArray[np.intp],
    feature: NDArray[np.intp],
    threshold: NDArray[np.float64],
    dimensions: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper bounds of every node, ``(dimensions, nodes)`` each."""
    low = np.full((len(left), dimensions), -np.inf)
    high = np.full((len(left), dimensions), np.inf)
    nodes = roots
    while True:
        nodes = nodes[left[nodes] >= 0]
        if not len(nodes):
            return np.ascontiguousarray(low.T), np.ascontiguousarray(high.T)
        below, above = left[nodes], right[nodes]
        low[below] = low[above] = low[nodes]
        high[below] = high[above] = high[nodes]
        high[below, feature[nodes]] = low[above, feature[nodes]] = threshold[nodes]
        nodes = np.concatenate([below, above])
