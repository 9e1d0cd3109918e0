import importlib.util
from pathlib import Path

import pandas as pd
import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "cells.py"


@pytest.fixture(scope="module")
def cells():
    spec = importlib.util.spec_from_file_location("cells", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def regrets():
    """Two data sets of five seeds: `half` has half of random's regret in each run, `same` the same."""
    runs = pd.MultiIndex.from_product([["a", "b"], range(5)], names=["dataset", "seed"])
    random = pd.Series([1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0], runs)
    return pd.DataFrame({"random": random, "half": random / 2, "same": random})


def test_tests_are_corrected_for_their_number(cells, regrets):
    """All ten pairs go one way: 2 / 2^10, twice by Holm; on one data set 2 / 2^5, twice."""
    assert cells.tested(regrets, "random").to_dict() == pytest.approx({"half": 2 * 2 / 2**10, "same": 1.0})
    assert cells.tested(regrets.loc[["a"]], "random")["half"] == pytest.approx(2 * 2 / 2**5)


def test_the_table_by_hand(cells, regrets):
    lines = cells.table(regrets, pd.Series({"a": 90.0, "b": 80.0}), "random").splitlines()
    half = next(line for line in lines if line.startswith("| half |"))
    assert half == "| half | 1.500 (p 0.12) | 88.50 ± 0.79 | 15.000 (p 0.12) | 65.00 ± 7.91 | 8.250 (p 0.0039) |"
    assert next(line for line in lines if line.startswith("| random |")).split(" | ")[1] == "3.000"
    assert cells.specs_of(cells.OPTIMIZERS), "all of them can be made"
