import subprocess
import sys

import pytest

from lcbench import cli
from simulate.study import read


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
    assert "2 data sets, 2 seeds" in printed
    traces = read(out)
    assert traces["dataset"].unique().tolist() == ["alpha", "beta"]
    assert traces["optimizer"].unique().tolist() == ["random", "bohb"]
    first = out.read_bytes()
    assert cli.run([*arguments, "--seeds", "2", "--budget", "4x", "--out", str(out), "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert out.read_bytes() == first, "same command, same file"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "alpha,betta"], "unknown data set 'betta'; nearest: beta"),
        (["--optimizers", "bohp"], "unknown optimizer 'bohp'; nearest: bohb"),
        (["--metric", "valid_acc"], "unknown metric 'valid_acc'; nearest: valid_accuracy"),
        (["--schedule", "fixed"], "unknown schedule 'fixed'"),
        (["--match", "close"], "unknown match 'close'"),
        (["--budget", "soon"], "budget must be seconds"),
        (["--budget", "2"], "seconds must be enough for one evaluation"),
        (["--workers", "0"], "workers must be at least 1"),
        (["--seeds", "0"], "seeds must be at least 1"),
        (["--out", "."], "output must go to a file"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(bench, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert cli.run(["simulate", str(bench.folder), *arguments]) == cli.USAGE_ERROR
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == [], "nothing is written"


def test_a_folder_that_is_no_benchmark(tmp_path, capsys):
    assert cli.run(["simulate", str(tmp_path), "--out", str(tmp_path / "t.parquet")]) == cli.USAGE_ERROR
    assert "holds no benchmark" in capsys.readouterr().err


def test_replaying_never_loads_what_only_collecting_needs(bench):
    code = f"""
import sys, lcbench
from simulate import OPTIMIZERS, FunctionBackend, Job, ReplayBackend, Result, Trace, simulate, study
study.study(lcbench.load({str(bench.folder)!r}), ["alpha"], seeds=[0], budget="3x")
assert callable(simulate)
print(*sorted({{"torch", "openml", "sklearn", "collection"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_importing_the_command_is_light():
    code = "import sys, simulate.commands; print(*({'numpy', 'pandas', 'ConfigSpace'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
