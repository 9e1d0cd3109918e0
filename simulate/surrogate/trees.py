"""Sums of many small decision trees, evaluated all at once: one evaluator for every kind of model.

Every tree has at most 64 leaves, so that a set of leaves is a 64-bit number. A test ``x[feature] > threshold`` leaves
some leaves possible and rules the others out; the leaf that is reached is the one that all tests of the tree leave
possible, whatever their order (QuickScorer, Lucchese et al. 2015, with the masks of both outcomes). Here the masks of
a tree's tests on one feature are multiplied out beforehand, for each interval between the thresholds that any tree
has on this feature. A prediction looks up one mask for each tree and each feature it tests, and takes their
intersection.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError

MOST_LEAVES = 64
_ALL = np.uint64(2**64 - 1)
_ONE = np.uint64(1)


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree.

    Attributes:
        feature: ``(tests,)`` integers: which feature is tested.
        threshold: ``(tests,)`` float32: a test is true if the feature is greater.
        low: ``(tests,)`` uint64: leaves (bit i for leaf i) still possible if the test is false.
        high: ``(tests,)`` uint64: the same if it is true.
        values: ``(leaves, outputs)`` float64: what each leaf adds to the sum.
    """

    feature: NDArray[np.intp]
    threshold: NDArray[np.float32]
    low: NDArray[np.uint64]
    high: NDArray[np.uint64]
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        if not 1 <= len(self.values) <= MOST_LEAVES:
            raise DamagedFileError(f"a tree must have 1 to {MOST_LEAVES} leaves, got {len(self.values)}.")
        if not (np.isfinite(self.values).all() and np.isfinite(self.threshold).all()):
            raise DamagedFileError("a tree must have finite numbers only, got others.")


_Numbered = tuple[int, NDArray[Any]]


@dataclass(frozen=True)
class Trees:
    """The sum of trees. Make it with :func:`gather`.

    Attributes:
        bias: ``(outputs,)``: the sum starts from here.
        thresholds: For each feature the thresholds that trees have on it, float32, increasing.
        pair_feature: ``(pairs,)``: the feature of each pair of a tree and a feature that it tests, tree by tree.
        pair_start: ``(pairs,)``: where the pair's masks start in ``masks``; one for each interval of the feature.
        masks: All masks, one after the other.
        tree_start: ``(trees,)``: the first pair of each tree.
        leaf_start: ``(trees,)``: the first leaf of each tree in ``values``.
        values: ``(leaves of all trees, outputs)``.
    """

    bias: NDArray[np.float64]
    thresholds: tuple[NDArray[np.float32], ...]
    pair_feature: NDArray[np.intp]
    pair_start: NDArray[np.intp]
    masks: NDArray[np.uint64]
    tree_start: NDArray[np.intp]
    leaf_start: NDArray[np.intp]
    values: NDArray[np.float64]

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Evaluate.

        Args:
            features: ``(n, features)``, finite.

        Returns:
            ``(n, outputs)``. The numbers of a row do not depend on the other rows, to the last bit.
        """
        if not len(self.tree_start):
            return np.repeat(self.bias[None], len(features), axis=0)
        return self._one(features[0])[None] if len(features) == 1 else self._many(features)

    def _one(self, row: NDArray[np.float32]) -> NDArray[np.float64]:
        ranks = np.array([each.searchsorted(x) for each, x in zip(self.thresholds, row, strict=True)])
        possible = self.masks[self.pair_start + ranks[self.pair_feature]]
        leaf = np.bitwise_count(np.bitwise_and.reduceat(possible, self.tree_start) - _ONE)
        return self.bias + np.add.accumulate(self.values[self.leaf_start + leaf])[-1]  # added in order, as below

    def _many(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        ranks = [each.searchsorted(features[:, f]) for f, each in enumerate(self.thresholds)]
        total = np.zeros((len(self.bias), len(features)))
        for pairs, leaf_values in self._parts:
            feature, masks = pairs[0]
            possible = masks.take(ranks[feature])
            for feature, masks in pairs[1:]:
                possible &= masks.take(ranks[feature])
            leaf = np.bitwise_count(possible - _ONE).astype(np.intp)
            for output, values in leaf_values:
                total[output] += values.take(leaf)
        return self.bias + total.T

    @cached_property
    def _parts(self) -> list[tuple[list[_Numbered], list[_Numbered]]]:
        """For each tree its features with their masks, and the outputs that it adds to with its leaves' values."""
        sizes = np.array([len(each) + 1 for each in self.thresholds], np.intp)[self.pair_feature]
        masks = np.split(self.masks, np.cumsum(sizes)[:-1])
        pairs = list(zip(self.pair_feature.tolist(), masks, strict=True))
        ends = [*self.tree_start[1:].tolist(), len(pairs)]
        leaves = np.split(self.values, self.leaf_start[1:])
        return [
            (pairs[start:end], [(k, np.ascontiguousarray(v[:, k])) for k in np.flatnonzero(v.any(axis=0)).tolist()])
            for start, end, v in zip(self.tree_start.tolist(), ends, leaves, strict=True)
        ]


