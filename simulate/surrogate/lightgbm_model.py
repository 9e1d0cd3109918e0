"""Gradient boosting with LightGBM (Ke et al. 2017), in its own text format.

All outputs are in one model, with trees of their own: tree i belongs to output ``i % outputs``, as for classes.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError
from lcbench.simulate.surrogate.trees import Tree, Trees, binary_tree, gather

_ROUNDS = 200
_PARAMETERS = {
    "learning_rate": 0.07,
    "num_leaves": 6,
    "min_data_in_leaf": 4,
    "min_data_in_bin": 1,
    "feature_pre_filter": False,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "boost_from_average": False,  # targets have mean 0
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,  # a table is small, and sums in another order are other sums
    "verbosity": -1,
}
_OF_DATA = ("min_data_in_bin", "feature_pre_filter", "verbosity", "num_threads", "force_row_wise", "deterministic")


def fit(features: NDArray[np.float32], targets: NDArray[np.float64], seed: int) -> str:
    """Fit ``(n, outputs)`` targets and write the model as LightGBM does."""
    import lightgbm

    def squared_error(predicted: NDArray[np.float64], _: object) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        gradient = predicted.reshape(targets.shape) - targets
        gradient = gradient if targets.shape[1] > 1 else gradient[:, 0]
        return gradient, np.ones_like(gradient)

    parameters: dict[str, Any] = _PARAMETERS | {"seed": seed, "objective": squared_error}
    parameters["num_class"] = targets.shape[1]
    data = lightgbm.Dataset(features, targets[:, 0], params={k: _PARAMETERS[k] for k in _OF_DATA})
    return lightgbm.train(parameters, data, _ROUNDS).model_to_string()


def read(text: str, n_features: int, outputs: int) -> Trees:
    """Read LightGBM's text format: trees of tests on numbers.

    Raises:
        DamagedFileError: If it is anything else.
    """
    body, end, _ = text.partition("\nend of trees\n")
    head, *parts = body.split("\nTree=")
    whole = head.startswith("tree\n") and end and f"\nnum_tree_per_iteration={outputs}\n" in head
    if not whole or not parts or len(parts) % outputs:
        raise DamagedFileError(f"a LightGBM model must have trees for {outputs} outputs, got something else.")
    try:
        trees = [_tree(part, number, outputs) for number, part in enumerate(parts)]
    except (KeyError, ValueError, OverflowError) as error:
        raise DamagedFileError(f"a LightGBM model cannot be understood ({type(error).__name__}: {error}).") from error
    return gather(trees, np.zeros(outputs), n_features)


def _tree(text: str, number: int, outputs: int) -> Tree:
    lines = text.split("\n\n")[0].split("\n")
    if int(lines[0]) != number:
        raise ValueError(f"tree {lines[0]} in the place of {number}")
    entries = dict(line.split("=", 1) for line in lines[1:] if line)
    values = np.zeros((int(entries["num_leaves"]), outputs))
    values[:, number % outputs] = np.array(entries["leaf_value"].split(), np.float64)
    if len(values) == 1:
        empty = np.empty(0, np.intp)
        return binary_tree(empty, np.empty(0), empty, empty, values)
    if int(entries["num_cat"]) or {int(kind) & 1 for kind in entries["decision_type"].split()} != {0}:
        raise ValueError("tests on categories")
    feature, left, right = (
        np.array(entries[name].split(), np.intp) for name in ("split_feature", "left_child", "right_child")
    )
    return binary_tree(feature, np.array(entries["threshold"].split(), np.float64), left, right, values)
