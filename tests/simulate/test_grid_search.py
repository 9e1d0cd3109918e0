from itertools import product

import numpy as np
import pytest
from ConfigSpace import (
    ConfigurationSpace,
    EqualsCondition,
    Float,
    ForbiddenAndConjunction,
    ForbiddenEqualsClause,
    Integer,
)

from lcbench.errors import InputError
from lcbench.simulate import OPTIMIZERS, ReplayBackend, simulate
from lcbench.simulate.domain import SpaceDomain
from lcbench.simulate.optimizers.grid_search import Grid, GridSearch, axis


def configs_of(space, most=10**6, seed=0, **settings):
    optimizer = GridSearch(SpaceDomain(space), (5,), np.random.default_rng(seed), **settings)
    found = []
    while len(found) < most and (job := optimizer.ask()) is not None:
        found.append(job.config)
    return found


@pytest.mark.parametrize(
    ("part", "categories", "n", "levels"),
    [
        (Float("x", (0.0, 1.0)), 0, 2, [1 / 4, 3 / 4]),
        (Float("x", (0.0, 1.0)), 0, 3, [1 / 6, 1 / 2, 5 / 6]),
        (Float("x", (1e-4, 1e-1), log=True), 0, 2, [1 / 4, 3 / 4]),
        (Integer("n", (1, 9)), 0, 2, [1 / 4, 3 / 4]),
        (Integer("n", (1, 3)), 0, 3, [0, 1 / 2, 1]),
        (Integer("n", (1, 3)), 0, 8, [0, 1 / 2, 1]),
        (None, 4, 2, [0, 1, 2, 3]),
    ],
)
def test_levels_of_one_hyperparameter(part, categories, n, levels):
    assert axis(part, categories, n).tolist() == pytest.approx(levels)


def test_levels_lie_on_the_hyperparameters_own_scale():
    space = ConfigurationSpace([Float("rate", (1e-4, 1e-1), log=True), Integer("units", (64, 512), log=True)])
    found = configs_of(space, levels=3)
    assert sorted({c["rate"] for c in found}) == pytest.approx([10**-3.5, 10**-2.5, 10**-1.5])
    assert sorted({c["units"] for c in found}) == [round(64 * 8**q) for q in (1 / 6, 1 / 2, 5 / 6)]


def test_a_grid_of_3_levels_has_every_combination_once_and_ends():
    space = ConfigurationSpace({"x": (0.0, 6.0), "y": (0.0, 6.0), "c": ["a", "b"]})
    found = [tuple(c[name] for name in ("x", "y", "c")) for c in configs_of(space, levels=3)]
    assert len(found) == 18
    assert sorted(found) == [pytest.approx(each) for each in product((1, 3, 5), (1, 3, 5), "ab")]


def test_finer_grids_follow_and_skip_what_was_there():
    """Of 6 levels (1/12, 3/12, 5/12, ...) two were among 2 levels already: 1/4 and 3/4."""
    xs = [c["x"] for c in configs_of(ConfigurationSpace({"x": (0.0, 1.0)}), most=17)]
    assert sorted(xs[:2]) == pytest.approx([1 / 4, 3 / 4])
    assert sorted(xs[2:5]) == pytest.approx([1 / 6, 1 / 2, 5 / 6])
    assert sorted(xs[5:9]) == pytest.approx([1 / 8, 3 / 8, 5 / 8, 7 / 8])
    assert sorted(xs[9:13]) == pytest.approx([1 / 10, 3 / 10, 7 / 10, 9 / 10])  # 5/10 was among 3 levels
    assert sorted(xs[13:]) == pytest.approx([1 / 12, 5 / 12, 7 / 12, 11 / 12])


def test_a_finite_space_is_used_up_each_configuration_once():
    found = configs_of(ConfigurationSpace({"n": (1, 4), "c": ["a", "b"], "one": [7]}))
    assert sorted((c["n"], c["c"]) for c in found) == sorted(product((1, 2, 3, 4), "ab"))


def test_an_inactive_hyperparameter_gives_no_configuration_twice():
    space = ConfigurationSpace({"c": ["a", "b"], "x": (0.0, 1.0)})
    space.add(EqualsCondition(space["x"], space["c"], "a"))
    found = configs_of(space, levels=2)
    assert sorted(tuple(c.values()) for c in found) == [("a", 0.25), ("a", 0.75), ("b",)]


def test_forbidden_configurations_are_left_out():
    space = ConfigurationSpace({"c": ["a", "b"], "n": (1, 3)})
    space.add(ForbiddenAndConjunction(ForbiddenEqualsClause(space["c"], "a"), ForbiddenEqualsClause(space["n"], 3)))
    found = configs_of(space)
    assert sorted((c["c"], c["n"]) for c in found) == [("a", 1), ("a", 2), ("b", 1), ("b", 2), ("b", 3)]


@pytest.mark.parametrize("seed", range(5))
def test_a_grids_points_come_once_each(seed):
    grid = Grid([np.arange(3.0), np.arange(1.0), np.arange(5.0)], np.random.default_rng(seed))
    points = [tuple(grid.draw()) for _ in range(15)]
    assert sorted(points) == sorted(product(range(3), range(1), range(5)))
    assert grid.draw() is None


def test_the_order_is_shuffled_evenly():
    """Each of the 6 orders of 3 points comes about equally often: chi-squared with 5 degrees, 0.1 % point 20.5."""
    orders = {}
    rng = np.random.default_rng(0)
    for _ in range(3000):
        grid = Grid([np.arange(3.0)], rng)
        order = tuple(float(grid.draw()[0]) for _ in range(3))
        orders[order] = orders.get(order, 0) + 1
    assert len(orders) == 6
    assert sum((n - 500) ** 2 / 500 for n in orders.values()) < 20.5


def test_a_grid_too_large_to_list():
    space = ConfigurationSpace({f"x{i}": (0.0, 1.0) for i in range(80)})
    points = np.array([list(c.values()) for c in configs_of(space, most=50)])
    assert len(np.unique(points, axis=0)) == 50
    assert np.isin(points, [0.25, 0.75]).all()
    assert 0.4 < (points == 0.25).mean() < 0.6


def test_on_a_table_each_point_takes_the_nearest_row_that_is_left(bench):
    backend = ReplayBackend(bench, "alpha")
    optimizer = GridSearch(backend.domain(), backend.budgets, np.random.default_rng(0), levels=1)
    row = backend.config_id(optimizer.ask().config)
    middle = np.where(np.array(backend.table.encoding.levels) == 0, 0.5, 0.0)
    assert row == np.linalg.norm(backend.table.cube - middle, axis=1).argmin()
    assert optimizer.ask() is None


def test_all_trials_are_trained_for_the_largest_budget(bench):
    backend = ReplayBackend(bench, "alpha")
    optimizer = OPTIMIZERS["grid"](backend.domain(), backend.budgets, np.random.default_rng(0))
    assert {r.job.budget for r in simulate(optimizer, backend, evaluations=10).results} == {50}


def test_no_levels():
    with pytest.raises(InputError, match=r"levels must be at least 1 .* got 0"):
        configs_of(ConfigurationSpace({"x": (0.0, 1.0)}), levels=0)
