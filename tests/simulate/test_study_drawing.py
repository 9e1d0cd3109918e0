"""A study is drawn by the command that it prints."""

import shlex
from pathlib import Path

import pytest

from lcbench import cli
from lcbench.analysis.figures import FIGURES as KNOWN
from lcbench.simulate.study.report import FIGURES, FIGURES_OF_SEVERAL, drawing_line


@pytest.fixture
def line(bench, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return ["simulate", str(bench.folder), "--optimizers", "random,hyperband", "--seeds", "2", "--budget", "4x"]


def pictures(folder: str) -> set[str]:
    return {path.stem for path in Path(folder).glob("*.png")}


def test_they_are_all_figures_that_need_nothing_but_a_study():
    others = ("ensembles", "multi_fidelity_portfolios")
    shown = {name for name, spec in KNOWN.items() if spec.needs_traces and name not in others}
    assert {*FIGURES, *FIGURES_OF_SEVERAL} == shown


def test_the_last_line_is_a_command_that_draws(line, capsys):
    assert cli.run([*line, "--metric", "valid_cross_entropy", "--out", "my study.parquet"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("draw it with: lcbench figures ")
    assert cli.run(shlex.split(last.partition(": lcbench ")[2])) == 0
    assert "Table 3" not in capsys.readouterr().out, "nothing that the study does not show"
    assert pictures("my study-figures") == set(FIGURES)


def test_with_a_folder_they_are_drawn(line, monkeypatch, capsys):
    monkeypatch.setattr("lcbench.simulate.study.report.FIGURES", FIGURES[:2])
    assert cli.run([*line, "--figures", "drawn"]) == 0
    assert "draw it with" not in capsys.readouterr().out
    assert pictures("drawn") == set(FIGURES[:2])


def test_what_goes_wrong_while_drawing_is_the_commands_exit_code(line, monkeypatch, capsys):
    monkeypatch.setattr("lcbench.simulate.study.report.FIGURES", ("regrets",))
    assert cli.run([*line, "--figures", "drawn", "--quiet"]) == cli.USAGE_ERROR
    assert "unknown figure 'regrets'; nearest: regret" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_played(line, capsys):
    Path("taken").write_text("mine")
    assert cli.run([*line, "--figures", "taken"]) == cli.USAGE_ERROR
    assert "the output must go to a folder that can be written, got taken" in capsys.readouterr().err
    assert not Path("traces.parquet").exists()


def test_the_metric_is_not_repeated_since_the_file_says_it():
    words = shlex.split(drawing_line(None, Path("t.parquet"), Path("drawn")))
    assert words == ["lcbench", "figures", "--traces", "t.parquet", "--only", ",".join(FIGURES), "--out", "drawn"]
