"""Every command that does long work, killed at several moments: the same command ends with what it would have given."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from collecting_helpers import PROGRAM, wait_until
from long_work import baselines, curves, portfolio, results, systems, traces, tried
from sklearn.datasets import load_wine

from lcbench.cli import run

pytestmark = pytest.mark.slow

WINE = "sklearn:wine,sklearn:iris"
KILLS = 3


@dataclass(frozen=True)
class User:
    """A command that does long work.

    Attributes:
        line: What stands after the command and its output.
        result: What its output says, but for times.
        option: What stands before the output.
        output: Name of the output.
        first: What the command is given before the output.
        quiet: How it is told to show no progress.
    """

    line: str
    result: Callable[[Path], object]
    option: str = ""
    output: str = "out"
    first: str = ""
    quiet: str = "--quiet"

    def arguments(self, command: str, place: Path) -> list[str]:
        given = [*command.split(), *self.first.format(place=place).split()]
        return [*given, *self.option.split(), str(place / self.output), *self.line.split(), *self.quiet.split()]


USERS = {
    "collect": User(f"--datasets {WINE} --configs 6 --budgets 2,4 --seeds 2 --jobs 2", curves),
    "baselines": User("--only random_forest,knn --jobs 2", baselines, output="bench"),
    "portfolio build": User(
        f"--datasets {WINE} --problem mlp --budgets 1,2 --trials 4 --size 2 --jobs 2", portfolio
    ),
    "simulate": User(
        "--optimizers random,hyperband,bohb --seeds 60 --budget 10x --jobs 2",
        traces, option="--out", output="study.parquet", first="{place}/bench",
    ),
    "study": User(
        "--datasets sklearn:wine --systems hist-gradient-boosting,bohb --seeds 1 --time 10m --workers 1 --budgets 1,2 "
        "--trials 9", systems,
    ),
    "live": User("--budgets 2,4 --trials 14 --workers 1", results, option="--out", first="sklearn:wine"),
    "fit": User(
        "--target target --time 10m --trials 7 --workers 1 --folds 0 --baselines knn", tried,
        option="--out", first="{place}/train.csv", quiet="",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table and a file to work on."""
    place = tmp_path_factory.mktemp("inputs")
    line = f"--datasets {WINE} --configs 4 --budgets 1,2 --seeds 1 --jobs 2 --quiet"
    assert run(["collect", str(place / "bench"), *line.split()]) == 0
    load_wine(as_frame=True).frame.sample(frac=1, random_state=0).to_csv(place / "train.csv", index=False)
    return place


def progress(place: Path) -> int:
    """How much lies in a folder: files that are there whole, and lines of journals."""
    found = 0
    for path in place.rglob("*"):
        with contextlib.suppress(OSError):
            if path.suffix == ".jsonl":
                found += path.read_bytes().count(b"\n")
            elif path.is_file() and not path.name.endswith(".tmp"):
                found += 1
    return found


@pytest.mark.parametrize("command", USERS)
def test_killed_at_several_moments_the_same_command_gives_the_same(command, inputs, tmp_path):
    user, rng = USERS[command], np.random.default_rng(len(command))
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    for place in (undisturbed, killed):
        shutil.copytree(inputs, place)
    assert run(user.arguments(command, undisturbed)) == 0
    for _ in range(KILLS):
        before = progress(killed)
        process = subprocess.Popen(
            [*PROGRAM, *user.arguments(command, killed)], start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        more = before + int(rng.integers(1, 4))
        wait_until(lambda p=process, n=more: progress(killed) >= n or p.poll() is not None, "something is kept")
        time.sleep(rng.uniform(0, 0.05))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert run(user.arguments(command, killed)) == 0
    assert repr(user.result(killed / user.output)) == repr(user.result(undisturbed / user.output))
    stray = [path for path in killed.rglob("*") if path.name.endswith(".tmp")]
    assert stray == [], "nothing half written stays"
    hidden = {path.name for path in killed.rglob(".*") if path.name not in (".lock",)}
    assert hidden == {path.name for path in undisturbed.rglob(".*")}


def test_a_study_that_is_killed_while_it_grows_is_as_it_was_or_whole(inputs, tmp_path):
    """Of more seeds, then of a longer budget, which runs everything again."""
    bench, study, rng = inputs / "bench", tmp_path / "study.parquet", np.random.default_rng(0)
    line = ["simulate", str(bench), "--optimizers", "random,hyperband,bohb", "--jobs", "2", "--quiet", "--out"]
    assert run([*line, str(study), "--seeds", "5", "--budget", "10x"]) == 0
    for growth in (["--seeds", "60", "--budget", "10x"], ["--seeds", "60", "--budget", "30x"]):
        assert run([*line, str(tmp_path / "whole.parquet"), *growth, "--overwrite"]) == 0
        before, whole = traces(study), traces(tmp_path / "whole.parquet")
        for _ in range(KILLS):
            process = subprocess.Popen(
                [*PROGRAM, *line, str(study), *growth], start_new_session=True,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            wait_until(lambda p=process: (tmp_path / "study.parquet.parts").is_dir() or p.poll() is not None, "it runs")
            time.sleep(rng.uniform(0, 4))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            assert repr(traces(study)) in (repr(before), repr(whole))
        assert run([*line, str(study), *growth]) == 0
        assert repr(traces(study)) == repr(whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study.parquet", "whole.parquet"]
