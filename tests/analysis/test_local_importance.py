"""LPI, marginal curves and ablation paths: by hand on a tree of five nodes, and against the forest's predictions."""

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float

import lcbench
from lcbench.analysis.importance.ablation import ablation_path, ablation_paths
from lcbench.analysis.importance.axes import axes_of, cube_axes
from lcbench.analysis.importance.fanova import local_importance
from lcbench.analysis.importance.marginals import marginal_curve, marginal_map
from lcbench.analysis.importance.model import ForestSettings, fit, model_of
from lcbench.analysis.importance.task import fit_task, observations
from lcbench.errors import InputError, UnknownNameError
from lcbench.space.encoding import Encoding
from lcbench.space.spaces import sample

ensemble = pytest.importorskip("sklearn.ensemble", reason="importance needs scikit-learn (lcbench[models])")


@pytest.fixture(scope="module")
def five_nodes():
    """x <= 0.5: 0; else y <= 0.5: 4; else 6."""
    tree = ensemble.RandomForestRegressor(n_estimators=1, bootstrap=False, random_state=0)
    tree.fit([[0.25, 0.5], [0.75, 0.25], [0.75, 0.75]], [0.0, 4.0, 6.0])
    return model_of(tree, cube_axes(("x", "y")))


@pytest.fixture(scope="module")
def random_forest():
    """A forest of five trees over three real numbers, and what wraps it."""
    rng = np.random.default_rng(0)
    cube = rng.random((60, 3))
    forest = ensemble.RandomForestRegressor(n_estimators=5, random_state=0).fit(cube, rng.normal(size=60))
    return forest, model_of(forest, cube_axes(("x", "y", "z")))


def test_predictions_are_the_forest_s(random_forest):
    forest, model = random_forest
    points = np.random.default_rng(1).random((20, 3))
    np.testing.assert_allclose([model.predict(point) for point in points], forest.predict(points), atol=1e-12)


def test_lpi_by_hand(five_nodes):
    # at (0.75, 0.25): along x 0 and 4, variance 4; along y 4 and 6, variance 1
    found = local_importance(five_nodes, [0.75, 0.25])
    assert found["variance"].to_numpy() == pytest.approx([4, 1])
    assert found["importance"].to_numpy() == pytest.approx([0.8, 0.2])
    # at (0.25, 0.75): along x 0 and 6, variance 9; along y 0
    assert local_importance(five_nodes, [0.25, 0.75])["importance"].tolist() == [1, 0]


def test_lpi_of_a_flat_forest_is_not_defined():
    flat = ensemble.RandomForestRegressor(n_estimators=1, random_state=0).fit([[0.0], [1.0]], [2.0, 2.0])
    found = local_importance(model_of(flat, cube_axes(("x",))), [0.5])
    assert np.isnan(found["importance"].item())


def test_lpi_is_the_variance_of_predictions_along_the_axis(random_forest):
    forest, model = random_forest
    point = np.array([0.3, 0.6, 0.9])
    fine = (np.arange(20000) + 0.5) / 20000
    expected = []
    for j in range(3):
        line = np.tile(point, (len(fine), 1))
        line[:, j] = fine
        expected.append(forest.predict(line).var())
    found = local_importance(model, point)
    np.testing.assert_allclose(found["variance"], expected, rtol=0.01)
    assert found["importance"].sum() == pytest.approx(1)


@pytest.fixture(scope="module")
def switched():
    """The loss is x if the switch is on, else 1/2."""
    space = ConfigurationSpace()
    space.add(Categorical("switch", ["off", "on"]), Float("x", (0, 1)))
    space.add(EqualsCondition(space["x"], space["switch"], "on"))
    configs = sample(space, 1000, np.random.default_rng(0))
    losses = np.where(configs["switch"] == "on", configs["x"].fillna(0), 0.5)
    return fit(
        axes_of(space), Encoding(space).vectors(configs), losses, np.random.default_rng(1), ForestSettings(trees=8)
    )


def test_lpi_with_a_condition(switched):
    # on, x = 0: along x variance 1/12, along the switch 0 and 1/2, variance 1/16
    found = local_importance(switched, [1.0, 0.0]).set_index("hyperparameter")["importance"]
    assert found["x"] == pytest.approx((1 / 12) / (1 / 12 + 1 / 16), abs=0.03)
    # off: x is inactive, and averaged over where the switch turns it on: 1/2 there too
    off = local_importance(switched, [0.0, np.nan]).set_index("hyperparameter")["variance"]
    assert off["x"] == 0
    assert off["switch"] == pytest.approx(0, abs=1e-3)


