import subprocess
import sys

import pandas as pd
import pytest

from lcbench import cli
from lcbench.analysis.simulate_commands import _optimizers
from lcbench.simulate.optimizers import OPTIMIZERS
from lcbench.simulate.study import read
from lcbench.simulate.study.player import Player


def test_simulate_writes_traces_and_prints_a_table(bench, tmp_path, capsys):
    out = tmp_path / "new" / "traces.parquet"
    arguments = [
        "simulate",
        str(bench.folder),
        "--dataset",
        "alpha",
        "--dataset",
        "beta",
        "--optimizers",
        "random, bohb",
    ]
    assert cli.run([*arguments, "--seeds", "2", "--budget", "4x", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "bohb" in printed
    assert "100%" in printed
    assert "2 data sets x 2 seeds" in printed
    assert "at least 6" in " ".join(printed.split())
    traces = read(out)
    assert traces["dataset"].unique().tolist() == ["alpha", "beta"]
    assert traces["optimizer"].unique().tolist() == ["random", "bohb"]
    first = out.read_bytes()
    assert cli.run([*arguments, "--seeds", "2", "--budget", "4x", "--out", str(out), "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert out.read_bytes() == first, "same command, same file"


@pytest.mark.parametrize(
    ("budget", "remedy"),
    [
        (8, "read its curves with --schedule non-adaptive --budgets 2,4,8"),
        (1, "there is nothing between the start and the end of its runs"),
    ],
)
def test_a_table_of_one_budget_has_one_rung(make, tmp_path, capsys, budget, remedy):
    table = make(tmp_path / "table", budgets=(budget,), n_configs=12)
    line = ["simulate", str(table.folder), "--seeds", "1", "--budget", "4x", "--out", str(tmp_path / "traces.parquet")]
    assert cli.run([*line, "--optimizers", "random,hyperband,bohb"]) == 0
    said = f"hyperband, bohb: one rung, since this table has one budget ({budget} epochs); {remedy}."
    assert capsys.readouterr().out.splitlines()[0] == said
    assert cli.run([*line, "--optimizers", "random,gp-ei"]) == 0
    assert "one rung" not in capsys.readouterr().out
    if budget > 1:
        points = ["--schedule", "non-adaptive", "--budgets", "2,4,8"]
        assert cli.run([*line, "--optimizers", "hyperband", "--overwrite", *points]) == 0
        assert "one rung" not in capsys.readouterr().out
        assert set(read(tmp_path / "traces.parquet")["budget"]) == {2, 4, 8}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "alpha,betta"], "unknown data set 'betta'; nearest: beta"),
        (["--optimizers", "bohp"], "unknown optimizer 'bohp'; nearest: bohb"),
        (["--metric", "valid_acc"], "unknown metric 'valid_acc'; nearest: valid_accuracy"),
        (["--schedule", "fixed"], "unknown schedule 'fixed'"),
        (["--match", "close"], "unknown match 'close'"),
        (["--budget", "soon"], "budget must be seconds"),
        (["--budget", "2"], "budget must be enough for one evaluation"),
        (["--workers", "0"], "workers must be at least 1"),
        (["--seeds", "0"], "seeds must be at least 1"),
        (["--jobs", "0"], "jobs must be at least 1"),
        (["--budget", "0.5x-epochs"], "budget must be at least one full run"),
        (["--out", "."], "output must go to a file"),
        (["--prior", "best"], "must be good, medium, bad or a JSON file of a ConfigSpace with distributions"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(bench, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert cli.run(["simulate", str(bench.folder), *arguments]) == cli.USAGE_ERROR
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == [], "nothing is written"


def test_an_interrupted_study_goes_on(bench, tmp_path, capsys, monkeypatch):
    line = [
        "simulate",
        str(bench.folder),
        "--datasets",
        "alpha,beta",
        "--optimizers",
        "random,hyperband",
        "--seeds",
        "3",
    ]
    assert cli.run([*line, "--budget", "4x", "--out", str(tmp_path / "whole.parquet")]) == 0
    out, play, played = tmp_path / "t.parquet", Player.play, []

    def interrupted(player, cell):
        played.append(cell)
        if len(played) == 5:
            raise KeyboardInterrupt
        return play(player, cell)

    monkeypatch.setattr(Player, "play", interrupted)
    assert cli.run([*line, "--budget", "4x", "--out", str(out)]) == cli.INTERRUPTED
    assert not out.exists()
    assert cli.run([*line, "--budget", "5x", "--out", str(out)]) == cli.USAGE_ERROR
    assert "a different plan (budget: there 4 runs, asked 5 runs)" in capsys.readouterr().err
    assert cli.run([*line, "--budget", "4x", "--out", str(out)]) == 0
    assert len(played) == 5 + 12 - 4, "what was finished is not played again"
    pd.testing.assert_frame_equal(read(out), read(tmp_path / "whole.parquet"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.parquet", "whole.parquet"]


def test_all_optimizers_can_be_asked_for():
    assert _optimizers("all") == list(OPTIMIZERS)
    assert _optimizers("random, bohb") == ["random", "bohb"]


def test_a_folder_that_is_no_benchmark(tmp_path, capsys):
    assert cli.run(["simulate", str(tmp_path), "--out", str(tmp_path / "t.parquet")]) == cli.USAGE_ERROR
    assert "must be a benchmark folder, got a folder without" in capsys.readouterr().err


def test_replaying_never_loads_what_only_collecting_needs(bench):
    code = f"""
import sys, lcbench
from lcbench.simulate import OPTIMIZERS, FunctionBackend, Job, ReplayBackend, Result, Trace, simulate, study
study.study(lcbench.load({str(bench.folder)!r}), ["alpha"], seeds=[0], budget="3x")
assert callable(simulate)
print(*sorted({{"torch", "openml", "sklearn", "lcbench.collection"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
