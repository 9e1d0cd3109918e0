"""A study is kept: its file says what it is, more is added to it, and nothing that is there is lost."""

import json
from datetime import UTC, datetime
from itertools import permutations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lcbench import cli
from lcbench.errors import DamagedFileError, InputError, PlanConflictError
from lcbench.simulate.optimizers import OPTIMIZERS
from lcbench.simulate.study import Keep, read, study, write
from lcbench.simulate.study.description import DESCRIPTION, command_line, read_description
from lcbench.simulate.study.file import KEY, LATER
from lcbench.simulate.study.player import Player

SMALL = {"datasets": ["alpha"], "optimizers": ["random"], "seeds": [0], "budget": "4x"}


def in_order(traces: pd.DataFrame) -> pd.DataFrame:
    return traces.sort_values(list(KEY), kind="stable", ignore_index=True)


@pytest.fixture
def played(monkeypatch):
    """The simulations that are played."""
    tasks, play = [], Player.play

    def noted(player, task):
        tasks.append(task.key)
        return play(player, task)

    monkeypatch.setattr(Player, "play", noted)
    return tasks


@pytest.fixture
def kept(bench, tmp_path):
    """The file of a small study."""
    study(bench, **SMALL, keep=tmp_path / "s.parquet")
    return tmp_path / "s.parquet"


def test_the_same_call_costs_nothing(bench, kept, played):
    before, lines = kept.read_bytes(), []
    again = study(bench, **SMALL, keep=Keep(kept, say=lines.append))
    assert played == []
    assert kept.read_bytes() == before
    assert lines == [f"{kept} holds all of this; nothing runs."]
    pd.testing.assert_frame_equal(again, read(kept))
    pd.testing.assert_frame_equal(again, study(bench, **SMALL))


GROWTH = ({"optimizers": ["bohb"]}, {"datasets": ["beta"]}, {"seeds": [1, 2]}, {"workers": [1, 4]})


def test_growth_in_any_order_gives_the_same_study(bench, tmp_path, played):
    whole = study(bench, ["alpha", "beta"], ["random", "bohb"], range(3), budget="4x", workers=(1, 4))
    for number, order in enumerate(list(permutations(GROWTH))[::9]):
        path = tmp_path / f"{number}.parquet"
        played.clear()
        study(bench, **SMALL, keep=path)
        for changes in order:
            grown = study(bench, **SMALL | changes, keep=path)
        pd.testing.assert_frame_equal(grown, read(path))
        pd.testing.assert_frame_equal(in_order(grown), in_order(whole))
        assert len(played) == len(set(played)) == 2 * 2 * 3 * 2, "each is played once"


def test_what_is_not_named_stays_and_is_completed(bench, kept, played):
    lines = []
    grown = study(bench, **SMALL | {"optimizers": ["bohb"], "seeds": [1]}, keep=Keep(kept, say=lines.append))
    every = {(optimizer, "alpha", seed, 4, "none") for optimizer in ("random", "bohb") for seed in (0, 1)}
    assert set(played) == every - {("random", "alpha", 0, 4, "none")}
    assert set(zip(*(grown[name] for name in KEY), strict=True)) == every
    assert lines == [f"{kept} holds 1 run; 3 more complete 2 optimizers x 1 data set x 2 seeds x 4 workers."]


