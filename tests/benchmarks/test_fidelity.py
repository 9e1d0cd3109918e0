import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "fidelity.py"


@pytest.fixture(scope="module")
def fidelity():
    spec = importlib.util.spec_from_file_location("fidelity", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_itself_agrees_perfectly(fidelity):
    reference = np.array([20.0, 50.0, 70.0, 90.0])
    found = fidelity.agreement(np.stack([reference] * 3, axis=1), reference)
    assert (found.spearman, found.spearman_of_mean, found.between_seeds) == pytest.approx((1, 1, 1))
    assert (found.difference, found.best, found.reference_best, found.diverged) == (0, 90, 90, 0)


def test_spearman_is_averaged_over_seeds_and_the_mean_of_seeds_is_apart(fidelity):
    reference = np.array([1.0, 2.0, 3.0])
    found = fidelity.agreement(np.array([[1.0, 30.0], [2.0, 20.0], [3.0, 10.0]]), reference)
    assert found.spearman == pytest.approx(0)  # +1 and -1
    assert found.spearman_of_mean == pytest.approx(-1)
    assert found.between_seeds == pytest.approx(-1)


def test_a_diverged_run_ranks_last_and_is_left_out_of_means(fidelity):
    ours = np.array([[np.nan], [60.0], [80.0]])
    found = fidelity.agreement(ours, np.array([10.0, 50.0, 90.0]))
    assert found.spearman == pytest.approx(1)
    assert (found.mean, found.reference_mean, found.diverged) == (70, 70, pytest.approx(1 / 3))
    assert np.isnan(found.between_seeds)


def test_reference_curves_are_sorted_and_lose_their_extra_point(fidelity):
    curves = [np.arange(52.0) + 100, np.arange(52.0)]
    frame = pd.DataFrame({"dataset": ["a", "a"], "config_id": [1, 0], "val_accuracy": curves})
    found = fidelity.reference_curves(frame, "a")
    assert found.shape == (2, 51)
    assert found[0, -1] == 50
    assert found[1, 0] == 100


def test_goals_are_judged_at_their_bounds(fidelity):
    reference = np.linspace(0, 90, 10)
    good = fidelity.agreement(reference[:, None] + 3, reference)
    bad = fidelity.agreement(reference[::-1, None] + 4, reference)
    assert all(line.endswith(" reached") for line in fidelity.verdicts([good]))
    assert all(line.endswith(" MISSED") for line in fidelity.verdicts([bad]))
