"""Problems of other people on everything that a table has: live runs that really go on, replays, surrogates."""

import numpy as np
import pytest
from bowls import Annealed, Bowl, named
from collecting_helpers import NOW

import lcbench
from lcbench import cli
from lcbench.errors import InputError
from lcbench.simulate import Job, ReplayBackend, SurrogateBackend, TrainingBackend, live, simulate
from lcbench.simulate.optimizers import OPTIMIZERS, get_optimizer
from lcbench.simulate.realtime.job import JobTask
from lcbench.simulate.training import collect_tried

CONFIG, CHILD = {"rate": 0.3, "momentum": 0.5}, {"rate": 0.9, "momentum": 0.0}


@pytest.fixture(scope="module")
def annealed(tmp_path_factory):
    """A table with nothing before the first step, and a second fidelity."""
    folder = tmp_path_factory.mktemp("annealed") / "table"
    line = ["collect", str(folder), "--problem", named(Annealed), "--configs", "24", "--seeds", "2", "--jobs", "2"]
    assert cli.run([*line, "--quiet"]) == 0
    return lcbench.load(folder)


def course(problem, config, budget, task="round"):
    return [step["valid_loss"] for step in problem.train(task, config, budget, 0, start=0)]


class Promote:
    """Trains one configuration to 2, then a child of it to 4, then both to 8."""

    def __init__(self):
        jobs = [(1, CONFIG, 2, None), (2, CHILD, 4, 1), (1, CONFIG, 8, None), (2, CHILD, 8, None)]
        self.jobs = [Job(trial, config, budget, parent=parent) for trial, config, budget, parent in jobs]
        self.told = []

    def ask(self):
        return self.jobs.pop(0) if self.jobs else None

    def tell(self, result):
        self.told.append(result)


@pytest.mark.parametrize("recorded", [True, False])
def test_trials_go_on_where_they_or_their_parents_stopped(tmp_path, recorded):
    backend = TrainingBackend("round", problem=named(Bowl))
    assert backend.resumes
    place = tmp_path / "live" if recorded else None
    trace = live(Promote(), backend, trials=4, record=place, quiet=True)
    first, second, third, fourth = (result.curve.values for result in trace.results)
    whole = np.float32(course(Bowl(), CONFIG, 8))
    np.testing.assert_array_equal(first, whole[:3])
    np.testing.assert_array_equal(third, whole)
    mixed = Bowl()
    steps = course(mixed, CONFIG, 2)
    steps += [step["valid_loss"] for step in mixed.train("round", CHILD, 8, 0, start=2)]
    np.testing.assert_array_equal(second, np.float32(steps)[:5])
    np.testing.assert_array_equal(fourth, np.float32(steps))
    assert fourth.tolist() != np.float32(course(Bowl(), CHILD, 8)).tolist()
    if recorded:
        assert (place / "checkpoints" / "2" / "8" / "0" / "state" / "ball.json").is_file()


def test_a_stopped_live_run_resumes_from_its_checkpoints(tmp_path):
    whole = live(Promote(), TrainingBackend("round", problem=named(Bowl)), trials=4, quiet=True)
    for trials in (2, 4):
        backend = TrainingBackend("round", problem=named(Bowl))
        trace = live(Promote(), backend, trials=trials, record=tmp_path, quiet=True)
    for one, other in zip(trace.results, whole.results, strict=True):
        np.testing.assert_array_equal(one.curve.values, other.curve.values)


def test_population_based_training_really_copies(tmp_path, capsys):
    line = f"live round --problem {named(Bowl)} --optimizer pbt --budgets 1-12 --trials 40 --workers 2 --out"
    assert cli.run([*line.split(), str(tmp_path / "live")]) == 0
    assert "pushes" in capsys.readouterr().out
    events = (tmp_path / "live" / "events.jsonl").read_text()
    assert '"parent":' in events.replace('"parent": null', "").replace('"parent":null', "")