def test_marginals_by_hand(five_nodes):
    assert marginal_curve(five_nodes, "x", np.array([0.2, 0.8]))["mean"].to_numpy() == pytest.approx([0, 5])
    assert marginal_curve(five_nodes, "y", np.array([0.2, 0.8]))["mean"].to_numpy() == pytest.approx([2, 3])
    grid = marginal_map(five_nodes, "y", "x", most=2)
    assert grid[["first", "second"]].to_numpy().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert grid["mean"].to_numpy() == pytest.approx([0, 4, 0, 6])
    assert (grid["spread"] == 0).all()


def test_marginals_are_means_of_predictions(random_forest):
    forest, model = random_forest
    others = np.random.default_rng(2).random((20000, 3))
    for j, name in enumerate("xyz"):
        curve = marginal_curve(model, name, np.array([0.1, 0.5, 0.9]))
        for _, (coordinate, mean, spread) in curve.iterrows():
            points = others.copy()
            points[:, j] = coordinate
            trees = [tree.predict(points).mean() for tree in forest.estimators_]
            assert mean == pytest.approx(np.mean(trees), abs=0.03)
            assert spread == pytest.approx(np.std(trees), abs=0.03)
    cell = marginal_map(model, "x", "z", most=3).iloc[5]
    points = others.copy()
    points[:, 0], points[:, 2] = cell["first"], cell["second"]
    assert (cell["first"], cell["second"]) == (0.5, 1)
    assert cell["mean"] == pytest.approx(forest.predict(points).mean(), abs=0.03)


def test_the_mean_of_a_marginal_is_the_mean_of_all(random_forest):
    _, model = random_forest
    fine = (np.arange(5000) + 0.5) / 5000
    everywhere = model.predict(np.full(3, np.nan))
    for name in "xyz":
        assert marginal_curve(model, name, fine)["mean"].mean() == pytest.approx(everywhere, abs=1e-3)


def test_marginals_of_integers_are_at_their_values():
    bench = lcbench.load()
    model = fit_task(observations(bench, bench.datasets[0]), settings=ForestSettings(4))
    curve = marginal_curve(model, "num_layers")
    assert bench.space["num_layers"].to_value(curve["coordinate"].to_numpy()).tolist() == [1, 2, 3, 4, 5]
    assert curve["mean"].mean() == pytest.approx(model.predict(np.full(7, np.nan)))


def test_bad_names(five_nodes):
    with pytest.raises(UnknownNameError, match="hyperparameter 'z'"):
        marginal_curve(five_nodes, "z")
    with pytest.raises(InputError, match="another hyperparameter than 'x'"):
        marginal_map(five_nodes, "x", "x")


def test_ablation_by_hand(five_nodes):
    # from (0.75, 0.75), loss 6: x alone gives 0, y alone 4
    down = ablation_path(five_nodes, [0.75, 0.75], [0.25, 0.25])
    assert down["hyperparameter"].tolist() == ["", "x", "y"]
    assert down["loss"].tolist() == [6, 0, 0]
    assert down["gain"].tolist() == [0, 6, 0]
    # and back: y alone stays at 0, x alone gives 4; the better first
    up = ablation_path(five_nodes, [0.25, 0.25], [0.75, 0.75])
    assert up["hyperparameter"].tolist() == ["", "y", "x"]
    assert up["gain"].tolist() == [0, 0, -6]


def test_ablation_changes_what_differs_and_is_active(five_nodes):
    assert ablation_path(five_nodes, [0.75, 0.75], [0.25, 0.75])["hyperparameter"].tolist() == ["", "x"]
    assert ablation_path(five_nodes, [0.75, 0.75], [0.75, np.nan])["loss"].tolist() == [6]
    # y is inactive in the source: (4 + 6) / 2 until it is set
    assert ablation_path(five_nodes, [0.75, np.nan], [0.75, 0.25])["loss"].tolist() == [5, 4]


def test_ablation_is_greedy_and_its_gains_add_up(random_forest):
    forest, model = random_forest
    source, target = np.random.default_rng(3).random((2, 3))
    path = ablation_path(model, source, target)
    assert path["gain"].sum() == pytest.approx(model.predict(source) - model.predict(target))
    assert path["loss"].iloc[[0, -1]].to_numpy() == pytest.approx(forest.predict([source, target]))
    singles = []
    for j in range(3):
        changed = source.copy()
        changed[j] = target[j]
        singles.append(model.predict(changed))
    assert path["hyperparameter"][1] == "xyz"[int(np.argmin(singles))]
    assert path["loss"][1] == pytest.approx(min(singles))


def test_ablation_ends_at_each_data_set_s_best(bench):
    paths = ablation_paths(bench, settings=ForestSettings(4))
    assert set(paths["dataset"]) == set(bench.datasets)
    for dataset, path in paths.groupby("dataset"):
        task = observations(bench, dataset)
        assert path["loss"].iloc[-1] == pytest.approx(
            fit_task(task, settings=ForestSettings(4)).predict(task.incumbent)
        )
        assert path["step"].tolist() == list(range(len(path)))
