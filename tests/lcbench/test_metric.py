"""From a value to a loss: better is always smaller, and NaN is worst."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lcbench.errors import UnknownNameError
from lcbench.table.metric import METRICS, get_metric

metrics = st.sampled_from(sorted(METRICS.values(), key=lambda metric: metric.name))


def test_the_ten_metrics_in_the_order_of_their_columns():
    parts = [f"{part}_{what}" for part in ("train", "valid", "test") for what in _WHATS]
    assert list(METRICS) == ["train_loss", *parts]


_WHATS = ("accuracy", "balanced_accuracy", "cross_entropy")


def test_losses_by_hand():
    np.testing.assert_allclose(get_metric("valid_accuracy").loss([0.25, 1.0]), [0.75, 0.0])
    np.testing.assert_allclose(get_metric("test_cross_entropy").loss([0.25, 3.0]), [0.25, 3.0])


@given(metrics, st.floats(0, 1), st.floats(0, 1))
def test_a_better_value_never_gives_a_larger_loss(metric, one, other):
    better, worse = (max(one, other), min(one, other)) if metric.goal == "maximize" else sorted((one, other))
    assert metric.loss(better) <= metric.loss(worse)


@given(metrics, st.floats(0, 1))
def test_a_loss_tells_its_value(metric, value):
    assert metric.value(float(metric.loss(value))) == pytest.approx(value, abs=1e-15)


@given(metrics)
def test_the_best_value_gives_zero(metric):
    assert metric.loss(metric.high if metric.goal == "maximize" else metric.low) == 0


@given(metrics, st.floats(0, 1e9))
def test_nan_is_worse_than_everything(metric, value):
    assert metric.loss(np.nan) == np.inf
    assert metric.loss(value) < np.inf


@given(metrics, st.lists(st.integers(0, 3), max_size=3))
def test_shapes_are_kept(metric, shape):
    loss = metric.loss(np.zeros(shape, np.float32))
    assert loss.shape == tuple(shape)
    assert loss.dtype == np.float64


def test_an_unknown_metric_names_the_nearest():
    with pytest.raises(UnknownNameError, match="unknown metric 'valid_acc'; nearest: valid_accuracy"):
        get_metric("valid_acc")
