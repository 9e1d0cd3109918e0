"""Every command that writes, with a fault at one of its calls of the file system: killed before it or after it, failed
with EIO, or the disk full from there on.

Then: what stood there before is as it was or whole anew; a command that was not killed says in two lines what is wrong;
the same command given again ends with the result of an undisturbed one; nothing half written stays.

``LCBENCH_FAULT_POINTS=200`` strikes at so many calls of each command in each way, evenly spread, instead of one, and
with ``-s`` prints a table.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest
from long_work import baselines, curves, portfolio, results, systems, traces, tried
from sklearn.datasets import load_wine

from lcbench.cli import run
from lcbench.simulate.surrogate.folder import load as load_surrogate
from lcbench.table.verify import verify

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
POINTS = int(os.environ.get("LCBENCH_FAULT_POINTS", "1"))
ACTIONS = {"killed before": "b", "killed after": "a", "EIO": "e", "disk full": "f"}
OLDER = b"an older output"


def content(path: Path) -> object:
    return path.read_bytes()


def whole_page(path: Path) -> object:
    """How long a page is but for its times, and its end."""
    text = path.read_text(encoding="utf-8")
    return text.count("<svg"), text.count("<h2"), text.rstrip()[-7:]


def frames(folder: Path) -> object:
    """The numbers beside figures."""
    return {path.name: path.read_text() for path in sorted(folder.glob("*.csv"))}, sorted(
        path.name for path in folder.iterdir()
    )


def surrogate(folder: Path) -> object:
    return load_surrogate(folder / "iris" / "valid_accuracy").card.to_json()


@dataclass(frozen=True)
class Command:
    """A command that writes.

    Attributes:
        line: The command with ``{place}`` where its inputs lie and ``{out}`` for its output.
        out: Name of the output.
        result: What its output says, but for times.
        older: Whether the output is a file that may be there before.
        table: Whether the output is a table that is there before, and whole after every fault.
        study: Whether the output is a study that is there before, and whole after every fault.
    """

    line: str
    out: str
    result: Callable[[Path], object]
    older: bool = False
    table: bool = False
    study: bool = False

    def arguments(self, place: Path) -> list[str]:
        return self.line.format(place=place, out=place / self.out).split()


FIT = "--target target --time 10m --trials 2 --workers 1 --folds 0 --baselines knn"
COMMANDS = {
    "collect": Command(
        "collect {out} --datasets sklearn:iris --configs 2 --budgets 1,2 --seeds 1 --quiet", "b", curves
    ),
    "grow": Command("collect {out} --grow --configs 13 --seeds 2 --quiet", "bench", curves, table=True),
    "baselines": Command("baselines {out} --only knn --quiet", "bench", baselines),
    "merge": Command("merge {place}/bench {place}/other {out}", "b", curves),
    "migrate": Command("migrate {out}", "old", curves),
    "export": Command("export lcbench {place}/bench {out} --quiet", "e.json", content, older=True),
    "import": Command("import lcbench {place}/released.json {out} --quiet", "b", curves),
    "simulate": Command(
        "simulate {place}/bench --optimizers random,hyperband --seeds 2 --budget 3x --jobs 1 --quiet --out {out}",
        "s.parquet", traces,
    ),
    "simulate more": Command(
        "simulate {place}/bench --optimizers random,hyperband --seeds 2 --budget 3x --jobs 1 --quiet --out {out}",
        "study.parquet", traces, study=True,
    ),
    "live": Command("live sklearn:iris --out {out} --optimizer random --budgets 1,2 --trials 3 --quiet", "l", results),
    "fit": Command("fit {place}/train.csv --out {out} --quiet " + FIT, "m", tried),
    "predict": Command("predict {place}/model {place}/train.csv --out {out}", "p.csv", content, older=True),
    "portfolio build": Command(
        "portfolio build {out} --datasets sklearn:wine,sklearn:iris --problem mlp --budgets 1,2 --trials 3 --size 1 "
        "--quiet",
        "p", portfolio,
    ),
    "study": Command(
        "study {out} --datasets sklearn:wine --systems hist-gradient-boosting,bohb --seeds 1 --time 10m --workers 1 "
        "--budgets 1 --trials 2 --quiet", "s", systems,
    ),
    "surrogate": Command(
        "surrogate {place}/bench --datasets iris --model forest --folds 2 --out {out} --quiet", "g", surrogate
    ),
    "figures": Command("figures {place}/bench --only curves,epoch_map --out {out}", "f", frames),
    "paper": Command("paper {place}/bench --out {out}", "c.csv", content, older=True),
    "report": Command("report {place}/bench --only curves --out {out} --quiet", "r.html", whole_page, older=True),
}  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """The program of ``stage.py``, running."""

    process: subprocess.Popen

    def play(self, arguments: list[str], folder: Path, n: int = 0, action: str = "b") -> dict:
        request = {"arguments": arguments, "folder": str(folder), "n": n, "action": action}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("faults are injected by a preloaded library: a C compiler and Linux are needed, got none")
    library = tmp_path_factory.mktemp("library") / "faults.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, HERE / "faults.c", "-ldl"], check=True)
    environment = {**os.environ, "LD_PRELOAD": str(library), "OMP_NUM_THREADS": "1"}
    program = [sys.executable, HERE / "stage.py"]
    with subprocess.Popen(
        program, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        yield Stage(process)
        process.stdin.close()


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables, a file and a model to work on."""
    place = tmp_path_factory.mktemp("inputs")
    line = "--configs 12 --budgets 1,2 --seeds 1 --quiet"
    for name, datasets in (("bench", "sklearn:iris"), ("other", "sklearn:wine")):
        assert run(["collect", str(place / name), "--datasets", datasets, *line.split()]) == 0
    study = f"simulate {place / 'bench'} --optimizers random --seeds 1 --budget 2x --quiet --out"
    assert run([*study.split(), str(place / "study.parquet")]) == 0
    assert run(["export", "lcbench", str(place / "bench"), str(place / "released.json"), "--quiet"]) == 0
    load_wine(as_frame=True).frame.sample(frac=1, random_state=0).to_csv(place / "train.csv", index=False)
    assert run(["fit", str(place / "train.csv"), "--out", str(place / "model"), *FIT.split(), "--quiet"]) == 0
    shutil.copytree(place / "bench", place / "old")
    unsigned(place / "old" / "benchmark.json")
    return place


