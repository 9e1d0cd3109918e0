"""Laws that every optimizer in the registry keeps, on any backend."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playing import NAMES, SPACE, Script, assert_nothing_known_early, curve, steps
from playing import play as play_any

from lcbench.errors import InputError
from lcbench.simulate import OPTIMIZERS, FunctionBackend, Job, ReplayBackend, simulate
from lcbench.simulate.optimizers._model_bo import ModelBO
from lcbench.simulate.optimizers.dyhpo import DyHPO
from lcbench.simulate.optimizers.forest import ForestHyperband
from lcbench.simulate.optimizers.transfer_starts import TransferStart
from lcbench.simulate.testing import LAWS, check_optimizer


def table_backend(bench, resumes):
    return ReplayBackend(bench, "alpha", schedule="non-adaptive" if resumes else "adaptive")


def fewer(name, evaluations):
    """How many evaluations show a law: those that fit a model before every job think long, and a third does."""
    slow = issubclass(OPTIMIZERS[name], ModelBO | ForestHyperband | DyHPO | TransferStart)
    return max(16, evaluations // 3) if slow else evaluations


def play(name, backend, seed=0, *, evaluations=None, **limits):
    evaluations = fewer(name, 60) if evaluations is None else evaluations
    return play_any(OPTIMIZERS[name], backend, seed, evaluations=evaluations, **limits)


@pytest.fixture(params=[False, True], ids=["from-scratch", "resumes"])
def resumes(request):
    return request.param


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def on_table(bench):
    """A trace on the table and the spy that watched it, played once for all laws that look at it."""
    return cache(lambda name, resumes, seed=0: play(name, table_backend(bench, resumes), seed, workers=2))


@pytest.mark.parametrize("law", LAWS)
def test_laws_of_the_contract(name, law):
    check_optimizer(name, laws=[law], evaluations=fewer(name, 40))


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(workers=st.integers(1, 7), seed=st.integers(0, 2**32 - 1))
def test_laws_of_the_trace(name, resumes, workers, seed):
    backend = FunctionBackend(SPACE, (1, 2, 5), curve, resumes=resumes)
    trace, spy = play(name, backend, seed, workers=workers, evaluations=fewer(name, 40))
    assert len(trace) == fewer(name, 40)
    assert [r.job.budget for r in trace.results if r.job.budget not in backend.budgets] == []
    assert {r.worker for r in trace.results} <= set(range(workers))
    assert_nothing_known_early(spy, trace)
    assert_no_worker_does_two_things_at_once(trace, workers)
    assert_trials_are_trained_in_order(trace, resumes)


def assert_no_worker_does_two_things_at_once(trace, workers):
    for worker in range(workers):
        times = sorted((r.started, r.finished) for r in trace.results if r.worker == worker)
        assert all(a[1] <= b[0] for a, b in pairwise(times))


def assert_trials_are_trained_in_order(trace, resumes):
    """One configuration, increasing budgets, each paid as the backend says."""
    trials = {}
    for r in trace.results:
        before = trials.get(r.job.trial)
        state = 0 if r.job.parent is None else state_of_parent(trace, r)
        if before is not None:
            assert before.job.config == r.job.config
            assert before.job.budget < r.job.budget
            assert before.finished <= r.started
            assert r.job.parent is None, "a parent is for a trial's first job"
            state = before.job.budget
        assert r.finished - r.started == pytest.approx(r.curve.cost(state if resumes else 0, r.job.budget))
        assert r.curve.epochs == r.job.budget, "only what has been paid for is visible"
        trials[r.job.trial] = r


def state_of_parent(trace, result):
    """Budget of the latest job that a parent had finished when a copy of it began."""
    finished = [
        r.job.budget for r in trace.results if r.job.trial == result.job.parent and r.finished <= result.started
    ]
    assert 0 < max(finished) < result.job.budget
    return max(finished)


def test_another_seed_gives_another_trace(name, resumes, on_table):
    first, other = (steps(on_table(name, resumes, seed)[0]) for seed in (0, 4))
    assert first != other


def test_the_incumbent_never_worsens_and_is_a_step_function(name, resumes, on_table):
    trace, _ = on_table(name, resumes)
    ends = np.array([r.finished for r in trace.results])
    times = np.sort(np.concatenate([ends, ends - 1e-6, ends + 1e-6]))
    losses = trace.losses_at(times)
    assert (losses[1:] <= losses[:-1]).all()
    assert set(losses[np.isfinite(losses)]) <= {r.loss for r in trace.results}
    assert [trace.incumbent(t).loss for t in ends] == trace.losses_at(ends).tolist()


def test_neither_a_diverged_run_nor_a_nan_wins_against_a_number(name, resumes):
    trace, _ = play(name, FunctionBackend(SPACE, (1, 3, 9), curve, resumes=resumes), workers=3)
    assert any(np.isinf(r.loss) for r in trace.results)
    for end in {r.finished for r in trace.results}:
        known = [r.loss for r in trace.results if r.finished <= end]
        assert not np.isnan(known).any()
        assert trace.incumbent(end).loss == min(known)
        assert np.isfinite(trace.incumbent(end).loss) == np.isfinite(known).any()
    assert np.isfinite(trace.incumbent(np.inf).loss)


def test_with_more_workers_the_same_jobs_never_end_later(name, resumes, bench):
    """As jobs that do not wait for each other: a trial that waits for its rung can be held up by another order."""
    backend = table_backend(bench, resumes)
    jobs = [
        Job(i, job.config, job.budget)
        for i, (job, _) in enumerate(play(name, backend, evaluations=fewer(name, 25))[1].jobs)
    ]

    def end(workers):
        return max(r.finished for r in simulate(Script(*jobs), backend, workers=workers, evaluations=99).results)

    ends = [end(workers) for workers in (1, 2, 3, 5, 8)]
    assert all(more <= fewer * (1 + 1e-12) for fewer, more in pairwise(ends))
    assert ends[0] == pytest.approx(sum(backend.curve(job.config, job.budget).cost(0, job.budget) for job in jobs))


def test_a_table_is_used_up_without_repeating_a_row_and_then_the_optimizer_says_so(name, resumes, bench):
    backend = table_backend(bench, resumes)
    trace, spy = play(name, backend, workers=4, evaluations=10**6)
    configs = {r.job.trial: tuple(r.job.config.values()) for r in trace.results}
    assert len(configs) == len(set(configs.values())) == len(bench.configs)
    with pytest.raises(InputError, match="an optimizer must ask for a first job, got None"):
        simulate(spy.optimizer, backend, seconds=1e9)


def test_renaming_configurations_changes_nothing(name, bench, on_table):
    """Other ids in the same order of rows (in another order of rows the same random number draws another row)."""
    renamed = table_backend(bench, False)
    frame = bench.configs.set_axis(1000 + np.arange(len(bench.configs))[::-1])
    renamed.table = type(renamed.table)(bench.space, frame)  # type: ignore[misc]  # a cached property
    assert steps(play(name, renamed, workers=2)[0]) == steps(on_table(name, False)[0])


@pytest.mark.parametrize("budgets", [(), (5, 5), (9, 3), (0, 3), (1.5, 3), ("1", "3"), (True, 3)], ids=str)
def test_budgets_that_cannot_be(name, budgets):
    with pytest.raises(InputError, match="budgets must be increasing positive integers"):
        OPTIMIZERS[name](FunctionBackend(SPACE, (1, 3), curve).domain(), budgets, np.random.default_rng(0))


def test_budgets_may_be_whole_floats(name):
    backend = FunctionBackend(SPACE, (1, 3, 9), curve)
    plain, others = (
        OPTIMIZERS[name](backend.domain(), budgets, np.random.default_rng(0))
        for budgets in (backend.budgets, (9 / 9, np.int64(3), 9.0))
    )
    played = [steps(simulate(optimizer, backend, evaluations=16)) for optimizer in (plain, others)]
    assert played[0] == played[1]
