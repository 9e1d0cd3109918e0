from dataclasses import replace

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace
from hypothesis import given, settings
from hypothesis import strategies as st
from playing import Script

from lcbench.errors import InputError
from lcbench.simulate import FunctionBackend, Job, simulate
from lcbench.simulate.domain import SpaceDomain
from lcbench.simulate.optimizers import OPTIMIZERS
from lcbench.simulate.optimizers.hyperband import SuccessiveHalving
from lcbench.table.curve import Curve

HERE = {"x": 0.5, "y": 0.5}


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"evaluations": 5, "workers": 0}, "workers must be at least 1, got 0"),
        ({"evaluations": 5, "workers": 1.5}, r"workers must be a whole number, got 1\.5"),
        ({"evaluations": 5, "workers": "2"}, "workers must be a whole number, got '2'"),
        ({"evaluations": 5, "workers": True}, "workers must be a whole number, got True"),
        ({"evaluations": 5, "workers": None}, "workers must be a whole number, got None"),
        ({}, "a limit must be given, got none"),
        ({"seconds": 0}, "seconds must be more than 0, got 0"),
        ({"seconds": float("nan")}, "seconds must be more than 0, got nan"),
        ({"seconds": "20"}, "seconds must be more than 0, got '20'"),
        ({"evaluations": 0}, "evaluations must be at least 1, got 0"),
        ({"evaluations": 2.5}, r"evaluations must be a whole number, got 2\.5"),
        ({"evaluations": "5"}, "evaluations must be a whole number, got '5'"),
        ({"evaluations": float("inf")}, "evaluations must be a whole number, got inf"),
        ({"seconds": 89.0}, "seconds must be enough for one evaluation, got 89 and the first would end at 90"),
        ({"seconds": 99.0, "overhead": lambda told: 100.0}, "the first would end at 190"),
        ({"seconds": 99.0, "overhead": lambda told: -1.0}, "overhead must give a finite number"),
        ({"seconds": 99.0, "overhead": lambda told: "1"}, "overhead must give a finite number .* got '1'"),
    ],
)
def test_limits_that_cannot_be(bowl, limits, message):
    with pytest.raises(InputError, match=message):
        simulate(Script(Job(0, HERE, 9), Job(1, HERE, 9)), bowl, **limits)


@pytest.mark.parametrize(
    ("jobs", "message"),
    [
        ([], "an optimizer must ask for a first job, got None from Script"),
        ([{"x": 0.5}], "an optimizer must ask for a Job or None, got {'x': 0.5} from Script"),
        ([Job(0, None, 9)], "config of a job must map hyperparameters to values, got None"),
        ([Job(0, {"x": 2.0, "y": 0.5}, 1)], "x must be a value of .*, got 2.0"),
        ([Job(0, {"x": float("nan"), "y": 0.5}, 1)], "x must be a value of .*, got nan"),
        ([Job(0, {"x": [0.5], "y": 0.5}, 1)], r"x must be a value of .*, got \[0\.5\]"),
        ([Job(0, {"x": np.array([0.5, 0.1]), "y": 0.5}, 1)], "x must be a value of .*, got array"),
        ([Job(0, {"x": None, "y": 0.5}, 1)], "x must be a value of .*, got None"),
        ([Job(0, HERE | {3: 1, "z": 1}, 1)], "config must have hyperparameters of the space only, got 3, z"),
        ([Job(0, HERE | {"z": 1}, 1)], "config must have hyperparameters of the space only, got z"),
        ([Job(0, HERE, 2)], r"budget of a job must be one of the backend's \(1, 3, 9\), got 2"),
        ([Job(0, HERE, 3), Job(0, HERE, 3)], "budgets of trial 0 must increase, got 3 after 3"),
        ([Job(0, HERE, 3), Job(0, HERE, 1)], "budgets of trial 0 must increase, got 1 after 3"),
        ([Job(0, HERE, 1), Job(0, {"x": 0.1, "y": 0.5}, 3)], "jobs of trial 0 must have one configuration"),
        ([Job(0, HERE, 1), Job(0, {"x": np.array([0.1, 0.5]), "y": 0.5}, 3)], "must have one configuration"),
    ],
)
def test_jobs_that_cannot_be(bowl, jobs, message):
    with pytest.raises(InputError, match=message):
        simulate(Script(*jobs), bowl, evaluations=9)