def test_an_empty_study_is_not_kept_and_is_in_no_bodys_way(bench, tmp_path):
    with pytest.raises(InputError, match="enough for one evaluation"):
        study(bench, **SMALL | {"budget": "0.1x"}, keep=tmp_path / "s.parquet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("budgets", [("3x", "6x"), ("5evals", "20evals"), ("4x-epochs", "9x-epochs")])
def test_a_longer_budget_is_the_same_study_for_longer(bench, tmp_path, budgets):
    given = {"datasets": ["alpha"], "optimizers": ["random", "bohb"], "seeds": range(2), "workers": (1, 4)}
    path, (short, long) = tmp_path / "s.parquet", budgets
    before = study(bench, **given, budget=short, keep=path)
    after = study(bench, **given | {"optimizers": ["random"]}, budget=long, keep=path)
    pd.testing.assert_frame_equal(after, study(bench, **given, budget=long))
    assert len(read_description(path).made) == 1, "all of it was made by the last call"
    job = ["trial", "config_id", "budget", "loss", "test_loss", "started", "finished"]
    for name, rows in before.groupby(list(KEY)):
        longer = after[(after[list(KEY)] == list(name)).all(axis=1)]
        if short == "3x" or name[3] == 1:  # elsewhere what is begun later may end before the last of these
            start = longer[job].iloc[: len(rows)]
            pd.testing.assert_frame_equal(start.reset_index(drop=True), rows[job].reset_index(drop=True))
        assert len(rows.merge(longer, on=job)) == len(rows) < len(longer)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"budget": "3x"}, "budget: there 4 runs, asked 3 runs"),
        ({"budget": "900evals"}, "budget: there 4 runs, asked 900 evaluations"),
        ({"budgets": (12, 25)}, "budgets: there of the table, asked 12,25"),
        ({"metric": "valid_cross_entropy"}, "metric: there valid_accuracy, asked valid_cross_entropy"),
        ({"schedule": "non-adaptive"}, "schedule: there adaptive, asked non-adaptive"),
        ({"match": "nearest"}, "match: there exact, asked nearest"),
        ({"recorded": 1}, "recorded: there mean, asked 1"),
    ],
)
def test_another_study_is_refused_in_a_sentence(bench, kept, played, changes, message):
    before = kept.read_bytes()
    played.clear()
    with pytest.raises(PlanConflictError, match=message) as caught:
        study(bench, **SMALL | changes, keep=kept)
    assert "another --out, or replace it with --overwrite" in str(caught.value)
    assert "; " not in str(caught.value), "that is all that differs"
    assert kept.read_bytes() == before
    assert played == []
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_another_table_is_refused(make, kept, tmp_path):
    with pytest.raises(PlanConflictError, match="another benchmark"):
        study(make(tmp_path / "other", n_configs=12), **SMALL, keep=kept)


def test_another_version_adds_nothing_but_shows_and_lengthens(bench, kept, monkeypatch):
    monkeypatch.setattr("lcbench.simulate.study.plan.version", lambda _: "99")
    assert len(study(bench, **SMALL, keep=kept))
    with pytest.raises(PlanConflictError, match=r"lcbench: there .*, asked 99"):
        study(bench, **SMALL | {"seeds": [1]}, keep=kept)
    study(bench, **SMALL | {"budget": "5x"}, keep=kept)
    assert read_description(kept).settings["lcbench"] == "99"


def test_an_optimizer_that_is_gone_is_kept_until_it_is_to_be_simulated(bench, tmp_path, monkeypatch):
    path = tmp_path / "s.parquet"
    monkeypatch.setitem(OPTIMIZERS, "mine", OPTIMIZERS["random"])
    study(bench, **SMALL | {"optimizers": ["mine"]}, keep=path)
    monkeypatch.delitem(OPTIMIZERS, "mine")
    assert set(study(bench, **SMALL, keep=path)["optimizer"]) == {"mine", "random"}
    with pytest.raises(InputError, match="unknown optimizer 'mine': the study has it"):
        study(bench, **SMALL | {"seeds": [1]}, keep=path)
    assert read(path)["seed"].unique().tolist() == [0]


