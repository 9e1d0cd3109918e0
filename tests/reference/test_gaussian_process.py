"""The Gaussian process against scikit-learn's, gradients against differences, improvements against integrals."""

import warnings

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.optimize import check_grad

from lcbench.simulate.optimizers._gp import (
    GP,
    Hyperparameters,
    Prior,
    fit,
    negative_log_likelihood,
    squared_differences,
)
from lcbench.simulate.optimizers._model_bo import (
    expected_improvement_of_logs,
    log_expected_improvement,
    log_probability_of_improvement,
    lower_confidence_bound,
)

GROUPS = np.arange(3)
KNOWN = Hyperparameters(np.array([0.3, 0.8, 2.0]), 1.7, 0.02)


def data(n=25, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.random((n, 3))
    y = np.sin(6 * x[:, 0]) + x[:, 1] ** 2 + 0.1 * rng.standard_normal(n)
    return x, (y - y.mean()) / y.std(), rng.random((9, 3))


def sklearns(known, optimizer=None):
    gaussian_process = pytest.importorskip("sklearn.gaussian_process")
    kernels = gaussian_process.kernels
    kernel = kernels.ConstantKernel(known.signal) * kernels.Matern(known.lengths, nu=2.5) + kernels.WhiteKernel(
        known.noise
    )
    return gaussian_process.GaussianProcessRegressor(kernel, alpha=0.0, optimizer=optimizer)


def test_posterior_is_that_of_scikit_learn():
    x, y, asked = data()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its kernels warn about bounds
        mean, std = sklearns(KNOWN).fit(x, y).predict(asked, return_std=True)
    ours_mean, ours_std = GP(x, y, GROUPS, KNOWN).predict(asked)
    np.testing.assert_allclose(ours_mean, mean, rtol=0, atol=1e-6)
    np.testing.assert_allclose(ours_std**2 + KNOWN.noise, std**2, rtol=0, atol=1e-6)  # theirs is of a noisy result


def test_marginal_likelihood_and_gradient_are_those_of_scikit_learn():
    x, y, _ = data()
    model = sklearns(KNOWN).fit(x, y)
    theirs = np.array([np.log(1.7), *np.log(KNOWN.lengths), np.log(0.02)])  # signal first
    value, gradient = model.log_marginal_likelihood(theirs, eval_gradient=True)
    ours, slope = negative_log_likelihood(KNOWN.logs, squared_differences(x, GROUPS), y)
    assert ours == pytest.approx(-value, abs=1e-6)
    np.testing.assert_allclose(slope, -gradient[[1, 2, 3, 0, 4]], atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_gradient_is_that_of_finite_differences(seed):
    x, y, _ = data(12, seed)
    groups = np.array([0, 1, 1])  # the last two features share a length scale, as the levels of a category do
    squared, prior = squared_differences(x, groups), Prior.default(2)
    logs = prior.mean + np.random.default_rng(seed).normal(size=4)
    for function in (lambda t: negative_log_likelihood(t, squared, y), prior.penalty):
        error = check_grad(lambda t, f=function: f(t)[0], lambda t, f=function: f(t)[1], logs)
        assert error < 1e-4 * (1 + np.abs(function(logs)[1]).max())


def test_a_fit_raises_the_posterior_density_and_finds_what_does_not_matter():
    x, y, _ = data(40)
    prior, squared = Prior.default(3), squared_differences(x, GROUPS)

    def density(known):
        return -negative_log_likelihood(known.logs, squared, y)[0] - prior.penalty(known.logs)[0]

    known = fit(x, y, GROUPS, iterations=100)
    assert density(known) > density(Hyperparameters.from_logs(prior.mean))
    for factor in (0.8, 1.25):
        assert density(known) > density(Hyperparameters(known.lengths * factor, known.signal, known.noise))
        assert density(known) > density(Hyperparameters(known.lengths, known.signal, known.noise * factor))
    assert known.lengths[0] < known.lengths[1] < known.lengths[2]  # a sine, a parabola, nothing


def test_running_jobs_leave_the_means_and_take_away_uncertainty_as_results_at_their_means_do():
    x, y, asked = data()
    running = asked[:2]
    alone, together = GP(x, y, GROUPS, KNOWN), GP(x, y, GROUPS, KNOWN, running)
    believed = GP(np.concatenate([x, running]), np.append(y, alone.predict(running)[0]), GROUPS, KNOWN)
    for found, wanted in zip(together.predict(asked), believed.predict(asked), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-9)
    np.testing.assert_allclose(together.predict(asked)[0], alone.predict(asked)[0])
    assert (together.predict(asked)[1] < alone.predict(asked)[1]).all()
    assert together.predict(running)[1].max() < 0.2


@pytest.mark.parametrize(
    ("mean", "std", "best"), [(0.3, 0.5, 0.1), (-1.0, 0.2, 0.0), (1.0, 0.3, -0.5), (0.0, 1.0, 0.0)]
)
def test_improvements_are_their_integrals(mean, std, best):
    normal = stats.norm(mean, std)
    low = mean - 40 * std
    wanted = integrate.quad(lambda t: (best - t) * normal.pdf(t), low, best, points=[mean] if mean < best else None)[0]
    arrays = np.array([mean]), np.array([std])
    assert np.exp(log_expected_improvement(*arrays, best))[0] == pytest.approx(wanted, rel=1e-6)
    assert np.exp(log_probability_of_improvement(*arrays, best))[0] == pytest.approx(normal.cdf(best))
    of_logs = integrate.quad(
        lambda t: (np.exp(best) - np.exp(t)) * normal.pdf(t), low, best, points=[mean] if mean < best else None
    )[0]
    assert expected_improvement_of_logs(*arrays, best)[0] == pytest.approx(of_logs, rel=1e-5)
    assert lower_confidence_bound(*arrays, 2.0)[0] == pytest.approx(-normal.ppf(stats.norm.cdf(-2.0)))


def test_log_improvement_far_from_the_best_is_finite_and_smooth():
    """log EI = log std + log pdf(z) - 2 log|z| for z to minus infinity; the branches meet."""
    z = -np.array([5.0, 50.0, 9_999.0, 10_001.0, 1e6])
    found = log_expected_improvement(-z, np.ones(5), 0.0)
    np.testing.assert_allclose(found[1:], stats.norm.logpdf(z[1:]) - 2 * np.log(-z[1:]), rtol=1e-5)
    for edge in (-1.0, -1e4):
        left, right = log_expected_improvement(-edge * np.array([1 + 1e-9, 1 - 1e-9]), np.ones(2), 0.0)
        assert left == pytest.approx(right, rel=1e-7)
    assert (np.diff(found) < 0).all()
