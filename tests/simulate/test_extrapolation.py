import numpy as np
import pytest
from listed_trials import play
from scipy.optimize import curve_fit
from scipy.stats import t as student

import lcbench
from lcbench.errors import InputError
from lcbench.simulate import OPTIMIZERS, ReplayBackend, simulate
from lcbench.simulate.curve_families import LINKED, SEPARABLE
from lcbench.simulate.extrapolation import (
    FAMILIES,
    ExtrapolationSettings,
    Prediction,
    epoch_weights,
    extrapolate,
    fit_linked,
    fit_separable,
)
from lcbench.simulate.optimizers.early_termination import Extrapolation

HORIZON = 200
NOISE = 0.004
PUBLISHED = {
    "pow3": lambda x: 0.9 - 0.5 * x**-0.7,
    "pow4": lambda x: 0.9 - (0.4 * x + 1.5) ** -1.3,
    "exp3": lambda x: 0.9 - np.exp(-0.08 * x - 0.7),
    "exp4": lambda x: 0.9 - np.exp(-0.15 * x**0.8 - 0.5),
    "janoschek": lambda x: 0.9 - (0.9 - 0.2) * np.exp(-0.1 * x**0.9),
    "weibull": lambda x: 0.9 - (0.9 - 0.2) * np.exp(-((0.08 * x) ** 1.3)),
    "mmf": lambda x: 0.9 - (0.9 - 0.2) / (1 + (0.1 * x) ** 1.2),
    "hill3": lambda x: 0.9 * x**1.1 / (4.0**1.1 + x**1.1),
    "log-power": lambda x: 0.9 / (1 + (x / np.exp(1.5)) ** -1.2),
    "vapor-pressure": lambda x: np.exp(-0.3 - 1.2 / x + 0.02 * np.log(x)),
    "log-log-linear": lambda x: np.log(0.12 * np.log(x) + 1.7),
    "ilog2": lambda x: 0.9 - 0.4 / np.log(x + 1),
}
"""Domhan et al. (2015), Table 1, and exp3; as they write them. Accuracies that rise to about 0.9."""


def noisy(name, n, seed):
    return PUBLISHED[name](np.arange(1.0, n + 1)) + np.random.default_rng(seed).normal(0, NOISE, n)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_end_of_a_familys_curve_is_recovered_within_the_stated_uncertainty(name):
    """From 60 of 200 epochs; the 95 % interval holds the true end for 20 of 20 noises or nearly so."""
    end = PUBLISHED[name](float(HORIZON))
    predictions = [extrapolate(noisy(name, 60, seed), HORIZON) for seed in range(20)]
    held = [0.025 <= prediction.below(end) <= 0.975 for prediction in predictions]
    assert sum(held) >= 17  # at 95 %, fewer than 17 of 20 have a probability of 1.6 %
    assert np.median([abs(prediction.median - end) for prediction in predictions]) < 0.05


@pytest.mark.parametrize("name", ["pow3", "pow4", "exp3", "weibull", "mmf", "log-power"])
def test_the_best_shape_of_the_grid_is_nearly_as_good_as_least_squares_over_all_parameters(name):
    """Its root mean square is at most 1 % of the curve's range above that of scipy's optimum."""
    formulas = {
        "pow3": (lambda x, c, a, p: c - a * x**-p, (0.9, 0.5, 0.7)),
        "pow4": (lambda x, c, a, b, p: c - np.abs(a * x + b) ** -p, (0.9, 0.4, 1.5, 1.3)),
        "exp3": (lambda x, c, a, b: c - np.exp(-a * x + b), (0.9, 0.08, -0.7)),
        "weibull": (lambda x, c, a, k, d: c - a * np.exp(-(np.abs(k * x) ** d)), (0.9, 0.7, 0.08, 1.3)),
        "mmf": (lambda x, c, a, k, d: c - a / (1 + np.abs(k * x) ** d), (0.9, 0.7, 0.1, 1.2)),
        "log-power": (lambda x, a, b, c: a / (1 + (x / np.exp(b)) ** c), (0.9, 1.5, -1.2)),
    }
    formula, start = formulas[name]
    family = next(f for f in SEPARABLE if f.name == name)
    for seed in range(3):
        values, x = noisy(name, 60, seed), np.arange(1.0, 61)
        fitted = formula(x, *curve_fit(formula, x, values, p0=start, maxfev=20000)[0])
        best = np.sqrt(((values - fitted) ** 2).mean())
        found = np.sqrt(fit_separable([family], values, HORIZON).errors.min() / 60)
        assert best * (1 - 1e-6) <= found <= best + 0.01 * np.ptp(values)


