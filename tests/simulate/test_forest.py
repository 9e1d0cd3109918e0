import sys

import numpy as np
import pytest

from lcbench.errors import InputError
from lcbench.simulate import simulate
from lcbench.simulate.optimizers.forest import Forest, ForestBO, ForestHyperband
from lcbench.simulate.optimizers.hyperband import Hyperband

pytest.importorskip("sklearn")


def test_mean_and_variance_are_those_over_the_trees_own_predictions():
    rng = np.random.default_rng(0)
    x, asked = rng.random((60, 3)), rng.random((20, 3))
    y = x[:, 0] + np.sin(5 * x[:, 1])
    forest = Forest(x, y, np.random.default_rng(1), trees=10)
    mean, std = forest.predict(asked)
    single = np.stack([tree.predict(asked.astype(np.float32))[:, 0] for tree in forest._trees])
    np.testing.assert_allclose(mean, single.mean(axis=0))
    np.testing.assert_allclose(std, np.maximum(single.std(axis=0), 1e-5), atol=1e-9)  # leaves of one result vary not


def test_equal_points_with_different_targets_are_uncertain():
    """One leaf with 0 and 1 in it: the variance within is 1/4 where both are in the sample."""
    x, y = np.zeros((400, 1)), np.tile([0.0, 1.0], 200)
    mean, std = Forest(x, y, np.random.default_rng(0)).predict(np.zeros((1, 1)))
    assert mean[0] == pytest.approx(0.5, abs=0.05)
    assert std[0] == pytest.approx(0.5, abs=0.01)


def test_the_same_generator_gives_the_same_forest():
    rng = np.random.default_rng(0)
    x, y, asked = rng.random((30, 2)), rng.random(30), rng.random((9, 2))
    first, second = (Forest(x, y, np.random.default_rng(5)).predict(asked) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_it_looks_near_the_best(bowl):
    optimizer = ForestBO(bowl.domain(), bowl.budgets, np.random.default_rng(1), random_fraction=0.0)
    trace = simulate(optimizer, bowl, evaluations=50)
    configs = np.array([[r.job.config["x"], r.job.config["y"]] for r in trace.results[-20:]])
    assert np.abs(np.median(configs, axis=0) - [0.3, 0.8]).max() < 0.15


def test_without_scikit_learn_one_line_says_what_to_install(bowl, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.tree", None)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(InputError, match=r"scikit-learn must be installed .* pip install 'lcbench\[models\]'"):
        ForestBO(bowl.domain(), bowl.budgets, np.random.default_rng(0))


def test_one_tree_is_not_enough(bowl):
    with pytest.raises(InputError, match="trees must be at least 2"):
        ForestBO(bowl.domain(), bowl.budgets, np.random.default_rng(0), trees=1)


def test_in_brackets_it_looks_near_the_best_and_promotes_as_hyperband_does(bowl):
    optimizer = ForestHyperband(bowl.domain(), bowl.budgets, np.random.default_rng(1), random_fraction=0.0)
    trace = simulate(optimizer, bowl, evaluations=80)
    plain = simulate(Hyperband(bowl.domain(), bowl.budgets, np.random.default_rng(1)), bowl, evaluations=80)
    assert [(r.job.trial, r.job.budget) for r in trace.results if r.job.budget == 1][:9] == [(i, 1) for i in range(9)]
    assert sorted(r.job.budget for r in trace.results) == sorted(r.job.budget for r in plain.results)
    configs = np.array([[r.job.config["x"], r.job.config["y"]] for r in trace.results[-25:]])
    assert np.abs(np.median(configs, axis=0) - [0.3, 0.8]).max() < 0.15


def test_in_brackets_the_model_is_that_of_the_largest_budget_with_enough_results(bowl):
    optimizer = ForestHyperband(bowl.domain(), bowl.budgets, np.random.default_rng(0), initial=4)
    simulate(optimizer, bowl, evaluations=13)  # the first bracket: nine of 1, three of 3, one of 9
    assert optimizer._enough() is optimizer._told[1]
    simulate(optimizer, bowl, evaluations=4)  # the second: three of 3, one of 9
    assert optimizer._enough() is optimizer._told[3]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"trees": 1}, "trees must be at least 2"),
        ({"initial": 1}, "initial must be at least 2"),
        ({"random_fraction": 1.5}, r"random_fraction must be in \[0, 1\], got 1.5"),
    ],
)
def test_settings_of_the_forest_in_brackets_that_cannot_be(bowl, settings, message):
    with pytest.raises(InputError, match=message):
        ForestHyperband(bowl.domain(), bowl.budgets, np.random.default_rng(0), **settings)
