"""The parts of Auto-PyTorch Tabular that need no training: order of jobs, limits, selection, journal, folder."""

import json
import math
import signal

import numpy as np
import pandas as pd
import pytest
from autotab_helpers import Guessed, does_as_told, model_of, result_of
from live_helpers import Script
from sklearn.metrics import make_scorer

from lcbench.errors import (
    DamagedFileError,
    FolderError,
    InputError,
    NewerFormatError,
    NotABenchmarkError,
    UnknownNameError,
)
from lcbench.simulate import FunctionBackend, Job, live
from lcbench.simulate.autotabular import AutoTabularClassifier, journal, selection
from lcbench.simulate.autotabular.backend import ModelBackend
from lcbench.simulate.autotabular.baselines_first import BaselinesFirst, WithBaselines, baseline_of
from lcbench.simulate.autotabular.folder import Folder
from lcbench.simulate.autotabular.journal import Entry
from lcbench.simulate.autotabular.search import optimizer_of
from lcbench.simulate.autotabular.selection import Selection, select
from lcbench.simulate.autotabular.settings import SearchSettings, choose_baselines, choose_portfolio, chosen, seconds_of
from lcbench.simulate.autotabular.tables import leaderboard, trajectory
from lcbench.simulate.autotabular.work import FitModel
from lcbench.simulate.ensembles import combine, greedy_ensemble
from lcbench.simulate.realtime.job import JobTask
from lcbench.simulate.transfer import shipped
from lcbench.simulate.transfer.shipped import load_portfolio
from lcbench.table.curve import Curve
from lcbench.work import InlineExecutor
from lcbench.work import run as run_tasks
from lcbench.work.processes import LocalExecutor


def settings(**changes) -> SearchSettings:
    given = {"time_limit": None, "trials": 5, "workers": 1, "seed": 0, "baselines": (), "portfolio": (), "space": "mlp"}
    return SearchSettings(**given | changes)


SECONDS = 20  # a job that does nothing takes less, also where its process must start first on a busy machine
"""A limit that leaves a new process time to come, also where other work has the machine."""


class Known(FunctionBackend):
    """A function's backend whose domain knows more than the function's space."""

    __slots__ = ()

    def domain(self):
        return Anything(WithBaselines(self.space_domain(), ("knn", "lightgbm")))

    def space_domain(self):
        return super().domain()

    def curve(self, config, budget):
        return self.function(config, budget)


class Anything:
    """A domain that takes whatever the executor understands for a configuration."""

    def __init__(self, domain) -> None:
        self.domain, self.space = domain, domain.space

    def encode(self, config):
        return np.zeros(2) if "sleep" in config else self.domain.encode(config)


# Order ----------------------------------------------------------------------------------------------------------------


def test_baselines_come_first_and_the_optimizer_never_hears_of_them(bowl):
    told = []
    inner = Script(Job(0, {"x": 0.5, "y": 0.5}, 1), Job(1, {"x": 0.1, "y": 0.5}, 1, parent=0))
    inner.tell = told.append

    def curve(config, budget):
        return Curve(np.zeros(2), np.arange(2.0)) if baseline_of(config) else bowl.curve(config, budget)

    backend = Known(bowl.space, bowl.budgets, curve)
    heard = []
    trace = live(
        BaselinesFirst(("knn", "lightgbm"), inner),
        backend,
        trials=9,
        quiet=True,
        watch=lambda number, result: heard.append((number, result)),
    )
    assert [dict(r.job.config) for r in trace.results[:2]] == [{"baseline": "knn"}, {"baseline": "lightgbm"}]
    assert [r.job.trial for r in trace.results] == [0, 1, 2, 3]
    assert trace.results[3].job.parent == 2
    assert [(r.job.trial, r.job.parent) for r in told] == [(0, None), (1, 0)]
    assert heard == list(enumerate(trace.results))
    domain = backend.domain()
    assert np.isnan(domain.encode({"baseline": "knn"})).all()
    with pytest.raises(InputError):
        domain.encode({"baseline": "unknown"})