def test_a_separable_fit_is_weighted_least_squares():
    """Each shape's fit against numpy's solution of the same equations, with its prediction and leverage."""
    values, weights = noisy("mmf", 12, 0), epoch_weights(12, 10.0)
    x, root = np.arange(1.0, 51), np.sqrt(epoch_weights(12, 10.0))
    for family in SEPARABLE:
        fits = fit_separable([family], values, 50, recency=10.0)
        bases = family.basis(x, family.shapes(50))
        bases = bases / np.abs(bases).max(axis=1, keepdims=True)  # as far down as 1e-90
        found = 0
        for basis in bases:
            design = np.stack([np.ones(50), basis], axis=1) if family.intercept else basis[:, None]
            solution, _, rank, _ = np.linalg.lstsq(root[:, None] * design[:12], root * values)
            nearest = np.abs(fits.means - design[-1] @ solution).argmin()
            if rank < design.shape[1] or not np.isclose(fits.means[nearest], design[-1] @ solution, rtol=1e-6):
                continue  # a shape that the epochs do not determine
            found += 1
            residuals = values - design[:12] @ solution
            inverse = np.linalg.inv(design[:12].T @ (weights[:, None] * design[:12]))
            assert fits.errors[nearest] == pytest.approx(weights @ residuals**2, rel=1e-6)
            assert fits.leverages[nearest] == pytest.approx(design[-1] @ inverse @ design[-1], rel=1e-6)
        assert found == len(fits.means)


@pytest.mark.parametrize("family", LINKED, ids=lambda family: family.name)
def test_a_linked_family_finds_its_own_curve(family):
    values = PUBLISHED[family.name](np.arange(1.0, 13))
    fit = fit_linked(family, values, 50)
    assert fit.means[0] == pytest.approx(PUBLISHED[family.name](50.0))
    assert fit.errors[0] < 1e-20


def test_a_linked_familys_uncertainty_is_that_of_the_values():
    """Its leverage times the noise's variance is the variance of its predictions over many noises."""
    family, rng = LINKED[0], np.random.default_rng(0)
    curve = PUBLISHED["vapor-pressure"](np.arange(1.0, 31))
    fits = [fit_linked(family, curve + rng.normal(0, 1e-3, 30), 50) for _ in range(400)]
    stated = np.sqrt(np.mean([fit.leverages[0] for fit in fits])) * 1e-3
    assert np.std([fit.means[0] for fit in fits]) == pytest.approx(stated, rel=0.15)


def test_values_without_a_logarithm_leave_the_other_families():
    curve = -1.0 / np.arange(1.0, 13)
    assert fit_linked(LINKED[0], curve, 50) is None
    assert -0.1 < extrapolate(curve, 50).median < 0.1


def test_a_mixture_of_one_is_students_distribution():
    one = Prediction(np.array([1.0]), np.array([0.7]), np.array([0.1]), np.array([5.0]))
    assert one.below(0.8) == pytest.approx(student(5).cdf(1.0))
    assert one.above(0.8) == pytest.approx(student(5).sf(1.0))
    assert one.interval(0.9) == pytest.approx(student(5, 0.7, 0.1).interval(0.9))
    assert one.median == pytest.approx(0.7)


def test_quantiles_of_a_mixture_are_the_inverse_of_its_probabilities():
    prediction = extrapolate(noisy("weibull", 20, 0), 50)
    assert prediction.weights.sum() == pytest.approx(1.0)
    for q in (0.01, 0.3, 0.5, 0.99):
        assert prediction.below(prediction.quantile(q)) == pytest.approx(q)
    assert prediction.below(0.8) + prediction.above(0.8) == pytest.approx(1.0)


def test_families_with_an_intercept_do_not_care_where_zero_is_or_which_way_is_up():
    families = [family for family in SEPARABLE if family.intercept]
    values = noisy("exp4", 20, 1)
    one, other = extrapolate(values, 50, families=families), extrapolate(7 - values, 50, families=families)
    assert one.below(0.85) == pytest.approx(other.above(7 - 0.85))


def test_more_epochs_make_it_surer():
    widths = [np.ptp(extrapolate(noisy("weibull", n, 2), HORIZON).interval()) for n in (10, 40, 160)]
    assert widths[0] > 2 * widths[1] > 4 * widths[2]


@pytest.mark.parametrize("values", [np.full(12, 0.5), np.r_[np.full(11, 0.5), 0.6], np.full(6, 1e5), np.arange(9.0)])
def test_flat_curves_and_jumps_are_no_trouble(values):
    prediction = extrapolate(values, 50)
    low, high = prediction.interval()
    assert low < prediction.median < high
    assert np.isfinite([low, high]).all()
    assert low < values[-1] < high or np.ptp(values) > 1  # where it rises it goes on rising


