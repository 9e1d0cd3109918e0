"""Freeze-thaw: which trial goes on is decided after every step."""

from collections import Counter

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from lcbench.errors import InputError
from lcbench.simulate import FunctionBackend, simulate
from lcbench.simulate.optimizers.dyhpo import DyHPO, incumbents
from lcbench.simulate.optimizers.random_search import RandomSearch
from lcbench.table.curve import Curve


def epochs(config, budget):
    """Falls with every epoch to ``|x - 0.3|``; an epoch takes a second."""
    steps = np.arange(budget + 1.0)
    return Curve(abs(config["x"] - 0.3) + np.exp(-0.3 * steps), steps)


EPOCHS = FunctionBackend(ConfigurationSpace({"x": (0.0, 1.0)}), tuple(range(1, 21)), epochs, resumes=True)


def play(make, backend, seconds, seed=0, workers=1):
    return simulate(
        make(backend.domain(), backend.budgets, np.random.default_rng(seed)), backend, workers=workers, seconds=seconds
    )


def test_the_best_at_each_budget_is_what_is_to_be_improved_on():
    found = incumbents(np.array([0, 0, 2, 0]), np.array([3.0, 1.0, 0.5, 2.0]), 4)
    assert found.tolist() == [1.0, 0.5, 0.5, 0.5]


def test_every_step_is_one_epoch_and_few_trials_get_most():
    trace = play(DyHPO, EPOCHS, 100)
    steps = Counter(r.job.trial for r in trace.results)
    assert len(trace) == 100, "a second each: only new epochs are paid"
    assert len(steps) > 5
    good = {r.job.trial for r in trace.results if abs(r.job.config["x"] - 0.3) < 0.1}
    assert sum(steps[trial] for trial in good) > 0.7 * len(trace)
    assert max(steps.values()) == 20


@pytest.mark.parametrize(("workers", "seconds"), [(1, 80), (4, 30)])
def test_it_finds_more_than_random_search_in_the_same_time(workers, seconds):
    def best(make):
        return np.mean([play(make, EPOCHS, seconds, seed, workers).incumbent(np.inf).loss for seed in range(2)])

    assert best(DyHPO) < best(RandomSearch)


def test_a_diverged_trial_is_not_continued():
    def curve(config, budget):
        found = epochs(config, budget)
        return Curve(np.where(np.arange(budget + 1) * (config["x"] > 0.5) >= 2, np.nan, found.values), found.seconds)

    backend = FunctionBackend(EPOCHS.space, EPOCHS.budgets, curve, resumes=True)
    results = play(DyHPO, backend, 50).results
    assert any(np.isinf(r.loss) for r in results)
    assert max(r.job.budget for r in results if r.job.config["x"] > 0.5) <= 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"initial": 1}, "initial must be at least 2"),
        ({"candidates": 0}, "candidates must be at least 1"),
        ({"growth": 0.5}, "growth must be at least 1"),
    ],
)
def test_settings_that_cannot_be(bowl, settings, message):
    with pytest.raises(InputError, match=message):
        DyHPO(bowl.domain(), bowl.budgets, np.random.default_rng(0), **settings)