def gather(trees: Sequence[Tree], bias: NDArray[np.float64], n_features: int) -> Trees:
    """Prepare trees for evaluation.

    Args:
        trees: The trees, all with as many outputs as ``bias``.
        bias: ``(outputs,)``, finite.
        n_features: Number of features.

    Raises:
        DamagedFileError: If they do not fit together.
    """
    _check(trees, bias, n_features)
    grown = [tree for tree in trees if len(tree.values) > 1]
    start = bias + sum((tree.values[0] for tree in trees if len(tree.values) == 1), np.zeros_like(bias))
    leaves = np.array([len(tree.values) for tree in grown], np.intp)
    values = np.concatenate([np.empty((0, len(bias))), *(tree.values for tree in grown)])
    tests = _Tests.of(grown)
    thresholds = tuple(np.unique(tests.threshold[tests.feature == f]) for f in range(n_features))
    pair, number = np.unique(tests.tree * n_features + tests.feature, return_inverse=True)
    sizes = np.array([len(each) + 1 for each in thresholds], np.intp)[pair % n_features]
    pair_start = np.cumsum(sizes) - sizes
    masks = _masks(tests, thresholds, pair_start[number], sizes[number], int(sizes.sum()))
    tree_start = np.searchsorted(pair // n_features, np.arange(len(grown)))
    leaf_start = np.cumsum(leaves) - leaves
    return Trees(start, thresholds, pair % n_features, pair_start, masks, tree_start, leaf_start, values)


@dataclass(frozen=True, slots=True)
class _Tests:
    """The tests of all trees, one after the other."""

    tree: NDArray[np.intp]
    feature: NDArray[np.intp]
    threshold: NDArray[np.float32]
    low: NDArray[np.uint64]
    high: NDArray[np.uint64]

    @classmethod
    def of(cls, trees: Sequence[Tree]) -> "_Tests":
        """Those of some trees."""
        number = np.repeat(np.arange(len(trees)), [len(tree.feature) for tree in trees])
        kinds = {"feature": np.intp, "threshold": np.float32, "low": np.uint64, "high": np.uint64}
        parts = (np.concatenate([np.empty(0, k), *(getattr(t, name) for t in trees)]) for name, k in kinds.items())
        return cls(number, *parts)


def _check(trees: Sequence[Tree], bias: NDArray[np.float64], n_features: int) -> None:
    if not np.isfinite(bias).all():
        raise DamagedFileError("a model must start from finite numbers, got others.")
    for tree in trees:
        if tree.values.shape[1] != len(bias):
            raise DamagedFileError(f"a tree must have {len(bias)} outputs, got {tree.values.shape[1]}.")
        if len(tree.feature) and not 0 <= tree.feature.min() <= tree.feature.max() < n_features:
            raise DamagedFileError(f"a tree must test features 0 to {n_features - 1}, got others.")


def _masks(
    tests: _Tests,
    thresholds: Sequence[NDArray[np.float32]],
    starts: NDArray[np.intp],
    sizes: NDArray[np.intp],
    total: int,
) -> NDArray[np.uint64]:
    """For each pair and each interval between its feature's thresholds, the leaves that its tests leave possible."""
    places = np.empty(len(tests.feature), np.intp)
    for f, each in enumerate(thresholds):
        here = tests.feature == f
        places[here] = each.searchsorted(tests.threshold[here]) + 1
    masks = np.full(total, _ALL)
    turns, ends = starts + places, starts + sizes
    rows = zip(starts.tolist(), turns.tolist(), ends.tolist(), tests.low, tests.high, strict=True)
    for start, turn, end, low, high in rows:
        masks[start:turn] &= low
        masks[turn:end] &= high
    return masks


def not_above(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    """The largest float32 numbers that are not above these: ``x > t`` says the same of every float32 ``x``."""
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused as such
        single = thresholds.astype(np.float32)
    return np.where(single > thresholds, np.nextafter(single, np.float32(-np.inf)), single)


# From a tree of nodes that point at each other to a :class:`lcbench.simulate.surrogate.trees.Tree`.


def binary_tree(
    feature: NDArray[np.intp],
    threshold: NDArray[np.float64],
    left: NDArray[np.intp],
    right: NDArray[np.intp],
    values: NDArray[np.float64],
) -> Tree:
    """Number the leaves, and find for each test which of them are below it on either side.

    Args:
        feature: ``(tests,)``: the feature of each test; the first test is the root, and each comes before those below.
        threshold: ``(tests,)``: the left child follows if the feature is not greater, else the right one.
        left: ``(tests,)``: a test, or a leaf ``i`` written as ``-1 - i``.
        right: ``(tests,)``: the same.
        values: ``(leaves, outputs)``.

    Raises:
        DamagedFileError: If this is no tree: a test or leaf is not below the root, or there twice.
    """
    tests, leaves = len(feature), len(values)
    if not 1 <= leaves <= MOST_LEAVES or tests != leaves - 1:
        raise DamagedFileError(f"a tree must have 1 to {MOST_LEAVES} leaves and one test less, got {leaves}, {tests}.")
    if any(len(part) != tests for part in (threshold, left, right)):
        raise DamagedFileError("a tree must have a feature, a threshold and two children for each test.")
    nodes = [*range(-leaves, 0), *range(1, tests)] if tests else []  # without tests the only leaf is the root
    if sorted([*left.tolist(), *right.tolist()]) != nodes:
        raise DamagedFileError("a tree must reach each of its tests and leaves once from its root.")
    below_left, below_right = _below(left.tolist(), right.tolist())
    every = (1 << leaves) - 1
    low = np.array([every & ~mask for mask in below_right], np.uint64)
    high = np.array([every & ~mask for mask in below_left], np.uint64)
    return Tree(feature, not_above(threshold), low, high, values)


def _below(left: list[int], right: list[int]) -> tuple[list[int], list[int]]:
    """For each test the leaves below its left and below its right child, as bits.

    Raises:
        DamagedFileError: If a test does not come before those below it.
    """
    if any(0 <= child <= test for side in (left, right) for test, child in enumerate(side)):
        raise DamagedFileError("a tree must have each test before those below it.")
    below_left, below_right = [0] * len(left), [0] * len(right)

    def leaves(node: int) -> int:
        return 1 << (-1 - node) if node < 0 else below_left[node] | below_right[node]

    for test in reversed(range(len(left))):
        below_left[test], below_right[test] = leaves(left[test]), leaves(right[test])
    return below_left, below_right
