"""Problems of other people: what they declare and yield, collected with all promises of a collection."""

import json
import signal
import subprocess

import numpy as np
import pytest
from bowls import HERE, Annealed, Bowl, Broken, named
from collecting_helpers import PROGRAM, finished_units, wait_until

import lcbench
from lcbench import cli
from lcbench.collection import worker
from lcbench.collection.asked import Asked
from lcbench.collection.collecting import opened
from lcbench.collection.course import ContractError, course
from lcbench.collection.problem import get_problem
from lcbench.errors import InputError
from lcbench.plugins import SOURCE
from lcbench.table import verify


def collect(folder, *arguments):
    """Run the command; its exit code."""
    return cli.run(["collect", str(folder), *map(str, arguments), "--quiet"])


BOWL = ("--problem", named(Bowl), "--configs", 4, "--seeds", 2)


@pytest.fixture(scope="module")
def bowl(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bowl") / "table"
    assert collect(folder, *BOWL) == 0
    return lcbench.load(folder)


def by_hand(config, budget, seed=0, task="round"):
    problem = Bowl()
    return [step["valid_loss"] for step in problem.train(task, config, budget, seed, start=0)]


def test_it_records_what_the_author_yields_under_his_names(bowl):
    assert verify.verify(bowl.folder) == []
    assert (bowl.datasets, bowl.budgets, bowl.seeds) == (("round", "long"), (2, 4, 8), (0, 1))
    assert bowl.manifest.problem == "Bowl"
    assert bowl.fidelity.label == "pushes"
    assert bowl.metric().label == "valid loss (height)"
    for config_id, config in bowl.configs.iterrows():
        for task, seed in (("round", 0), ("long", 1)):
            whole = np.float32(by_hand(dict(config), 8, seed, task))
            for budget in bowl.budgets:
                np.testing.assert_array_equal(bowl.curve(task, config_id, None, budget, seed), whole[: budget + 1])


def test_seconds_that_the_author_reports_are_those_of_a_step(bowl):
    np.testing.assert_array_equal(bowl.curve("round", 0, "seconds", 4), [0, 0.5, 1, 1.5, 2])


def test_time_is_taken_around_a_step_and_not_before_the_first():
    ticks = iter(range(100))

    class Timed(Annealed):
        pass

    found = list(
        course(Timed(), "round", {"rate": 0.5}, 3, 0, lambda: float(next(ticks)), further={"data_fraction": 1.0})
    )
    assert [step["seconds"] for step in found] == [0, 1, 2, 3]


def test_values_are_the_same_whatever_the_number_of_processes(bowl, tmp_path):
    assert collect(tmp_path, *BOWL, "--jobs", 2) == 0
    other = lcbench.load(tmp_path)
    for task in bowl.datasets:
        np.testing.assert_array_equal(bowl.array(task), other.array(task))


def test_a_run_is_trained_for_each_value_of_a_further_fidelity(tmp_path):
    assert collect(tmp_path, "--problem", named(Annealed), "--configs", 2, "--seeds", 1) == 0
    bench = lcbench.load(tmp_path)
    assert verify.verify(tmp_path) == []
    rate = float(bench.configs["rate"].iloc[0])
    curve = bench.curve("round", 0, "test_loss", 3)
    assert np.isnan(curve[0])
    assert curve[1:] == pytest.approx([2 * (1 - rate * step / 6) for step in (1, 2, 3)])
    assert bench.at(data_fraction=0.25).curve("round", 0, "test_loss", 3)[1:] == pytest.approx(4 * curve[1:])
    assert bench.along("data_fraction").value("round", 0, "valid_loss") == pytest.approx(curve[-1] / 2)


@pytest.mark.slow
def test_killed_it_resumes_and_gives_the_same(bowl, tmp_path):
    line = [*PROGRAM, "collect", str(tmp_path), *map(str, BOWL), "--quiet"]
    process = subprocess.Popen(line)
    wait_until(lambda: finished_units(tmp_path) >= 2, "two tasks are finished")
    process.send_signal(signal.SIGKILL)
    process.wait()
    partial = lcbench.load(tmp_path, partial=True)
    assert partial.manifest.missing > 0 or (tmp_path / "benchmark.json").exists()
    assert collect(tmp_path, *BOWL) == 0
    for task in bowl.datasets:
        np.testing.assert_array_equal(bowl.array(task), lcbench.load(tmp_path).array(task))


# What goes wrong --------------------------------------------------------------------------------------------------

BROKEN = ("--problem", named(Broken), "--configs", 12, "--seeds", 1, "--plan-seed", 1)


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("few", "must yield 3 times for budget 2, before the first step and after each, got 1 times"),
        ("names", "step 1 of problem 'Broken' must have valid_loss, got loss"),
        ("text", "valid_loss in step 1 of problem 'Broken' must be a number, got '1.0'"),
        ("infinite", "must be finite, or NaN if the run has diverged, got inf"),
        ("backwards", "seconds in step 1 of problem 'Broken' must be at least 0, got -1"),
        ("outside", "must be in [0, inf], as declared, got -1"),
        ("none", "must be a dictionary from metrics to numbers, got None"),
        ("huge", "must be finite, or NaN if the run has diverged, got 1e+300; a table holds numbers up to 3.4e+38"),
    ],
)
def test_what_is_not_as_declared_stops_the_collection_and_loses_nothing(tmp_path, capsys, task, said):
    assert collect(tmp_path, *BROKEN, "--datasets", task) == cli.USAGE_ERROR
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 2
    assert "Traceback" not in error
    before = finished_units(tmp_path)
    assert collect(tmp_path, *BROKEN, "--datasets", task) == cli.USAGE_ERROR
    assert finished_units(tmp_path) >= before


