"""Gradient boosting of symmetric trees with CatBoost (Prokhorenkova et al. 2018), in its own JSON format."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError
from lcbench.files import json_value
from lcbench.simulate.surrogate.trees import MOST_LEAVES, Tree, Trees, gather

_PARAMETERS = {
    "iterations": 500,
    "allow_const_label": True,
    "allow_writing_files": False,
    "thread_count": 1,  # a table is small, and sums in another order are other sums
    "verbose": False,
}

_SMALL = {"depth": 5, "learning_rate": 0.05}
_LARGE = {"depth": 6, "learning_rate": 0.08}
_MANY = 1000  # configurations, from which on there is more to learn in as many trees
_NEVER_THE_SAME = ("model_guid", "train_finish_time", "training")  # so that the same fit writes the same file


def fit(features: NDArray[np.float32], targets: NDArray[np.float64], seed: int) -> str:
    """Fit ``(n, outputs)`` targets, with all outputs in the same trees, and write the model as CatBoost does."""
    from catboost import CatBoostRegressor

    several, size = targets.shape[1] > 1, _LARGE if len(features) >= _MANY else _SMALL
    loss = "MultiRMSE" if several else "RMSE"
    model = CatBoostRegressor(loss_function=loss, random_seed=seed, **_PARAMETERS, **size)
    model.fit(features, targets if several else targets[:, 0])
    with TemporaryDirectory() as folder:
        model.save_model(str(Path(folder) / "model.json"), format="json")
        document = json.loads((Path(folder) / "model.json").read_text(encoding="utf-8"))
    for name in _NEVER_THE_SAME:
        document["model_info"].pop(name, None)
    return json.dumps(document, separators=(",", ":"))


def read(text: str, n_features: int, outputs: int) -> Trees:
    """Read CatBoost's JSON format: symmetric trees of tests on numbers.

    Raises:
        DamagedFileError: If it is anything else.
    """
    try:
        document = json_value(text)
        scale, bias = document["scale_and_bias"]
        trees = [_tree(part, float(scale), outputs) for part in document["oblivious_trees"]]
        start = np.array(bias, np.float64).reshape(outputs)
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise DamagedFileError(f"a CatBoost model cannot be understood ({type(error).__name__}: {error}).") from error
    return gather(trees, start, n_features)


def _tree(part: dict[str, Any], scale: float, outputs: int) -> Tree:
    """All nodes of a level share one test; bit i of a leaf's number is the outcome of test i."""
    splits = part["splits"] or []
    if any(split["split_type"] != "FloatFeature" for split in splits):
        raise ValueError("tests on something else than numbers")
    leaves = 1 << len(splits)
    if leaves > MOST_LEAVES:
        raise ValueError(f"{leaves} leaves")
    bits = (np.arange(leaves) >> np.arange(len(splits))[:, None]) & 1
    high = (bits.astype(np.uint64) << np.arange(leaves, dtype=np.uint64)).sum(axis=1, dtype=np.uint64)
    low = ((1 - bits).astype(np.uint64) << np.arange(leaves, dtype=np.uint64)).sum(axis=1, dtype=np.uint64)
    values = scale * np.array(part["leaf_values"], np.float64).reshape(leaves, outputs)
    feature = np.array([split["float_feature_index"] for split in splits], np.intp)
    return Tree(feature, np.array([split["border"] for split in splits], np.float32), low, high, values)
