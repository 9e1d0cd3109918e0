"""Every command and snippet of the README runs, in order, in an empty folder."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from lcbench.demo import command_lines

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"```(sh|python)\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
SHELL_LINES = [line.split("#")[0].strip() for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()]


def run(arguments: list[str], cwd: Path) -> str:
    """Run a command with this environment's programs first, and give what it prints."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(arguments, cwd=cwd, env=os.environ | {"PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, f"{shlex.join(arguments)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("line", [line for line in SHELL_LINES if line.startswith("make")])
def test_make_targets_exist(line):
    assert run(["make", "--dry-run", *line.split()[1:]], ROOT)


@pytest.mark.slow
def test_every_other_block_runs_in_order(tmp_path):
    blocks = [(kind, block) for kind, block in BLOCKS if not block.startswith("make")]
    assert {kind for kind, _ in blocks} == {"sh", "python"}
    for kind, block in blocks:
        if kind == "python":
            run([sys.executable, "-c", block], tmp_path)
            continue
        for line in filter(None, block.splitlines()):
            assert line.startswith("lcbench "), line
            run(shlex.split(line), tmp_path)
    pictures = {path.name for path in (tmp_path / "figures").glob("*.png")}
    assert {"performance.png", "budget_correlation.png", "regret.png"} <= pictures
    assert all(path.with_suffix(".csv").is_file() for path in (tmp_path / "figures").glob("*.png"))


def test_pictures_and_links_are_there():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^()#:]+)\)", text):
        assert (ROOT / target).exists(), target


@pytest.mark.slow
def test_the_demonstration_runs_and_says_what_it_wrote(tmp_path):
    printed = run(["lcbench", "demo", "--out", "out", "--configs", "24", "--jobs", "2"], tmp_path)
    for line in command_lines(Path("out"), configs=24, jobs=2):
        assert f"$ lcbench {shlex.join(line)}" in printed
    assert "Written: your benchmark in out/bench" in printed
    assert (tmp_path / "out" / "figures" / "budget_correlation.png").is_file()
    assert (tmp_path / "out" / "study" / "regret.png").is_file()
    again = run(["lcbench", "demo", "--out", "out", "--configs", "24", "--jobs", "2"], tmp_path)
    assert "holds this benchmark already" in again
