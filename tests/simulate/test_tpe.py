"""The tree-structured Parzen estimator and its kernels, by hand."""

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace, EqualsCondition, Float, Integer
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import truncnorm

from lcbench.errors import InputError
from lcbench.simulate import FunctionBackend, simulate
from lcbench.simulate.optimizers._parzen import (
    NumberKernels,
    age_weights,
    category_weights,
    mixture_weights,
    neighbour_bandwidths,
)
from lcbench.simulate.optimizers.random_search import RandomSearch
from lcbench.simulate.optimizers.tpe import TPE, active_together, split
from lcbench.table.curve import Curve


def test_the_newest_25_results_weigh_alike_and_the_older_ones_less():
    assert age_weights(3).tolist() == [1.0] * 3
    assert age_weights(0).tolist() == []
    weights = age_weights(29)
    np.testing.assert_allclose(weights[:4], np.linspace(1 / 29, 1, 4))
    assert weights[4:].tolist() == [1.0] * 25
    assert mixture_weights(3, 1.0).tolist() == [0.25] * 4
    assert mixture_weights(0, 3.0).tolist() == [1.0]


def test_bandwidths_are_the_larger_distance_to_the_neighbours():
    centres = np.array([[0.9, 0.1, 0.4, 0.41]])  # in order 0.1, 0.4, 0.41, 0.9; the least is 1 / 6
    np.testing.assert_allclose(neighbour_bandwidths(centres), [[0.49, 0.3, 0.3, 0.49]])
    np.testing.assert_allclose(neighbour_bandwidths(np.array([[0.5, 0.5, 0.5]])), [[0.2] * 3])
    np.testing.assert_allclose(neighbour_bandwidths(np.array([[0.2]])), [[0.8]])


def test_a_density_by_hand():
    kernels = NumberKernels.fit(np.array([[0.2], [0.6]]), 1.0)
    by_hand = [
        sum(truncnorm.pdf(x, -c / w, (1 - c) / w, c, w) for c, w in ((0.2, 0.4), (0.6, 0.4), (0.5, 1.0))) / 3
        for x in (0.0, 0.3, 1.0)
    ]
    np.testing.assert_allclose(kernels.density(np.array([[0.0], [0.3], [1.0]]))[:, 0], by_hand)


@settings(max_examples=20, deadline=None)
@given(values=st.lists(st.floats(0, 1), min_size=0, max_size=40), prior_weight=st.floats(0.1, 5))
def test_a_density_integrates_to_one(values, prior_weight):
    kernels = NumberKernels.fit(np.array(values).reshape(-1, 1), prior_weight)
    middles = (np.arange(4000) + 0.5) / 4000
    assert kernels.density(middles[:, None]).mean() == pytest.approx(1, abs=1e-4)


def test_draws_follow_their_density():
    kernels = NumberKernels.fit(np.array([[0.1, 0.9], [0.12, 0.5], [0.14, 0.1]]), 1.0)
    drawn = kernels.sample(np.random.default_rng(0), 20_000)
    assert ((drawn >= 0) & (drawn <= 1)).all()
    middles = (np.arange(1000) + 0.5) / 1000
    expected = (kernels.density(np.tile(middles[:, None], 2)) * middles[:, None]).mean(axis=0)
    np.testing.assert_allclose(drawn.mean(axis=0), expected, atol=0.01)


def test_category_probabilities_by_hand():
    """Two results, weights 1/3 each and 1/3 for the prior; a kernel has 4/3 at its own and 1/3 at the two others."""
    found = category_weights(np.array([0.0, 0.0]), 3, 1.0)
    np.testing.assert_allclose(found, [2 / 3 * (4 / 3) / 2 + 1 / 9, 2 / 3 * (1 / 3) / 2 + 1 / 9, 2 / 9])
    assert category_weights(np.array([]), 4, 1.0).tolist() == [0.25] * 4
    assert category_weights(np.array([2.0, 0.0, 2.0]), 5, 0.7).sum() == pytest.approx(1)


def test_good_ones_are_a_tenth_at_most_25_and_none_that_diverged():
    losses = np.array([3.0, 1.0, np.inf, 2.0])
    good, bad = split(losses, 0.5, 25)
    assert (good.tolist(), bad.tolist()) == ([1, 3], [0, 2])
    assert split(losses, 0.1, 25)[0].tolist() == [1]
    assert len(split(np.arange(1000.0), 0.1, 25)[0]) == 25
    assert split(np.array([np.inf, np.inf, 5.0]), 0.9, 25)[0].tolist() == [2]


def test_hyperparameters_that_are_active_together_are_modelled_together():
    good, bad = np.array([[0.1, np.nan, 0.3, 1.0]]), np.array([[0.2, 0.4, 0.5, 0.0], [0.3, np.nan, 0.1, 0.0]])
    found = [(g, rows.tolist(), others.tolist()) for g, rows, others in active_together(good, bad, (0, 0, 0, 2))]
    assert found == [([0, 2], [True], [True, True]), ([1], [False], [True, False])]


def conditional():
    """A kind that has a width, whose best is 0.8, and one that has none."""
    space = ConfigurationSpace({"kind": ["plain", "wide"]})
    space.add(Float("rate", (1e-4, 1.0), log=True), Integer("width", (1, 100)))
    space.add(EqualsCondition(space["width"], space["kind"], "wide"))

    def curve(config, budget):
        loss = abs(np.log10(config["rate"]) + 2) + (abs(config["width"] - 80) / 100 if "width" in config else 1)
        return Curve(np.full(budget + 1, loss), np.arange(budget + 1.0))

    return FunctionBackend(space, (1,), curve)


def test_it_finds_more_than_random_search_on_a_conditional_space():
    backend = conditional()

    def best(make, seed):
        optimizer = make(backend.domain(), backend.budgets, np.random.default_rng(seed))
        return simulate(optimizer, backend, workers=3, evaluations=60).incumbent(np.inf).loss

    found, drawn = ([best(make, seed) for seed in range(2)] for make in (TPE, RandomSearch))
    assert np.mean(found) < 0.7 * np.mean(drawn)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"gamma": 0.0}, r"gamma must be in \(0, 1\), got 0.0"),
        ({"most_good": 0}, "most_good must be at least 1, got 0"),
        ({"candidates": 0}, "candidates must be at least 1, got 0"),
        ({"initial": 0}, "initial must be at least 1, got 0"),
        ({"prior_weight": 0.0}, "prior_weight must be more than 0, got 0.0"),
    ],
)
def test_settings_that_cannot_be(bowl, settings, message):
    with pytest.raises(InputError, match=message):
        TPE(bowl.domain(), bowl.budgets, np.random.default_rng(0), **settings)
