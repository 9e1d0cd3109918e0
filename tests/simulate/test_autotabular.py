"""The tool as a whole, on real rows: search, limits, saving, going on, kills, bad input."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pyarrow.parquet as pq
import pytest
from collecting_helpers import PATIENCE, wait_until
from sklearn.datasets import load_wine
from sklearn.model_selection import GroupKFold

from lcbench import cli
from lcbench.collection.models import LearningTask
from lcbench.collection.problem import get_problem
from lcbench.errors import DataError, InputError, NotABenchmarkError, PlanConflictError
from lcbench.files import read_json
from lcbench.signature import digest
from lcbench.simulate.autotabular import AutoTabularClassifier, fit_commands, journal
from lcbench.simulate.autotabular.tables import ensembles_over_time
from lcbench.simulate.transfer.shipped import load_portfolio
from lcbench.table.benchmark import embedded_folder
from lcbench.writing import write_json

SMALL = {"time_limit": None, "portfolio": None, "budgets": (1, 2), "candidates": 3}


def rows(n: int = 150, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    """Rows with text, categories, gaps, booleans and a constant column; the class hangs on three of them."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "colour": rng.choice(["red", "green", "blue"], n),
            "grade": pd.Categorical(rng.choice(["a", "b"], n)),
            "wide": rng.random(n) < 0.5,
            "same": 1.0,
            "empty": np.nan,
        }
    )
    score = frame["size"] + 2 * (frame["colour"] == "red") - 2 * (frame["grade"] == "b")
    frame.loc[rng.random(n) < 0.1, "size"] = np.nan
    frame.loc[rng.random(n) < 0.1, "colour"] = None
    return frame, pd.Series(np.where(score > 0, "yes", "no"), name="answer")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory) -> tuple[AutoTabularClassifier, Path]:
    """A search of two baselines and four networks in two processes, in a folder."""
    folder = tmp_path_factory.mktemp("search") / "model"
    classifier = AutoTabularClassifier(trials=6, workers=2, baselines=("knn", "extra_trees"), **SMALL)
    return classifier.fit(*rows(), folder=folder), folder


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    """The rows as a file."""
    frame, classes = rows()
    path = tmp_path_factory.mktemp("table") / "train.csv"
    frame.assign(answer=classes).to_csv(path, index=False)
    return path


