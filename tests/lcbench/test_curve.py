"""One run's curve: what it costs from epoch to epoch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lcbench.errors import InputError
from lcbench.table.curve import Curve

CURVE = Curve(np.array([0.5, 0.6, 0.7, 0.8]), np.array([0.0, 10.0, 30.0, 90.0]))


def test_costs_by_hand():
    assert CURVE.epochs == 3
    assert CURVE.cost(0, 3) == 90
    assert CURVE.cost(1, 2) == 20
    assert CURVE.cost(2, 2) == 0


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60), st.data())
def test_costs_add_up(seconds, data):
    curve = Curve(np.zeros(len(seconds) + 1), np.concatenate([[0.0], np.cumsum(seconds)]))
    a, b, c = sorted(data.draw(st.integers(0, len(seconds))) for _ in range(3))
    assert curve.cost(a, b) + curve.cost(b, c) == pytest.approx(curve.cost(a, c))
    assert curve.until(b).cost(a, b) == curve.cost(a, b)


def test_until_is_a_view():
    part = CURVE.until(1)
    assert part.epochs == 1
    assert np.shares_memory(part.values, CURVE.values)
    assert CURVE.until(0).seconds.tolist() == [0]


@pytest.mark.parametrize(("start", "stop"), [(-1, 1), (2, 1), (0, 4)])
def test_epochs_beyond_the_curve_cost_an_error(start, stop):
    with pytest.raises(InputError, match="0 <= start <= stop <= 3"):
        CURVE.cost(start, stop)


@pytest.mark.parametrize("epochs", [-1, 4])
def test_until_stays_within_the_curve(epochs):
    with pytest.raises(InputError, match=r"epochs must be in \[0, 3\]"):
        CURVE.until(epochs)


@pytest.mark.parametrize(("values", "seconds"), [([], []), ([1, 2], [0]), ([[1]], [[0]])])
def test_values_and_seconds_must_fit(values, seconds):
    with pytest.raises(InputError, match="1-d and of one length"):
        Curve(np.array(values), np.array(seconds))


@pytest.mark.parametrize("first", [1.0, np.nan])
def test_the_untrained_network_costs_nothing(first):
    with pytest.raises(InputError, match=r"seconds\[0\] must be 0"):
        Curve(np.zeros(2), np.array([first, 3.0]))
