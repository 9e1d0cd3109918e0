import importlib.util
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "full_lcbench.py"
CONFIG = {"batch_size": 100, "num_layers": 3, "max_units": 64, "max_dropout": 0.5}
CONFIG |= {"learning_rate": 0.01, "momentum": 0.5, "weight_decay": 0.01}


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("full_lcbench", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_all_35_data_sets_are_there(script):
    sizes = script.sizes()
    assert len({size.name for size in sizes}) == 35
    assert all(size.rows >= 690 and size.features >= 4 and size.classes >= 2 for size in sizes)


def test_terms_of_a_small_network_by_hand(script):
    size = script.Size("toy", 1000, 10, 4)  # 449 training rows, 5 steps; widths 10-64-34-4
    weights = 10 * 64 + 64 * 34 + 34 * 4
    expected = [5 * 3, 5 * weights, 449 * weights, 449 * (10 + 64 + 34 + 4), 449 * (64 + 34)]
    assert script.terms(size, (CONFIG,)).tolist() == expected
    assert script.terms(size, (CONFIG | {"max_dropout": 0.0},))[-1] == 0


def test_fit_finds_the_coefficients_that_made_the_times(script):
    rng = np.random.default_rng(0)
    coefficients = np.array([3e-5, 2e-9, 1e-10, 7e-9, 4e-9])
    measurements = []
    for size in script.sizes():
        config = CONFIG | {"batch_size": int(rng.integers(16, 512)), "num_layers": int(rng.integers(1, 6))}
        config |= {"max_units": int(rng.integers(64, 512)), "max_dropout": float(rng.integers(2)) / 2}
        measurements.append(script.Measurement(size, (config,), 1, script.terms(size, (config,)) @ coefficients))
    np.testing.assert_allclose(script.fit(measurements), coefficients, rtol=1e-3)


def test_a_measured_unit_scales_with_the_rows(script, monkeypatch):
    size = script.Size("toy", 100_000, 10, 4)
    monkeypatch.setattr(script, "train_once", lambda size, stack, rows, device: 1e-3 * rows)
    found = script.measure(size, (CONFIG,), "cpu")
    assert found.rows < size.train_rows
    assert found.seconds == pytest.approx(1e-3 * size.train_rows / script.MEASURED_RUN_EPOCHS)


def test_training_really_looks_at_the_clock(script):
    assert script.train_once(script.Size("toy", 200, 5, 3), (CONFIG,), 90, "cpu") > 0


def test_terms_of_a_stack_count_its_padding(script):
    size = script.Size("toy", 1000, 10, 4)  # 449 training rows; 5 steps of 100 and 4 of 125, so 5 of 125
    wide = CONFIG | {"max_units": 94, "batch_size": 125}  # widths 10-94-49-4
    weights = 10 * 94 + 94 * 49 + 49 * 4
    expected = [5 * 3, 2 * 5 * weights, 2 * 625 * weights, 2 * 625 * (10 + 94 + 49 + 4), 2 * 625 * (94 + 49)]
    assert script.terms(size, (CONFIG, wide)).tolist() == expected


def test_a_stack_of_several_is_measured_as_a_device_would(script):
    size, wide = script.Size("toy", 200, 5, 3), CONFIG | {"max_units": 70}
    assert script.stacks(size, [CONFIG, wide], "cpu") == [(CONFIG,), (wide,)]
    assert script.stacks(size, [CONFIG, wide], "cuda") == [(CONFIG, wide)]
    assert script.train_once(size, (CONFIG, wide), 90, "cpu") > 0
