"""The pages of docs/ that walk through a job, and the examples: everything in them runs."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pages import walk

import lcbench
from lcbench import cli
from lcbench.simulate.study import read
from lcbench.table import verify

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_training_code_of_a_newcomer_does_everything(tmp_path):
    page = ROOT / "docs" / "bring-your-training-code.md"
    printed = walk(page, tmp_path)
    (dry,) = (said for line, said in printed.items() if line.endswith("--dry-run"))
    assert "16 tasks, 96 runs, 2880 trees in all" in dry
    bench = lcbench.load(tmp_path / "trees")
    assert (len(bench.configs), bench.budgets, bench.seeds) == (24, (10, 30, 45, 90), (0, 1, 2, 3))
    assert verify.verify(bench.folder) == []
    assert (tmp_path / "figures" / "regret.png").is_file()
    assert "halving" in (tmp_path / "report.html").read_text(encoding="utf-8").lower()
    assert (tmp_path / "live" / "trace.parquet").is_file()


@pytest.mark.slow
def test_a_student_follows_architecture_search_from_top_to_bottom(tmp_path):
    printed = walk(ROOT / "docs" / "architecture-search.md", tmp_path)
    assert "15625 6466 4930\n(x)@nor_conv_3x3 True\n" in printed.values()
    (dry,) = (said for line, said in printed.items() if line.endswith("--dry-run"))
    assert "6 tasks, 12 runs, 18 epochs in all" in dry
    (compared,) = (said for line, said in printed.items() if "strategies.parquet --control" in line)
    assert "local-search" in compared
    first, last = (said for line, said in printed.items() if line.startswith("lcbench one-shot"))
    assert "lcbench collect mine --grow --configs lacking.csv" in first
    assert "mine has every cell that was found" in last
    drawn = ("regret", "rank", "hypervolume", "pareto_front", "one_shot", "multi_fidelity_portfolios")
    assert all((tmp_path / "figures" / f"{name}.png").is_file() for name in drawn)


COMMANDS = {
    "boosting.py": ("Boosting", "--configs 2 --seeds 1 --budgets 2,4"),
    "torch_loop.py": ("Loop", "--configs 2 --seeds 1 --budgets 1,2 --datasets sklearn:wine"),
    "two_fidelities.py": ("Trees", "--configs 2 --seeds 1 --budgets 1,2 --datasets sklearn:wine"),
}


def test_every_example_is_run_here():
    assert {path.name for path in (ROOT / "examples").iterdir()} == {*COMMANDS, "own_optimizer.py", "client.mjs"}


@pytest.mark.slow
def test_an_optimizer_of_your_own_against_five_of_ours(tmp_path, monkeypatch):
    """The recipe, line by line; the example is the same file."""
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"```python mine\.py\n(.*?)```", page, re.DOTALL)
    assert (ROOT / "examples" / "own_optimizer.py").read_text(encoding="utf-8").endswith(source)
    Path("mine.py").write_text(source, encoding="utf-8")
    (commands,) = re.findall(r"```sh\n(lcbench optimizers.*?)```", page, re.DOTALL)
    for line in commands.splitlines():
        assert cli.run(shlex.split(line)[1:]) == 0
    found = read(Path("study.parquet"))
    assert list(found["optimizer"].unique()) == ["Near", "wild", "random", "hyperband", "bohb", "asha", "de"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None or os.name == "nt", reason="node or fifos are missing here")
def test_an_optimizer_in_another_language(tmp_path):
    """The page on contests, line by line."""
    shutil.copy(ROOT / "examples" / "client.mjs", tmp_path)
    page = (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for line in re.findall(r"```sh\n(.*?)\n```", page, re.DOTALL):
        done = subprocess.run(["sh", "-c", line], cwd=tmp_path, env=os.environ | {"PATH": path}, timeout=600)
        assert done.returncode == 0
    found = read(tmp_path / "study.parquet")
    assert found.groupby("optimizer").size().to_dict() == {"bohb": 50, "mutate": 50, "random": 50}


@pytest.mark.parametrize("name", COMMANDS)
def test_an_example_is_collected_as_it_says(tmp_path, name):
    problem, options = COMMANDS[name]
    place = ROOT / "examples" / name
    text = place.read_text(encoding="utf-8")
    assert re.findall(r"^lcbench collect .*--problem (\S+)", text, re.MULTILINE) == [f"examples/{name}:{problem}"]
    assert cli.run(["collect", str(tmp_path), "--problem", f"{place}:{problem}", *options.split(), "--quiet"]) == 0
    assert verify.verify(tmp_path) == []
