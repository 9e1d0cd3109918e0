"""fANOVA by hand, against brute force on small forests, against Optuna on the same forest, and on any kind of space."""

import sys
import warnings
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float
from hypothesis import given, settings
from hypothesis import strategies as st

import lcbench
from lcbench.analysis.importance.axes import axes_of, cube_axes
from lcbench.analysis.importance.fanova import (
    interactions,
    main_effects,
    pair_fractions,
    total_variances,
    tree_fractions,
)
from lcbench.analysis.importance.model import ForestSettings, boxes_of, fit, grown, model_of
from lcbench.analysis.importance.task import importance, observations, tasks
from lcbench.errors import InputError
from lcbench.space import paper
from lcbench.space.encoding import Encoding
from lcbench.space.spaces import sample

sklearn_ensemble = pytest.importorskip("sklearn.ensemble", reason="importance needs scikit-learn (lcbench[models])")


def forest(points, losses, **options):
    options = {"n_estimators": 1, "bootstrap": False, "random_state": 0} | options
    return sklearn_ensemble.RandomForestRegressor(**options).fit(np.asarray(points), np.asarray(losses))


def five_nodes():
    """x <= 0.5: 0; else y <= 0.5: 4; else 6."""
    return model_of(forest([[0.25, 0.5], [0.75, 0.25], [0.75, 0.75]], [0.0, 4.0, 6.0]), cube_axes(("x", "y")))


def test_a_tree_of_five_nodes_by_hand():
    # mean 2.5, variance 0.25 * 16 + 0.25 * 36 - 6.25 = 6.75
    # x alone: 0 and 5, variance 6.25; y alone: 2 and 3, variance 0.25; the rest is 0.25
    model = five_nodes()
    assert total_variances(model.shares) == pytest.approx([6.75])
    assert main_effects(model)["importance"].to_numpy() == pytest.approx([25 / 27, 1 / 27])
    assert main_effects(model)["spread"].tolist() == [0, 0]
    pairs = interactions(model)
    assert pairs.loc[0, ["first", "second"]].tolist() == ["x", "y"]
    assert pairs["importance"].to_numpy() == pytest.approx([1 / 27])


@pytest.mark.parametrize(("a", "b"), [(2, 1), (1, 1), (1, -3)])
def test_a_sum_splits_by_squares(a, b):
    cube = np.random.default_rng(0).random((3000, 2))
    model = fit(cube_axes(("x", "y")), cube, cube @ [a, b], np.random.default_rng(1), ForestSettings(trees=8))
    found = main_effects(model)["importance"].to_numpy()
    np.testing.assert_allclose(found, np.array([a**2, b**2]) / (a**2 + b**2), atol=0.02)
    assert interactions(model)["importance"].item() < 0.02


def test_a_product_of_centred_factors_is_all_interaction():
    cube = np.random.default_rng(0).random((3000, 2))
    losses = (cube - 0.5).prod(axis=1)
    model = fit(cube_axes(("x", "y")), cube, losses, np.random.default_rng(1), ForestSettings(trees=8))
    assert main_effects(model)["importance"].max() < 0.03
    assert interactions(model)["importance"].item() > 0.94


def brute_force(tree, axes):
    """Variances of every marginal of up to two dimensions, from the tree's predictions on all cells of its grid."""
    inner = tree.tree_.feature >= 0
    cells = []
    for j in range(len(axes)):
        cuts = np.unique(tree.tree_.threshold[inner & (tree.tree_.feature == j)])
        edges = np.concatenate([[-1.0], cuts, [2.0]])
        shares = axes[j].share(np.concatenate([[-np.inf], cuts, [np.inf]]))
        cells.append(((edges[1:] + edges[:-1]) / 2, np.diff(shares)))
    values = tree.predict(np.array(list(product(*(middle for middle, _ in cells)))))
    values = values.reshape([len(middle) for middle, _ in cells])
    weights = np.ones(())
    for _, width in cells:
        weights = np.multiply.outer(weights, width)
    mean = (weights * values).sum()
    found = {(): (weights * (values - mean) ** 2).sum()}
    for size in (1, 2):
        for kept in combinations(range(len(axes)), size):
            rest = tuple(j for j in range(len(axes)) if j not in kept)
            weight = weights.sum(axis=rest)
            marginal = np.divide((weights * values).sum(axis=rest), weight, out=np.zeros_like(weight), where=weight > 0)
            found[kept] = (weight * (marginal - mean) ** 2).sum()
    return found


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), configs=st.integers(5, 30))
def test_any_forest_agrees_with_brute_force(seed, configs):
    rng = np.random.default_rng(seed)
    layers, *_ = axes_of(ConfigurationSpace({"layers": (1, 4)}))
    axes = (*cube_axes(("x", "y")), layers)
    cube = np.column_stack([rng.random((configs, 2)), rng.choice(layers.points, configs)])
    fitted = forest(cube, 100 + rng.normal(size=configs), n_estimators=3, bootstrap=True, random_state=seed)
    model = model_of(fitted, axes)
    mains, pairs, totals = tree_fractions(model), pair_fractions(model), total_variances(model.shares)
    for number, tree in enumerate(fitted.estimators_):
        exact = brute_force(tree, axes)
        if exact[()] < 1e-18:  # its sample held one configuration, again and again
            assert np.isnan(totals[number]) and np.isnan(mains[number]).all() and np.isnan(pairs[number]).all()
            continue
        assert totals[number] == pytest.approx(exact[()], rel=1e-9)
        expected = [exact[(j,)] / exact[()] for j in range(3)]
        np.testing.assert_allclose(mains[number], expected, atol=1e-9)
        alone = [(exact[i, j] - exact[i,] - exact[j,]) / exact[()] for i, j in combinations(range(3), 2)]
        np.testing.assert_allclose(pairs[number], np.clip(alone, 0, 1), atol=1e-9)
        assert mains[number].sum() + pairs[number].sum() <= 1 + 1e-9


