"""Extremely randomized trees (Geurts, Ernst, Wehenkel 2006), as plain JSON.

Random thresholds beat a random forest's best ones here: curves of networks are smooth in the hyperparameters and have
little noise once they are averaged over seeds. Each tree grows its best leaves first, up to 64 of them.
"""

import json

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError
from lcbench.files import json_value
from lcbench.simulate.surrogate.trees import MOST_LEAVES, Tree, Trees, binary_tree, gather

_TREES = 100
_PARTS = ("feature", "threshold", "left", "right", "values")


def fit(features: NDArray[np.float32], targets: NDArray[np.float64], seed: int) -> str:
    """Fit ``(n, outputs)`` targets and write the trees as JSON: one object of plain lists per tree."""
    from sklearn.ensemble import ExtraTreesRegressor

    forest = ExtraTreesRegressor(_TREES, max_leaf_nodes=MOST_LEAVES, random_state=seed, n_jobs=1)
    forest.fit(features, targets if targets.shape[1] > 1 else targets[:, 0])
    return json.dumps({"outputs": targets.shape[1], "trees": [_plain(each.tree_) for each in forest.estimators_]})


def _plain(tree: object) -> dict[str, list[object]]:
    """One fitted tree; tests and leaves are numbered apart, see :func:`binary_tree`."""
    left, right = tree.children_left, tree.children_right  # type: ignore[attr-defined]  # scikit-learn has no types
    is_leaf = left < 0
    number = np.where(is_leaf, -np.cumsum(is_leaf), np.cumsum(~is_leaf) - 1)
    tests = np.flatnonzero(~is_leaf)
    values = tree.value[is_leaf, :, 0]  # type: ignore[attr-defined]  # as above
    arrays = (tree.feature[tests], tree.threshold[tests], number[left[tests]], number[right[tests]], values)  # type: ignore[attr-defined]  # as above
    return {name: array.tolist() for name, array in zip(_PARTS, arrays, strict=True)}


def read(text: str, n_features: int, outputs: int) -> Trees:
    """Read what :func:`fit` wrote.

    Raises:
        DamagedFileError: If it is anything else.
    """
    try:
        document = json_value(text)
        trees = [_tree(part, outputs, len(document["trees"])) for part in document["trees"]]
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, RecursionError) as error:
        raise DamagedFileError(f"a forest cannot be understood ({type(error).__name__}: {error}).") from error
    return gather(trees, np.zeros(outputs), n_features)


def _tree(part: dict[str, list[float]], outputs: int, trees: int) -> Tree:
    feature, left, right = (np.array(part[name], np.intp) for name in ("feature", "left", "right"))
    values = np.array(part["values"], np.float64).reshape(-1, outputs) / trees
    return binary_tree(feature, np.array(part["threshold"], np.float64), left, right, values)