def fresh(code: str, *arguments: object) -> str:
    """Run code in a process of its own."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


# A search -------------------------------------------------------------------------------------------------------------


def test_baselines_come_first_and_every_model_is_on_the_leaderboard(fitted):
    classifier, folder = fitted
    board = classifier.leaderboard()
    assert sorted(board["model"]) == list(range(6))
    assert dict(zip(board["model"], board["kind"], strict=True)) == {0: "knn", 1: "extra_trees"} | dict.fromkeys(
        range(2, 6), "network"
    )
    assert board["score"].is_monotonic_decreasing
    assert board["weight"].sum() == pytest.approx(1)
    assert set(board["status"]) == {"success"}
    course = classifier.trajectory()
    assert course["incumbent"].is_monotonic_increasing
    assert course["incumbent"].iloc[-1] == board["score"].max()
    assert (course["ensemble"] >= course["incumbent"] - 1e-6).all()
    kept = {int(path.name) for path in folder.glob("models/*")}
    assert set(board.loc[board["weight"] > 0, "model"]) <= kept
    assert len(kept) <= 3 + 3


def test_it_has_learnt_something_and_knows_new_rows_of_any_kind(fitted):
    classifier, _ = fitted
    frame, classes = rows(300, seed=1)
    assert classifier.score(frame, classes) > 0.7 > classes.value_counts(normalize=True).max()
    odd = frame.head(4).assign(colour=["pink", None, "red", ""], grade=["z", "a", None, "b"])
    chances = classifier.predict_proba(odd[frame.columns[::-1]])
    assert chances.shape == (4, 2)
    assert np.isfinite(chances).all()
    assert chances.sum(axis=1) == pytest.approx(np.ones(4))
    assert set(classifier.predict(odd)) <= {"yes", "no"} == set(classifier.classes_)


def test_the_same_models_come_in_this_process_and_in_others(fitted):
    classifier, _ = fitted
    here = AutoTabularClassifier(trials=3, workers=0, baselines=("knn", "extra_trees"), **SMALL).fit(*rows())
    there = {entry.number: entry for entry in classifier._entries}
    for entry in here._entries:
        assert (entry.kind, entry.config, entry.budget) == (
            there[entry.number].kind,
            there[entry.number].config,
            there[entry.number].budget,
        )
        assert entry.score == there[entry.number].score


def test_saved_loaded_in_another_process_and_copied_it_predicts_the_same(fitted, tmp_path):
    import pickle  # of the caller's own choice; nothing of ours reads one

    classifier, folder = fitted
    frame, _ = rows(40, seed=2)
    wanted = classifier.predict_proba(frame)
    classifier.save(tmp_path / "saved")
    frame.to_parquet(tmp_path / "new.parquet")
    code = (
        "import sys, numpy as np, pandas as pd\n"
        "from lcbench.simulate.autotabular import AutoTabularClassifier\n"
        "for place in sys.argv[2:]:\n"
        "    found = AutoTabularClassifier.load(place)\n"
        "    np.save(place + '.npy', found.predict_proba(pd.read_parquet(sys.argv[1])))\n"
        "    print(*found.classes_, found.get_params()['budgets'], len(found.leaderboard()))"
    )
    places = [tmp_path / "saved", folder]
    assert fresh(code, tmp_path / "new.parquet", *places).splitlines() == ["no yes (1, 2) 6"] * 2
    for place in places:
        np.testing.assert_array_equal(np.load(f"{place}.npy"), wanted)
    copy = pickle.loads(pickle.dumps(classifier))  # noqa: S301  # our own bytes
    np.testing.assert_array_equal(copy.predict_proba(frame), wanted)
    with pytest.raises(InputError, match="must be a new or an empty folder"):
        classifier.save(tmp_path / "saved")
    assert not [path for path in (tmp_path / "saved").rglob("*") if path.suffix in (".pkl", ".pickle", ".joblib")]


def test_kept_predictions_replay_any_ensemble_over_time(tmp_path):
    frame, classes = rows()
    classifier = AutoTabularClassifier(trials=4, workers=0, baselines=("knn", "extra_trees"), **SMALL)
    classifier.fit(frame, classes, test=frame.head(7), folder=tmp_path / "model")
    problem = LearningTask.of(frame, classes, splitter=5)
    both = ensembles_over_time(tmp_path / "model", problem, candidates=3)
    assert both[-1].weights == classifier.ensemble_.weights
    assert both[-1].score == classifier.trajectory()["ensemble"].iloc[-1]
    np.testing.assert_allclose(both[-1].test, classifier.predict_proba(frame.head(7)), atol=1e-6)
    for pool, numbers in (("baselines", {0, 1}), ("networks", {2, 3})):
        alone = ensembles_over_time(tmp_path / "model", problem, pool=pool, size=1)
        board = classifier.leaderboard().set_index("model")
        assert all(len(stage.weights) == 1 and set(stage.weights) <= numbers for stage in alone)
        assert alone[-1].score == pytest.approx(board.loc[list(numbers), "score"].max(), abs=1e-6)


def test_folds_groups_scorers_and_own_rows():
    features, target = load_wine(return_X_y=True)
    own = np.zeros(len(target), bool)
    own[::3] = True
    for more, given in (
        ({"splitter": 3, "metric": "neg_log_loss"}, {}),
        ({"splitter": GroupKFold(3), "metric": "balanced_accuracy"}, {"groups": np.arange(len(target)) % 6}),
        ({"metric": "f1_macro", "ensemble_size": 3}, {"validation": own}),
    ):
        classifier = AutoTabularClassifier(trials=2, workers=0, baselines=("knn", "extra_trees"), **SMALL, **more)
        classifier.fit(features, target, **given)
        assert classifier.predict(features).shape == target.shape
        assert classifier.trajectory()["ensemble"].notna().all()


@pytest.mark.slow
def test_as_many_classes_as_there_are_in_any_data_set_of_lcbench(tmp_path):
    """355, as in dionis, with the fewest rows that there may be."""
    rng, classes = np.random.default_rng(0), np.array([f"class {number:03d}" for number in range(355)])
    target = np.repeat(np.arange(355), 5)
    features = pd.DataFrame((3 * rng.normal(size=(355, 4)))[target] + 0.1 * rng.normal(size=(len(target), 4)))
    classifier = AutoTabularClassifier(
        trials=4, workers=0, baselines=("knn", "extra_trees"), splitter=None, **(SMALL | {"budgets": (2, 4)})
    ).fit(features, classes[target])
    assert classifier.classes_.tolist() == classes.tolist()
    assert (classifier.leaderboard()["status"] == "success").all()
    assert classifier.score(features, classes[target]) > 0.9
    classifier.save(tmp_path / "model")
    chances = AutoTabularClassifier.load(tmp_path / "model").predict_proba(features.head(20))
    np.testing.assert_array_equal(chances, classifier.predict_proba(features.head(20)))
    assert chances.shape == (20, 355)
    with pytest.raises(DataError, match="at least 5 rows for each class, got 1774 rows of 355 classes"):
        classifier.fit(features.iloc[1:], classes[target][1:])


# Limits and going on --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_time_limit_ends_the_search_and_what_is_at_work(tmp_path):
    options = {"workers": 2, "baselines": ("knn", "extra_trees"), "portfolio": None}
    first = AutoTabularClassifier(trials=1, time_limit=None, **options).fit(*rows(), folder=tmp_path / "model")
    limit = first._entries[-1].finished + 4
    classifier = AutoTabularClassifier(time_limit=limit, **options).fit(*rows(), resume=tmp_path / "model")
    assert classifier.trajectory()["time"].iloc[-1] <= limit
    wait_until(
        lambda: not any(alive(each) for child in psutil.Process().children() for each in child.children()),
        "the workers are gone",
    )


def test_too_little_time_is_said():
    with pytest.raises(InputError, match=r"time_limit must be enough for one model, got 0.01 s and none was done"):
        AutoTabularClassifier(time_limit=0.01, workers=1, baselines=("knn",)).fit(*rows())


def test_a_search_that_goes_on_keeps_what_it_had_and_another_one_is_refused(tmp_path):
    frame, classes = rows()
    first = AutoTabularClassifier(trials=2, workers=0, baselines=("knn",), **SMALL)
    first.fit(frame, classes, folder=tmp_path / "model")
    more = AutoTabularClassifier(trials=5, workers=0, baselines=("knn",), **SMALL)
    more.fit(frame, classes, resume=tmp_path / "model")
    whole = AutoTabularClassifier(trials=5, workers=0, baselines=("knn",), **SMALL).fit(frame, classes)
    assert more._entries[:2] == first._entries
    columns = ["model", "kind", "budget", "score", "weight"]
    pd.testing.assert_frame_equal(more.leaderboard()[columns], whole.leaderboard()[columns])
    with pytest.raises(PlanConflictError, match="holds a different plan"):
        more.fit(frame.head(120), classes.head(120), resume=tmp_path / "model")
    with pytest.raises(PlanConflictError, match="seed: there 0, asked 1"):
        AutoTabularClassifier(trials=5, workers=0, baselines=("knn",), seed=1, **SMALL).fit(
            frame, classes, resume=tmp_path / "model"
        )
    with pytest.raises(NotABenchmarkError, match="must be a folder made by 'lcbench fit'"):
        more.fit(frame, classes, resume=tmp_path / "nothing")
    with pytest.raises(InputError, match="is not empty"):
        more.fit(frame, classes, folder=tmp_path)
    with pytest.raises(InputError, match="folder and resume must not be given both"):
        more.fit(frame, classes, folder=tmp_path / "a", resume=tmp_path / "model")


def begun(table: Path, out: Path, *more: str, **process: Any) -> subprocess.Popen:
    """The command, on its way."""
    command = [
        sys.executable,
        "-m",
        "autotab_program",
        "fit",
        str(table),
        "--target",
        "answer",
        "--out",
        str(out),
        *more,
    ]
    path = os.pathsep.join([str(Path(__file__).parents[1] / "helpers"), str(Path(__file__).parents[2])])
    environment, said = os.environ | {"PYTHONPATH": path}, {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(command, env=environment, text=True, **said, **process)


def lines(out: Path) -> int:
    path = out / "results.jsonl"
    return len(path.read_bytes().splitlines()) if path.is_file() else 0


def workers_of(process: subprocess.Popen) -> list[psutil.Process]:
    """Processes that fit: children of the fork server."""
    return [grandchild for child in psutil.Process(process.pid).children() for grandchild in child.children()]


def alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


@pytest.mark.slow
def test_killed_workers_and_a_killed_search_lose_nothing_finished(table, tmp_path):
    out = tmp_path / "model"
    search = begun(table, out, "--time", "1h")
    wait_until(lambda: lines(out) >= 2, "there are two models")
    victim = workers_of(search)[0]
    victim.kill()
    wait_until(lambda: lines(out) >= 6, "there are six models")
    there = workers_of(search)
    search.kill()
    search.communicate()
    wait_until(lambda: not any(alive(each) for each in there), "the workers are gone")
    before = journal.read(out / "results.jsonl")
    assert all(entry.usable for entry in before)
    frame, _ = rows(20, seed=3)
    assert AutoTabularClassifier.load(out).predict_proba(frame).shape == (20, 2)
    used_up = begun(table, out, "--time", f"{before[-1].finished:.2f}s")
    said, _ = used_up.communicate()
    assert used_up.returncode == 0, said
    assert f"the model is in {out}" in said
    assert "left out, for want of a single value: empty" in said
    again = AutoTabularClassifier(time_limit=None, trials=len(before) + 2, workers=2)
    train = pd.read_csv(table)
    again.fit(train.drop(columns="answer"), train["answer"], resume=out)
    after = journal.read(out / "results.jsonl")
    assert after[: len(before)] == before
    assert len(after) == len(before) + 2


def ctrl_c(search: subprocess.Popen) -> str:
    """Press it as a terminal does, for the command and all its processes; what the command said."""
    there = workers_of(search)
    os.killpg(search.pid, signal.SIGINT)
    said, _ = search.communicate(timeout=PATIENCE)
    assert search.returncode == 130, said
    assert "Traceback" not in said
    wait_until(lambda: not any(alive(each) for each in there), "the workers are gone")
    return said


@pytest.mark.slow
def test_ctrl_c_leaves_a_model_that_predicts_and_the_same_command_goes_on(table, tmp_path, capsys):
    out = tmp_path / "model"
    search = begun(table, out, "--time", "1h", "--folds", "0", start_new_session=True)
    wait_until(lambda: lines(out) >= 2, "there are two models")
    said = ctrl_c(search)
    assert "ready to predict" in said
    assert "The same command resumes from there." in said
    assert cli.run(["predict", str(out), str(table)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + 150
    before = journal.read(out / "results.jsonl")
    search = begun(table, out, "--time", "1h", "--folds", "0", start_new_session=True)
    wait_until(lambda: lines(out) > len(before), "there is another model")
    ctrl_c(search)
    assert journal.read(out / "results.jsonl")[: len(before)] == before


@pytest.mark.slow
def test_ctrl_c_before_there_is_a_model_says_so_and_the_same_command_begins_anew(table, tmp_path):
    out = tmp_path / "model"
    search = begun(table, out, "--time", "1h", "--folds", "0", start_new_session=True)
    wait_until(lambda: (out / "model.json").is_file() or lines(out), "the search has begun")
    said = ctrl_c(search)
    assert ("stopped before there was a model; the same command resumes" in said) == (lines(out) == 0)
    search = begun(table, out, "--time", "1h", "--folds", "0", start_new_session=True)
    wait_until(lambda: lines(out) >= 1, "there is a model")
    ctrl_c(search)


# Commands -------------------------------------------------------------------------------------------------------------


def test_from_a_file_to_predictions_in_two_commands(fitted, table, tmp_path, capsys):
    _, folder = fitted
    out = tmp_path / "predictions.csv"
    assert cli.run(["predict", str(folder), str(table), "--out", str(out), "--probabilities"]) == 0
    found = pd.read_csv(out)
    assert list(found) == ["answer", "probability of no", "probability of yes"]
    assert len(found) == 150
    assert found.iloc[:, 1:].sum(axis=1).to_numpy() == pytest.approx(np.ones(150))
    assert cli.run(["predict", str(folder), str(table)]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == found["answer"].tolist()


def complaint(capsys, *arguments: object) -> str:
    """What the program says of something it cannot do."""
    assert cli.run([*map(str, arguments)]) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("lcbench: ")
    assert len(said.splitlines()) <= 2
    return said


BAD_ROWS = {
    "one class": (lambda f: f.assign(answer="yes"), "at least 2 classes, got 1: yes; give rows of another"),
    "too few rows": (lambda f: f.head(9), "rows"),
    "nothing but gaps": (lambda f: f.assign(**dict.fromkeys(f.columns[:-1])), "at least one column with a value"),
    "gaps in the target": (lambda f: f.assign(answer=f["answer"].where(f.index > 3)), "must have a value in every row"),
    "infinite target": (lambda f: f.assign(answer=np.where(f.index > 3, 1.0, np.inf)), "infinite|finite"),
    "dates": (lambda f: f.assign(size=pd.Timestamp("2026-11-26")), "days since a date"),
    "dates as text": (
        lambda f: f.assign(size="2026-11-26 12:00"),
        "got dates such as '2026-11-26 12:00'; turn it into",
    ),
    "lists": (lambda f: f.assign(size=[[1, 2]] * len(f)), "column 'size' must hold numbers, booleans or text"),
    "a regression": (lambda f: f.assign(answer=np.arange(len(f)) + 0.5), "must be classes, got 150 different"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_rows_that_cannot_be_learnt_from_are_said_in_a_sentence(name, table, tmp_path, capsys):
    spoil, message = BAD_ROWS[name]
    spoil(pd.read_csv(table)).to_parquet(tmp_path / "bad.parquet")
    said = complaint(capsys, "fit", tmp_path / "bad.parquet", "--target", "answer", "--out", tmp_path / "model")
    assert re.search(message, said), said
    assert not (tmp_path / "model").exists()


def test_arguments_that_cannot_be_are_said(fitted, table, tmp_path, capsys):
    _, folder = fitted
    here = ["fit", table, "--out", tmp_path / "model", "--target"]
    assert "nearest: answer" in complaint(capsys, *here, "anwser")
    assert "time must be a length of time" in complaint(capsys, *here, "answer", "--time", "soon")
    assert "workers must be at least 1, got 0" in complaint(capsys, *here, "answer", "--workers", 0)
    assert "unknown metric 'acuracy'; nearest: accuracy" in complaint(capsys, *here, "answer", "--metric", "acuracy")
    assert "unknown baseline 'xgb'" in complaint(capsys, *here, "answer", "--baselines", "knn,xgb")
    said = complaint(capsys, *here, "answer", "--portfolio", "best")
    assert "portfolio must be greedy, simple, none or a folder made by 'lcbench portfolio build', got best" in said
    assert "a folder without portfolio.json" in complaint(capsys, *here, "answer", "--portfolio", tmp_path)
    assert "none.csv must be a file of a table (.csv, .tsv, " in complaint(
        capsys, "predict", folder, tmp_path / "none.csv"
    )
    assert "a folder without model.json" in complaint(capsys, "predict", tmp_path, table)
    pd.read_csv(table).drop(columns="size").to_csv(tmp_path / "less.csv", index=False)
    assert "missing 'size'" in complaint(capsys, "predict", folder, tmp_path / "less.csv")
    pd.read_csv(table).head(0).to_csv(tmp_path / "nothing.csv", index=False)
    assert "at least one row to predict, got none" in complaint(capsys, "predict", folder, tmp_path / "nothing.csv")
    pd.read_csv(table).assign(size="large").to_csv(tmp_path / "text.csv", index=False)
    assert "column 'size' must hold numbers as in training" in complaint(
        capsys, "predict", folder, tmp_path / "text.csv"
    )


def test_a_portfolio_on_the_command_line_is_one_that_came_along_or_a_folder():
    assert fit_commands.portfolio_of("none") is None
    assert fit_commands.portfolio_of("simple") == "simple"
    assert fit_commands.portfolio_of(str(embedded_folder("portfolio"))) == load_portfolio()


def test_what_the_command_is_told_reaches_the_classifier(table, tmp_path, monkeypatch):
    asked = []

    def stopped(self, *_, **__):
        asked.append(self.get_params())
        raise KeyboardInterrupt

    monkeypatch.setattr(AutoTabularClassifier, "fit", stopped)
    here = ["fit", str(table), "--target", "answer", "--out", str(tmp_path / "model")]
    for more in ([], ["--baselines", "none", "--portfolio", "none"], ["--baselines", "knn", "--portfolio", "simple"]):
        assert cli.run([*here, *more]) == 130
    assert [(each["baselines"], each["portfolio"]) for each in asked] == [
        ("all", "greedy"),
        (None, None),
        ("knn", "simple"),
    ]


def test_a_damaged_or_unfinished_folder_is_said(fitted, tmp_path):
    classifier, _ = fitted
    classifier.save(tmp_path / "model")
    model = next((tmp_path / "model" / "models").iterdir())
    shutil.rmtree(model)
    with pytest.raises(Exception, match=model.name):
        AutoTabularClassifier.load(tmp_path / "model")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "model.json").write_text(json.dumps({"autotabular": 1}))
    with pytest.raises(InputError, match="got a search that has none yet"):
        AutoTabularClassifier.load(tmp_path / "new")


def test_columns_that_cannot_be_are_refused_from_python_too(fitted):
    classifier, _ = fitted
    frame, classes = rows()
    with pytest.raises(DataError, match="unknown 'more'"):
        classifier.predict(frame.assign(more=1))
    search = AutoTabularClassifier(**SMALL, trials=1)
    with pytest.raises(DataError, match="days since a date"):
        search.fit(frame.assign(when=pd.Timestamp("2026-11-26")), classes)
    with pytest.raises(DataError, match="names of columns must differ, got 'size' twice; rename one"):
        search.fit(pd.concat([frame, frame[["size"]]], axis=1), classes)
    for value, message in ((np.nan, "none in 1 of 150; remove"), (np.inf, "infinite values in 1 of 150 rows; remove")):
        spoilt = np.where(np.arange(150) == 3, value, np.arange(150) % 2)
        for target in (spoilt, spoilt.tolist(), pd.Series(spoilt)):
            with pytest.raises(DataError, match=message):
                search.fit(frame, target)


def test_a_portfolio_that_was_written_without_a_hyperparameter_can_be_used(tmp_path):
    """A folder of before the space had a batch size: fit takes its configurations, with the problem's default."""
    folder = tmp_path / "portfolio"
    shutil.copytree(embedded_folder("portfolio"), folder)
    manifest = read_json(folder / "portfolio.json")
    manifest["space"]["hyperparameters"] = [
        each for each in manifest["space"]["hyperparameters"] if each["name"] != "batch_size"
    ]
    for name in ("greedy.parquet", "candidates.parquet"):
        pq.write_table(pq.read_table(folder / name).drop_columns("batch_size"), folder / name)
        manifest["files"][name] = digest(folder / name)
    write_json(folder / "portfolio.json", manifest)
    portfolio = fit_commands.portfolio_of(str(folder))
    default = get_problem("full").space["batch_size"].default_value
    assert {config["batch_size"] for config in portfolio} == {default}
    asked = SMALL | {"portfolio": portfolio, "baselines": None, "splitter": None}
    classifier = AutoTabularClassifier(trials=1, workers=0, **asked).fit(*rows())
    (config,) = classifier.leaderboard()["config"]
    assert config == portfolio[0]
    assert classifier.predict(rows()[0]).shape == (150,)