def test_the_record_lists_configurations_of_the_space_alone(bowl, tmp_path):
    backend = Known(bowl.space, bowl.budgets, lambda config, budget: Curve(np.zeros(2), np.arange(2.0)))
    script = Script(Job(0, {"x": 0.5, "y": 0.25}, 1))
    live(BaselinesFirst(("knn",), script), backend, trials=5, quiet=True, record=tmp_path)
    assert pd.read_parquet(tmp_path / "configs.parquet").to_dict("records") == [{"x": 0.5, "y": 0.25}]
    assert len(pd.read_parquet(tmp_path / "trace.parquet")) == 2


# Limits ---------------------------------------------------------------------------------------------------------------


def outcomes(executor, *configs) -> dict[int, object]:
    """Start all at once and wait for all outcomes, each by its first attempt."""
    tasks = (JobTask(number, config, 2) for number, config in enumerate(configs))
    return {outcome.task.number: outcome for outcome in run_tasks(executor, tasks, attempts=1)}


def test_what_is_over_its_memory_is_ended_and_the_others_go_on():
    with LocalExecutor(3, does_as_told, memory=1000 << 20) as executor:
        found = outcomes(executor, {"mib": 1100, "sleep": 600}, {"kill": int(signal.SIGKILL)}, {"reason": "no"})
        assert found[0].reason == "it took more than its 1000 MiB of memory and was ended"
        assert found[0].final
        assert (found[1].reason, found[1].final) == ("its process was killed", False)
        assert (found[2].reason, found[2].final) == ("ValueError: no", False)
        after = outcomes(executor, {"sleep": 0}, {"sleep": 0.1})
        assert [after[number].value.epochs for number in (0, 1)] == [2, 2]


@pytest.mark.slow
def test_a_job_over_its_limit_is_told_once_and_not_tried_again(bowl):
    class Backend(Known):
        __slots__ = ()

        def executor(self, workers):
            return LocalExecutor(workers, does_as_told, "lcbench.collection.models.warm", seconds=SECONDS)

    backend = Backend(bowl.space, bowl.budgets, bowl.curve)
    trace = live(
        Script(Job(0, {"sleep": 0}, 1), Job(1, {"sleep": 600}, 1), Job(2, {"sleep": 0}, 1)),
        backend,
        trials=3,
        quiet=True,
    )
    assert [math.isinf(r.loss) for r in trace.results] == [False, True, False], [r.reason for r in trace.results]
    assert trace.results[1].reason == f"it took more than its {SECONDS} s and was ended"
    assert SECONDS <= trace.results[1].finished - trace.results[1].started < 600


def test_this_process_can_do_the_jobs_too():
    found = outcomes(InlineExecutor(does_as_told), {"sleep": 0}, {"reason": "no"})
    assert found[0].value.epochs == 2
    assert found[1].reason == "ValueError: no"


# Selection ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def problem() -> Guessed:
    return Guessed(np.random.default_rng(0).integers(2, size=80))


def run(problem, folder, models, **changes) -> Selection:
    """Let a selection hear of these models."""
    chosen = Selection(problem, folder, settings(**changes), lambda: 0.0)
    for number, model in enumerate(models):
        folder.keep(number, model)
        chosen(number, result_of(number, model.score))
    return chosen


def test_after_every_model_the_ensemble_is_that_of_the_best(problem, tmp_path):
    rng, folder = np.random.default_rng(1), Folder(tmp_path)
    models = [model_of(problem, rng, skill) for skill in rng.uniform(0.55, 0.8, 12)]
    run(problem, folder, models, candidates=5, ensemble_size=10)
    entries = journal.read(folder.results)
    assert [entry.number for entry in entries] == list(range(12))
    for count, entry in enumerate(entries, start=1):
        there = models[:count]
        wanted = greedy_ensemble(
            np.stack([m.valid_probabilities for m in there]), problem.valid_labels, 10, 5, "accuracy"
        )
        last = max(step for step in range(10) if wanted.losses[step] == wanted.losses.min()) + 1
        weights = np.bincount(wanted.picks[:last], minlength=count) / last
        assert dict(entry.weights) == {n: w for n, w in enumerate(weights.tolist()) if w > 0}
        mean = combine(weights, np.stack([m.valid_probabilities for m in there]))
        assert entry.ensemble_score == pytest.approx(problem.score(mean))
        assert entry.ensemble_score >= max(m.score for m in there)


