"""Speed and time left by hand: units of 100 run-epochs, on a clock that the test turns."""

import pytest

from lcbench.collection.meter import Meter


@pytest.fixture
def clock():
    time = [50.0]
    return time, lambda: time[0]


def test_rate_and_time_left_count_what_was_trained_now(clock):
    time, read = clock
    meter = Meter(units=10, kept=4, run_epochs=100, work=6.0, clock=read)
    assert (meter.rate, meter.seconds_left, meter.share) == (0, None, 0.4)
    time[0] += 8
    meter.add(1.0, failed=False)
    meter.add(1.0, failed=False)
    assert meter.rate == 25
    assert meter.seconds_left == 16
    assert meter.line() == "6 of 10 units, 25 run-epochs/s, 0:16 left"


def test_failed_units_are_tried_but_not_trained(clock):
    time, read = clock
    meter = Meter(units=4, kept=0, run_epochs=100, work=4.0, clock=read)
    time[0] += 10
    meter.add(1.0, failed=True)
    assert (meter.finished, meter.share, meter.rate) == (0, 0.25, 0)
    meter.add(1.0, failed=False)
    assert meter.line() == "1 of 4 units (1 failed), 10 run-epochs/s, 0:20 left"


def test_time_left_knows_that_the_units_to_come_are_longer(clock):
    # two units of a small data set took 4 s; two of one ten times as large are left: 40 s, not 4
    time, read = clock
    meter = Meter(units=4, kept=0, run_epochs=100, work=0.2 + 2.0, clock=read)
    assert meter.left == "-:--"
    time[0] += 4
    meter.add(0.1, failed=False)
    meter.add(0.1, failed=False)
    assert meter.seconds_left == pytest.approx(40)
    assert meter.left == "0:40"
    time[0] += 20
    meter.add(1.0, failed=False)
    meter.add(1.0, failed=False)
    assert meter.seconds_left == pytest.approx(0, abs=1e-9)
