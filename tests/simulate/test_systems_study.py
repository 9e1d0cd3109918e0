"""Studies of systems: what a journal says over time, tests of means, a small real study, killed and gone on with."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from autotab_helpers import Guessed, Model
from collecting_helpers import wait_until
from scipy import stats
from typer.testing import CliRunner

from lcbench import cli
from lcbench.errors import InputError, PlanConflictError, UnknownNameError
from lcbench.files import read_json
from lcbench.simulate.autotabular import journal
from lcbench.simulate.autotabular.folder import Folder
from lcbench.simulate.autotabular.journal import Entry
from lcbench.simulate.study import systems
from lcbench.simulate.study.description import read_description
from lcbench.simulate.study.systems import plan as plans
from lcbench.simulate.study.systems import views as views_module
from lcbench.simulate.study.systems.file import KEY, to_table
from lcbench.simulate.study.systems.plan import SystemsPlan, SystemTask
from lcbench.simulate.study.systems.report import after, main_view, not_worse, tables, welch
from lcbench.simulate.study.systems.rows import load_rows
from lcbench.simulate.study.systems.running import classifier_of, storage_of
from lcbench.simulate.study.systems.study_commands import study as command
from lcbench.simulate.study.systems.systems import NAMES, SYSTEMS
from lcbench.simulate.study.systems.views import VIEWS, views
from lcbench.table.benchmark import embedded_folder
from lcbench.writing import write_json

# What a journal says --------------------------------------------------------------------------------------------------

VALID, TEST = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
RIGHT = {  # probability of the right class on the four validation rows, and on the four test rows
    0: ("knn", 1.0, (0.9, 0.9, 0.3, 0.9), (0.9, 0.9, 0.2, 0.1)),
    1: ("network", 2.0, (0.6, 0.6, 0.1, 0.1), (0.9, 0.1, 0.1, 0.1)),
    2: ("network", 3.0, (0.9, 0.9, 0.9, 0.4), (0.9, 0.9, 0.9, 0.1)),
    3: ("network", 4.0, None, None),
    4: ("network", 5.0, (0.4, 0.6, 0.6, 0.9), (0.9, 0.9, 0.2, 0.95)),
}


def chances(right: tuple[float, ...], classes: np.ndarray) -> np.ndarray:
    """``(rows, 2)`` probabilities."""
    own = np.array(right, np.float32)
    return np.where((classes == 0)[:, None], np.stack([own, 1 - own], 1), np.stack([1 - own, own], 1))


@pytest.fixture
def searched(tmp_path):
    """The folder of a search that fitted a baseline and four networks, one of which failed."""
    folder, problem = Folder(tmp_path / "search"), Guessed(VALID)
    folder.begin({})
    for number, (kind, finished, valid, test) in RIGHT.items():
        score = np.nan
        if valid is not None:
            score = problem.score(chances(valid, VALID))
            folder.keep(number, Model(chances(valid, VALID), score, chances(test, TEST)))
        config = None if kind == "knn" else {"x": number}
        reason = "it failed" if valid is None else None
        journal.append(
            folder.results, Entry(number, number, kind, config, 1, score, finished - 0.5, finished, 0, reason)
        )
    return folder.path, SimpleNamespace(problem=problem, answers=TEST)


def test_views_of_a_search_are_those_worked_out_by_hand(searched, monkeypatch):
    # By hand, with two models in an ensemble at most. Alone the validation rows say 3/4, 2/4, 3/4, 3/4; of equal models
    # the earlier counts as better. Networks 2 and 4 together are right on all rows (0.65, 0.75, 0.75, 0.65), and on all
    # test rows (0.9, 0.9, 0.55, 0.525). Of all models 0 and 2 together are right everywhere (0.9, 0.9, 0.6, 0.65), on
    # three of four test rows (0.9, 0.9, 0.55, 0.1); model 4 adds nothing to them.
    monkeypatch.setattr(views_module, "VIEWS", {name: (pool, min(size, 2)) for name, (pool, size) in VIEWS.items()})
    found = views(*searched)
    expected = [
        ("network", 2.0, 0.5, 0.50, 0.25, 1, 1, 2),
        ("network", 3.0, 0.5, 0.75, 0.75, 2, 1, 3),
        ("networks", 2.0, 0.5, 0.50, 0.25, 1, 1, 2),
        ("networks", 3.0, 0.5, 0.75, 0.75, 2, 1, 3),
        ("networks", 5.0, np.nan, 1.0, 1.0, 3, 2, 5),
        ("baseline", 1.0, 0.5, 0.75, 0.5, 1, 1, 1),
        ("baselines", 1.0, 0.5, 0.75, 0.5, 1, 1, 1),
        ("single", 1.0, 0.5, 0.75, 0.5, 1, 1, 1),
        ("all", 1.0, 0.5, 0.75, 0.5, 1, 1, 1),
        ("all", 3.0, np.nan, 1.0, 0.75, 3, 2, 3),
        ("knn", 1.0, 0.5, 0.75, 0.5, 1, 1, 1),
    ]
    pd.testing.assert_frame_equal(found, pd.DataFrame(expected, columns=found.columns), check_exact=False)
    assert set(found["view"]) == {*VIEWS, "knn"}


def test_a_search_without_a_model_says_nothing(tmp_path):
    folder = Folder(tmp_path / "search")
    folder.begin({})
    assert views(folder.path, SimpleNamespace(problem=Guessed(VALID), answers=TEST)).empty


# Scores ---------------------------------------------------------------------------------------------------------------


def test_welch_by_hand():
    # Means 2 and 5, variances 1 and 4, n = 3: t = -3 / sqrt(1/3 + 4/3) = -2.3238, with
    # (5/3)^2 / ((1/3)^2 / 2 + (4/3)^2 / 2) = 2.9412 degrees of freedom.
    p = 2 * stats.t.sf(3 / np.sqrt(5 / 3), (5 / 3) ** 2 / ((1 / 3) ** 2 / 2 + (4 / 3) ** 2 / 2))
    assert welch([1, 2, 3], [3, 5, 7]) == pytest.approx(p)
    assert 0.1 < p < 0.11
    assert welch([1, 1], [1, 1]) == 1
    assert welch([1, 1], [2, 2]) == 0
    assert np.isnan(welch([1], [1, 2]))


def test_bold_is_the_best_and_what_is_not_found_worse():
    samples = {
        "best": [0.90, 0.91, 0.92],
        "near": [0.89, 0.90, 0.92],  # p = 0.57
        "worse": [0.80, 0.81, 0.82],  # p = 0.0003
        "single": [0.905],  # no test with one seed
        "flat": [0.91, 0.91, 0.91],  # the same mean
    }
    assert not_worse(samples) == {"best", "near", "flat"}
    assert not_worse({"one": [0.5], "other": [0.6]}) == {"other"}
    assert not_worse({}) == set()


def rows(*lines: tuple[str, str, int, float, float]) -> pd.DataFrame:
    """Rows of a study: system, view, seed, time, test."""
    names = ("system", "view", "seed", "time", "test")
    found = pd.DataFrame(lines, columns=list(names))
    more = {"dataset": "a", "workers": 1, "time_limit": 10.0, "seconds": 1.0, "valid": 0.5, "models": 1, "members": 1}
    return found.assign(**more, tried=1, train_rows=4, valid_rows=2, test_rows=3, machine="m", created="now")


def test_what_counts_at_a_moment_is_the_last_row_until_then():
    study = rows(("bo", "network", 0, 1.0, 0.5), ("bo", "network", 0, 3.0, 0.7), ("bo", "network", 1, 2.5, 0.6))
    assert after(study, 0.9).empty
    assert after(study, 2.9)["test"].tolist() == [0.5, 0.6]
    assert after(study, 3.0)["test"].tolist() == [0.7, 0.6]


def test_tables_tell_each_system_by_what_it_predicts_with(capsys):
    from lcbench.console import OUT

    study = rows(
        ("bo", "network", 0, 1.0, 0.5),
        ("bo", "network", 1, 1.0, 0.7),
        ("bo", "networks", 0, 1.0, 0.99),
        ("full", "network", 0, 1.0, 0.98),
        ("full", "all", 0, 6.0, 0.8),
    )
    OUT.print(*tables(study))
    said = capsys.readouterr().out
    assert "60.00 ± 14.14" in said
    assert said.count("80.00") == 1
    assert not {"99.00", "98.00"} & set(said.split())
    assert {main_view(name) for name in NAMES} == {"network", "all", "single"}


# Plans and folders ----------------------------------------------------------------------------------------------------


def plan(**changes) -> SystemsPlan:
    given = {"sources": ("sklearn:wine",), "systems": ("bo", "bohb"), "seeds": (0, 1), "workers": (1,)}
    return SystemsPlan(**(given | {"time_limit": 5.0} | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"systems": ("bo", "bo")}, "systems must be at least one, each named once, got bo, bo"),
        ({"systems": ()}, "systems must be at least one"),
        ({"workers": (0,)}, "workers must be at least 1, got 0"),
        ({"trials": 0}, "trials must be at least 1, got 0"),
        ({"folds": 1}, "folds must be 0 for a hold-out, or at least 2, got 1"),
        ({"budgets": (2, 1)}, "budgets must be increasing"),
    ],
)
def test_plans_that_cannot_be_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        plan(**changes)


def test_a_system_that_is_not_known_is_said():
    with pytest.raises(UnknownNameError, match="unknown system 'bohp'; nearest: bohb"):
        plan(systems=("bohp",))


def test_all_systems_come_before_the_next_seed():
    cells = list(plan(workers=(1, 3)).tasks(("a", "b")))
    assert len(cells) == len(set(cells)) == 2 * 2 * 2 * 2
    assert [cell.seed for cell in cells] == [0] * 8 + [1] * 8
    assert cells[0].path == "a/bo-1w-0"


def test_a_study_may_grow_and_not_change(tmp_path, monkeypatch):
    monkeypatch.setattr(plans, "load_portfolio", lambda name: [{"name": name}])
    storage = storage_of(tmp_path / "study")
    storage.begin(plan().settings())
    storage.keep_settings()
    storage.begin(plan(seeds=(0, 1, 2), systems=("bohb", "full"), workers=(1, 3)).settings())
    storage.keep_settings()
    storage.begin(plan().settings())
    storage.keep_settings()
    with pytest.raises(PlanConflictError, match=r"holds a different plan \(time: there 5 s, asked 6 s\)") as caught:
        storage.begin(plan(time_limit=6.0).settings())
        storage.keep_settings()
    with pytest.raises(PlanConflictError, match=r"\(folds: there 0, asked 5\)"):
        storage.begin(plan(folds=5).settings())
        storage.keep_settings()
    assert len(str(caught.value).splitlines()) == 2
    monkeypatch.setattr(plans, "load_portfolio", lambda _: [{"other": 1}])
    with pytest.raises(PlanConflictError, match="greedy portfolio"):
        storage.begin(plan(systems=("full",)).settings())
        storage.keep_settings()
    (tmp_path / "file").write_text("x")
    for other, message in ((tmp_path / "file", "must be a folder, but it is a file"), (tmp_path, "holds no study")):
        with pytest.raises(InputError, match=message), storage_of(other).held():
            pass


def test_a_damaged_run_is_removed_and_a_study_lies_in_order(tmp_path):
    tasks = [SystemTask("b", "bo", 1, 0), SystemTask("a", "bo", 1, 0)]
    storage, study = storage_of(tmp_path), rows(("bo", "network", 0, 1.0, 0.5))
    storage.begin(plan().settings())
    storage.keep_settings()
    for task in tasks:
        storage.add([to_table(study.assign(dataset=task.dataset)[list(systems.COLUMNS)])])
    assert list(storage_of(tmp_path).read()) == [task.key for task in tasks]
    systems.write(tmp_path / "systems.parquet", study)
    assert systems.read(tmp_path / "systems.parquet").equals(systems.read(tmp_path))
    first = min(tmp_path.glob("cells-*"))
    first.write_bytes(first.read_bytes()[:-9])
    assert list(storage_of(tmp_path).read()) == [tasks[1].key]
    assert not first.exists()
    with pytest.raises(InputError, match=r"must be a study of systems, .*, got nothing there"):
        systems.read(tmp_path / "none.parquet")


def test_each_system_is_the_tool_with_its_component():
    made = {name: classifier_of(plan(folds=3), SystemTask("wine", name, 2, 4)).get_params() for name in SYSTEMS}
    said = {name: (own["optimizer"], own["portfolio"], own["baselines"]) for name, own in made.items()}
    assert said == {
        "bo": ("kde", None, None),
        "bohb": ("bohb", None, None),
        "bohb-simple": ("bohb", "simple", None),
        "bohb-greedy": ("bohb", "greedy", None),
        "full": ("bohb", "greedy", "all"),
    }
    alike = {"time_limit": 5.0, "workers": 2, "seed": 4, "splitter": 3, "metric": "accuracy"}
    assert all(own[key] == value for own in made.values() for key, value in alike.items())


def test_in_folds_all_rows_outside_the_test_part_train_and_validate():
    held_out, folded = load_rows("sklearn:wine"), load_rows("sklearn:wine", 3)
    assert folded.test.equals(held_out.test)
    assert folded.features.equals(held_out.features)
    assert (held_out.train_rows, held_out.validates.sum(), len(held_out.problem.folds)) == (79, 40, 1)
    assert (folded.train_rows, folded.validates.sum(), len(folded.problem.folds)) == (119, 119, 3)
    assert np.array_equal(folded.problem.valid_labels, folded.problem.y)


# A small real study ---------------------------------------------------------------------------------------------------

PROGRAM = "import typer; from lcbench.simulate.study.systems.study_commands import study; typer.run(study)"
OPTIONS = "--datasets sklearn:wine --seeds 1 --time 5m --workers 1 --budgets 1,2 --trials 25"


def arguments(folder, systems: str) -> list[str]:
    return [str(folder), *OPTIONS.split(), "--systems", systems]


def test_a_study_says_what_it_is_grows_and_goes_only_after_a_word(tmp_path, capsys):
    line = ["study", str(tmp_path / "study"), *OPTIONS.split(), "--systems", "hist-gradient-boosting", "--quiet"]
    assert cli.run(line) == 0
    written = (tmp_path / "study" / "cells-000000.parquet").stat().st_mtime_ns
    assert cli.run(line) == 0
    said = read_description(tmp_path / "study" / "systems.parquet")
    assert [each["runs"] for each in said.made] == [1], "the same command costs nothing"
    assert cli.run([*line, "--seeds", "2"]) == 0
    said = read_description(tmp_path / "study" / "systems.parquet")
    assert said.names == {
        "datasets": ["wine"], "systems": ["hist-gradient-boosting"], "workers": [1], "seeds": [0, 1],
    }  # fmt: skip
    assert [each["runs"] for each in said.made] == [1, 1]
    assert (tmp_path / "study" / "cells-000000.parquet").stat().st_mtime_ns == written
    capsys.readouterr()
    assert cli.run(["info", str(tmp_path / "study")]) == 0
    told = capsys.readouterr().out
    assert "hist-gradient-boosting" in told
    assert "lcbench study study --datasets sklearn:wine" in " ".join(told.split())
    for other, message in (
        (["--folds", "3"], "folds: there 0, asked 3"),
        (["--time", "6m"], "time: there 300 s, asked"),
    ):
        assert cli.run([*line, *other]) == cli.USAGE_ERROR
        said = capsys.readouterr().err
        assert message in said
        assert "a longer time limit too, need another folder, or --overwrite" in said
    assert len(systems.read(tmp_path / "study")) == 2
    assert cli.run([*line, "--folds", "3", "--overwrite"]) == 0
    assert "study is replaced: 2 runs of hist-gradient-boosting go." in capsys.readouterr().err
    assert len(systems.read(tmp_path / "study")) == 1


def test_what_is_added_to_a_study_runs_on_all_of_it(tmp_path, capsys, monkeypatch):
    out, peer = tmp_path / "study", "hist-gradient-boosting"
    line = ["study", str(out), *OPTIONS.split(), "--systems", peer]
    assert cli.run(line) == 0
    capsys.readouterr()
    assert cli.run([*line, "--datasets", "sklearn:iris", "--seeds", "2"]) == 0
    told = " ".join(capsys.readouterr().err.split())
    assert f"{out} holds 1 run; 3 more complete 1 system x 2 data sets x 2 seeds x 1 workers." in told
    found = systems.read(out)
    runs = [(name, peer, 1, seed) for name in ("iris", "wine") for seed in (0, 1)]
    assert list(found[list(KEY)].itertuples(index=False, name=None)) == runs
    monkeypatch.setattr(plans, "version", lambda _: "another")
    assert cli.run(line) == 0, "of another version it may be read, and nothing runs"
    assert "holds all of this; nothing runs" in capsys.readouterr().err
    assert systems.read(out).equals(found)
    assert read_description(out / "systems.parquet").settings["lcbench"] != "another"
    assert cli.run([*line, "--seeds", "3"]) == cli.USAGE_ERROR
    assert "asked another" in capsys.readouterr().err


def test_a_study_that_does_not_say_where_a_data_set_is_asks_for_it(tmp_path, capsys):
    out = tmp_path / "study"
    line = ["study", str(out), *OPTIONS.split(), "--systems", "hist-gradient-boosting", "--quiet"]
    assert cli.run(line) == 0
    older = {name: value for name, value in read_json(out / "plan.json").items() if not name.startswith("source of ")}
    write_json(out / "plan.json", older)
    assert cli.run([*line, "--datasets", "sklearn:iris", "--seeds", "2"]) == cli.USAGE_ERROR
    assert "has runs on wine, where what is added must run, too; name its source" in capsys.readouterr().err
    assert cli.run([*line, "--datasets", "sklearn:iris,sklearn:wine", "--seeds", "2"]) == 0
    assert len(systems.read(out)) == 4


@pytest.mark.slow
def test_a_study_that_is_killed_goes_on_and_repeats_nothing(tmp_path):
    out, names = tmp_path / "study", "hist-gradient-boosting,bohb"
    search, done = out / "searches" / "wine" / "bohb-1w-0", out / "cells-000000.parquet"
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments(out, names)], stderr=subprocess.PIPE, start_new_session=True
    )
    wait_until(lambda: len(journal.read(search / "results.jsonl")) >= 1, "there is a model")
    process.kill()
    process.communicate()
    before, written = journal.read(search / "results.jsonl"), done.stat().st_mtime_ns
    assert 1 <= len(before) < 25
    assert set(systems.read(out)["system"]) == {"hist-gradient-boosting"}
    result = CliRunner().invoke(_app(), arguments(out, names))
    assert result.exit_code == 0, result.output
    assert "lcbench figures --systems" in result.output
    assert done.stat().st_mtime_ns == written
    after_all = journal.read(search / "results.jsonl")
    assert after_all[: len(before)] == before
    assert len(after_all) == 25
    study = systems.read(out)
    assert list(study) == list(systems.COLUMNS)
    own = study[study["system"] == "bohb"]
    assert set(own["view"]) == {"network", "networks", "single", "all"}
    assert own["tried"].between(1, 25).all()
    assert own["test"].between(0, 1).all()
    assert (own.groupby("view")["time"].apply(lambda times: times.is_monotonic_increasing)).all()
    assert (own["train_rows"] + own["valid_rows"] + own["test_rows"] == 178).all()
    assert not (search / "models").exists()
    assert not list(out.rglob("*.pkl"))


@pytest.mark.slow
def test_a_study_in_folds_says_how_many_rows_validate(tmp_path):
    options = "--datasets sklearn:wine --seeds 1 --time 5m --workers 1 --budgets 1 --trials 2 --folds 3 --systems bohb"
    result = CliRunner().invoke(_app(), [str(tmp_path / "study"), *options.split()])
    assert result.exit_code == 0, result.output
    study = systems.read(tmp_path / "study")
    assert study[["train_rows", "valid_rows", "test_rows"]].drop_duplicates().to_numpy().tolist() == [[119, 119, 59]]
    assert ((study["valid"] * 119) % 1).between(1e-6, 1 - 1e-6).sum() == 0
    result = CliRunner().invoke(_app(), [str(tmp_path / "study"), *options.replace("--folds 3 ", "").split()])
    assert isinstance(result.exception, PlanConflictError)


def _app():
    import typer

    app = typer.Typer()
    app.command()(command)
    return app


def test_bad_arguments_are_said_in_a_line(tmp_path, capsys, monkeypatch):
    from importlib.metadata import EntryPoint

    places = {
        "study": "lcbench.simulate.study.systems.study_commands",
        "figures": "lcbench.analysis.analysis_commands",
    }
    points = [EntryPoint(name, f"{place}:{name}", "lcbench.commands") for name, place in places.items()]
    monkeypatch.setattr(cli, "entry_points", lambda group: points)
    for more, message in (
        (["--workers", "one"], "workers must be whole numbers such as 2 or 1,3, got 'one'"),
        (["--seeds", "0"], "seeds must be at least 1, got 0"),
        (["--time", "soon"], "time must be a length of time"),
        (["--systems", "magic"], "unknown system 'magic'"),
        (["--datasets", "wine"], "a data set's source must be SCHEME:NAME"),
    ):
        given = ["study", str(tmp_path / "out"), "--datasets", "sklearn:wine", "--systems", "bohb", *more]
        assert cli.run(given) == 2
        said = capsys.readouterr().err.strip()
        assert message in said
        assert len(said.splitlines()) <= 2
    assert not (tmp_path / "out").exists()


def test_a_study_of_before_is_read_whose_times_had_another_name(tmp_path):
    table = pq.read_table(embedded_folder("section5") / "systems.parquet")
    older = table.rename_columns(["moment" if name == "time" else name for name in table.column_names])
    pq.write_table(older, tmp_path / "systems.parquet")
    assert systems.read(tmp_path).equals(systems.read(embedded_folder("section5")))