@pytest.mark.parametrize(("n", "least", "most"), [(12, 0.9, 0.995), (25, 0.85, 0.95), (37, 0.85, 0.96)])
def test_the_90_percent_interval_holds_about_90_percent_of_real_curves(n, least, most):
    """On the embedded benchmark. Cosine annealing flattens the end more than the families foresee at half way."""
    bench = lcbench.load()
    curves = np.concatenate([bench.array(name, "valid_accuracy", 50)[::8, 0] for name in bench.datasets]).astype(float)
    held = [0.05 <= extrapolate(values[1 : n + 1], 50).below(values[-1]) <= 0.95 for values in curves]
    assert len(held) == 25 * len(lcbench.load().datasets)
    assert least < np.mean(held) < most


@pytest.mark.parametrize(
    ("values", "horizon", "message"),
    [
        ([0.1, 0.2, 0.3], 50, "at least 4 epochs"),
        (np.full(50, 0.5), 50, "fewer than the horizon, 50"),
        (np.full((5, 5), 0.5), 50, r"got shape \(5, 5\)"),
        ([0.1, 0.2, np.nan, 0.3, 0.4], 50, "values must be finite"),
    ],
)
def test_curves_that_cannot_be(values, horizon, message):
    with pytest.raises(InputError, match=message):
        extrapolate(values, horizon)


@pytest.mark.parametrize("settings", [{"floor": 0.0}, {"recency": 0.5}, {"correlation": 0.9}])
def test_settings_that_cannot_be(settings):
    with pytest.raises(InputError, match=f"{next(iter(settings))} must be"):
        ExtrapolationSettings(**settings)


def test_families_that_fit_nothing():
    with pytest.raises(InputError, match="families must hold one that fits"):
        extrapolate(-np.arange(1.0, 10), 50, families=[LINKED[0]])
    assert len({family.name for family in FAMILIES}) == len(FAMILIES) == 9


def rising_to(end, rate, epochs=50):
    return 0.2 + (end - 0.2) * (1 - np.exp(-rate * np.arange(epochs + 1.0)))


@pytest.mark.parametrize("metric", ["valid_accuracy", "valid_cross_entropy"])
def test_a_hopeless_trial_is_ended_and_a_promising_one_is_not(metric):
    """The first is trained to its end, since there is nothing to beat; the second ends as soon as it may, at 10 epochs;
    the third is behind the first all the way to epoch 33, and goes on; the fourth has half of its rise still before it
    and will not get there."""
    curves = [rising_to(0.85, 0.2), rising_to(0.5, 0.5), rising_to(0.95, 0.07), rising_to(0.8, 0.07)]
    curves = curves if metric == "valid_accuracy" else [1 - curve for curve in curves]
    played = play(Extrapolation, curves, budgets=range(1, 51), metric=metric, grace=10)
    longest = {trial: budget for trial, budget, *_ in played}
    assert longest[0] == longest[2] == 50
    assert longest[1] == 10
    assert 10 <= longest[3] < 40


def test_nobody_is_ended_before_one_is_complete():
    played = play(Extrapolation, [rising_to(0.5, 0.5), rising_to(0.9, 0.5)], budgets=range(1, 51), workers=2, grace=5)
    assert {trial: budget for trial, budget, *_ in played} == {0: 50, 1: 50}


def test_a_lower_threshold_ends_later():
    curves = [rising_to(0.85, 0.2), rising_to(0.8, 0.07)]
    ends = [
        play(Extrapolation, curves, budgets=range(1, 51), metric="valid_accuracy", threshold=threshold)[-1][1]
        for threshold in (1e-4, 0.05, 0.5)
    ]
    assert ends[0] > ends[1] > ends[2]


@pytest.mark.parametrize("name", ["extrapolation", "median-rule"])
def test_early_termination_finds_better_ones_than_random_search_in_the_same_time(name):
    backend = ReplayBackend(lcbench.load(), "vowel", schedule="non-adaptive", budgets=range(1, 51))

    def regret(optimizer, seed):
        made = OPTIMIZERS[optimizer](backend.domain(), backend.budgets, np.random.default_rng(seed))
        trace = simulate(made, backend, workers=4, seconds=10 * backend.mean_seconds)
        return trace.incumbent(np.inf).loss - backend.best_loss

    assert np.mean([regret(name, seed) for seed in range(2)]) < 0.6 * np.mean([regret("random", s) for s in range(2)])