def test_a_checkpoint_of_an_attempt_that_was_not_told_is_taken(tmp_path):
    backend = TrainingBackend("round", problem=named(Bowl)).keeping(tmp_path)
    task = JobTask(0, CONFIG, 4, 7, None)
    one, other = backend.continued(task), backend.continued(task)
    np.testing.assert_array_equal(one.values, other.values)
    np.testing.assert_array_equal(one.values, np.float32(course(Bowl(), CONFIG, 4)))


def test_a_live_run_trains_what_a_collection_does(tmp_path, annealed):
    backend = TrainingBackend.like(annealed, "round", problem=named(Annealed))
    replay = ReplayBackend(annealed, "round")
    config = backend.domain().sample(np.random.default_rng(0))
    np.testing.assert_array_equal(backend.curve(config, 3).values, replay.curve(config, 3).values)
    quarter = TrainingBackend("round", problem=named(Annealed), at={"data_fraction": 0.25})
    assert (
        quarter.curve({"rate": 0.5}, 3).values[-1]
        == 4 * TrainingBackend("round", problem=named(Annealed)).curve({"rate": 0.5}, 3).values[-1]
    )


def test_a_table_from_elsewhere_names_no_code_that_is_run(annealed, capsys):
    with pytest.raises(InputError, match=r"was collected with problem bowls.py:Annealed; name it \(--problem\)"):
        TrainingBackend.like(annealed, "round")
    assert cli.run(["collect", str(annealed.folder), "--grow", "--seeds", "3"]) == cli.USAGE_ERROR
    assert "name it (--problem) to train it again" in capsys.readouterr().err


def test_what_was_tried_becomes_a_table(tmp_path):
    backend = TrainingBackend("long", problem=named(Bowl), budgets=(2, 4))
    made = OPTIMIZERS["random"](backend.domain(), backend.budgets, np.random.default_rng(0))
    trace = live(made, backend, trials=3, quiet=True)
    bench = collect_tried(backend, trace, tmp_path / "tried", now=NOW)
    assert bench.datasets == ("long",)
    for result in trace.results:
        row = next(i for i, each in bench.configs.iterrows() if dict(each) == pytest.approx(dict(result.job.config)))
        np.testing.assert_array_equal(bench.curve("long", row, None, 4), result.curve.values)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_replays_a_table_without_values_before_the_first_step(annealed, optimizer):
    backend = ReplayBackend(annealed, "round", match="nearest")
    made = get_optimizer(optimizer)(backend.domain(), backend.budgets, np.random.default_rng(1))
    trace = simulate(made, backend, evaluations=12)
    assert len(trace) == 12
    assert np.isfinite(trace.incumbent(np.inf).loss)


@pytest.mark.parametrize("noise", ["none", "residual"])
def test_a_surrogate_predicts_nothing_where_nothing_was_measured(annealed, tmp_path, noise):
    made = SurrogateBackend.fit(annealed, "round", model="forest", folds=2, noise=noise)
    made.save(tmp_path / "surrogate")
    for backend in (made, SurrogateBackend.load(tmp_path / "surrogate", noise=noise)):
        curve = backend.curve({"rate": 0.5}, 3)
        assert np.isnan(curve.values[0])
        assert np.isfinite(curve.values[1:]).all()


def test_baselines_say_that_they_need_classes(annealed, capsys):
    assert cli.run(["baselines", str(annealed.folder), "--quiet"]) != 0
    assert "baselines must have a data set of classes, got a task of another kind" in capsys.readouterr().err


def test_an_optimizer_of_a_file_is_named_by_it(annealed, tmp_path):
    (tmp_path / "mine.py").write_text("from lcbench.simulate.optimizers.random_search import RandomSearch as Mine\n")
    line = ["simulate", str(annealed.folder), "--optimizers", f"random,{tmp_path}/mine.py:Mine", "--seeds", "2"]
    assert cli.run([*line, "--budget", "4x", "--jobs", "2", "--out", str(tmp_path / "t.parquet"), "--quiet"]) == 0
