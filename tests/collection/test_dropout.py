"""Masks drop as often as they say, and depend on their seed alone."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lcbench.collection.networks.randomness import draw_masks
from lcbench.collection.networks.stack.gpu import hashed_masks, keys_on


def rngs(*seeds):
    return [np.random.Generator(np.random.SFC64(seed)) for seed in seeds]


def on_cpu(sources, batch, widths, rates):
    masks = draw_masks(sources, batch, widths, rates)
    return [None if mask is None else torch.from_numpy(mask) for mask in masks]


def on_a_device(sources, batch, widths, rates):
    """The way of a GPU, tried on the CPU."""
    keys = keys_on(torch.device("cpu"), np.array([rng.bit_generator.random_raw() for rng in sources], np.uint64))
    at = [torch.full((len(sources), 1, 1), rate) for rate in rates]
    return [hashed_masks(keys, batch, width, each) for width, each in zip(widths, at, strict=True)]


WAYS = pytest.mark.parametrize("way", [on_cpu, on_a_device])


@WAYS
@settings(max_examples=20, deadline=None)
@given(rate=st.floats(0.01, 0.99), seed=st.integers(0, 1000))
def test_dropped_as_often_as_the_rate_says(way, rate, seed):
    (mask,) = way(rngs(seed), 200, [500], [rate])
    deviation = np.sqrt(rate * (1 - rate) / mask.numel())
    assert float((mask == 0).float().mean()) == pytest.approx(rate, abs=5 * deviation + 1 / 65536)
    rounding = 2**-23 / (1 - rate)  # of the rate in float32, relative to what is left of 1
    assert mask.unique().tolist() == pytest.approx([0.0, 1 / (1 - rate)], rel=max(1e-6, rounding))


@WAYS
def test_no_mask_for_rate_zero_and_nothing_left_at_rate_one(way):
    everything, nothing = way(rngs(0), 3, [4, 5], [0.0, 1.0])
    assert everything is None or (everything == 1).all()
    assert not nothing.any()


@WAYS
def test_a_seed_draws_the_same_whatever_is_beside_it(way):
    (together,) = way(rngs(1, 2), 7, [9], [0.5])
    (alone,) = way(rngs(2), 7, [9], [0.5])
    assert torch.equal(together[1], alone[0])


@WAYS
def test_neighbouring_units_are_independent(way):
    (mask,) = way(rngs(5), 400, [400], [0.5])
    left, right = mask[0, :, :-1].flatten().numpy(), mask[0, :, 1:].flatten().numpy()
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.01
