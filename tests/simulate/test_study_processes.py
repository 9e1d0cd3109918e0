"""Studies in several processes: the same numbers, and an end to everything that was started."""

import multiprocessing
import os
import signal
import subprocess
import sys
from dataclasses import replace

import pandas as pd
import pytest

from lcbench.errors import InputError, StoppedError
from lcbench.simulate.adapters import ADAPTERS
from lcbench.simulate.optimizers import OPTIMIZERS
from lcbench.simulate.optimizers.spec import specs_of
from lcbench.simulate.study import SimulationTask, StudyPlan, parse_budget, running, study
from lcbench.simulate.study.player import Simulate
from lcbench.work import Outcome, run
from lcbench.work.processes import LocalExecutor
from lcbench.work.task import attempt


def plan(seeds) -> StudyPlan:
    return StudyPlan(
        ("alpha",), ("random",), tuple(seeds), (4,), parse_budget("4x"), "valid_accuracy", "mean", "adaptive", "exact"
    )


def test_the_number_of_processes_changes_nothing(bench):
    given = {"optimizers": ["random", "bohb"], "seeds": range(3), "budget": "4x", "recorded": "draw"}
    cells = []
    pd.testing.assert_frame_equal(study(bench, **given, jobs=2, done=cells.append), study(bench, **given))
    assert len(cells) == 12


class Elsewhere:
    """An executor in place of processes: it is asked for with the arguments of the real one."""

    def __init__(self, engine, jobs, scheduler, function, preload):
        assert (engine, scheduler) == (None, None)
        self.jobs, self.function, self.tasks = jobs, function, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def room(self):
        return 1 - len(self.tasks)

    def start(self, task):
        ELSEWHERE.append(task)
        self.tasks.append(task)

    def wait(self, seconds):
        return [attempt(self.function, self.tasks.pop())]


ELSEWHERE = []


@pytest.mark.parametrize(("patience", "cores", "here"), [(-1.0, 2, 0), (-1.0, 1, 12), (1e9, 2, 12)])
def test_processes_are_started_when_it_takes_long(bench, monkeypatch, patience, cores, here):
    given = {"optimizers": ["random", "hyperband"], "seeds": range(3), "budget": "4x"}
    ELSEWHERE.clear()
    monkeypatch.setattr(running, "get_executor", Elsewhere)
    monkeypatch.setattr(running, "_SECONDS_ALONE", patience)
    monkeypatch.setattr(running, "cores", lambda: cores)
    found = study(bench, **given, jobs=None)
    assert len(ELSEWHERE) == 12 - here
    pd.testing.assert_frame_equal(found, study(bench, **given))


def test_optimizers_that_cannot_travel_stay_in_this_process(bench, monkeypatch, tmp_path):
    monkeypatch.setattr(running, "get_executor", None)
    monkeypatch.setattr(running, "_SECONDS_ALONE", -1.0)
    monkeypatch.setattr(running, "cores", lambda: 2)
    with (tmp_path / "notes").open("w") as notes:

        def mine(domain, budgets, rng):
            notes.write(".")
            return OPTIMIZERS["random"](domain, budgets, rng)

        monkeypatch.setitem(OPTIMIZERS, "mine", mine)
        assert len(study(bench, ["alpha"], ["random", "mine"], [0], budget="4evals", jobs=None)) == 8
        with pytest.raises(InputError, match=r"optimizer mine must be something that can be sent .* or use jobs=1"):
            study(bench, ["alpha"], ["random", "mine"], [0], budget="4evals", jobs=2)


def test_every_optimizer_of_the_registry_is_ours():
    assert all(spec.is_ours() for spec in specs_of([*OPTIMIZERS, *ADAPTERS]))


def killed(task):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_stops_the_study(bench):
    before = set(multiprocessing.active_children())
    with LocalExecutor(1, killed) as executor, pytest.raises(
        StoppedError, match=r"a process was killed twice at random on alpha, seed 0 .*the same command"
    ):  # fmt: skip
        list(running._successful(run(executor, plan(range(2)).tasks())))
    assert set(multiprocessing.active_children()) - before == set()


def test_what_cannot_be_simulated_is_said_as_from_this_process(bench):
    unknown = replace(plan([0]), recorded=7)
    with (
        LocalExecutor(1, Simulate(bench.folder, bench.view, unknown)) as executor,
        pytest.raises(InputError, match="unknown seed"),
    ):
        list(running._successful(run(executor, unknown.tasks())))


def test_a_fault_in_an_optimizer_shows_its_traceback():
    outcome = Outcome(SimulationTask("random", "alpha", 3, 4), reason="KeyError: 7", traceback="Traceback: line 7")
    with pytest.raises(RuntimeError, match="random on alpha, seed 3, failed in its process:\nTraceback: line 7"):
        list(running._successful(iter([outcome])))


def test_ctrl_c_ends_every_process_and_keeps_what_is_finished(bench, tmp_path):
    file = tmp_path / "study"
    code = f"""
import pathlib, lcbench
from lcbench.simulate.study import study
study(lcbench.load({str(bench.folder)!r}), seeds=range(5000), optimizers=["random"], budget="4x", jobs=2,
      keep=pathlib.Path({str(file)!r}), done=lambda task: print(task, flush=True))
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as main:
        assert main.stdout.readline() == "random on alpha\n"
        os.killpg(main.pid, signal.SIGINT)  # as a terminal does: to every process
        try:
            rest, error = main.communicate(timeout=600)  # returns when no process is left that could write
        except subprocess.TimeoutExpired:  # Python drops what is raised inside a destructor: press again
            os.killpg(main.pid, signal.SIGINT)
            rest, error = main.communicate()
    assert main.returncode == -signal.SIGINT
    assert "forkserver" not in error.lower(), "only the main process heard it"
    played = 1 + rest.count("\n")
    begun = []
    with pytest.raises(StopIteration):
        study(bench, seeds=range(5000), optimizers=["random"], budget="4x", keep=file,
              begun=lambda *counts: begun.append(counts), done=lambda _: next(iter(())))  # fmt: skip
    assert begun[0][0] >= played
    assert begun[0][1] == 10000
