"""Fronts, crowding and hypervolumes: worked by hand, and against definitions written out."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lcbench.errors import InputError
from lcbench.simulate.pareto import crowding_distances, front_numbers, hypervolume, hypervolumes, non_dominated

INF = np.inf
# two staircases: (1, 4), (2, 2), (4, 1) and behind them (2, 4), (3, 3); (5, 5) behind those
SIX = np.array([[1, 4], [2, 4], [2, 2], [3, 3], [4, 1], [5, 5]], float)

GRIDS = st.integers(1, 3).flatmap(
    lambda m: st.integers(1, 10).flatmap(lambda n: arrays(np.float64, (n, m), elements=st.integers(0, 5).map(float)))
)


def test_fronts_by_hand():
    assert non_dominated(SIX).tolist() == [True, False, True, False, True, False]
    assert front_numbers(SIX).tolist() == [0, 1, 0, 1, 0, 2]
    assert front_numbers(SIX, enough=2).tolist() == [0, 1, 0, 1, 0, 1], "the rest is not looked at"


def test_equal_points_share_a_front_and_diverged_ones_have_the_last():
    points = [[1, 1], [INF, 0], [1, 1], [2, 1], [INF, INF]]
    assert non_dominated(points).tolist() == [True, False, True, False, False]
    assert front_numbers(points).tolist() == [0, 2, 0, 1, 2]


def test_crowding_by_hand():
    # in the middle: (4 - 1) / 3 in the first objective, (4 - 1) / 3 in the second
    assert crowding_distances(SIX[[0, 2, 4]]).tolist() == [INF, 2.0, INF]
    # along a line 0, 1, 3, 7: (3 - 0) / 7 twice, (7 - 1) / 7 twice
    line = np.array([[0, 7], [1, 6], [3, 4], [7, 0]], float)
    np.testing.assert_allclose(crowding_distances(line), [INF, 6 / 7, 12 / 7, INF])
    assert crowding_distances([[2, 2], [2, 2]]).tolist() == [0, 0]
    assert crowding_distances([[1, INF], [INF, 2]]).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("points", "reference", "volume"),
    [
        ([[1, 4], [2, 2], [4, 1]], [5, 5], 1 * 1 + 2 * 3 + 1 * 4),  # columns from 1, 2 and 4
        ([[1, 4], [2, 2], [4, 1], [3, 3], [5, 0], [INF, 0]], [5, 5], 11),
        ([[3]], [5], 2),
        ([[0, 0, 0]], [1, 2, 3], 6),
        (
            [[0, 1, 1], [1, 0, 1], [1, 1, 0]],
            [2, 2, 2],
            4,
        ),  # the cube [1, 2]^3, and one more cube to each of three sides
        ([[0, 0, 0, 1], [1, 0, 0, 0]], [2, 2, 2, 2], 12),  # 8 + 8 - 4
        ([[6, 6]], [5, 5], 0),
    ],
)
def test_hypervolume_by_hand(points, reference, volume):
    assert hypervolume(points, reference) == pytest.approx(volume)


@settings(max_examples=40, deadline=None)
@given(GRIDS)
def test_hypervolume_counts_the_cells_that_are_dominated(points):
    n = points.shape[1]
    cells = np.array(list(product(range(5), repeat=n)), float)
    dominated = (points[None] <= cells[:, None]).all(axis=2).any(axis=1)
    assert hypervolume(points, [5.0] * n) == pytest.approx(dominated.sum())


@settings(max_examples=40, deadline=None)
@given(GRIDS)
def test_fronts_are_those_of_the_definition(points):
    def dominates(a, b):
        return (a <= b).all() and (a < b).any()

    left, number, expected = set(range(len(points))), 0, {}
    while left:
        front = {i for i in left if not any(dominates(points[j], points[i]) for j in left)}
        expected |= dict.fromkeys(front, number)
        left, number = left - front, number + 1
    assert front_numbers(points).tolist() == [expected[i] for i in range(len(points))]
    assert non_dominated(points).tolist() == [expected[i] == 0 for i in range(len(points))]


@settings(max_examples=40, deadline=None)
@given(GRIDS)
def test_hypervolumes_never_fall_and_are_those_of_the_first_points(points):
    reference = [4.5] * points.shape[1]
    found = hypervolumes(points, reference)
    assert (np.diff(found) >= 0).all()
    np.testing.assert_allclose(found, [hypervolume(points[: i + 1], reference) for i in range(len(points))])


def test_shapes_are_checked():
    with pytest.raises(InputError, match="points x objectives, got the shape"):
        non_dominated([1.0, 2.0])
    with pytest.raises(InputError, match="one loss for each objective"):
        hypervolume([[1.0, 2.0]], [1.0])
