"""Importing, asking for help and opening a table are light: what is slow or optional is not loaded."""

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

import lcbench
from lcbench.cli import GROUP

TRAINING = ("torch", "openml", "sklearn")
HEAVY = (*TRAINING, "matplotlib", "ConfigSpace", "joblib", "lcbench.collection.plan", "lcbench.analysis.figures")


def loaded_after(code: str, names: tuple[str, ...]) -> set[str]:
    """Which of these modules a fresh interpreter has loaded after running some code."""
    code = f"import sys\n{code}\nprint(*sorted({set(names)!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_opening_and_asking_a_table(bench: lcbench.Benchmark):
    code = (
        f"import lcbench; b = lcbench.load({str(bench.folder)!r}); b.curve('alpha', 0); b.configs; b.value('beta', 1)"
    )
    assert loaded_after(code, HEAVY) == set()


@pytest.mark.parametrize("room", ["", ".collection", ".simulate", ".analysis"])
def test_importing_loads_not_even_pandas(room):
    assert loaded_after(f"import lcbench{room}", (*HEAVY, "pandas", "numpy", "pyarrow")) == set()


def test_help_of_every_command_loads_nothing_that_trains():
    names = sorted(entry.name for entry in entry_points(group=GROUP))
    assert {"collect", "simulate", "figures", "fit"} <= set(names)
    code = f"from lcbench import cli\nfor name in {names}: assert cli.run([name, '--help']) == 0"
    code += "\nassert cli.run(['--help']) == 0; print()"
    assert loaded_after(code, (*TRAINING, "numpy", "pandas", "pyarrow", "matplotlib", "scipy", "ConfigSpace")) == set()


def test_the_registry_imports_an_optimizer_when_it_is_asked_for():
    code = "from lcbench.simulate import OPTIMIZERS; assert len(OPTIMIZERS) > 15; OPTIMIZERS['random']"
    others = ("scipy.optimize", "sklearn", "lcbench.simulate.optimizers._gp", "lcbench.simulate.adapters")
    assert loaded_after(code, others) == set()


def test_the_records_of_data_sets_need_no_libraries_of_their_sources():
    assert loaded_after("import lcbench.collection.data.sources", (*TRAINING, "arff")) == set()