def optuna_study(cube, losses):
    optuna = pytest.importorskip("optuna", reason="compares with Optuna's evaluator, which is not installed")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    names = [f"x{j}" for j in range(cube.shape[1])]
    scales = {name: optuna.distributions.FloatDistribution(0, 1) for name in names}
    study = optuna.create_study()
    for point, loss in zip(cube.tolist(), losses.tolist(), strict=True):
        params = dict(zip(names, point, strict=True))
        study.add_trial(optuna.trial.create_trial(params=params, distributions=scales, value=loss))
    return optuna, study, tuple(names)


@pytest.mark.parametrize("dataset", lcbench.load().datasets[:2])
def test_equal_to_optuna_on_the_same_forest(dataset):
    task = observations(lcbench.load(), dataset)
    optuna, study, names = optuna_study(task.cube, task.losses)
    theirs = optuna.importance.FanovaImportanceEvaluator(n_trees=3, seed=5).evaluate(study)
    same = forest(task.cube, task.losses, n_estimators=3, max_depth=64, bootstrap=True, random_state=5)
    ours = main_effects(model_of(same, cube_axes(names))).set_index("hyperparameter")["importance"]
    for name in names:
        assert ours[name] == pytest.approx(theirs[name], abs=1e-9)


def test_near_to_optuna_with_a_forest_of_its_own():
    task = observations(lcbench.load(), lcbench.load().datasets[0])
    optuna, study, names = optuna_study(task.cube, task.losses)
    theirs = optuna.importance.FanovaImportanceEvaluator(n_trees=8, seed=1).evaluate(study)
    model = fit(cube_axes(names), task.cube, task.losses, np.random.default_rng(2), ForestSettings(trees=64))
    for name, ours in zip(names, main_effects(model)["importance"], strict=True):
        assert ours == pytest.approx(theirs[name], abs=0.1)


def test_the_scale_is_the_search_space_s():
    # learning_rate <= 1e-3 is a third of [1e-4, 1e-1] on the log scale, not a hundredth; one layer of five is a fifth
    mlp = paper.mlp()
    configs = sample(mlp, 1500, np.random.default_rng(0))
    cube, everywhere = Encoding(mlp).vectors(configs), np.full(7, np.nan)
    slow = (configs["learning_rate"] <= 1e-3).to_numpy(dtype=float)
    linear = (configs["num_layers"] == 1).to_numpy(dtype=float)
    few = ForestSettings(trees=4)
    assert fit(axes_of(mlp), cube, slow, np.random.default_rng(1), few).predict(everywhere) == pytest.approx(
        1 / 3, abs=0.01
    )
    assert fit(axes_of(mlp), cube, linear, np.random.default_rng(1), few).predict(everywhere) == pytest.approx(0.2)
    both = main_effects(fit(axes_of(mlp), cube, slow * 0.48 + linear, np.random.default_rng(1), few))
    variances = {"learning_rate": 0.48**2 * 2 / 9, "num_layers": 0.16}  # p (1 - p)
    for name, variance in variances.items():
        found = both.set_index("hyperparameter")["importance"][name]
        assert found == pytest.approx(variance / sum(variances.values()), abs=0.02)


def test_categories_have_no_order():
    space = ConfigurationSpace()
    space.add(Categorical("c", ["a", "b", "d", "e"]), Float("x", (0, 1)))
    configs = sample(space, 2000, np.random.default_rng(0))
    losses = configs["c"].isin(["b", "e"]) + np.sqrt(3) * configs["x"]  # each of variance 1/4
    model = fit(
        axes_of(space), Encoding(space).vectors(configs), losses.to_numpy(), np.random.default_rng(1), ForestSettings(8)
    )
    np.testing.assert_allclose(main_effects(model)["importance"], 0.5, atol=0.02)


