"""Every command and snippet of the README runs, in order, in an empty folder."""

import re
import shlex
from pathlib import Path

import pytest
from pages import blocks_of, run, walk

from lcbench.demo import command_lines

ROOT = Path(__file__).parents[1]
BLOCKS = blocks_of(ROOT / "README.md")
SHELL_LINES = [line.split("#")[0].strip() for kind, _, block in BLOCKS if kind == "sh" for line in block.splitlines()]


@pytest.mark.parametrize("line", [line for line in SHELL_LINES if line.startswith("make")])
def test_make_targets_exist(line):
    assert run(["make", "--dry-run", *line.split()[1:]], ROOT)


@pytest.mark.slow
def test_every_other_block_runs_in_order(tmp_path):
    page = tmp_path / "README.md"
    page.write_text(re.sub(r"```sh\nmake.*?```", "", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL))
    walk(page, tmp_path)
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
