"""The program as people type it: bad input is said in one or two lines, exit code 2, and nothing is lost."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lcbench import cli
from lcbench.errors import LcbenchError
from lcbench.table import verify

collecting = pytest.mark.skipif(find_spec("torch") is None, reason="collecting needs the extra lcbench[collect]")

CONFIG = {"num_layers": 2, "max_units": 64, "batch_size": 16, "learning_rate": 0.01}
CONFIG |= {"weight_decay": 0.01, "momentum": 0.5, "max_dropout": 0.1}
SMALL = ("--budgets", "1,2", "--seeds", "1", "--quiet")


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def refused(capsys):
    """Run a command line that must be refused; what it says."""

    def run(*arguments: object) -> str:
        assert cli.run([*map(str, arguments)]) == cli.USAGE_ERROR
        said = capsys.readouterr().err
        assert said.startswith("lcbench: ")
        assert said.endswith("\n")
        assert said.count("\n") <= 2
        assert "Traceback" not in said
        return said

    return run


@pytest.fixture
def copy(bench, tmp_path):
    """A benchmark folder that may be damaged."""
    return shutil.copytree(bench.folder, tmp_path / "copy")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def write_data(path: str, **columns: object) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=60), "b": rng.choice(list("uv"), 60), "y": rng.choice(list("pq"), 60)})
    frame.assign(**columns).to_csv(path, index=False)


# The program itself -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["demo", "collect", "info", "simulate", "figures"])
def test_every_command_has_its_help(command, capsys):
    assert cli.run([command, "--help"]) == 0
    assert f"Usage: lcbench {command}" in capsys.readouterr().out
    assert cli.run([]) == 0
    assert f" {command} " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["colect"], "Did you mean 'collect'?"),
        (["migrate"], "Missing argument 'DIR'. See: lcbench --help."),
        (["collect", "x"], "data sets (--datasets) must be named for problem 'mlp', which brings no tasks of its own"),
        (["simulate", "x", "--seeds", "many"], "'--seeds'"),
        (["simulate", "x", "--worker", "3"], "No such option: --worker"),
    ],
)
def test_a_mistyped_line(refused, arguments, message):
    assert message in refused(*arguments)


def test_the_real_program_prints_no_traceback():
    program = Path(sys.executable).with_name("lcbench")
    done = subprocess.run([program, "info", "nowhere"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "lcbench: nowhere must be a benchmark folder, or a study as 'lcbench simulate --out', 'lcbench study' or "
        "'lcbench one-shot' writes it, got nothing there; check the path.\n"
    )


def test_a_missing_package_is_named_with_its_remedy():
    lacking = ("torch", "openml", "sklearn", "arff", "filelock")
    line = ["collect", "x", "--datasets", "sklearn:wine"]
    code = (
        "import importlib.util as util, sys\n"
        "find = util.find_spec\n"
        f"lacks = lambda name: name.partition('.')[0] in {lacking}\n"
        "class Lacking:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if lacks(name): raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Lacking())\n"
        "util.find_spec = lambda name, *package: None if lacks(name) else find(name, *package)\n"
        f"from lcbench import cli; sys.exit(cli.run({line}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == cli.USAGE_ERROR
    assert done.stderr.startswith("lcbench: this needs the package")
    assert done.stderr.endswith("install it with: pip install 'lcbench[collect]'.\n")
    assert done.stderr.count("\n") == 1


def test_what_the_system_refuses_is_said(refused, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "traces.parquet")

    monkeypatch.setattr("lcbench.table.benchmark.load", full)
    assert "traces.parquet cannot be read or written (No space left on device)" in refused("info", ".")


# Folders ----------------------------------------------------------------------------------------------------------

COMMANDS = {
    "info": ("info", "copy"),
    "simulate": ("simulate", "copy", "--seeds", "1", "--budget", "3x", "--out", "new/traces.parquet", "--quiet"),
    "figures": ("figures", "copy", "--out", "new", "--quiet"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: truncate(folder / "runs" / "beta.parquet"), "runs/beta.parquet is"),
        (lambda folder: (folder / "runs" / "beta.parquet").unlink(), "runs/beta.parquet is missing"),
        (lambda folder: truncate(folder / "configs.parquet"), "configs.parquet is"),
        (lambda folder: truncate(folder / "benchmark.json"), "benchmark.json cannot be read as JSON"),
        (lambda folder: (folder / "benchmark.json").write_text("{}"), "no format_version"),
        (
            lambda folder: (folder / "benchmark.json").unlink(),
            "got a folder without benchmark.json",
        ),
        (shutil.rmtree, "copy must be a benchmark folder"),
    ],
    ids=["truncated-runs", "missing-runs", "truncated-configs", "truncated-json", "other-json", "no-json", "no-folder"],
)
def test_a_damaged_folder(copy, refused, command, damage, message):
    damage(copy)
    before = contents(copy) if copy.exists() else {}
    assert message in refused(*COMMANDS[command])
    assert (contents(copy) if copy.exists() else {}) == before


def test_info_says_what_is_there_and_checks_sizes(copy, capsys, refused):
    assert cli.run(["info", "copy"]) == 0
    assert "2: alpha, beta" in capsys.readouterr().out
    for name in ("alpha", "beta"):
        truncate(copy / "runs" / f"{name}.parquet")
    assert "copy is damaged: runs/alpha.parquet is " in (said := refused("info", "copy"))
    assert "(and 1 more)" in said


def test_info_verify_reads_everything(copy, capsys, refused):
    assert cli.run(["info", "copy", "--verify"]) == 0
    assert "all 4 files are as they were written" in capsys.readouterr().out
    path = copy / "runs" / "alpha.parquet"
    middle = path.stat().st_size // 2
    path.write_bytes(path.read_bytes()[:middle] + b"\0\1\2\3" + path.read_bytes()[middle + 4 :])
    assert cli.run(["info", "copy"]) == 0, "its size is right"
    assert "copy is damaged: runs/alpha.parquet" in refused("info", "copy", "--verify")


@pytest.mark.parametrize("command", ["simulate", "figures"])
def test_output_that_cannot_be_written(copy, refused, command):
    Path("taken").write_text("mine")
    out = "taken" if command == "figures" else "taken/traces.parquet"
    assert "output must go to a" in refused(command, "copy", "--out", out)
    assert Path("taken").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "fig66"], "unknown figure 'fig66'; nearest: fig6"),
        (["--metric", "valid_acuracy"], "unknown metric 'valid_acuracy'; nearest: valid_accuracy"),
        (["--traces", "nothere.parquet"], "nothere.parquet must be a study, as 'lcbench simulate --out' writes it"),
    ],
)
def test_figures_refuses_what_it_does_not_know(copy, refused, arguments, message):
    assert message in refused("figures", copy, "--out", "figures", *arguments)
    assert not Path("figures").exists()


# Collecting -------------------------------------------------------------------------------------------------------


@collecting
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sklearn:wne"], "unknown bundled data set 'wne'; nearest: wine"),
        (["sklern:wine"], "unknown source of data sets 'sklern'; nearest: sklearn"),
        (["wine"], "must be SCHEME:NAME"),
        ([""], "data sets must be a list"),
        (["sklearn:wine,sklearn:wine"], "each data set must be given once"),
        (["sklearn:wine", "--problem", "mlpp"], "unknown problem 'mlpp'; nearest: mlp"),
        (["sklearn:wine", "--encoding", "ordnal"], "unknown encoding 'ordnal'; nearest: ordinal"),
        (["sklearn:wine", "--configs", "0"], "number of configurations must be at least 1, got 0"),
        (["sklearn:wine", "--configs", "nothere.csv"], "nothere.csv must be a file of a table"),
        (["sklearn:wine", "--configs", "2.5"], "configs must be a whole number or a CSV or Parquet file"),
        (
            ["sklearn:wine", "--configs", "9999999999"],
            "number of configurations must be at most 1000000, got 9999999999",
        ),
        (["sklearn:wine", "--budgets", "12,99999999999"], "budgets must be at most 100000 steps, got 99999999999"),
        (["sklearn:wine", "--budgets", "25,12"], "budgets must be increasing positive integers (steps), got 25, 12."),
        (["sklearn:wine", "--budgets", "12,12"], "budgets must be increasing positive integers"),
        (["sklearn:wine", "--budgets", "0,12"], "budgets must be increasing positive integers"),
        (["sklearn:wine", "--budgets", "1.5"], "budgets must be increasing positive integers"),
        (["sklearn:wine", "--seeds", "0"], "seeds must be at least 1, different"),
        (["sklearn:wine", "--plan-seed", "-1"], "plan seed must be at least 0, got -1"),
    ],
)
def test_collect_refuses_and_writes_nothing(refused, arguments, message):
    assert message in refused("collect", "out", *SMALL, "--configs", "1", "--datasets", *arguments)
    assert list(Path().iterdir()) == []


@collecting
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"y": "p"}, "the target must have at least 2 classes, got 1: p; give rows of another class"),
        ({"y": ["rare", *"pq" * 29, "p"]}, "class 'rare' must have at least 3 rows"),
        ({"c": np.nan}, "every column must have at least one value, got none in 'c'"),
        ({"a": np.inf}, "column 'a' must be finite, got inf"),
        ({"y": [None, *"pq" * 29, "p"]}, "the target must have a value in every row, got none in 1 of 60"),
        ({"y": np.linspace(0, 1, 60)}, "60 different real numbers (a regression?)"),
    ],
    ids=["one-class", "small-class", "missing-column", "infinite", "missing-target", "regression"],
)
def test_a_data_set_that_cannot_be_trained_on(refused, columns, message):
    write_data("x.csv", **columns)
    assert message in refused("collect", "out", *SMALL, "--configs", "1", "--datasets", "file:x.csv?target=y")
    assert [path.name for path in Path().iterdir()] == ["x.csv"]


@collecting
def test_a_target_that_the_file_lacks(refused):
    write_data("x.csv", label="p")
    said = refused("collect", "out", *SMALL, "--datasets", "file:x.csv?target=lable")
    assert "unknown target column of x.csv 'lable'; nearest: label" in said


@collecting
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"learning_rate": np.inf}, "row 0: learning_rate must be a number in [0.0001, 0.1], got inf"),
        ({"learning_rate": np.nan}, "row 0: learning_rate must be a number in [0.0001, 0.1], got nan"),
        ({"momentum": 1.5}, "row 0: momentum must be a number in [0.1, 0.99], got 1.5"),
        ({"num_layers": 2.5}, "row 0: num_layers must be an integer in [1, 5], got 2.5"),
        ({"num_layers": "two"}, "got 'two'"),
        ({"beta1": 0.9}, "got unknown beta1"),
    ],
)
def test_a_configuration_outside_the_space(refused, values, message):
    pd.DataFrame([CONFIG | values]).to_csv("configs.csv", index=False)
    assert message in refused("collect", "out", *SMALL, "--datasets", "sklearn:wine", "--configs", "configs.csv")
    assert not Path("out").exists()


@collecting
@pytest.mark.parametrize("name", ["configs.csv", "configs.parquet"])
def test_a_file_that_is_no_table_of_configurations(refused, name):
    Path(name).write_bytes(b"\xff\xfe\x00 nothing that anybody could read")
    said = refused("collect", "out", *SMALL, "--datasets", "sklearn:wine", "--configs", name)
    assert f"{name} must be a readable" in said
    pd.DataFrame({"hello": [1]}).to_csv("other.csv", index=False)
    said = refused("collect", "out", *SMALL, "--datasets", "sklearn:wine", "--configs", "other.csv")
    assert "got missing batch_size" in said


@collecting
def test_somebody_elses_folder_is_left_alone(refused):
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("precious")
    Path("file").write_text("precious")
    line = ("--datasets", "sklearn:wine", "--configs", "1", *SMALL)
    assert "mine is not empty and holds no collection" in refused("collect", "mine", *line)
    assert "file must be a folder" in refused("collect", "file", *line)
    assert "file" in refused("collect", "file/below", *line)
    assert contents(Path()) == {"mine/notes.txt": b"precious", "file": b"precious"}


@collecting
def test_a_folder_with_another_plan_says_what_differs(refused, capsys):
    pd.DataFrame([CONFIG]).to_parquet("configs.parquet")
    pd.DataFrame([CONFIG]).to_csv("configs.csv", index=False)
    line = ["collect", "out", "--datasets", "sklearn:wine", "--configs"]
    assert cli.run([*line, "configs.parquet", *SMALL]) == 0
    assert verify.verify(Path("out")) == []
    before = contents(Path("out"))
    capsys.readouterr()
    assert cli.run([*line, "configs.csv", *SMALL]) == 0, "the same numbers from another file are the same plan"
    assert "holds this benchmark already" in capsys.readouterr().out
    for change, difference in {
        ("--configs", "3"): "configurations: there 1, asked 3",
        ("--budgets", "1,3"): "budgets: there 1,2, asked 1,3",
        ("--seeds", "2"): "seeds: there 1, asked 2",
        ("--datasets", "sklearn:iris"): "datasets: there sklearn:wine, asked sklearn:iris",
        ("--encoding", "onehot"): "encoding: there ordinal, asked onehot",
        ("--problem", "mlp-released"): "problem: there mlp, asked mlp-released",
        ("--plan-seed", "7"): "plan seed: there 0, asked 7",
    }.items():
        assert difference in refused(*line, "configs.csv", *SMALL, *change)
    assert contents(Path("out")) == before


def test_every_error_is_the_programs_to_print():
    """Whoever adds an error finds it in the tree, so that the command line prints it."""
    import lcbench.errors as errors

    found = [thing for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, Exception)]
    found.remove(errors.DataWarning)  # a warning, not an error
    assert all(issubclass(error, LcbenchError) for error in found)


@pytest.mark.parametrize("error", [EOFError("no data left in file"), RuntimeError("what nobody thought of")])
def test_a_fault_of_the_program_has_its_traceback_and_an_exit_code_of_its_own(error, monkeypatch, capsys):
    def broken(*_):
        raise error

    monkeypatch.setattr(verify, "verify", broken)
    monkeypatch.setattr("sys.argv", ["lcbench", "verify", "somewhere"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == cli.INTERNAL_ERROR
    said = capsys.readouterr().err
    assert str(error) in said
    assert said.endswith("lcbench: this is a fault of lcbench itself; please report it with the lines above.\n")