def test_whole_floats_and_numpys_numbers_are_as_good_as_ints(bowl):
    jobs = [Job(0, HERE, 1), Job(1, HERE, 3), Job(0, HERE, 9)]
    others = [Job(0.0, HERE, 3 / 3), Job(np.int64(1), HERE, np.float64(3)), Job(0, HERE, 9.0)]
    plain = simulate(Script(*jobs), bowl, workers=2, evaluations=3)
    assert simulate(Script(*others), bowl, workers=2.0, evaluations=np.int64(3)).workers == 2
    assert [r.finished for r in simulate(Script(*others), bowl, workers=2.0, evaluations=3.0).results] == [
        r.finished for r in plain.results
    ]


def test_a_trial_cannot_go_on_before_it_has_ended(bowl):
    with pytest.raises(InputError, match="trial 0 must have ended its job"):
        simulate(Script(Job(0, HERE, 1), Job(0, HERE, 3)), bowl, evaluations=2, workers=2)


def parent_script(*jobs):
    """Trials 0 (3 epochs, 30 s) and 1 (1 epoch, 10 s), then the given ones."""
    return Script(Job(0, HERE, 3), Job(1, {"x": 0.1, "y": 0.5}, 1), *jobs)


@pytest.mark.parametrize(("resumes", "cost"), [(True, 60.0), (False, 90.0)])
def test_a_trial_that_starts_from_another_pays_what_it_adds(bowl, resumes, cost):
    """From the state after 3 epochs to 9: 6 epochs of 10 s; from scratch all 9."""
    script = parent_script(Job(2, {"x": 0.2, "y": 0.5}, 9, parent=0))
    copy = simulate(script, replace(bowl, resumes=resumes), evaluations=3).results[-1]
    assert copy.finished - copy.started == cost
    assert copy.curve.epochs == 9
    assert copy.loss == pytest.approx(0.1**2 + 0.3**2 + 0.01 / 10), "the copy's own configuration all along"


def test_a_parent_that_trains_on_lends_its_last_state(bowl):
    """
    worker 0  |0: 0-1|0: 1-9                  |     10 s, 80 s
    worker 1  |1: 0-1|2: from 0 at 1, to 3|         10 s, 20 s
              0      10                  30  90
    """
    there = {"x": 0.1, "y": 0.5}
    script = Script(Job(0, HERE, 1), Job(1, there, 1), Job(0, HERE, 9), Job(2, {"x": 0.2, "y": 0.5}, 3, parent=0))
    trace = simulate(script, bowl, workers=2, evaluations=4)
    assert [(r.job.trial, r.started, r.finished) for r in trace.results] == [
        (0, 0, 10),
        (1, 0, 10),
        (2, 10, 30),
        (0, 10, 90),
    ]


@pytest.mark.parametrize(
    ("jobs", "workers", "message"),
    [
        ([Job(2, HERE, 9, parent=7)], 1, "parent of trial 2 must be a trial asked before, got 7"),
        ([Job(2, HERE, 9, parent=2)], 1, "parent of trial 2 must be a trial asked before, got 2"),
        (
            [Job(2, HERE, 9, parent=0)],
            3,
            "parent of trial 2 must have finished a job, got trial 0, which is in its first",
        ),
        ([Job(2, HERE, 3, parent=0)], 1, "must be more than its parent's, got 3 from trial 0, which has finished 3"),
        ([Job(2, HERE, 1, parent=0)], 1, "must be more than its parent's, got 1 from trial 0, which has finished 3"),
        ([Job(0, HERE, 9, parent=1)], 1, "parent must be given with a trial's first job only, got 1 for a later job"),
    ],
)
@pytest.mark.parametrize("resumes", [True, False])
def test_parents_that_cannot_be(bowl, jobs, workers, message, resumes):
    with pytest.raises(InputError, match=message):
        simulate(parent_script(*jobs), replace(bowl, resumes=resumes), workers=workers, evaluations=9)


