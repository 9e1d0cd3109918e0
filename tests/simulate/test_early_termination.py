import numpy as np
import pytest
from listed_trials import ListedDomain, play

from lcbench.collection.networks.metrics import METRICS
from lcbench.errors import InputError
from lcbench.simulate import OPTIMIZERS, Job, ReplayBackend, Result, simulate
from lcbench.simulate.optimizers.early_termination import MedianRule
from lcbench.table.curve import Curve

CURVES = (
    (1.0, 0.6, 0.5, 0.4),
    (1.0, 0.8, 0.7, 0.6),
    (1.0, 0.4, 0.4, 0.4),
    (1.0, 0.75, 0.1, 0.1),
    (1.0, 0.54, 0.7, 0.7),
    (1.0, 0.6, 0.59, 0.1),
)


def jobs(played):
    return [(trial, budget) for trial, budget, *_ in played]


@pytest.mark.parametrize("metric", ["valid_cross_entropy", "valid_accuracy"])
def test_the_median_rule_worked_out(metric):
    """Six trials, one after another, looked at after each of 3 epochs; two others must have got that far.

    ======  ========================  =========================  ========================
    trial   after epoch 1             after epoch 2              running averages
    ======  ========================  =========================  ========================
    0                                                            0.6, 0.55, 0.5
    1                                                            0.8, 0.75, 0.7
    2       0.4, median 0.7: on       0.4, median 0.65: on       0.4, 0.4, 0.4
    3       0.75, median 0.6: ended                              0.75
    4       0.54, median 0.675: on    0.54, median 0.55: on      0.54, 0.62, 0.65
    5       0.6, median 0.6: on       0.59, median 0.585: ended  0.6, 0.595
    ======  ========================  =========================  ========================

    Trial 3 would have been the best. Trial 4 goes on by its best value, not by its last; trial 5 by a tie.
    """
    curves = CURVES if metric == "valid_cross_entropy" else [1 - np.array(curve) for curve in CURVES]
    assert jobs(play(MedianRule, curves, budgets=(1, 2, 3), metric=metric, grace=0, others=2)) == [
        (0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3), (3, 1), (4, 1), (4, 2), (4, 3),
        (5, 1), (5, 2),
    ]  # fmt: skip


def test_only_the_new_epochs_are_paid_for():
    played = play(MedianRule, CURVES[:2], budgets=(1, 2, 3))
    assert [(started, finished) for _, _, started, finished, _ in played] == [(10 * i, 10 * i + 10) for i in range(6)]


def test_the_whole_curve_counts_on_coarse_budgets():
    """Looked at after 2 epochs only: trial 2 has 0.7 last but 0.54 best, and the others' average is 0.55."""
    curves = (CURVES[0], CURVES[0], CURVES[4], (1.0, 0.56, 0.56, 0.1))
    assert jobs(play(MedianRule, curves, budgets=(2, 3), grace=0, others=2)) == [
        (0, 2), (0, 3), (1, 2), (1, 3), (2, 2), (2, 3), (3, 2),
    ]  # fmt: skip


def test_nobody_is_ended_before_the_grace_is_over():
    played = jobs(play(MedianRule, CURVES, budgets=(1, 2, 3), grace=2, others=2))
    assert (3, 2) in played
    assert (5, 3) not in played
    assert len(jobs(play(MedianRule, CURVES, budgets=(1, 2, 3), grace=3, others=1))) == 18


def test_trials_that_run_beside_it_count_as_others():
    """Four workers: at 10 s trial 3 is ended, though nobody is complete."""
    played = play(MedianRule, CURVES[:4], budgets=(1, 2, 3), workers=4, grace=0)
    assert {trial for trial, budget, *_ in played if budget == 1} == {0, 1, 2, 3}
    assert {trial for trial, budget, *_ in played if budget == 2} == {0, 1, 2}


@pytest.mark.parametrize("name", ["median-rule", "extrapolation"])
def test_a_diverged_trial_is_ended(name):
    curves = [np.where(np.arange(11) > 3, np.nan, 0.5), np.linspace(1, 0.5, 11)]
    played = jobs(play(OPTIMIZERS[name], curves, budgets=range(1, 11), grace=9))
    assert [budget for trial, budget in played if trial == 0] == [1, 2, 3, 4]
    assert [budget for trial, budget in played if trial == 1] == list(range(1, 11))


@pytest.mark.parametrize("name", ["median-rule", "extrapolation"])
def test_the_configurations_are_those_of_random_search(bench, name):
    """Early termination decides how long, never which."""
    backend = ReplayBackend(bench, "alpha", schedule="non-adaptive", budgets=range(1, 51))

    def configs(optimizer):
        trace = simulate(
            OPTIMIZERS[optimizer](backend.domain(), backend.budgets, np.random.default_rng(0)), backend, seconds=1e9
        )
        return list({r.job.trial: tuple(r.job.config.values()) for r in trace.results}.values())

    assert configs(name) == configs("random")


def result(values, metric):
    curve = Curve(np.array(values, np.float64), np.arange(float(len(values))))
    return Result(Job(0, {}, len(values) - 1), curve, metric.loss(values[-1]), 0.0, 1.0, 0, metric)


def test_losses_along_a_curve():
    accuracy, entropy = METRICS["valid_accuracy"], METRICS["valid_cross_entropy"]
    np.testing.assert_allclose(result([0.1, 0.5, 0.75], accuracy).losses, [0.9, 0.5, 0.25])
    np.testing.assert_allclose(result([2.0, 0.5, 0.75], entropy).losses, [2.0, 0.5, 0.75])
    assert result([0.25, 0.5, np.nan], accuracy).losses.tolist() == [0.75, 0.5, np.inf]


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("median-rule", {"others": 0}, "others must be at least 1"),
        ("median-rule", {"grace": -1}, "grace must be at least 0 epochs"),
        ("extrapolation", {"grace": -1}, "grace must be at least 0 epochs"),
        ("extrapolation", {"threshold": 1.0}, r"threshold must be in \(0, 1\)"),
    ],
)
def test_settings_that_cannot_be(name, settings, message):
    with pytest.raises(InputError, match=message):
        OPTIMIZERS[name](ListedDomain(1), (1, 2, 3), np.random.default_rng(0), **settings)
