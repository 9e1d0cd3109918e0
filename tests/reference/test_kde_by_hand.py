"""The density estimate against scipy and against sums written out."""

import numpy as np
import pytest
from scipy import stats

from lcbench.simulate.optimizers._kde import KDE, normal_reference

NAN = np.nan


def test_bandwidths_are_those_of_statsmodels_normal_reference():
    points = np.random.default_rng(0).random((20, 3))
    wanted = [1.06 * np.std(points[:, j]) * 20 ** (-1 / 7) for j in range(3)]
    np.testing.assert_allclose(normal_reference(points), wanted)


def test_density_of_numbers_is_the_mean_of_products_of_normal_densities():
    rng = np.random.default_rng(1)
    points, asked = rng.random((15, 2)), rng.random((6, 2))
    kde = KDE.fit(points, (0, 0))
    kernels = stats.norm.pdf(asked[:, None, :], loc=points[None], scale=kde.bandwidth)
    np.testing.assert_allclose(np.exp(kde.log_density(asked)), kernels.prod(axis=2).mean(axis=1))


def test_density_of_one_number_agrees_with_scipys_gaussian_kde():
    points = np.random.default_rng(2).random((30, 1))
    kde = KDE.fit(points, (0,))
    scipys = stats.gaussian_kde(points[:, 0], bw_method=float(kde.bandwidth[0] / points[:, 0].std(ddof=1)))
    asked = np.linspace(0, 1, 7)
    np.testing.assert_allclose(np.exp(kde.log_density(asked[:, None])), scipys(asked))


def test_category_kernel_by_hand():
    # Three levels, h = 0.3: 1 - h for the same level, h / 2 for another. Points: levels 0, 0, 2.
    kde = KDE(np.array([[0.0], [0.0], [2.0]]), (3,), np.array([0.3]))
    density = np.exp(kde.log_density(np.array([[0.0], [1.0], [2.0]])))
    np.testing.assert_allclose(density, [(0.7 + 0.7 + 0.15) / 3, 0.15, (0.15 + 0.15 + 0.7) / 3])
    assert density.sum() == pytest.approx(1.0)


def test_a_category_with_one_level_and_an_inactive_hyperparameter_change_nothing():
    one = KDE(np.array([[0.4], [0.6]]), (0,), np.array([0.1]))
    wide = KDE(np.array([[0.4, 0.0, NAN], [0.6, 0.0, NAN]]), (0, 1, 0), np.array([0.1, 0.0, 0.2]))
    asked = np.array([[0.5, 0.0, 0.3], [0.1, 0.0, NAN]])
    np.testing.assert_allclose(wide.log_density(asked), one.log_density(asked[:, :1]))


def test_bandwidths_have_a_floor_and_a_category_never_prefers_another_level():
    kde = KDE.fit(np.array([[0.5, 0.0], [0.5, 5.0], [0.5, 0.0]]), (0, 6), min_bandwidth=1e-3)
    assert kde.bandwidth[0] == 1e-3
    assert kde.bandwidth[1] == pytest.approx(5 / 6)


def test_samples_follow_the_normal_distribution_cut_to_the_unit_interval():
    kde = KDE(np.array([[0.1]]), (0,), np.array([0.1]))
    drawn = kde.sample(np.random.default_rng(3), 5000, factor=3.0)[:, 0]
    wanted = stats.truncnorm(-0.1 / 0.3, 0.9 / 0.3, loc=0.1, scale=0.3)
    assert stats.kstest(drawn, wanted.cdf).pvalue > 0.01
    assert drawn.min() >= 0
    assert drawn.max() <= 1


def test_samples_of_categories_keep_their_level_with_probability_one_minus_bandwidth_plus_chance():
    kde = KDE(np.array([[1.0]]), (4,), np.array([0.4]))
    drawn = kde.sample(np.random.default_rng(4), 20000)[:, 0]
    assert np.mean(drawn == 1) == pytest.approx(0.6 + 0.4 / 4, abs=0.01)


def test_samples_of_an_inactive_hyperparameter_are_uniform():
    drawn = KDE(np.array([[NAN]]), (0,), np.array([0.1])).sample(np.random.default_rng(5), 2000)[:, 0]
    assert stats.kstest(drawn, "uniform").pvalue > 0.01


def test_tiny_bandwidths_do_not_overflow():
    kde = KDE(np.array([[0.0], [1.0]]), (0,), np.array([1e-3]))
    assert np.isfinite(kde.log_density(np.array([[0.5]]))).all()
    assert np.isfinite(kde.sample(np.random.default_rng(6), 10)).all()