@pytest.mark.parametrize(
    ("task", "said", "more"),
    [
        ("raises", "ValueError: singular matrix", ()),
        ("hangs", "it took more than its 1.5 s and was ended", ("--run-limit", 1.5)),
        ("leaves", "SystemExit: 3", ()),
    ],
)
def test_a_run_that_fails_is_told_and_the_others_are_kept(tmp_path, capsys, task, said, more):
    assert collect(tmp_path, *BROKEN, "--datasets", task, "--configs", 5, "--jobs", 2, *more) == 3
    assert said in capsys.readouterr().err
    rates = lcbench.load(tmp_path, partial=True).configs["rate"]
    assert finished_units(tmp_path) == (rates < 0.05).sum() > 0


def test_a_run_that_diverges_is_a_result(tmp_path):
    assert collect(tmp_path, *BROKEN, "--datasets", "ok") == 0
    bench = lcbench.load(tmp_path)
    runs, rates = bench.to_pandas("ok"), bench.configs["rate"].to_numpy()
    assert list(runs["status"] == "diverged") == list(rates >= 0.05)
    assert set(runs["steps"]) == {1, 2}
    assert np.isnan(bench.array("ok")[rates >= 0.05, :, -1]).all()


def test_an_edited_or_renamed_source_is_refused_with_both_digests(tmp_path, capsys):
    own = tmp_path / "mine.py"
    own.write_text(HERE.read_text())
    line = ("--configs", 1, "--seeds", 1, "--datasets", "round")
    assert collect(tmp_path / "t", "--problem", f"{own}:Bowl", *line) == 0
    plan = lcbench.load(tmp_path / "t").manifest.provenance["plan"]
    assert plan["problem"] == "mine.py:Bowl"
    edited = tmp_path / "elsewhere" / "mine.py"
    edited.parent.mkdir()
    edited.write_text(own.read_text() + "\n# another line\n")
    for grow in ((), ("--grow",)):
        assert collect(tmp_path / "t", "--problem", f"{edited}:Bowl", *line, *grow) == cli.USAGE_ERROR
        error = capsys.readouterr().err
        assert f"source of the problem: there {plan['source of the problem']}, asked sha256:" in error
    renamed = own.rename(tmp_path / "other.py")
    assert collect(tmp_path / "t", "--problem", f"{renamed}:Bowl", *line) == cli.USAGE_ERROR
    assert "problem: there mine.py:Bowl, asked other.py:Bowl" in capsys.readouterr().err