def test_what_a_killed_process_left_half_written_goes_when_the_model_is_fitted_again(problem, tmp_path):
    folder, model = Folder(tmp_path), model_of(problem, np.random.default_rng(1), 0.7)
    halves = [tmp_path / "predictions" / f".{number}.npz.7-ab.tmp" for number in (3, 33)]
    halves[0].parent.mkdir()
    for half in halves:
        half.write_bytes(b"PK")
    folder.keep(3, model)
    assert [half.exists() for half in halves] == [False, True]


def test_only_models_that_may_be_needed_keep_their_files_and_all_keep_their_predictions(problem, tmp_path):
    rng, folder = np.random.default_rng(2), Folder(tmp_path)
    models = [model_of(problem, rng, skill) for skill in rng.uniform(0.5, 0.9, 15)]
    run(problem, folder, models, candidates=4)
    best = sorted(range(15), key=lambda number: (-models[number].score, number))[:4]
    assert {path.name for path in folder.path.glob("models/*")} == {str(number) for number in best}
    assert len(list(folder.path.glob("predictions/*.npz"))) == 15
    assert set(journal.read(folder.results)[-1].weights) <= set(best)


def test_a_model_whose_result_is_still_to_come_is_not_removed(problem, tmp_path):
    """A worker keeps its model before the result is told, and others' results are told in between."""
    rng, folder = np.random.default_rng(4), Folder(tmp_path)
    models = [model_of(problem, rng, skill) for skill in (0.5, 0.6, 0.9)]
    chosen = Selection(problem, folder, settings(candidates=1), lambda: 0.0)
    for number in (2, 0, 1):
        folder.keep(number, models[number])
    for number in (0, 1, 2):
        chosen(number, result_of(number, models[number].score))
    assert chosen.entries[2].weights == {2: 1.0}
    assert {path.name for path in folder.path.glob("models/*")} == {"2"}


def test_a_selection_goes_on_from_its_folder_as_if_it_had_not_stopped(problem, tmp_path):
    rng = np.random.default_rng(3)
    models = [model_of(problem, rng, skill) for skill in rng.uniform(0.5, 0.9, 10)]
    whole = run(problem, Folder(tmp_path / "whole"), models, candidates=4)
    folder = Folder(tmp_path / "parts")
    run(problem, folder, models[:6], candidates=4)
    with folder.results.open("ab") as file:
        file.write(b'{"number": 6, "half a li')  # killed while it wrote
    again = Selection(problem, folder, settings(candidates=4), lambda: 0.0)
    again.recall()
    for number, model in enumerate(models):
        folder.keep(number, model) if number >= 6 else None
        again(number, result_of(number, model.score))
    assert journal.read(folder.results) == journal.read(whole.folder.results)
    assert again.words() == whole.words()


@pytest.mark.parametrize(("pool", "wanted"), [("networks", {1, 2}), ("baselines", {0}), ("all", {0, 1, 2})])
def test_an_ensemble_is_made_of_its_pool(problem, tmp_path, pool, wanted):
    folder, rng = Folder(tmp_path), np.random.default_rng(4)
    chosen = Selection(problem, folder, settings(pool=pool, ensemble_size=30), lambda: 0.0)
    for number, config in enumerate([{"baseline": "knn"}, {"x": 1}, {"x": 2}]):
        model = model_of(problem, rng, 0.7)
        folder.keep(number, model)
        chosen(number, result_of(number, model.score, config=config))
    assert set(journal.read(folder.results)[-1].weights) <= wanted
    assert {int(path.name) for path in folder.path.glob("models/*")} == wanted


