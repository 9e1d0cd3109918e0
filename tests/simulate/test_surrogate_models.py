"""One evaluator for the trees of three packages: it must agree with each, and refuse what is no model."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lcbench.errors import DamagedFileError
from lcbench.simulate.surrogate.models import MODELS
from lcbench.simulate.surrogate.trees import binary_tree, gather, not_above

PACKAGES = {name: model.package for name, model in MODELS.items()}


def data(outputs, n=60):
    rng = np.random.default_rng(0)
    features = rng.random((n, 4)).astype(np.float32)
    signal = np.sin(3 * features[:, :1]) + features[:, 1:2] * features[:, 2:3]
    targets = signal * np.arange(1, outputs + 1) + 0.1 * rng.normal(size=(n, outputs))
    return features, (targets - targets.mean(axis=0)) / targets.std(axis=0)


def reference(name, text, features, outputs, tmp_path):
    """What the package itself predicts."""
    if name == "catboost":
        (tmp_path / "model.json").write_text(text)
        from catboost import CatBoostRegressor

        return CatBoostRegressor().load_model(str(tmp_path / "model.json"), format="json").predict(features)
    if name == "lightgbm":
        import lightgbm

        return lightgbm.Booster(model_str=text).predict(features, raw_score=True)
    from sklearn.ensemble import ExtraTreesRegressor

    seen, targets = data(outputs)
    trees = len(json.loads(text)["trees"])
    forest = ExtraTreesRegressor(trees, max_leaf_nodes=64, random_state=1)
    return forest.fit(seen, targets if outputs > 1 else targets[:, 0]).predict(features)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("name", MODELS)
def test_predictions_are_those_of_the_package(name, outputs, tmp_path):
    pytest.importorskip(PACKAGES[name], reason="fitting needs the extra 'models'")
    features, targets = data(outputs)
    text = MODELS[name].fit(features, targets, 1)
    assert MODELS[name].fit(features, targets, 1) == text, "same data, same file"
    trees = MODELS[name].read(text, 4, outputs)
    asked = np.concatenate([features, np.random.default_rng(2).random((200, 4)).astype(np.float32)])
    wanted = np.asarray(reference(name, text, asked, outputs, tmp_path)).reshape(len(asked), outputs)
    np.testing.assert_allclose(trees.predict(asked), wanted, atol=1e-12)
    for row in range(5):
        np.testing.assert_array_equal(trees.predict(asked[row : row + 1])[0], trees.predict(asked)[row])


@pytest.mark.parametrize("name", MODELS)
def test_what_is_no_model_is_refused(name):
    pytest.importorskip(PACKAGES[name], reason="fitting needs the extra 'models'")
    features, targets = data(2)
    text, read = MODELS[name].fit(features, targets, 1), MODELS[name].read
    for wrong in ("", "[]", "{}", "tree\n", text[: len(text) // 2]):
        with pytest.raises(DamagedFileError):
            read(wrong, 4, 2)
    with pytest.raises(DamagedFileError):
        read(text, 4, 3)
    with pytest.raises(DamagedFileError, match="must test features 0 to 1"):
        read(text, 2, 2)


@st.composite
def random_trees(draw):
    """Trees grown by splitting random leaves, thresholds from a small set so that some are equal."""
    trees = []
    for _ in range(draw(st.integers(1, 4))):
        parts = {"feature": [], "threshold": [], "left": [], "right": []}
        ends = [None]  # where each leaf hangs: (test, side)
        for test in range(draw(st.integers(0, 12))):
            where = ends.pop(draw(st.integers(0, len(ends) - 1)))
            if where is not None:
                parts[where[1]][where[0]] = test
            parts["feature"].append(draw(st.integers(0, 2)))
            parts["threshold"].append(draw(st.sampled_from([0.1, 0.25, 0.5, 0.7, 0.9])))
            parts["left"].append(None)
            parts["right"].append(None)
            ends += [(test, "left"), (test, "right")]
        for leaf, where in enumerate(ends):
            if where is not None:
                parts[where[1]][where[0]] = -1 - leaf
        trees.append((parts, len(ends)))
    return trees


def descend(parts, values, row):
    node = 0 if parts["feature"] else -1
    while node >= 0:
        above = row[parts["feature"][node]] > np.float64(parts["threshold"][node])
        node = parts["right" if above else "left"][node]
    return values[-1 - node]


@settings(max_examples=40, deadline=None)
@given(random_trees())
def test_masks_find_the_leaf_that_descending_finds(grown):
    rng = np.random.default_rng(0)
    rows = rng.choice([0.0, 0.1, 0.2, 0.25, 0.5, 0.6, 0.7, 0.9, 1.0], (20, 3)).astype(np.float32)
    values = [rng.normal(size=(leaves, 2)) for _, leaves in grown]
    trees = [
        binary_tree(
            np.array(parts["feature"], np.intp),
            np.array(parts["threshold"], np.float64),
            np.array(parts["left"], np.intp),
            np.array(parts["right"], np.intp),
            leaves,
        )
        for (parts, _), leaves in zip(grown, values, strict=True)
    ]
    found = gather(trees, np.ones(2), 3).predict(rows)
    pairs = list(zip(grown, values, strict=True))
    wanted = [1 + sum(descend(parts, leaves, row) for (parts, _), leaves in pairs) for row in rows]
    np.testing.assert_allclose(found, wanted, atol=1e-12)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ([-1, -2], [-3, -4]),  # the second test hangs nowhere
        ([1, 1], [-1, -2]),  # a ring
        ([1, -1], [-1, -2]),  # a leaf twice
        ([1, -1], [-2, -9]),  # a leaf that is not there
    ],
)
def test_what_is_no_tree_is_refused(left, right):
    with pytest.raises(DamagedFileError):
        binary_tree(np.zeros(2, np.intp), np.zeros(2), np.array(left), np.array(right), np.zeros((3, 1)))


@given(st.floats(-(2.0**99), 2.0**99), st.floats(-(2.0**99), 2.0**99, width=32))
def test_a_rounded_threshold_says_the_same_of_every_float32(threshold, x):
    (single,) = not_above(np.array([threshold]))
    assert (np.float32(x) > single) == (float(x) > threshold)
