"""Live runs that train for real: the values of the collected table, killed workers, the command, how it is stopped."""

import os
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import live_helpers
import numpy as np
import pandas as pd
import psutil
import pytest
from collecting_helpers import NOW, collect, wait_until
from live_helpers import Script, jobs, make, numbers

import lcbench
from lcbench import cli
from lcbench.collection.data.dataset import Dataset
from lcbench.collection.plan import sampled_configs
from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate import Job, ReplayBackend, TrainingBackend, live, simulate
from lcbench.simulate.optimizers import OPTIMIZERS
from lcbench.simulate.study import cell_rng
from lcbench.simulate.training import collect_tried
from lcbench.space import paper
from lcbench.work import KILLED, journal

BUDGETS = (2, 4, 8)


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> lcbench.Benchmark:
    """30 configurations on wine, collected."""
    folder = tmp_path_factory.mktemp("collected") / "bench"
    collect(folder, sources=("sklearn:wine",), n=30, budgets=BUDGETS, seeds=(0, 1))
    return lcbench.load(folder)


@pytest.fixture(scope="module")
def backend() -> TrainingBackend:
    """The whole space on wine."""
    return TrainingBackend("sklearn:wine", budgets=BUDGETS)


# The same values as a collection --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bohb", "hyperband"])
def test_the_same_optimizer_finds_the_same_jobs_and_values_live_and_on_the_table_collected_from_it(bench, name):
    training, table = TrainingBackend.like(bench, "wine", seed=1), ReplayBackend(bench, "wine", seed=1)
    real = live(make(name, training, 3), training, trials=40, quiet=True)
    virtual = simulate(make(name, table, 3), table, evaluations=40)
    assert len(real) == 40
    assert jobs(real) == jobs(virtual)
    assert [training.config_id(r.job.config) for r in real.results] == [
        table.config_id(r.job.config) for r in virtual.results
    ]


def test_with_several_workers_every_value_is_still_the_tables(bench):
    training, table = TrainingBackend.like(bench, "wine"), ReplayBackend(bench, "wine")
    trace = live(make("bohb", training), training, workers=2, trials=40, quiet=True)
    assert {r.worker for r in trace.results} == {0, 1}
    for r in trace.results:
        assert numbers(r.curve) == numbers(table.curve(r.job.config, r.job.budget))
        assert r.finished - r.started >= r.curve.seconds[-1] > 0


def test_several_seeds_are_averaged_as_in_a_replay(bench):
    training, table = TrainingBackend.like(bench, "wine", seed=(0, 1)), ReplayBackend(bench, "wine", seed="mean")
    for config in table.table.configs[:5]:
        assert numbers(training.curve(config, 4)) == numbers(table.curve(config, 4))


def test_cross_entropies_are_the_tables_up_to_rounding(bench):
    metric = "valid_cross_entropy"
    training, table = TrainingBackend.like(bench, "wine", metric), ReplayBackend(bench, "wine", metric)
    for config in table.table.configs[:5]:
        assert numbers(training.curve(config, 8)) == pytest.approx(numbers(table.curve(config, 8)), abs=1e-6)


def test_a_configuration_counts_by_its_values_whatever_their_types(backend):
    config = dict(backend.domain().sample(np.random.default_rng(0)))
    odd = {name: np.float64(value) for name, value in config.items()} | {"batch_size": np.int32(config["batch_size"])}
    assert odd["max_units"] == config["max_units"]
    assert backend.values(odd) == backend.values(config) == config
    assert numbers(backend.curve(odd, 2)) == numbers(backend.curve(config, 2))


def test_what_was_tried_becomes_a_benchmark_with_the_same_values(backend, tmp_path):
    trace = live(make("hyperband", backend), backend, trials=8, quiet=True)
    made = collect_tried(backend, trace, tmp_path / "tried", now=NOW, workers=1)
    assert made.problems() == []
    replay = ReplayBackend(made, "wine")
    for r in trace.results:
        assert numbers(replay.curve(r.job.config, r.job.budget)) == numbers(r.curve)
    with pytest.raises(InputError, match="config must be one of the given configurations"):
        TrainingBackend.like(made, "wine").curve({**trace.results[0].job.config, "momentum": 0.5}, 2)