def test_one_model_is_the_best_alone(problem, tmp_path):
    rng = np.random.default_rng(5)
    models = [model_of(problem, rng, skill) for skill in (0.6, 0.9, 0.7)]
    run(problem, Folder(tmp_path), models, ensemble_size=1)
    assert dict(journal.read(tmp_path / "results.jsonl")[-1].weights) == {1: 1.0}


def test_slow_scorers_wait_for_their_share_of_the_time_and_the_end_makes_up_for_it(problem, tmp_path):
    slow, folder, rng = Guessed(problem.valid_labels, "f1"), Folder(tmp_path), np.random.default_rng(6)
    ticks = iter(np.arange(0, 1000, 1.0))
    chosen = Selection(slow, folder, settings(ensemble_size=5), lambda: next(ticks))
    models = [model_of(slow, rng, 0.6 + 0.03 * number) for number in range(8)]
    for number, model in enumerate(models):
        folder.keep(number, model)
        chosen(number, result_of(number, model.score))
    before = journal.read(folder.results)
    assert before[0].weights == {0: 1.0}
    assert before[-1].weights == {0: 1.0}  # one selection took a second, and 8 seconds had passed
    chosen.finish()
    after = journal.read(folder.results)
    assert len(after) == 8
    assert after[-1].ensemble_score >= max(model.score for model in models)


@pytest.mark.parametrize(
    ("seconds", "steps", "members"),
    [(0.004, 50, 3), (0.1, 3, 3), (0.5, 1, 1)],  # 250, 10 and 2 calls in a second, of three models
)
def test_a_selection_by_a_slow_scorer_is_as_long_as_its_share_of_the_time(
    problem, tmp_path, monkeypatch, seconds, steps, members
):
    slow, folder, rng = Guessed(problem.valid_labels, "f1"), Folder(tmp_path), np.random.default_rng(6)
    ticks, asked = iter(np.arange(0, 1000, seconds)), []
    chosen = Selection(slow, folder, settings(), lambda: next(ticks))
    monkeypatch.setattr(selection, "select", lambda *given: asked.append(given[1:]) or select(*given))
    for number in range(3):
        model = model_of(slow, rng, 0.7)
        folder.keep(number, model)
        chosen(number, result_of(number, model.score))
    chosen.finish()
    chances, size = asked[-1]
    assert (len(chances), size) == (members, steps)


def test_failed_diverged_and_lost_models_are_said_and_never_chosen(problem, tmp_path):
    folder, rng = Folder(tmp_path), np.random.default_rng(7)
    chosen = Selection(problem, folder, settings(), lambda: 0.0)
    good = model_of(problem, rng, 0.7)
    folder.keep(0, good)
    chosen(0, result_of(0, good.score))
    chosen(1, result_of(1, math.nan, reason="it took more than its 2 s and was ended"))
    chosen(2, result_of(2, math.nan))
    chosen(3, result_of(3, 0.99))  # its predictions never came
    entries = journal.read(folder.results)
    assert [entry.status for entry in entries] == [
        "success",
        "it took more than its 2 s and was ended",
        "diverged",
        "its predictions are missing or damaged",
    ]
    assert all(dict(entry.weights) == {0: 1.0} for entry in entries)


# Tables, journal, folder ----------------------------------------------------------------------------------------------


def entry(number: int, score: float, ensemble: float, **more) -> Entry:
    kind = {"trial": number, "kind": "network", "config": {"x": number}, "budget": 12}
    times = {"started": number * 2.0, "finished": number * 2.0 + 1.5, "worker": 0}
    return Entry(number=number, score=score, ensemble_score=ensemble, **kind, **times, **more)