@pytest.mark.parametrize("made", ["[{'loss': 0.0}] * (budget + 1)", "None", "1.0", "{'loss': 0.0}"])
def test_what_is_no_generator_is_refused(tmp_path, capsys, made):
    """A list would have all its time taken before its first step."""
    (tmp_path / "mine.py").write_text(HEAD.partition("        yield")[0] + f"        return {made}\n")
    assert collect(tmp_path / "out", "--problem", f"{tmp_path}/mine.py:Mine", "--configs", 1) == cli.USAGE_ERROR
    assert "train of problem 'Mine' must be a generator" in capsys.readouterr().err


@pytest.mark.slow
def test_a_problem_can_be_mended_until_a_run_of_it_is_finished(tmp_path, capsys):
    """Each process imports a file once, so every attempt has a process of its own."""
    own, table = tmp_path / "mine.py", tmp_path / "t"
    line = [*PROGRAM, "collect", str(table), "--problem", f"{own}:Mine", "--configs", "2", "--seeds", "1", "--quiet"]
    first, step = '        yield {"loss": 0.0}\n', "        1 / (config['rate'] < {})\n"
    for least in (0.0, 0.5):  # all configurations fail, then one of them
        own.write_text(HEAD.replace(first * 2, first + step.format(least) + first))
        assert subprocess.run(line, capture_output=True).returncode == 3
    assert finished_units(table) == 1
    own.write_text(HEAD)
    refused = subprocess.run(line, capture_output=True, text=True)
    assert refused.returncode == cli.USAGE_ERROR
    assert "Undo the edit to go on with it" in refused.stderr


@pytest.mark.parametrize(("problem", "trained"), [(Bowl, 2), (Annealed, 8)])
def test_a_run_that_is_read_at_several_budgets_counts_once_for_its_limit(tmp_path, problem, trained):
    """Bowl goes on, for 2 seeds; Annealed has 2 budgets x 2 seeds x 2 fractions of the data."""
    with opened(Asked(named(problem), configs="1", seeds="2").plan(), tmp_path) as collection:
        assert {collection.trainings(task) for task in collection.tasks} == {trained}


def test_a_worker_refuses_a_source_that_was_edited_since_the_collection_began(tmp_path, monkeypatch):
    plan = Asked(named(Bowl), configs="1", seeds="1").plan()
    with opened(plan, tmp_path) as collection:
        (task, *_) = collection.tasks
        collection.calibrate()
        collection.trainer(task)
        worker._check_source.cache_clear()
        monkeypatch.setattr(worker, "identity", lambda name: {SOURCE: "sha256:0"} if name else {})
        with pytest.raises(InputError, match=r"must stay as it was .* there sha256:.*now sha256:0"):
            collection.trainer(task)