@pytest.mark.parametrize("seconds", [[0.0, np.nan], [0.0, np.inf], [0.0, -1.0]])
def test_seconds_that_cannot_be_replayed(bowl, seconds):
    backend = FunctionBackend(bowl.space, (1,), lambda c, b: Curve(np.zeros(2), np.array(seconds)))
    with pytest.raises(InputError, match="a run must take at least 0 and finitely many seconds"):
        simulate(Script(Job(0, HERE, 1)), backend, evaluations=1)


def test_a_backend_must_give_the_epochs_it_was_asked_for(bowl):
    backend = FunctionBackend(bowl.space, (1,), lambda c, b: Curve(np.zeros(3), np.arange(3.0)))
    with pytest.raises(InputError, match="must have 1 steps for that budget, got 2"):
        simulate(Script(Job(0, HERE, 1)), backend, evaluations=1)


@settings(max_examples=50, deadline=None)
@given(durations=st.lists(st.integers(1, 50), min_size=1, max_size=20), workers=st.integers(1, 6))
def test_with_more_workers_a_fixed_list_of_jobs_never_ends_later(durations, workers):
    def end(n):
        jobs = [Job(i, {"x": float(d)}, 1) for i, d in enumerate(durations)]
        space = ConfigurationSpace({"x": (0.0, 1e3)})
        backend = FunctionBackend(space, (1,), lambda c, b: Curve(np.zeros(2), np.array([0.0, c["x"]])))
        return max(r.finished for r in simulate(Script(*jobs), backend, workers=n, evaluations=99).results)

    assert end(workers + 1) <= end(workers) <= end(1) == sum(durations)
    assert end(workers) >= max(sum(durations) / workers, *durations)


def test_a_longer_limit_only_adds_results(bowl):
    def results(seconds):
        optimizer = OPTIMIZERS["hyperband"](bowl.domain(), bowl.budgets, np.random.default_rng(0))
        return [(r.job.trial, r.finished) for r in simulate(optimizer, bowl, workers=3, seconds=seconds).results]

    short, long = results(500), results(1000)
    assert long[: len(short)] == short
    assert len(long) > len(short)


def test_overhead_slows_the_same_jobs_down(bowl):
    def results(overhead):
        optimizer = OPTIMIZERS["random"](SpaceDomain(bowl.space), bowl.budgets, np.random.default_rng(0))
        return simulate(optimizer, bowl, evaluations=5, overhead=overhead).results

    plain, slow = results(None), results(lambda told: float(told))
    assert [r.job.config for r in plain] == [r.job.config for r in slow]
    assert [s.finished - p.finished for p, s in zip(plain, slow, strict=True)] == [0, 1, 3, 6, 10]


def test_what_ends_within_the_limit_counts_though_the_optimizer_thinks_beyond_it(bowl):
    jobs = [Job(i, HERE, 1) for i in range(3)]  # asked for at 0, 8 and 18; the first two end at 18 and 26
    trace = simulate(Script(*jobs), bowl, workers=2, seconds=27, overhead=lambda told: 8.0 if told == 0 else 20.0)
    assert [r.finished for r in trace.results] == [18, 26]


IGNORANT = {"random", "random-2x", "random-5x", "default-then-random", "prior-random", "portfolio", "grid"}
"""They learn nothing from results."""


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name not in IGNORANT])
def test_optimizers_that_learn_refuse_results_that_nobody_asked_for(bowl, name):
    optimizer = OPTIMIZERS[name](bowl.domain(), bowl.budgets, np.random.default_rng(0))
    result = simulate(Script(Job(5, HERE, 1)), bowl, evaluations=1).results[0]
    with pytest.raises(InputError, match="must be of a job asked before, got trial 5"):
        optimizer.tell(result)
    told = simulate(optimizer, bowl, evaluations=1).results[0]
    with pytest.raises(InputError, match="must be of a job that is running, got a second one of trial 0"):
        optimizer.tell(told)


def test_a_bracket_without_trials_is_refused(bowl):
    with pytest.raises(InputError, match="n must be at least 1"):
        SuccessiveHalving(bowl.domain(), bowl.budgets, np.random.default_rng(0), n=0)