def test_leaderboard_and_trajectory_of_a_hand_worked_search():
    tried = [
        entry(0, 0.5, 0.5, weights={0: 1.0}),
        entry(1, math.nan, 0.5, weights={0: 1.0}, reason="no"),
        entry(2, 0.75, 0.8, weights={0: 0.25, 2: 0.75}),
        entry(3, 0.6, 0.8, weights={0: 0.25, 2: 0.75}),
    ]
    board = leaderboard(tried)
    assert board["model"].tolist() == [2, 3, 0, 1]
    assert board["weight"].tolist() == [0.75, 0.0, 0.25, 0.0]
    assert board["status"].tolist() == ["success", "success", "success", "no"]
    assert board["seconds"].tolist() == [1.5] * 4
    course = trajectory(tried)
    assert course["time"].tolist() == [1.5, 3.5, 5.5, 7.5]
    assert course["incumbent"].tolist() == [0.5, 0.5, 0.75, 0.75]
    assert course["ensemble"].tolist() == [0.5, 0.5, 0.8, 0.8]
    assert leaderboard([]).empty
    assert trajectory([]).empty


def test_a_journal_reads_what_was_written_and_the_last_line_of_a_number_counts(tmp_path):
    path = tmp_path / "results.jsonl"
    first = entry(0, math.nan, math.nan, reason="no")
    second = entry(1, 0.1 + 0.2, 0.25, weights={1: 1 / 3, 0: 2 / 3})
    for each in (first, second):
        journal.append(path, each)
    assert str(journal.read(path)) == str([first, second])  # NaN is not equal to itself
    journal.append(path, entry(1, 0.3, 0.5, weights={1: 1.0}))
    assert [each.ensemble_score for each in journal.read(path)][1:] == [0.5]
    path.write_text("[1]\n")
    with pytest.raises(DamagedFileError, match=r"results.jsonl is damaged in line 1"):
        journal.read(path)


def test_a_folder_says_what_it_is(tmp_path):
    with pytest.raises(NotABenchmarkError, match="must be a folder made by 'lcbench fit', got a folder without model"):
        Folder(tmp_path).read_card()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(InputError, match="is not empty and holds no search; choose a new or an empty folder"):
        Folder(tmp_path / "other").begin({})
    folder = Folder(tmp_path / "new")
    folder.begin({"target": "y"})
    folder.begin({"target": "other"})  # goes on, unchanged
    assert folder.read_card()["target"] == "y"
    folder.record.rmdir()
    folder.begin({})  # stopped before it had begun
    assert folder.record.is_dir()
    folder.record.rmdir()
    folder.results.touch()
    with pytest.raises(InputError, match="holds a saved classifier and no search to resume"):
        folder.begin({})
    folder.card.write_text(json.dumps({"autotabular": 99}))
    with pytest.raises(NewerFormatError, match="has format 99"):
        folder.read_card()
    folder.card.write_text("[]")
    with pytest.raises(DamagedFileError, match="describes no classifier"):
        folder.read_card()


# Arguments ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trials": None}, "a limit must be given, got none; give time_limit, trials or both"),
        ({"time_limit": 0}, "time_limit must be finitely many seconds, more than 0, got 0"),
        ({"memory_limit": -1.0}, "memory_limit must be finitely many MiB, more than 0, got -1"),
        ({"trials": 0}, "trials must be a whole number of at least 1, got 0"),
        ({"workers": -1}, "workers must be a whole number of at least 0, got -1"),
        ({"workers": 1.5}, "workers must be a whole number of at least 0, got 1.5"),
        ({"pool": "some"}, "unknown pool of an ensemble 'some'"),
        ({"optimizer": "bhob"}, "unknown optimizer 'bhob'; nearest: bohb"),
        ({"space": "huge"}, "unknown problem 'huge'"),
        ({"budgets": (5, 3)}, "budgets must"),
    ],
)
def test_settings_that_cannot_be(changes, message):
    with pytest.raises(InputError, match=message):
        settings(**changes)


