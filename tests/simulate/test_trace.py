import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lcbench.collection.networks.metrics import METRICS
from lcbench.simulate import Job, Result, Trace
from lcbench.simulate.trace import incumbent_losses
from lcbench.table.curve import Curve


def result(trial, loss, finished, budget=1):
    curve = Curve(np.full(budget + 1, loss), np.arange(budget + 1.0))
    return Result(
        Job(trial, {"x": trial / 10}, budget), curve, loss, finished - 1.0, finished, 0, METRICS["valid_cross_entropy"]
    )


@pytest.fixture
def trace():
    rows = [result(0, np.inf, 1.0), result(1, 0.5, 2.0), result(2, 0.5, 2.0), result(3, 0.2, 4.0, budget=3),
            result(4, 0.3, 5.0)]  # fmt: skip
    return Trace(tuple(rows), METRICS["valid_cross_entropy"], workers=2)


@pytest.mark.parametrize(
    ("time", "trial"), [(0.5, None), (1.0, 0), (1.9, 0), (2.0, 1), (3.999, 1), (4.0, 3), (100.0, 3)]
)
def test_incumbent_is_the_lowest_loss_finished_and_the_earliest_of_equal_ones(trace, time, trial):
    found = trace.incumbent(time)
    assert (found and found.job.trial) == trial


def test_incumbent_of_one_budget(trace):
    assert trace.incumbent(4.5, budget=1).job.trial == 1
    assert trace.incumbent(5, budget=1).job.trial == 4
    assert trace.incumbent(3, budget=3) is None


def test_losses_at_many_times(trace):
    times = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 9.0]])
    np.testing.assert_array_equal(trace.losses_at(times), [[np.inf, np.inf], [0.5, 0.5], [0.2, 0.2]])
    np.testing.assert_array_equal(trace.losses_at([5.0], budget=1), [0.3])


def test_losses_of_nothing():
    assert incumbent_losses([], [], [1.0, 2.0]).tolist() == [np.inf, np.inf]


def test_losses_by_hand():
    #  time      0    1    2    3    4    5    6
    #  results             0.5  0.7       0.2
    #  best      -    -    0.5  0.5  0.5  0.2  0.2
    found = incumbent_losses([2, 5, 3], [0.5, 0.2, 0.7], [0, 1, 2, 3, 4, 4.999, 5, 6])
    assert found.tolist() == [np.inf, np.inf, 0.5, 0.5, 0.5, 0.5, 0.2, 0.2]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9)), min_size=1), st.lists(st.integers(0, 25)))
@settings(max_examples=80, deadline=None)
def test_losses_are_the_best_of_what_has_finished_and_never_worsen(results, times):
    ends, losses = np.array(results, float).T
    times = np.sort(np.array(times, float))
    found = incumbent_losses(ends, losses, times)
    assert found.tolist() == [min(losses[ends <= time], default=np.inf) for time in times]
    assert (found[1:] <= found[:-1]).all()


def test_frame_has_the_hyperparameters_or_the_tables_row(trace):
    frame = trace.to_frame()
    assert list(frame) == ["trial", "x", "budget", "loss", "value", "started", "finished", "worker"]
    assert frame["x"].tolist() == [0.0, 0.1, 0.2, 0.3, 0.4]
    named = trace.to_frame(lambda config: int(10 * config["x"]))
    assert list(named)[:3] == ["trial", "config_id", "budget"]
    assert named["finished"].tolist() == [1, 2, 2, 4, 5]
    assert len(trace) == len(named) == 5