@pytest.mark.parametrize("older", [False, True])
def test_a_file_of_something_else_stays(bench, tmp_path, older):
    path = tmp_path / "s.parquet"
    if older:
        write(path, study(bench, **SMALL).drop(columns=list(LATER)), bench.metric())
    else:
        path.write_bytes(b"mine")
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"no study that can be added to .*\n.* --overwrite"):
        study(bench, **SMALL, keep=path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_overwriting_says_what_goes(bench, kept):
    lines, results = [], len(read(kept))
    study(bench, ["beta"], ["bohb"], [3], budget="3x", keep=Keep(kept, overwrite=True, say=lines.append))
    assert lines == [f"{kept} is replaced: {results} results of random go."]
    assert set(read(kept)["optimizer"]) == {"bohb"}
    kept.write_bytes(b"mine")
    study(bench, **SMALL, keep=Keep(kept, overwrite=True, say=lines.append))
    assert lines[1] == f"{kept} is replaced: its 4 bytes, which are no study, go."


def test_what_is_overwritten_stays_until_there_is_something_in_its_place(bench, kept):
    before = kept.read_bytes()
    with pytest.raises(StopIteration):
        study(bench, **SMALL | {"budget": "3x"}, keep=Keep(kept, overwrite=True), done=lambda _: next(iter(())))
    assert kept.read_bytes() == before
    with pytest.raises(PlanConflictError, match="there 4 runs, asked 3 runs"):
        study(bench, **SMALL | {"budget": "3x"}, keep=kept)
    study(bench, **SMALL | {"budget": "2x"}, keep=Keep(kept, overwrite=True))
    assert [path.name for path in kept.parent.iterdir()] == [kept.name], "of the first nothing is left"
    assert read_description(kept).settings["budget"] == "2 runs"


def test_a_second_process_is_refused_while_the_first_reads_adds_and_writes(bench, kept):
    before, refused = kept.read_bytes(), []

    def second(_=None):
        with pytest.raises(InputError, match="another study is running"):
            study(bench, **SMALL | {"seeds": [7]}, keep=kept)
        assert kept.read_bytes() == before
        refused.append(True)
        return datetime.now(UTC)

    first = Keep(kept, now=second, say=second)
    study(bench, **SMALL | {"seeds": [1]}, keep=first, done=second)
    assert len(refused) == 3, "when it has read, when it has simulated, and when it is about to write"
    assert read(kept)["seed"].unique().tolist() == [0, 1]


def test_killed_between_writing_and_clearing_the_same_call_clears(bench, kept):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lcbench.simulate.study.storage.Finished.remove", lambda _: None)
        whole = study(bench, **SMALL | {"seeds": [1]}, keep=kept)
    assert (kept.parent / "s.parquet.parts").is_dir()
    pd.testing.assert_frame_equal(study(bench, **SMALL, keep=kept), whole)
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


# What the file says.


def test_the_file_says_what_it_is(bench, tmp_path):
    path, time = tmp_path / "s.parquet", datetime(2026, 12, 1, tzinfo=UTC)
    study(bench, **SMALL, keep=Keep(path, "first", lambda: time))
    study(bench, **SMALL | {"optimizers": ["bohb"]}, keep=Keep(path, "second", lambda: time))
    said = read_description(path)
    assert said.title == bench.manifest.title
    named = {"optimizers": ["random", "bohb"], "datasets": ["alpha"], "seeds": [0], "workers": [4]}
    assert said.names == named | {"portfolios": ["none"]}
    assert said.settings["budget"] == "4 runs"
    assert len(said.settings["benchmark"]) == 64
    assert [each["command"] for each in said.made] == ["first", "second"]
    assert {each["created"] for each in said.made} == {"2026-12-01T00:00:00+00:00"}
    assert [each["runs"] for each in said.made] == [1, 1]
    assert all(each["processor"] and "lcbench" in each["packages"] for each in said.made)


def with_description(path, text):
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, DESCRIPTION: text}), path)


@pytest.mark.parametrize("text", ["{", "[]", '{"title": 3}', "1" * 5000])
def test_what_it_says_is_checked(bench, kept, text):
    with_description(kept, text)
    with pytest.raises(DamagedFileError, match="cannot be understood"):
        read_description(kept)
    with pytest.raises(InputError, match="no study that can be added to"):
        study(bench, **SMALL, keep=kept)
    assert len(read(kept)), "its results can be read all the same"