def test_a_model_may_take_half_of_the_time_unless_it_is_said():
    assert settings(time_limit=600.0).trial_seconds == 300
    assert settings(time_limit=600.0, trial_time_limit=20.0).trial_seconds == 20
    assert math.isinf(settings().trial_seconds)
    assert settings(memory_limit=10.0).trial_bytes == 10 * 2**20


def test_baselines_and_portfolios_by_name():
    assert choose_baselines("all") == ("knn", "extra_trees", "random_forest", "catboost", "lightgbm")
    assert choose_baselines(["lightgbm", "knn"]) == ("knn", "lightgbm")
    assert choose_baselines("knn") == ("knn",)
    assert choose_baselines(None) == choose_baselines([]) == ()
    with pytest.raises(UnknownNameError, match="unknown baseline 'xgb'"):
        choose_baselines(["xgb"])
    assert choose_portfolio(None, "full") == choose_portfolio("greedy", "mlp") == ()
    assert choose_portfolio([{"x": 1}], "full") == ({"x": 1},)
    with pytest.raises(UnknownNameError, match="unknown portfolio 'best'"):
        choose_portfolio("best", "full")


def test_a_portfolio_that_came_along_damaged_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "embedded_folder", lambda _: tmp_path)
    (tmp_path / "portfolio.json").write_text("{")
    with pytest.raises(FolderError, match="portfolio"):
        choose_portfolio("greedy", "full")


def test_another_portfolio_is_another_search():
    portfolio = load_portfolio()
    first, again = (settings(space="full", portfolio=tuple(portfolio)).describe() for _ in range(2))
    other = settings(space="full", portfolio=tuple(portfolio[::-1])).describe()
    assert first == again != other
    assert max(len(str(value)) for value in first.values()) < 100  # what a message can say


def test_a_search_asks_for_baselines_then_for_the_portfolio_and_then_for_its_optimizer(problem, tmp_path):
    portfolio = choose_portfolio("greedy", "full")
    asked = settings(space="full", baselines=("knn", "catboost"), portfolio=portfolio[:3])
    backend = ModelBackend(FitModel(problem, Folder(tmp_path), 0, "full", None), asked)
    optimizer = optimizer_of(backend, asked)
    jobs = [optimizer.ask() for _ in range(6)]
    assert [job.config for job in jobs[:2]] == [{"baseline": "knn"}, {"baseline": "catboost"}]
    assert [dict(job.config) for job in jobs[2:5]] == [dict(config) for config in portfolio[:3]]
    assert dict(jobs[5].config) not in [dict(config) for config in portfolio]
    assert [job.budget for job in jobs] == [1, 1, 12, 12, 12, 12]


def test_a_metric_that_no_other_process_can_import_is_said():
    frame, y = pd.DataFrame({"x": np.arange(40.0)}), np.arange(40) % 2

    def hits(true, guess):
        return (true == guess).mean()

    for metric in (hits, make_scorer(hits), lambda estimator, rows, labels: hits(labels, estimator.predict(rows))):
        own = AutoTabularClassifier(None, 1, metric, trials=1, portfolio=None)
        with pytest.raises(InputError, match=r"where there are workers, got .*<lo.*(hits|<lambda>); define it"):
            own.fit(frame, y)


def test_few_rows_have_folds_and_many_a_share_unless_it_is_said():
    few, rare = np.arange(100) % 2, np.arange(100) // 96
    assert chosen("auto", few) == 5
    assert chosen("auto", pd.Series(few).map({0: "a", 1: "b"})) == 5
    assert chosen("auto", np.arange(5001) % 2) is None
    assert chosen("auto", rare) is None
    assert chosen("auto", few, validation=[1, 2]) is None
    assert chosen(3, few) == 3
    assert chosen(None, few) is None


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7200), ("1.5h", 5400), ("45", 45)])
def test_lengths_of_time(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "0s", "-5m", "ten", "5 weeks", "1e999"])
def test_what_is_no_length_of_time(text):
    with pytest.raises(InputError, match="time must be a length of time more than 0, such as 90s"):
        seconds_of(text)
