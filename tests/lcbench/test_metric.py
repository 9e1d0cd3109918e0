"""From a value to a loss: better is always smaller, and NaN is worst."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lcbench.collection.networks.metrics import METRICS, RECORD
from lcbench.errors import InputError, UnknownNameError
from lcbench.table.metric import Fidelity, Metric

metrics = st.sampled_from(sorted(METRICS.values(), key=lambda metric: metric.name))


def test_the_ten_metrics_in_the_order_of_their_columns():
    parts = [f"{part}_{what}" for part in ("train", "valid", "test") for what in _WHATS]
    assert list(METRICS) == ["train_loss", *parts]


_WHATS = ("accuracy", "balanced_accuracy", "cross_entropy")


def test_losses_by_hand():
    np.testing.assert_allclose(RECORD.metric("valid_accuracy").loss([0.25, 1.0]), [0.75, 0.0])
    np.testing.assert_allclose(RECORD.metric("test_cross_entropy").loss([0.25, 3.0]), [0.25, 3.0])


@pytest.mark.parametrize(
    ("goal", "low", "high", "part"),
    [
        ("maximize", 0.0, np.inf, "valid"),
        ("minimize", -np.inf, 1.0, "valid"),
        ("minimize", 1.0, 1.0, "valid"),
        ("minimize", 2.0, 1.0, "none"),
        ("smaller", 0.0, 1.0, "none"),
        ("minimize", 0.0, 1.0, "holdout"),
    ],
)
def test_a_metric_of_which_no_loss_can_be_made_is_refused(goal, low, high, part):
    with pytest.raises(InputError, match="of metric 'x' must"):
        Metric("x", "units", goal, low, high, part)


def test_a_metric_without_a_smallest_value_has_losses_from_its_largest():
    assert Metric("valid_r2", "fraction", "maximize", -np.inf, 1.0, "valid").loss(-3.0) == 4.0


def test_axes_name_a_metric_and_a_fidelity_with_their_units():
    assert METRICS["valid_cross_entropy"].label == "valid cross entropy (nats)"
    assert Fidelity("epochs").label == "epochs"
    assert Fidelity("n_estimators", unit="trees", steps=10).label == "n_estimators, steps of 10 trees"
    assert Fidelity("rows", steps=(16, 23, 32, 45)).label == "rows, steps at 16, 23, 32, …"


@pytest.mark.parametrize("steps", [0, -1, (), (2, 2), (3, 1)])
def test_steps_are_positive_and_increase(steps):
    with pytest.raises(InputError, match="steps of fidelity 'rows' must be positive and increasing"):
        Fidelity("rows", steps=steps)


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
        RECORD.metric("valid_acc")