def test_a_data_set_of_ones_own(backend):
    rng = np.random.default_rng(0)
    x = pd.DataFrame({"a": rng.normal(size=90), "b": rng.choice(["u", "v"], 90)}).astype({"b": "category"})
    own = TrainingBackend(Dataset("own", "here", x, pd.Series(rng.choice(["yes", "no"], 90))), budgets=(2,))
    trace = live(make("random", own), own, trials=2, quiet=True)
    assert all(0 <= r.loss <= 1 for r in trace.results)
    assert own.describe()["data"] != backend.describe()["data"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1}, "seed must be one or several different numbers of at least 0, got -1"),
        ({"seed": 0.5}, r"seed must be one or several different numbers of at least 0, got 0\.5"),
        ({"seed": "0"}, "seed must be one or several different numbers of at least 0, got 0"),
        ({"seed": [1, 1.0]}, "seed must be one or several different numbers of at least 0"),
        ({"plan_seed": 1.5}, r"plan seed must be a whole number, got 1\.5"),
        ({"seed": ()}, "seed must be one or several different numbers of at least 0"),
        ({"plan_seed": -1}, "plan seed must be at least 0, got -1"),
        ({"budgets": (4, 2)}, "budgets must be increasing"),
        ({"metric": "accuracy"}, "unknown metric 'accuracy'"),
        ({"problem": "mpl"}, "unknown problem 'mpl'"),
        ({"configs": sampled_configs(paper.mlp(), 2, 0).assign(momentum=2.0)}, "momentum must be a number in"),
        ({"device": "tpu"}, "device must be .*got 'tpu'"),
    ],
)
def test_arguments_that_cannot_be(arguments, message):
    with pytest.raises(InputError, match=message):
        TrainingBackend("sklearn:wine", **arguments)


def test_a_table_that_cannot_be_trained_again(bench):
    with pytest.raises(UnknownNameError, match="unknown data set 'vine'"):
        TrainingBackend.like(bench, "vine")
    with pytest.raises(UnknownNameError, match="unknown seed '2'"):
        TrainingBackend.like(bench, "wine", seed=(0, 2))


def test_what_is_outside_the_space_or_not_offered(backend):
    config = backend.domain().sample(np.random.default_rng(0))
    with pytest.raises(InputError, match="momentum must be a value of"):
        backend.curve({**config, "momentum": 2.0}, 2)
    with pytest.raises(UnknownNameError, match="unknown budget '3'"):
        backend.curve(config, 3)
    with pytest.raises(InputError, match="momentum must be a value of"):
        live(Script(Job(0, {**config, "momentum": 2.0}, 2)), backend, trials=1, quiet=True)
    with pytest.raises(InputError, match="configs must be given"):
        backend.config_id(config)


# Workers that fail ----------------------------------------------------------------------------------------------------


def changed(failing, **more) -> TrainingBackend:
    made = live_helpers.Changed("sklearn:wine", budgets=BUDGETS)
    made.changed = partial(failing, **more)
    return made


def test_a_worker_that_fails_is_tried_again(backend, tmp_path):
    trace = live(make("bohb", backend), changed(live_helpers.FailsOnce, folder=tmp_path), trials=6, quiet=True)
    assert {r.reason for r in trace.results} == {None}
    assert len(list(tmp_path.iterdir())) == 6
    assert jobs(trace) == jobs(live(make("bohb", backend), backend, trials=6, quiet=True))