def unsigned(manifest: Path) -> None:
    """What an older lcbench left: a manifest without a checksum over itself."""
    document = json.loads(manifest.read_text())
    del document["sha256"]
    manifest.write_text(json.dumps(document, indent=1))


def names(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*")}


def fresh(inputs: Path, place: Path, command: Command) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(inputs, place)
    if command.older:
        (place / command.out).write_bytes(OLDER)
    return place / command.out


def trouble(stage: Stage, command: Command, inputs: Path, place: Path, n: int, action: str, result: str) -> str:
    """What is wrong after a fault at the n-th call; nothing if all holds."""
    out = fresh(inputs, place, command)
    answer = stage.play(command.arguments(place), place, n, action)
    lines = [line for line in answer["said"].splitlines() if line.strip()]
    if answer["code"] >= 0:
        if answer["code"] not in (0, 2, 3):
            return f"exit code {answer['code']}: {' / '.join(lines[-3:])}"
        if any("Traceback" in line for line in lines):
            return f"a traceback: {lines[-1]}"
        if answer["code"] == 2 and not 1 <= len(lines) <= 2:
            return f"{len(lines)} lines: {' / '.join(lines[:4])}"
    if command.table and (wrong := verify(out)):
        return f"the table is not whole: {wrong[0]}"
    if command.study and repr(traces(out)) not in (repr(traces(inputs / command.out)), result):
        return "the study is neither the older one nor whole"
    if command.older and not out.is_file():
        return "the older output is gone"
    if command.older and out.read_bytes() != OLDER and repr(command.result(out)) != result:
        return "the output is neither the older one nor whole"
    again = stage.play(command.arguments(place), place)
    done = again["code"] == 2 and "must go to a new or empty folder" in again["said"]  # it is there, and whole
    if again["code"] != 0 and not done:
        return f"the same command ends with {again['code']}: {again['said'].strip()[-300:]}"
    if repr(command.result(out)) != result:
        return "another result"
    return ""


@dataclass(frozen=True)
class Undisturbed:
    """What a command does without a fault."""

    calls: int
    result: str
    names: set[str]


@pytest.fixture(scope="module")
def undisturbed(stage: Stage, inputs: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Undisturbed]:
    @lru_cache
    def run_once(name: str) -> Undisturbed:
        command, place = COMMANDS[name], tmp_path_factory.mktemp("undisturbed") / "place"
        out = fresh(inputs, place, command)
        answer = stage.play(command.arguments(place), place)
        assert answer["code"] == 0, answer["said"]
        return Undisturbed(answer["calls"], repr(command.result(out)), names(place))

    return run_once


def points(calls: int, action: str) -> list[int]:
    """Which calls are struck: all, or as many as asked, evenly spread; others for each action."""
    shift = list(ACTIONS).index(action) / len(ACTIONS)
    if calls <= POINTS:
        return list(range(1, calls + 1))
    return [1 + int((number + shift) / POINTS * calls) for number in range(POINTS)]


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_fault_at_any_call_is_said_and_the_same_command_gives_the_same(
    name, action, stage, inputs, undisturbed, tmp_path
):
    command, place, expected = COMMANDS[name], tmp_path / "place", undisturbed(name)
    found, struck = {}, points(expected.calls, action)
    for n in struck:
        wrong = trouble(stage, command, inputs, place, n, ACTIONS[action], expected.result)
        more = names(place) - expected.names
        if wrong or more:
            found[n] = wrong or f"strays: {sorted(more)[:3]}"
    sys.stdout.write(f"| {name} | {action} | {expected.calls} | {len(struck)} | {len(found)} |\n")
    assert found == {}