@pytest.mark.parametrize("change", [{"settings": {"budget": 7}}, {"settings": {"budget": "soon runs"}}, {"names": {}}])
def test_a_study_of_something_else_is_none(bench, kept, change):
    with_description(kept, json.dumps(json.loads(read_description(kept).to_json()) | change))
    with pytest.raises(InputError, match="no study that can be added to"):
        study(bench, **SMALL, keep=kept)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", "/home/me/s.parquet"], "--out s.parquet"),
        (["/data/my table", "--optimizers=bohb,/x/mine.py:Mine"], "'my table' --optimizers=bohb,mine.py:Mine"),
        (["../t", "--optimizers", "./mine.py:Mine", "--budget", "2x"], "../t --optimizers ./mine.py:Mine --budget 2x"),
        (["--scheduler", "tcp://node7.example.org:8786"], "--scheduler tcp:"),
        (["C:\\Users\\me\\t"], "t"),
    ],
)
def test_a_command_names_neither_folders_nor_machines(arguments, said):
    assert command_line(["simulate", *arguments]) == f"lcbench simulate {said}"


def test_older_files_open(bench, tmp_path):
    traces = study(bench, **SMALL)
    write(tmp_path / "old.parquet", traces.drop(columns=list(LATER)), bench.metric())
    old = read(tmp_path / "old.parquet")
    assert (old["workers"] == 0).all()
    assert old[["test_loss", "best_test_loss"]].isna().all(axis=None)
    same = [name for name in traces if name not in LATER]
    pd.testing.assert_frame_equal(old[same], traces[same])
    assert read_description(tmp_path / "old.parquet") is None


def test_columns_are_plain_parquet(kept):
    assert pq.read_schema(kept).field("workers").type == pa.int64()
    assert np.isfinite(pq.read_table(kept)["test_loss"].to_numpy()).all()


# The commands.


def test_the_command_adds_says_and_shows(bench, tmp_path, capsys):
    line = ["simulate", str(bench.folder), "--datasets", "alpha", "--seeds", "1", "--budget", "4x"]
    line += ["--out", str(tmp_path / "s.parquet"), "--optimizers"]
    assert cli.run([*line, "random", "--workers", "1,2"]) == 0
    printed = capsys.readouterr()
    assert "random x1" in printed.out
    assert "overtuning" in printed.out
    assert cli.run([*line, "random,bohb", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert cli.run([*line, "bohb", "--workers", "4,1"]) == 0
    printed = capsys.readouterr()
    assert "holds all of this; nothing runs" in printed.err
    assert all(f"{name} x{workers}" in printed.out for name in ("random", "bohb") for workers in (1, 2, 4))
    assert cli.run([*line, "bohb", "--metric", "valid_cross_entropy"]) == cli.USAGE_ERROR
    assert capsys.readouterr().err.count("\n") == 2
    assert cli.run([*line, "bohb", "--overwrite", "--quiet"]) == 0
    assert "results of random, bohb go." in capsys.readouterr().err
    assert cli.run([*line, "bohb", "--workers", "two"]) == cli.USAGE_ERROR
    assert "workers must be whole numbers such as 2 or 1,3, got 'two'" in capsys.readouterr().err


def test_info_says_what_a_study_is(bench, kept, tmp_path, capsys):
    line = ["simulate", str(bench.folder), "--datasets", "alpha", "--optimizers", "bohb", "--budget", "4x", "--quiet"]
    assert cli.run([*line, "--out", str(kept)]) == 0
    assert cli.run(["info", str(kept)]) == 0
    told = capsys.readouterr().out.replace("\n", "")
    assert "lcbench simulate" in told
    assert str(tmp_path) not in told
    assert bench.manifest.title in told
    write(tmp_path / "old.parquet", read(kept).drop(columns=list(LATER)))
    assert cli.run(["info", str(tmp_path / "old.parquet")]) == 0
    told = capsys.readouterr().out
    assert "something that its file does not say" in told
    assert "2: random, bohb" in told
