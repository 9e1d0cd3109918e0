"""The scale of marginals: who weighs how much, by hand."""

import numpy as np
import pytest
from ConfigSpace import (
    Categorical,
    ConfigurationSpace,
    Constant,
    EqualsCondition,
    Float,
    Integer,
    OrdinalHyperparameter,
)

from lcbench.analysis.importance.axes import Axis, axes_of, cube_axes, fill_inactive, place_of
from lcbench.errors import InputError, UnknownNameError
from lcbench.space import paper
from lcbench.space.encoding import Encoding
from lcbench.space.spaces import sample


def axis(part) -> Axis:
    space = ConfigurationSpace()
    space.add(part)
    return axes_of(space)[0]


def test_a_real_number_is_uniform_on_its_own_scale():
    real = axis(Float("x", (1e-4, 1e-1), log=True))
    assert not real.is_discrete
    np.testing.assert_array_equal(real.share([-np.inf, 0.25, np.inf]), [0, 0.25, 1])


def test_integers_weigh_alike_although_the_unit_cube_gives_the_ends_half_the_room():
    layers = axis(Integer("num_layers", (1, 5)))
    np.testing.assert_allclose(layers.points, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(layers.share([-np.inf, -0.1, 0.125, 0.3, 0.9, np.inf]), [0, 0, 0.2, 0.4, 0.8, 1])


def test_integers_on_a_log_scale_by_hand():
    # log-uniform from 0.5 to 4.5, rounded: 1 holds [0.5, 1.5], and so on
    units = axis(Integer("units", (1, 4), log=True))
    np.testing.assert_allclose(units.masses, np.log([3, 5 / 3, 7 / 5, 9 / 7]) / np.log(9))
    np.testing.assert_allclose(units.points, np.log([1, 2, 3, 4]) / np.log(4), rtol=1e-6)


def test_probabilities_of_integers_are_those_of_drawing_them():
    space = paper.mlp()
    units = axes_of(space)[list(space).index("max_units")]
    drawn = Encoding(space).vectors(sample(space, 1500, np.random.default_rng(0)))[:, list(space).index("max_units")]
    for threshold in (0.1, 0.5, 0.9):
        assert units.share(threshold) == pytest.approx((drawn <= threshold).mean(), abs=0.04)


def test_categories_ordinals_and_constants():
    parts = [Categorical("c", ["a", "b", "d", "e"]), OrdinalHyperparameter("o", ["low", "high"]), Constant("k", 7)]
    found = [axis(part) for part in parts]
    assert [each.masses.tolist() for each in found] == [[0.25] * 4, [0.5, 0.5], [1.0]]
    np.testing.assert_allclose(found[0].share([0.5, 1.5, 3.5]), [0.25, 0.5, 1])


def test_an_integer_of_many_values_counts_as_a_real_number():
    assert not axis(Integer("n", (1, 10**6))).is_discrete


def test_draws_follow_the_masses():
    discrete = Axis("x", np.array([0.0, 1.0]), np.array([0.25, 0.75]))
    drawn = discrete.draw(4000, np.random.default_rng(0))
    assert set(drawn) == {0.0, 1.0}
    assert drawn.mean() == pytest.approx(0.75, abs=0.03)
    real = Axis("x").draw(4000, np.random.default_rng(0))
    assert real.mean() == pytest.approx(0.5, abs=0.03)


def test_grids_increase_and_hold_legal_values_only():
    units = axis(Integer("units", (1, 512), log=True))
    grid = units.grid(20)
    assert (np.diff(grid) > 0).all()
    assert np.isin(grid, units.points).all()
    assert (grid[0], grid[-1]) == (0, 1)
    assert np.diff(grid)[3:].max() < 0.2  # even on the log scale, apart from the gap between 1, 2 and 3
    np.testing.assert_allclose(Axis("x").grid(5), [0, 0.25, 0.5, 0.75, 1])


def test_inactive_values_are_drawn_and_active_ones_kept():
    space = ConfigurationSpace()
    space.add(Categorical("switch", ["off", "on"]), Float("x", (0, 1)))
    space.add(EqualsCondition(space["x"], space["switch"], "on"))
    cube = Encoding(space).vectors(sample(space, 500, np.random.default_rng(0)))
    filled = fill_inactive(cube, axes_of(space), np.random.default_rng(1))
    active = ~np.isnan(cube)
    assert not active.all()
    np.testing.assert_array_equal(filled[active], cube[active])
    assert not np.isnan(filled).any()
    assert filled[~active].std() == pytest.approx(1 / np.sqrt(12), abs=0.03)


def test_bad_axes_and_names():
    with pytest.raises(InputError, match="must sum to 1"):
        Axis("x", np.array([0.0, 1.0]), np.array([0.5, 0.6]))
    with pytest.raises(InputError, match="one for each of 2 points"):
        Axis("x", np.array([0.0, 1.0]), np.array([1.0]))
    with pytest.raises(InputError, match="must increase"):
        Axis("x", np.array([1.0, 0.0]), np.array([0.5, 0.5]))
    with pytest.raises(UnknownNameError, match="learning_rate"):
        place_of(cube_axes(("learning_rate", "momentum")), "learning_rates")