@pytest.mark.parametrize(
    ("failing", "reason"),
    [(live_helpers.KilledOnTwo, KILLED), (live_helpers.OutOfMemoryOnTwo, "can't allocate memory")],
)
def test_a_worker_that_fails_twice_is_a_diverged_result_with_its_reason(failing, reason, tmp_path):
    backend = changed(failing)
    trace = live(make("random", backend), backend, workers=2, trials=6, quiet=True, record=tmp_path)
    bad = [r for r in trace.results if r.reason is not None]
    assert [(r.job.trial, r.loss) for r in bad] == [(2, float("inf"))]
    assert reason in bad[0].reason
    told = journal.read(tmp_path / "events.jsonl")
    assert [event["reason"] for event in told if event.get("tell") == 2] == [bad[0].reason]
    assert len(trace) == 6


# The command ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def command(monkeypatch):
    """Runs ``lcbench live sklearn:wine`` in this process."""
    monkeypatch.setattr(cli, "entry_points", live_helpers.with_live)
    return lambda *arguments: cli.run(["live", *map(str, arguments)])


def test_the_command_prints_the_incumbent_and_what_was_written_and_goes_on(command, tmp_path, capsys):
    arguments = ("sklearn:wine", "--budgets", "2,4", "--optimizer", "hyperband", "--workers", 2, "--out", tmp_path)
    assert command(*arguments, "--trials", 4) == 0
    printed = capsys.readouterr()
    best = pd.read_parquet(tmp_path / "trace.parquet")["value"].max()
    assert printed.out.startswith(f"best valid_accuracy: {best:.4f} at ")
    assert re.search(r"^4 results of \d trials in \d+\.\d s, written to", printed.out, re.MULTILINE)
    assert f"written to {tmp_path} (trace.parquet)" in printed.out
    assert "4 results" in printed.err.splitlines()[-1]
    assert command(*arguments, "--trials", 6, "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    assert len(pd.read_parquet(tmp_path / "trace.parquet")) == 6
    assert command("sklearn:wine", "--optimizer", "hyperband", "--out", tmp_path, "--trials", 6) == cli.USAGE_ERROR
    assert "holds a different plan (budgets: there 2,4, asked 12,25,50)" in capsys.readouterr().err


def test_the_last_line_is_a_command_that_collects_what_was_tried(command, tmp_path, capsys):
    assert (
        command("sklearn:wine", "--budgets", "2,4", "--trials", 3, "--out", tmp_path / "live", "--train-seeds", 2) == 0
    )
    *_, drawing, line = capsys.readouterr().out.splitlines()
    assert drawing.startswith(f"draw it with: lcbench figures --traces {tmp_path / 'live' / 'trace.parquet'} --only ")
    words = line[line.index("lcbench collect") :].split()[1:]
    words[words.index("DIR")] = str(tmp_path / "bench")
    assert cli.run([*words, "--quiet"]) == 0
    made = ReplayBackend(lcbench.load(tmp_path / "bench"), "wine", seed="mean")
    names = list(made.bench.space)
    for _, row in pd.read_parquet(tmp_path / "live" / "trace.parquet").iterrows():
        config = made.table.configs[made.table.row({name: row[name] for name in names})]
        assert numbers(made.curve(config, row["budget"]))[-1] == row["value"]


@pytest.mark.slow
def test_configurations_with_inactive_hyperparameters_are_collected_again(command, tmp_path, capsys):
    live = ["--problem", "full", "--budgets", "1,2", "--trials", 3, "--out", tmp_path / "live", "--encoding", "onehot"]
    assert command("sklearn:wine", *live) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    words = line[line.index("lcbench collect") :].split()[1:]
    words[words.index("DIR")] = str(tmp_path / "bench")
    assert cli.run([*words, "--quiet"]) == 0
    made = lcbench.load(tmp_path / "bench")
    tried = pd.read_parquet(tmp_path / "live" / "configs.parquet")
    assert list(tried) == list(made.space)
    assert tried.isna().to_numpy().any()  # a network is an MLP or a ResNet
    assert sorted(made.configs["batch_size"]) == sorted(tried["batch_size"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--optimizer", "bohp"], "unknown optimizer 'bohp'; nearest: bohb"),
        (["--workers", "0"], "workers must be at least 1, got 0"),
        (["--trials", "0"], "trials must be at least 1, got 0"),
        (["--wallclock", "0"], "wallclock must be finitely many seconds, more than 0"),
        (["--wallclock", "1e-9"], "wallclock must be enough for one evaluation"),
        (["--budgets", "4,2"], "budgets must be increasing"),
        (["--seed", "-1"], "seed must be at least 0"),
        (["--train-seeds", "0"], "train-seeds must be at least 1"),
        (["--metric", "accuracy"], "unknown metric"),
        (["--problem", "mpl"], "unknown problem"),
        (["--encoding", "binary"], "unknown encoding"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(command, tmp_path, capsys, arguments, message):
    assert command("sklearn:wine", "--out", tmp_path / "out", "--trials", "2", *arguments) == cli.USAGE_ERROR
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_no_limit_or_no_such_data_set(command, tmp_path, capsys):
    assert command("sklearn:wine", "--out", tmp_path) == cli.USAGE_ERROR
    assert "a limit must be given, got none" in capsys.readouterr().err
    assert command("sklearn:whine", "--out", tmp_path, "--trials", 2) == cli.USAGE_ERROR
    assert "unknown" in capsys.readouterr().err


# Stopped from outside -------------------------------------------------------------------------------------------------


def start(folder: Path, *arguments: str) -> subprocess.Popen:
    """Start the command in a session of its own."""
    line = [sys.executable, live_helpers.__file__, "live", "sklearn:wine", "--out", str(folder), *arguments]
    return subprocess.Popen(line, start_new_session=True, stderr=subprocess.PIPE, text=True)


def told(folder: Path) -> int:
    """How many results a record holds."""
    path = folder / "events.jsonl"
    return path.read_bytes().count(b'{"tell"') if path.is_file() else 0


@pytest.mark.slow
def test_killed_it_goes_on_to_the_same_jobs_and_values(backend, tmp_path):
    options = ("--budgets", "2,4,8", "--wallclock", "36000", "--quiet")  # it would not end by itself
    main = start(tmp_path, *options)
    wait_until(lambda: told(tmp_path) >= 5 or main.poll() is not None, "some jobs are done", 300)
    family = psutil.Process(main.pid).children(recursive=True)
    os.kill(main.pid, signal.SIGKILL)
    assert main.communicate()[1] == ""
    assert main.returncode == -signal.SIGKILL
    assert not psutil.wait_procs(family, timeout=300)[1], "processes go on without their main process"
    before = told(tmp_path)

    def bohb():
        return OPTIMIZERS["bohb"](backend.domain(), backend.budgets, cell_rng(0, "bohb", "wine"))

    trace = live(bohb(), backend, trials=before + 10, quiet=True, record=tmp_path)
    assert jobs(trace) == jobs(live(bohb(), backend, trials=before + 10, quiet=True))


@pytest.mark.slow
def test_ctrl_c_stops_in_the_middle_of_a_job_and_keeps_what_is_finished(tmp_path):
    options = ("--budgets", "2,100000", "--optimizer", "hyperband", "--workers", "2", "--trials", "50")
    main = start(tmp_path, *options)
    wait_until(lambda: told(tmp_path) >= 2 or main.poll() is not None, "some jobs are done", 300)
    family = psutil.Process(main.pid).children(recursive=True)
    os.killpg(main.pid, signal.SIGINT)  # as a terminal does: to all of them
    error = main.communicate(timeout=300)[1]
    assert main.returncode == cli.INTERRUPTED
    assert "Traceback" not in error
    kept = len(pd.read_parquet(tmp_path / "trace.parquet"))
    assert f"stopped; {kept} results are kept in {tmp_path}. The same command resumes from there." in error
    assert told(tmp_path) - kept in (0, 1), "one more if Ctrl-C came after its line and before it was told"
    assert not psutil.wait_procs(family, timeout=300)[1], "processes go on without their main process"
