"""Priors: densities over the unit cube, from distributions of ConfigSpace or around a point."""

import numpy as np
import pytest
from ConfigSpace import Beta, Categorical, ConfigurationSpace, Float, Integer, Normal, OrdinalHyperparameter
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, truncnorm

from lcbench.errors import InputError
from lcbench.space.prior import Prior

SPACE = ConfigurationSpace(
    space=[
        Float("rate", (1e-4, 1e-1), log=True),
        Float("share", (0.0, 1.0)),
        Integer("layers", (1, 5)),
        Categorical("kind", ["a", "b", "c"]),
    ]
)  # in the space's order: kind, layers, rate, share
BELIEVED = ConfigurationSpace(
    space=[
        Float("rate", (1e-4, 1e-1), log=True, distribution=Normal(1e-2, 0.2)),
        Float("share", (0.0, 1.0), distribution=Beta(2, 5)),
        Categorical("kind", ["c", "a", "b"], weights=[0.6, 0.3, 0.1]),
    ]
)


@pytest.fixture
def stated():
    return Prior.of(SPACE, BELIEVED)


def test_what_distributions_of_configspace_state(stated):
    kind, layers, rate, share = stated.masses
    np.testing.assert_allclose(kind, [0.3, 0.1, 0.6])
    np.testing.assert_allclose(layers, 1 / 1000)
    assert (rate.argmax() + 0.5) / 1000 == pytest.approx(2 / 3, abs=2e-3), "0.01 is two of three decades up"
    middles = (np.arange(1000) + 0.5) / 1000
    np.testing.assert_allclose(share * 1000, beta.pdf(middles, 2, 5), rtol=1e-3)


def test_density_is_the_product_of_those_of_active_hyperparameters(stated):
    kind, _, rate, share = stated.masses
    point = np.array([[2.0, 0.5, 0.25, 0.1], [np.nan, np.nan, np.nan, 0.1], [np.nan] * 4])
    expected = [3 * kind[2] * rate[250] * share[100] * 1000**2, share[100] * 1000, 1.0]
    np.testing.assert_allclose(np.exp(stated.log_density(point)), expected, rtol=1e-9)
    np.testing.assert_allclose(stated.log_density(np.array([[0.0, 1.0, 1.0, 0.0]])).shape, (1,))


def test_draws_follow_the_density(stated):
    drawn = stated.sample(np.random.default_rng(0), 20_000)
    np.testing.assert_allclose(np.bincount(drawn[:, 0].astype(int)) / 20_000, [0.3, 0.1, 0.6], atol=0.02)
    assert drawn[:, 3].mean() == pytest.approx(2 / 7, abs=0.01)
    assert ((drawn >= 0) & (drawn <= np.array([2, 1, 1, 1]))).all()


@settings(max_examples=12, deadline=None)
@given(at=st.floats(0, 1), std=st.floats(0.02, 1), level=st.integers(0, 3))
def test_around_a_point(at, std, level):
    prior = Prior.around(np.array([at, float(level), np.nan]), (0, 4, 0), std)
    ends = np.arange(1, 1001) / 1000
    expected = truncnorm.cdf(ends, -at / std, (1 - at) / std, at, std)
    np.testing.assert_allclose(prior.masses[0].cumsum(), expected, atol=0.002)
    assert prior.masses[1][level] == 0.75
    assert [mass.sum() for mass in prior.masses] == pytest.approx([1.0] * 3)
    np.testing.assert_allclose(prior.masses[2], 1 / 1000)
    assert prior.mode[0] == pytest.approx(at, abs=1e-3)
    assert prior.mode[1:].tolist() == [level, 0.5]
    assert not prior.is_uniform


def test_a_uniform_prior_says_nothing(stated):
    prior = Prior.uniform((0, 3))
    assert prior.is_uniform
    assert not stated.is_uniform
    assert prior.log_density(np.array([[0.2, 1.0], [np.nan, 2.0]])) == pytest.approx(0, abs=1e-12)
    assert Prior.of(SPACE, SPACE).is_uniform


def test_a_level_that_is_believed_impossible_is_only_very_unlikely():
    space = ConfigurationSpace(space=[Categorical("kind", ["a", "b"])])
    prior = Prior.of(space, ConfigurationSpace(space=[Categorical("kind", ["a", "b"], weights=[1.0, 0.0])]))
    assert np.isfinite(prior.log_density(np.array([[1.0]]))).all()
    assert (prior.sample(np.random.default_rng(0), 100) == 0).all()


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (Float("other", (0.0, 1.0)), "prior must have hyperparameters of the space only, got other"),
        (Float("rate", (1e-4, 1.0), log=True), "prior of rate must have the space's range"),
        (Float("rate", (1e-4, 1e-1)), "prior of rate must have the space's range"),
        (Categorical("rate", ["a"]), "prior of rate must have the space's range"),
        (Categorical("kind", ["a", "b"]), "prior of kind must have the space's levels"),
        (Float("kind", (0.0, 1.0)), "prior of kind must have the space's levels"),
    ],
)
def test_priors_of_another_space_are_refused(part, message):
    with pytest.raises(InputError, match=message):
        Prior.of(SPACE, ConfigurationSpace(space=[part]))


def test_an_ordinal_has_no_weights():
    space = ConfigurationSpace(space=[OrdinalHyperparameter("size", ["s", "m", "l"])])
    assert Prior.of(space, space).is_uniform
