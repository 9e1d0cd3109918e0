"""The cost model: its laws, and that it finds the seconds that made its measurements."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lcbench.collection.networks.calibration import calibrated, time_epoch
from lcbench.collection.networks.cost import KINDS, CostModel, Sizes, calibrate, epoch_work
from lcbench.collection.networks.extent import Extent
from lcbench.collection.networks.network import shaped_mlp
from lcbench.collection.plan import sampled_configs

SIZES = Sizes(1000, 490, 740)
shapes = st.builds(
    shaped_mlp, st.integers(1, 300), st.integers(2, 50), st.integers(1, 5), st.integers(64, 512), st.floats(0, 1)
)


def random_samples(n: int) -> list:
    rng = np.random.default_rng(0)
    made = []
    for _ in range(n):
        shape = shaped_mlp(*map(int, rng.integers([1, 2, 1, 64], [300, 50, 6, 513])), float(rng.random()))
        made.append((shape, int(rng.integers(16, 513)), Sizes(*map(int, rng.integers(100, 3000, 3)))))
    return made


@settings(max_examples=50, deadline=None)
@given(shapes, st.integers(16, 512), st.integers(100, 5000))
def test_more_rows_are_never_less_work(shape, batch_size, rows):
    less = epoch_work(shape, batch_size, Sizes(rows, 100, 100))
    more = epoch_work(shape, batch_size, Sizes(rows + batch_size, 100, 100))
    assert (more.sum() >= less.sum()) and (more >= 0).all()


def test_work_by_hand():
    # 100 rows in batches of 30: 4 steps; widths 4, 64, 3 (a small network: all products are small)
    shape = shaped_mlp(4, 3, num_layers=2, max_units=64, max_dropout=0.5)
    work = dict(zip(KINDS, epoch_work(shape, 30, Sizes(100, 50, 70)), strict=True))
    assert work["step"] == 4
    assert work["layer and step"] == 8
    assert work["small products"] == 2 * 100 * (2 * 4 * 64 + 3 * 64 * 3)  # the first layer passes no gradient on
    assert work["parameter updates"] == 4 * (5 * 64 + 65 * 3)
    assert work["dropped activations"] == 100 * 64
    assert work["masks"] == 4
    assert work["evaluation, small products"] == 2 * 120 * (4 * 64 + 64 * 3)


def test_finds_the_seconds_behind_measurements_without_noise():
    truth = CostModel(tuple(10.0 ** np.random.default_rng(0).uniform(-10, -6, len(KINDS))))
    samples = random_samples(150)
    found = calibrate(samples, [truth.epoch_seconds(*sample) for sample in samples])
    for sample in random_samples(20):
        assert found.epoch_seconds(*sample) == pytest.approx(truth.epoch_seconds(*sample), rel=0.02)


def test_seconds_are_never_negative_however_noisy_the_measurements():
    samples = random_samples(60)
    noise = np.random.default_rng(1).lognormal(0, 1, len(samples))
    found = calibrate(samples, noise)
    assert min(found.seconds) >= 0


def test_survives_json():
    model = CostModel(tuple(float(i) for i in range(len(KINDS))))
    assert CostModel.from_json(model.to_json()) == model


def test_a_calibrated_model_is_positive_and_orders_small_and_large_runs():
    configs = sampled_configs("mlp", 20, 0).to_dict("records")
    extent = Extent(8, 3, Sizes(300, 150, 220))
    model = calibrated([extent], configs, np.random.default_rng(0))
    small, large = shaped_mlp(8, 3, 1, 64, 0), shaped_mlp(8, 3, 5, 512, 0.5)
    assert 0 < model.epoch_seconds(small, 256, SIZES) < model.epoch_seconds(large, 16, SIZES)
    assert time_epoch(extent, configs[0]) > 0


def test_capped_extents_keep_their_proportions():
    assert Extent(5, 2, Sizes(4000, 2000, 3000)).capped(1000) == Extent(5, 2, Sizes(1000, 500, 750))
    assert Extent(5, 2, Sizes(400, 200, 300)).capped(1000).sizes == Sizes(400, 200, 300)
