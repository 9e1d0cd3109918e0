"""The pages of docs/ that walk through a job, and the examples: everything in them runs."""

import re
from pathlib import Path

import pytest
from pages import walk

import lcbench
from lcbench import cli
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


COMMANDS = {
    "boosting.py": ("Boosting", "--configs 2 --seeds 1 --budgets 2,4"),
    "torch_loop.py": ("Loop", "--configs 2 --seeds 1 --budgets 1,2 --datasets sklearn:wine"),
    "two_fidelities.py": ("Trees", "--configs 2 --seeds 1 --budgets 1,2 --datasets sklearn:wine"),
}


def test_every_example_is_run_here():
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_an_example_is_collected_as_it_says(tmp_path, name):
    problem, options = COMMANDS[name]
    place = ROOT / "examples" / name
    text = place.read_text(encoding="utf-8")
    assert re.findall(r"^lcbench collect .*--problem (\S+)", text, re.MULTILINE) == [f"examples/{name}:{problem}"]
    assert cli.run(["collect", str(tmp_path), "--problem", f"{place}:{problem}", *options.split(), "--quiet"]) == 0
    assert verify.verify(tmp_path) == []
