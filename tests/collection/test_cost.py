"""The cost model: its laws, and that it finds the seconds that made its measurements."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lcbench.collection.networks.calibration import calibrated, time_epoch
from lcbench.collection.networks.cost import CostModel, Extent, Sizes, calibrate
from lcbench.collection.networks.problems import MLP
from lcbench.collection.networks.recipe import Recipe, Shape, shaped_mlp
from lcbench.collection.networks.stack.work import epoch_work
from lcbench.collection.plan import sampled_configs
from lcbench.space import paper

SIZES = Sizes(1000, 490, 740)
shapes = st.builds(
    shaped_mlp, st.integers(1, 300), st.integers(2, 50), st.integers(1, 5), st.integers(64, 512), st.floats(0, 1)
)


def work_of(shape: Shape, batch_size: int, sizes: Sizes) -> dict[str, float]:
    recipe = Recipe(None, shape, batch_size, 0.01, 0.0, 0.9, 0.0)
    return epoch_work(recipe, Extent(shape.widths[0], shape.widths[-1], sizes))


def random_samples(n: int) -> list:
    rng = np.random.default_rng(0)
    made = []
    for _ in range(n):
        shape = shaped_mlp(*map(int, rng.integers([1, 2, 1, 64], [300, 50, 6, 513])), float(rng.random()))
        made.append(work_of(shape, int(rng.integers(16, 513)), Sizes(*map(int, rng.integers(100, 3000, 3)))))
    return made


@settings(max_examples=50, deadline=None)
@given(shapes, st.integers(16, 512), st.integers(100, 5000))
def test_more_rows_are_never_less_work(shape, batch_size, rows):
    less = work_of(shape, batch_size, Sizes(rows, 100, 100))
    more = work_of(shape, batch_size, Sizes(rows + batch_size, 100, 100))
    assert sum(more.values()) >= sum(less.values())
    assert min(more.values()) >= 0


def test_work_by_hand():
    # 100 rows in batches of 30: 4 steps; widths 4, 64, 3 (a small network: all products are small)
    shape = shaped_mlp(4, 3, num_layers=2, max_units=64, max_dropout=0.5)
    work = work_of(shape, 30, Sizes(100, 50, 70))
    assert work["step"] == 4
    assert work["layer and step"] == 8
    assert work["small products"] == 2 * 100 * (2 * 4 * 64 + 3 * 64 * 3)  # the first layer passes no gradient on
    assert work["parameter updates"] == 4 * (5 * 64 + 65 * 3)
    assert work["dropped activations"] == 100 * 64
    assert work["masks"] == 4
    assert work["evaluation, small products"] == 2 * 120 * (4 * 64 + 64 * 3)


def test_finds_the_seconds_behind_measurements_without_noise():
    samples = random_samples(150)
    kinds = tuple(samples[0])
    truth = CostModel(tuple(10.0 ** np.random.default_rng(0).uniform(-10, -6, len(kinds))), kinds)
    found = calibrate(samples, [truth.seconds_of(sample) for sample in samples])
    for sample in random_samples(20):
        assert found.seconds_of(sample) == pytest.approx(truth.seconds_of(sample), rel=0.02)


def test_seconds_are_never_negative_however_noisy_the_measurements():
    samples = random_samples(60)
    noise = np.random.default_rng(1).lognormal(0, 1, len(samples))
    found = calibrate(samples, noise)
    assert min(found.seconds) >= 0


def test_survives_json():
    model = CostModel((0.0, 1.5), ("epoch", "step"))
    assert CostModel.from_json(model.to_json()) == model


def test_a_calibrated_model_is_positive_and_orders_small_and_large_runs():
    configs = sampled_configs(paper.mlp(), 20, 0).to_dict("records")
    extent = Extent(8, 3, Sizes(300, 150, 220))
    model = calibrated(MLP(), [extent], configs, np.random.default_rng(0))
    small, large = shaped_mlp(8, 3, 1, 64, 0), shaped_mlp(8, 3, 5, 512, 0.5)
    assert 0 < model.seconds_of(work_of(small, 256, SIZES)) < model.seconds_of(work_of(large, 16, SIZES))
    assert time_epoch(MLP(), extent, configs[0]) > 0


def test_capped_extents_keep_their_proportions():
    assert Extent(5, 2, Sizes(4000, 2000, 3000)).capped(1000) == Extent(5, 2, Sizes(1000, 500, 750))
    assert Extent(5, 2, Sizes(400, 200, 300)).capped(1000).sizes == Sizes(400, 200, 300)
