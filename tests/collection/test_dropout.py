"""Masks drop as often as they say, and depend on their seed alone."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lcbench.collection.networks.epoch import draw_masks, hashed, on_cpu


def rngs(*seeds):
    return [np.random.Generator(np.random.SFC64(seed)) for seed in seeds]


def generators_of_a_device(sources):
    """The way of a GPU, tried on the CPU."""
    return hashed(torch.device("cpu"), sources)


WAYS = pytest.mark.parametrize("way", [on_cpu, generators_of_a_device])


@WAYS
@settings(max_examples=20, deadline=None)
@given(rate=st.floats(0.01, 0.99), seed=st.integers(0, 1000))
def test_dropped_as_often_as_the_rate_says(way, rate, seed):
    (mask,) = draw_masks(way(rngs(seed)), 200, [500], [rate])
    deviation = np.sqrt(rate * (1 - rate) / mask.numel())
    assert float((mask == 0).float().mean()) == pytest.approx(rate, abs=5 * deviation + 1 / 65536)
    assert mask.unique().tolist() == pytest.approx([0.0, 1 / (1 - rate)])


@WAYS
def test_no_mask_for_rate_zero_and_nothing_left_at_rate_one(way):
    none, nothing = draw_masks(way(rngs(0)), 3, [4, 5], [0.0, 1.0])
    assert none is None
    assert not nothing.any()


@WAYS
def test_a_seed_draws_the_same_whatever_is_beside_it(way):
    (together,) = draw_masks(way(rngs(1, 2)), 7, [9], [0.5])
    (alone,) = draw_masks(way(rngs(2)), 7, [9], [0.5])
    assert torch.equal(together[1], alone[0])


@WAYS
def test_neighbouring_units_are_independent(way):
    (mask,) = draw_masks(way(rngs(5)), 400, [400], [0.5])
    left, right = mask[0, :, :-1].flatten().numpy(), mask[0, :, 1:].flatten().numpy()
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.01
