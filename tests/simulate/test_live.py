"""Live runs on backends that need no training: the same jobs as in a simulation, limits, failures, the record."""

import errno
import json
import shutil
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from live_helpers import Script, Stopped, jobs, make, numbers

from lcbench import plugins
from lcbench.errors import DamagedFileError, InputError, PlanConflictError, StoppedError
from lcbench.simulate import OPTIMIZERS, FunctionBackend, Job, LiveInterrupted, ReplayBackend, live, simulate
from lcbench.table.curve import Curve
from lcbench.work import journal

HERE = {"x": 0.5, "y": 0.5}
NAMES = ("random", "successive-halving", "hyperband", "bohb")


class Clock:
    """Time that passes when somebody says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def timed(bowl):
    """A clock, and a backend on which every job takes 10 s of it."""
    clock = Clock()

    def curve(config, budget):
        clock.now += 10
        return bowl.curve(config, budget)

    return clock, FunctionBackend(bowl.space, bowl.budgets, curve)


def failing(bowl, *reasons: str | None):
    """A backend whose attempts fail for these reasons, one after the other, and succeed after them."""
    left = list(reasons)

    def curve(config, budget):
        reason = left.pop(0) if left else None
        if reason is not None:
            raise ValueError(reason)
        return bowl.curve(config, budget)

    return FunctionBackend(bowl.space, bowl.budgets, curve)


# Jobs ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_one_worker_does_the_jobs_of_a_simulation(name, bench, bowl):
    for backend in (ReplayBackend(bench, "alpha"), bowl):
        n = 40 if name in NAMES else 15
        real = live(make(name, backend), backend, trials=n, quiet=True)
        virtual = simulate(make(name, backend), backend, evaluations=n)
        assert jobs(real) == jobs(virtual)
        assert real.workers == 1
        assert real.metric is backend.metric


def test_a_table_is_used_up_as_in_a_simulation(bench):
    backend = ReplayBackend(bench, "alpha")
    real = live(make("hyperband", backend), backend, trials=10**6, quiet=True)
    assert jobs(real) == jobs(simulate(make("hyperband", backend), backend, evaluations=10**6))


@pytest.mark.parametrize("name", NAMES)
def test_several_workers_each_do_one_thing_at_a_time_and_values_are_the_backends(name, bowl):
    trace = live(make(name, bowl), bowl, workers=3, trials=60, quiet=True)
    assert len(trace) == 60
    assert [r.finished for r in trace.results] == sorted(r.finished for r in trace.results)
    for worker in range(3):
        own = [r for r in trace.results if r.worker == worker]
        assert all(a.finished <= b.started for a, b in pairwise(own))
    for r in trace.results:
        assert numbers(r.curve) == numbers(bowl.curve(r.job.config, r.job.budget))
        assert 0 <= r.started <= r.finished


def test_live_runs_need_no_training_and_torch_is_left_to_the_workers():
    code = (
        "import sys; from lcbench.simulate import live; print('lcbench.collection' in sys.modules)\n"
        "from lcbench.simulate import TrainingBackend; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


# Limits -------------------------------------------------------------------------------------------------------------


def test_what_has_not_ended_in_time_is_neither_told_nor_counted(timed):
    clock, backend = timed
    trace = live(make("random", backend), backend, wallclock=35, clock=clock, quiet=True)
    assert [(r.started, r.finished) for r in trace.results] == [(0, 10), (10, 20), (20, 30)]


def test_what_ends_just_in_time_counts(timed):
    clock, backend = timed
    assert len(live(make("random", backend), backend, wallclock=30, clock=clock, quiet=True)) == 3


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"trials": 5, "workers": 0}, "workers must be at least 1, got 0"),
        ({"trials": 5, "workers": 1.5}, r"workers must be a whole number, got 1\.5"),
        ({"trials": 5, "workers": "2"}, "workers must be a whole number, got '2'"),
        ({"trials": 5, "workers": True}, "workers must be a whole number, got True"),
        ({"trials": 2.5}, r"trials must be a whole number, got 2\.5"),
        ({"wallclock": "9"}, "wallclock must be finitely many seconds, more than 0, got '9'"),
        ({}, "a limit must be given, got none; give wallclock, trials or both"),
        ({"wallclock": 0}, "wallclock must be finitely many seconds, more than 0, got 0"),
        ({"wallclock": float("nan")}, "wallclock must be finitely many seconds, more than 0, got nan"),
        ({"trials": 0}, "trials must be at least 1, got 0"),
        ({"wallclock": 9}, "wallclock must be enough for one evaluation, got 9 s and none had ended"),
    ],
)
def test_limits_that_cannot_be(timed, limits, message):
    clock, backend = timed
    with pytest.raises(InputError, match=message):
        live(make("random", backend), backend, clock=clock, quiet=True, **limits)


# Optimizers and backends that do what they must not -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ([], "an optimizer must ask for a first job, got None from Script"),
        ([{"x": 0.5}], "an optimizer must ask for a Job or None, got {'x': 0.5}"),
        ([Job(0, HERE, 2)], r"budget of a job must be one of the backend's \(1, 3, 9\), got 2"),
        ([Job(0, {"x": 2.0, "y": 0.5}, 1)], "x must be a value of .*, got 2.0"),
        ([Job(0, {"x": 0.5}, 1)], "y must be a value of .*, got None"),
        ([Job(0, HERE, 3), Job(0, HERE, 3)], "budgets of trial 0 must increase, got 3 after 3"),
        ([Job(0, HERE, 1), Job(0, {"x": 0.1, "y": 0.5}, 3)], "jobs of trial 0 must have one configuration"),
        ([Job(0, HERE, 1, parent=7)], "parent of trial 0 must be a trial with a finished job, got 7"),
    ],
)
def test_jobs_that_cannot_be(bowl, asked, message):
    with pytest.raises(InputError, match=message):
        live(Script(*asked), bowl, trials=9, quiet=True)


def test_a_trial_cannot_go_on_before_it_has_ended(bowl):
    with pytest.raises(InputError, match="trial 0 must have ended its job"):
        live(Script(Job(0, HERE, 1), Job(0, HERE, 3)), bowl, trials=2, workers=2, quiet=True)


def test_an_error_that_the_caller_is_to_mend_is_no_diverged_run(bench):
    row = dict(ReplayBackend(bench, "alpha").table.configs[0])
    with pytest.raises(InputError, match="config must be a row of the table"):
        live(Script(Job(0, {**row, "momentum": 0.123}, 12)), ReplayBackend(bench, "alpha"), trials=1, quiet=True)


def test_a_backend_must_give_the_epochs_it_was_asked_for(bowl):
    backend = FunctionBackend(bowl.space, (1,), lambda c, b: Curve(np.zeros(3), np.arange(3.0)))
    with pytest.raises(InputError, match="must have 1 steps for that budget, got 2"):
        live(Script(Job(0, HERE, 1)), backend, trials=1, quiet=True)


# Failures -----------------------------------------------------------------------------------------------------------


def test_an_attempt_that_fails_is_made_once_more(bowl, capsys):
    trace = live(make("bohb", bowl), failing(bowl, "not yet", None, None, "nor now"), trials=20)
    assert jobs(trace) == jobs(simulate(make("bohb", bowl), bowl, evaluations=20))
    assert {r.reason for r in trace.results} == {None}
    said = [line for line in capsys.readouterr().err.splitlines() if "failed" in line]
    assert said[0] == "trial 0 at budget 1 failed: ValueError: not yet; it is tried again"
    assert len(said) == 2


def test_a_job_that_fails_twice_is_told_as_diverged_with_its_reason_and_the_run_goes_on(bowl, tmp_path):
    backend = failing(bowl, None, "first", "second\nand more")
    trace = live(make("hyperband", bowl), backend, trials=20, quiet=True, record=tmp_path)
    bad = trace.results[1]
    assert (bad.loss, bad.reason) == (float("inf"), "ValueError: second")
    assert bad.curve.epochs == bad.job.budget
    assert np.isnan(bad.curve.values).all()
    assert np.isfinite([r.loss for r in trace.results]).sum() == 19
    assert trace.incumbent(np.inf).reason is None
    kept = pd.read_parquet(tmp_path / "trace.parquet")
    assert kept["reason"].isna().tolist() == [r is not bad for r in trace.results]
    assert kept["reason"][1] == "ValueError: second"
    assert np.isnan(kept["value"][1])


@pytest.mark.parametrize("workers", [1, 3])
def test_a_full_disk_stops_the_run_and_no_job_counts_as_diverged(workers, bowl, tmp_path):
    left = [None] * 7 + [OSError(errno.ENOSPC, "no room", "model")] * 3

    def curve(config, budget):
        error = left.pop(0) if left else None
        if error is not None:
            raise error
        return bowl.curve(config, budget)

    backend = FunctionBackend(bowl.space, bowl.budgets, curve)
    with pytest.raises(StoppedError, match=r"that holds .* is full \(.*no room.*\)\.\nMake room; "):
        live(make("bohb", bowl), backend, workers=workers, trials=20, quiet=True, record=tmp_path)
    there = pd.read_parquet(tmp_path / "trace.parquet")
    assert 0 < len(there) <= 7
    assert there["reason"].isna().all()
    left.clear()
    trace = live(make("bohb", bowl), backend, workers=workers, trials=20, quiet=True, record=tmp_path)
    assert [r.reason for r in trace.results] == [None] * 20
    assert trace.results[0].finished == there["finished"].iloc[0]


# Progress -----------------------------------------------------------------------------------------------------------


def test_plain_lines_where_there_is_no_terminal(timed, capsys):
    clock, backend = timed
    live(make("random", backend), backend, trials=5, clock=clock)
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith("50 s: 5 results, best loss 0.")
    assert lines[-1].endswith(" at 9 epochs, 0 running")
    live(make("random", backend), backend, trials=5, clock=clock, quiet=True)
    assert capsys.readouterr() == ("", "")


# The record ---------------------------------------------------------------------------------------------------------


def steps(trace) -> list[tuple]:
    """Everything of the results, times as well."""
    return [
        (*job, r.curve.seconds.tolist(), r.started, r.finished, r.worker, r.reason)
        for job, r in zip(jobs(trace), trace.results, strict=True)
    ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("workers", [1, 3])
def test_a_run_that_is_stopped_goes_on_and_tells_what_was_finished_at_once(name, workers, bowl, tmp_path):
    with pytest.raises(LiveInterrupted) as stopped:
        live(Stopped(make(name, bowl), 17), bowl, workers=workers, trials=40, quiet=True, record=tmp_path)
    finished = steps(stopped.value.trace)
    assert len(finished) == 17
    assert len(pd.read_parquet(tmp_path / "trace.parquet")) == 17
    calls = []

    def counted(config, budget):
        calls.append(config)
        return bowl.curve(config, budget)

    backend = FunctionBackend(bowl.space, bowl.budgets, counted, resumes=True)
    trace = live(make(name, bowl), backend, workers=workers, trials=40, quiet=True, record=tmp_path)
    assert steps(trace)[:17] == finished
    assert len(trace) == 40
    assert len(calls) == 23
    assert [r.finished for r in trace.results] == sorted(r.finished for r in trace.results)
    if workers == 1:
        assert jobs(trace) == jobs(simulate(make(name, bowl), bowl, evaluations=40))
    again = live(make(name, bowl), backend, workers=workers, trials=40, quiet=True, record=tmp_path)
    assert steps(again) == steps(trace)
    assert len(calls) == 23, "nothing is done again"


def test_wherever_the_record_breaks_off_the_run_goes_on_from_there(bowl, tmp_path):
    """As a kill -9 leaves it: some whole lines, and perhaps a piece of one."""
    whole = live(make("bohb", bowl), bowl, trials=30, quiet=True, record=tmp_path / "whole")
    text = (tmp_path / "whole" / "events.jsonl").read_bytes()
    for number, at in enumerate([0, 5, *np.random.default_rng(0).integers(6, len(text), 20), len(text) - 1]):
        folder = tmp_path / str(number)
        folder.mkdir()
        shutil.copy(tmp_path / "whole" / "plan.json", folder)
        (folder / "events.jsonl").write_bytes(text[:at])
        assert jobs(live(make("bohb", bowl), bowl, trials=30, quiet=True, record=folder)) == jobs(whole)
        kept = text[: text[:at].rfind(b"\n") + 1]
        assert (folder / "events.jsonl").read_bytes().startswith(kept)


def test_time_goes_on_from_the_last_event_and_limits_may_grow(timed, tmp_path):
    clock, backend = timed
    live(make("random", backend), backend, wallclock=35, clock=clock, quiet=True, record=tmp_path)
    clock.now = 7.0  # another day
    first = live(make("random", backend), backend, wallclock=35, clock=clock, quiet=True, record=tmp_path)
    more = live(make("random", backend), backend, wallclock=60, clock=clock, quiet=True, record=tmp_path)
    assert [r.finished for r in more.results] == [10, 20, 30, 40, 50, 60]
    assert steps(more)[: len(first)] == steps(first)


def test_numbers_that_json_has_no_words_for_come_back(bowl, tmp_path):
    def curve(config, budget):
        return Curve(np.array([np.inf, *[np.nan] * budget], np.float32), np.arange(budget + 1.0))

    backend = FunctionBackend(bowl.space, (1,), curve)
    first, again = (live(make("random", backend), backend, trials=2, quiet=True, record=tmp_path) for _ in range(2))
    for a, b in zip(first.results, again.results, strict=True):
        assert np.array_equal(a.curve.values, b.curve.values, equal_nan=True)
        assert a.loss == b.loss == np.inf
    for line in (tmp_path / "events.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=pytest.fail)


def test_the_configurations_that_were_tried_are_written_once_each(bowl, tmp_path):
    trace = live(make("hyperband", bowl), bowl, trials=30, quiet=True, record=tmp_path)
    configs = pd.read_parquet(tmp_path / "configs.parquet")
    assert configs.to_dict("records") == list({r.job.trial: dict(r.job.config) for r in trace.results}.values())


def test_a_record_of_another_run_is_refused(bowl, tmp_path):
    live(make("bohb", bowl), bowl, trials=5, quiet=True, record=tmp_path)
    before = (tmp_path / "events.jsonl").read_bytes()
    with pytest.raises(PlanConflictError, match="optimizer: there BOHB, asked Hyperband"):
        live(make("hyperband", bowl), bowl, trials=5, quiet=True, record=tmp_path)
    with pytest.raises(PlanConflictError, match="the optimizer must ask for what is in the record"):
        live(make("bohb", bowl, seed=1), bowl, trials=5, quiet=True, record=tmp_path)
    other = FunctionBackend(bowl.space, (1, 3), bowl.function)
    with pytest.raises(PlanConflictError, match=r"budgets: there 1,3,9, asked 1,3"):
        live(make("bohb", other), other, trials=5, quiet=True, record=tmp_path)
    assert (tmp_path / "events.jsonl").read_bytes() == before


def test_a_run_does_not_go_on_with_an_edited_optimizer(bowl, tmp_path):
    file, record = tmp_path / "mine.py", tmp_path / "run"

    def run(code: str, trials: int):
        """As another process would."""
        file.write_text(f"from lcbench.simulate.optimizers.random_search import RandomSearch\n{code}\n")
        plugins._file_digest.cache_clear()
        for name in [name for name in sys.modules if name.startswith("lcbench_file_mine")]:
            del sys.modules[name]
        return live(make(f"{file}:Mine", bowl), bowl, trials=trials, quiet=True, record=record)

    with pytest.raises(ValueError, match="not yet"):
        run("class Mine(RandomSearch):\n    def ask(self): raise ValueError('not yet')", 1)
    assert len(run("class Mine(RandomSearch): ...", 2)) == 2, "nothing was finished: it may be mended"
    assert len(run("class Mine(RandomSearch): ...", 3)) == 3
    before = (record / "events.jsonl").read_bytes()
    with pytest.raises(PlanConflictError, match=r"the source of the optimizer was edited.*\nUndo the edit"):
        run("class Mine(RandomSearch): ...  # in other words", 4)
    assert (record / "events.jsonl").read_bytes() == before
    assert len(run("class Mine(RandomSearch): ...", 4)) == 4, "once the edit is undone"


def test_a_folder_with_something_else_is_refused(bowl, tmp_path):
    (tmp_path / "letter.txt").write_text("dear reader")
    with pytest.raises(InputError, match="is not empty and holds no live run"):
        live(make("random", bowl), bowl, trials=5, quiet=True, record=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_second_run_in_the_folder_is_refused_while_the_first_is_at_work(bowl, tmp_path):
    refused = []

    class Twice(Script):
        def tell(self, result):
            with pytest.raises(InputError, match="another live run is running in"):
                live(Twice(Job(0, HERE, 1)), bowl, trials=1, quiet=True, record=tmp_path)
            refused.append(True)

    live(Twice(Job(0, HERE, 1)), bowl, trials=1, quiet=True, record=tmp_path)
    assert refused == [True]


def rewrite(path, events) -> None:
    """Append events that are whole, so that their checksums are right."""
    with journal.Journal(path) as kept:
        for event in events:
            kept.append(event)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"tell": 0}, "holds no event of a live run in line 3"),
        ({"ask": None, "at": "soon"}, "holds no event of a live run in line 3"),
    ],
)
def test_a_record_that_was_damaged_is_refused(bowl, tmp_path, event, message):
    live(make("random", bowl), bowl, trials=2, quiet=True, record=tmp_path)
    path = tmp_path / "events.jsonl"
    events = journal.read(path)
    path.unlink()
    rewrite(path, [*events[:2], event, *events[2:]])
    with pytest.raises(DamagedFileError, match=message):
        live(make("random", bowl), bowl, trials=2, quiet=True, record=tmp_path)


def test_a_result_of_a_job_that_nobody_asked_for_is_refused(bowl, tmp_path):
    live(make("random", bowl), bowl, trials=1, quiet=True, record=tmp_path)
    path = tmp_path / "events.jsonl"
    rewrite(path, journal.read(path)[-1:])
    with pytest.raises(DamagedFileError, match="tells of job 0, which was not running"):
        live(make("random", bowl), bowl, trials=1, quiet=True, record=tmp_path)
