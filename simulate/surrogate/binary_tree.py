"""From a tree of nodes that point at each other to a :class:`lcbench.simulate.surrogate.trees.Tree`."""

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError
from lcbench.simulate.surrogate.trees import MOST_LEAVES, Tree, not_above


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
