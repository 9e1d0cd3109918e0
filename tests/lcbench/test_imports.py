"""Opening a table is light: what is slow or optional is not imported."""

import subprocess
import sys

import pytest

import lcbench

HEAVY = ("torch", "openml", "sklearn", "matplotlib", "ConfigSpace", "joblib", "lcbench.collection", "lcbench.analysis")


def loaded_after(code: str, names: tuple[str, ...]) -> set[str]:
    """Which of these modules a fresh interpreter has loaded after running some code."""
    code = f"import sys\n{code}\nprint(*sorted({set(names)!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_opening_and_asking_a_table(bench: lcbench.Benchmark):
    code = (
        f"import lcbench; b = lcbench.load({str(bench.folder)!r}); b.curve('alpha', 0); b.configs; b.value('beta', 1)"
    )
    assert loaded_after(code, HEAVY) == set()


def test_importing_alone_loads_not_even_pandas():
    assert loaded_after("import lcbench", (*HEAVY, "pandas", "numpy", "pyarrow")) == set()


@pytest.mark.parametrize(
    "code",
    ["import lcbench.simulate", "from lcbench.simulate import simulate, ReplayBackend, OPTIMIZERS; OPTIMIZERS['bohb']"],
)
def test_replay_needs_no_training(code):
    assert loaded_after(code, ("torch", "openml", "lcbench.collection")) == set()


def test_the_registry_imports_an_optimizer_when_it_is_asked_for():
    code = "from lcbench.simulate import OPTIMIZERS; assert len(OPTIMIZERS) > 15; OPTIMIZERS['random']"
    assert (
        loaded_after(
            code, ("scipy.optimize", "sklearn", "lcbench.simulate.optimizers._gp", "lcbench.simulate.adapters")
        )
        == set()
    )


def test_the_records_of_data_sets_need_no_libraries_of_their_sources():
    assert loaded_after("import lcbench.collection.data.sources", ("torch", "openml", "sklearn", "arff")) == set()