HEAD = """
from ConfigSpace import *
from lcbench import Fidelity, Metric
from lcbench.collection import Problem
SPACE = ConfigurationSpace(space=[Float("rate", (0.0, 1.0))])
class Mine(Problem):
    space, metrics = SPACE, (Metric("loss", "nats", "minimize", low=0.0),)
    fidelity, tasks = Fidelity("steps", (1,)), ("a",)
    def train(self, task, config, budget, seed):
        yield {"loss": 0.0}
        yield {"loss": 0.0}
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nothing_of_that_name", "line 1); mend it and try again"),
        ("def f(:", "SyntaxError"),
        (HEAD.replace("class Mine", "class Other"), "has no 'Mine'; the classes in it are"),
        (HEAD.replace("class Mine(Problem)", "class Mine"), "problem must be a subclass of lcbench.collection.Problem"),
        (HEAD.replace("def train", "def trained"), "must have a method train, got none"),
        (HEAD.replace("low=0.0", "low=float('nan')"), "the range of metric 'loss' must have its best end"),
        (HEAD.replace('"minimize"', '"smaller"'), "goal and part of metric 'loss' must be of maximize, minimize"),
        (HEAD.replace('Float("rate"', 'Float("seed"'), "hyperparameters of problem 'Mine' must have names"),
        (HEAD.replace('Float("rate"', 'Float("learning/rate"'), "hyperparameters of problem 'Mine' must have names"),
        (HEAD.replace("(0.0, 1.0))]", '(0.0, 1.0)), Float("rate", (0.0, 1.0))]'), "cannot be imported"),
        (HEAD.replace("SPACE, (", '{"rate": 1}, ('), "must have a ConfigSpace.ConfigurationSpace as space"),
        (HEAD.replace('Metric("loss"', 'Metric("seconds"'), "columns of a run must have different names"),
        (HEAD.replace("low=0.0),)", 'low=0.0), Metric("loss", "nats", "maximize", high=1.0))'), "different names"),
        (
            HEAD.replace("(1,)", "(1.5,)"),
            "budgets of problem 'Mine' must be whole numbers of steps up to 100000, got 1.5",
        ),
        (
            HEAD.replace('"steps", (1,)', '"steps", (2, 1)'),
            "budgets of fidelity 'steps' must be positive and",
        ),
        (HEAD.replace('("a",)', '"a"'), "tasks of problem 'Mine' must be a tuple of names"),
        (HEAD + "    schedule = 'cosine'\n", "schedule of problem 'Mine' must be adaptive or non-adaptive"),
        (HEAD + "    def state(self, folder): pass\n", "must have both state and restore or neither"),
        (HEAD + "    def __init__(self): raise OSError('no licence')\n", "Mine cannot be made (OSError: no licence)"),
        (HEAD + "    def __init__(self, data): pass\n", "its __init__ must need no arguments"),
        (HEAD.replace("low=0.0),)", "low=0.0))"), "metrics of problem 'Mine' must be a tuple of lcbench.Metric"),
        (
            HEAD.replace('Metric("loss"', 'Metric("1st"'),
            "metrics of problem 'Mine' must have names that begin with a letter, got '1st'",
        ),
        (
            HEAD.replace("fidelity, tasks = Fidelity", "fidelities, tasks = (Fidelity").replace(
                '(1,)), ("a"', '(1,)), Fidelity("rate", (1, 2))), ("a"'
            ),
            "must not be hyperparameters as well, got 'rate'",
        ),
        (HEAD.replace('Metric("loss"', 'Metric(" "'), "a metric must have a name, got none"),
        (HEAD.replace('[Float("rate", (0.0, 1.0))]', "[]"), "space of problem 'Mine' must have at least one"),
        (HEAD + "    target = 'regression'\n", "target of problem 'Mine' must be classes or real, got 'regression'"),
        (HEAD.replace("(1,)", "(10**9,)"), "must be whole numbers of steps up to"),
        (
            HEAD.replace("budget, seed", "budget"),
            "train of problem 'Mine' must take (self, task, config, budget, seed)",
        ),
        (
            HEAD.replace("fidelity, tasks = Fidelity", "fidelities, tasks = (Fidelity").replace(
                '(1,)), ("a"', '(1,)), Fidelity("rows", (1, 2))), ("a"'
            ),
            "must take (self, task, config, budget, seed, rows)",
        ),
    ],
)
def test_a_problem_that_is_not_declared_as_it_must_be(tmp_path, capsys, text, said):
    (tmp_path / "mine.py").write_text(text)
    assert collect(tmp_path / "out", "--problem", f"{tmp_path}/mine.py:Mine", "--configs", 1) == cli.USAGE_ERROR
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") <= 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ("./nothing.py:Mine", "nothing.py must be a Python file with the problem"),
        ("no_such_package.module:Mine", "problem must be in a module that can be imported"),
        ("mpl", "unknown problem 'mpl'; nearest: mlp"),
        ("./x.py:", "problem must be a name, package.module:Object or ./file.py:Object"),
    ],
)
def test_a_problem_that_is_not_there(tmp_path, capsys, problem, said):
    assert collect(tmp_path / "out", "--problem", problem) == cli.USAGE_ERROR
    assert said in capsys.readouterr().err


def test_a_space_of_its_own_narrows_a_problem(tmp_path, capsys):
    from ConfigSpace import ConfigurationSpace, Constant, Float

    narrow = ConfigurationSpace(space=[Float("rate", (0.5, 0.6)), Constant("momentum", 0.5)])
    narrow.to_json(tmp_path / "narrow.json")
    assert collect(tmp_path / "t", *BOWL, "--space", tmp_path / "narrow.json") == 0
    configs = lcbench.load(tmp_path / "t").configs
    assert configs["rate"].between(0.5, 0.6).all()
    assert (configs["momentum"] == 0.5).all()
    assert collect(tmp_path / "t", *BOWL) == cli.USAGE_ERROR
    assert "the ranges of the space are others" in capsys.readouterr().err
    assert collect(tmp_path / "t", "--problem", named(Bowl), "--grow", "--configs", 6, "--seeds", 3) == 0
    grown = lcbench.load(tmp_path / "t")
    assert (len(grown.configs), grown.seeds) == (6, (0, 1, 2))
    assert grown.configs["rate"].between(0.5, 0.6).all()
    assert verify.verify(grown.folder) == []
    grown.configs.to_csv(tmp_path / "same.csv", index=False)
    same = ("--configs", tmp_path / "same.csv", "--seeds", 3)
    assert collect(tmp_path / "t", "--problem", named(Bowl), *same) == cli.USAGE_ERROR
    assert "the ranges of the space are others" in capsys.readouterr().err
    other = ConfigurationSpace(space=[Float("rate", (0.5, 0.6))])
    other.to_json(tmp_path / "other.json")
    assert collect(tmp_path / "u", *BOWL, "--space", tmp_path / "other.json") == cli.USAGE_ERROR
    assert "space must have the hyperparameters of problem 'Bowl'" in capsys.readouterr().err


def test_a_task_that_it_does_not_know(tmp_path, capsys):
    assert collect(tmp_path / "t", *BOWL, "--datasets", "rund") == cli.USAGE_ERROR
    assert "unknown task of problem 'Bowl' 'rund'; nearest: round" in capsys.readouterr().err


def test_a_dry_run_says_what_it_would_cost_and_writes_nothing(tmp_path, capsys):
    assert collect(tmp_path / "t", *BOWL, "--dry-run") == 0
    said = capsys.readouterr().out
    assert "8 tasks, 48 runs, 128 pushes in all" in said
    assert "at most 0.0 MB" in said
    assert not (tmp_path / "t").exists()


def test_a_collection_says_how_far_it_is(tmp_path, capsys):
    assert collect(tmp_path / "r", *BROKEN, "--datasets", "raises,ok", "--configs", 5) == 3
    capsys.readouterr()
    assert cli.run(["status", str(tmp_path / "r")]) == 0
    said = capsys.readouterr().out
    assert "of 10 finished" in said
    assert "ValueError: singular matrix" in said
    assert "nobody; the command that began it resumes it" in said
    assert cli.run(["status", str(tmp_path)]) == cli.USAGE_ERROR


def test_a_problem_is_a_plain_object_as_well():
    problem = get_problem(named(Bowl))
    assert problem.name == "Bowl"
    assert problem.budgets == (2, 4, 8)
    assert problem.record.seconds == "measured"
    with pytest.raises(InputError, match="problem must be"):
        get_problem(":x")


def test_a_restored_run_goes_on_as_if_it_had_not_stopped(tmp_path):
    config, whole = {"rate": 0.3, "momentum": 0.5}, by_hand({"rate": 0.3, "momentum": 0.5}, 8)
    first, second = Bowl(), Bowl()
    clock = iter(map(float, range(99))).__next__
    begun = list(course(first, "round", config, 3, 0, clock, further={}))
    first.state(tmp_path)
    second.restore(tmp_path)
    rest = list(course(second, "round", config, 8, 0, clock, further={}, begun=begun))
    assert [step["valid_loss"] for step in begun + rest] == whole
    assert [step["seconds"] for step in begun + rest] == [0.5 * step for step in range(9)]


def test_what_breaks_the_contract_is_an_input_error():
    assert issubclass(ContractError, InputError)
    json.dumps(named(Broken))