@pytest.mark.parametrize(("off", "expected"), [(0.0, (0.6, 0.2, 0.2)), (0.5, (0.0, 0.5, 0.5))])
def test_a_condition_by_hand(off, expected):
    # Loss x if the switch is on, else a constant, whatever x would be. With 0: mean 1/4, E f^2 = 1/6, variance 5/48;
    # the switch's marginal is 0 and 1/2 (1/16), that of x is x/2 (1/48). With 1/2: variance 1/24, no effect of the
    # switch, x again 1/48.
    space = ConfigurationSpace()
    space.add(Categorical("switch", ["off", "on"]), Float("x", (0, 1)))
    space.add(EqualsCondition(space["x"], space["switch"], "on"))
    configs = sample(space, 2000, np.random.default_rng(0))
    losses = np.where(configs["switch"] == "on", configs["x"].fillna(0), off)
    model = fit(
        axes_of(space), Encoding(space).vectors(configs), losses, np.random.default_rng(1), ForestSettings(trees=8)
    )
    effects = main_effects(model).set_index("hyperparameter")["importance"]
    found = [effects["switch"], effects["x"], interactions(model)["importance"].item()]
    np.testing.assert_allclose(found, expected, atol=0.03)


def test_constant_trees_are_left_out_and_constant_losses_have_no_importance():
    cube = np.random.default_rng(0).random((20, 2))
    flat = model_of(forest(cube, np.full(20, 0.3), n_estimators=4), cube_axes(("x", "y")))
    assert main_effects(flat)["importance"].isna().all()
    rare = np.zeros(20)
    rare[0] = 1.0  # some trees never see it
    some = model_of(forest(cube, rare, n_estimators=16, bootstrap=True), cube_axes(("x", "y")))
    known = ~np.isnan(tree_fractions(some)).any(axis=1)
    assert 0 < known.sum() < 16
    assert main_effects(some)["importance"].tolist() == pytest.approx(tree_fractions(some)[known].mean(axis=0))


def test_threads_do_not_change_numbers():
    cube = np.random.default_rng(0).random((100, 3))
    one, two = (
        main_effects(
            fit(cube_axes(("x", "y", "z")), cube, cube[:, 0], np.random.default_rng(1), ForestSettings(8, 1, n))
        )
        for n in (1, 2)
    )
    pd.testing.assert_frame_equal(one, two)


def test_errors(monkeypatch):
    axes, rng = cube_axes(("x", "y")), np.random.default_rng(0)
    with pytest.raises(InputError, match="at least 4 configurations, got 3"):
        fit(axes, np.zeros((3, 2)), np.zeros(3), rng)
    with pytest.raises(InputError, match="must be finite"):
        fit(axes, np.zeros((4, 2)), np.array([0, 1, 2, np.inf]), rng)
    with pytest.raises(InputError, match="one for each of the forest's 2 features, got 3"):
        model_of(forest([[0.0, 1.0]], [1.0]), cube_axes(("x", "y", "z")))
    with pytest.raises(InputError, match="trees must be at least 1"):
        ForestSettings(trees=0)
    monkeypatch.setitem(sys.modules, "sklearn.tree", None)
    with pytest.raises(InputError, match=r"pip install 'lcbench\[models\]'"):
        fit(axes, np.zeros((4, 2)), np.zeros(4), rng)


@pytest.mark.parametrize("smallest_leaf", [1, 3])
def test_the_forest_is_scikit_learns_without_its_threads(smallest_leaf, monkeypatch):
    """Their workers empty the warning filters of the whole process, and warn wherever two of them meet."""
    rng = np.random.default_rng(0)
    cube = rng.random((80, 3))
    losses, seed = cube[:, 0] + rng.random(80), int(np.random.default_rng(5).integers(2**31))
    theirs = sklearn_ensemble.RandomForestRegressor(12, min_samples_leaf=smallest_leaf, random_state=seed).fit(
        cube, losses
    )
    monkeypatch.setattr("sklearn.utils.parallel.Parallel.__call__", None)
    before = list(warnings.filters)
    ours = grown(cube, losses, np.random.default_rng(5), ForestSettings(12, smallest_leaf, threads=4))
    assert warnings.filters == before
    for name in ("tree", "value", "low", "high"):
        np.testing.assert_array_equal(getattr(boxes_of(ours), name), getattr(boxes_of(theirs), name))


def test_a_diverged_configuration_is_as_bad_as_the_worst_and_a_missing_one_is_left_out(stub):
    table = stub(1)
    name = table.datasets[0]
    before = observations(table, name)
    table.arrays[name, 12][3, 1, 5:] = np.nan
    after = observations(table, name)
    others = np.delete(before.losses, 3)
    np.testing.assert_array_equal(np.delete(after.losses, 3), others)
    assert after.losses[3] == others.max()
    assert [task.budget for task in tasks(table, "valid_accuracy")] == [3, 6, 12]


def test_importance_has_a_row_for_each_and_the_same_seed_gives_the_same(bench):
    found = importance(bench, settings=ForestSettings(4))
    assert len(found) == 2 * 3 * 7
    assert found.groupby(["dataset", "budget"])["lpi"].sum().to_numpy() == pytest.approx(1)
    assert (found.groupby(["dataset", "budget"])["fanova"].sum() <= 1 + 1e-9).all()
    pd.testing.assert_frame_equal(found, importance(bench, settings=ForestSettings(4)))
    one = importance(bench, budgets=[25], settings=ForestSettings(4))
    pd.testing.assert_frame_equal(one, found[found["budget"] == 25].reset_index(drop=True))
