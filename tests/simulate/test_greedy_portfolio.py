"""Greedy portfolios against brute force, the bound of submodular maximization, and hand-worked cases."""

from itertools import combinations
from math import comb, e

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lcbench.errors import InputError
from lcbench.simulate.transfer.greedy import (
    best_portfolio,
    greedy_portfolio,
    leave_one_out,
    leave_one_out_simple,
    portfolio_frame,
    portfolio_regret,
    random_regret,
    simple_portfolio,
)

REGRETS = arrays(np.float64, st.tuples(st.integers(1, 8), st.integers(1, 5)), elements=st.floats(0, 4, width=16))


def total(regrets, members) -> float:
    """Sum over the data sets of the regret of a portfolio."""
    return regrets[list(members)].min(axis=0).sum()


def test_greedy_is_not_optimal_by_hand():
    # On average the first is best (9 against 10), but the other two together leave nothing.
    regrets = np.array([[2.0, 2.0, 2.5, 2.5], [0.0, 0.0, 5.0, 5.0], [5.0, 5.0, 0.0, 0.0]])
    assert greedy_portfolio(regrets, 2).tolist() == [0, 2]  # 0 and 1 sum to 5, 0 and 2 to 4
    np.testing.assert_allclose(portfolio_regret(regrets, [0, 2]).mean(axis=1), [2.25, 1.0])
    assert min(total(regrets, pair) for pair in combinations(range(3), 2)) == 0


@given(REGRETS)
@settings(max_examples=80, deadline=None)
def test_every_step_is_the_best_step(regrets):
    taken = greedy_portfolio(regrets, len(regrets)).tolist()
    assert sorted(taken) == list(range(len(regrets)))
    for i, row in enumerate(taken):
        sums = [total(regrets, [*taken[:i], other]) for other in range(len(regrets)) if other not in taken[:i]]
        assert total(regrets, taken[: i + 1]) <= min(sums) + 1e-9
        assert row not in taken[:i]


@given(REGRETS)
@settings(max_examples=80, deadline=None)
def test_brute_force_bounds_greedy_from_both_sides(regrets):
    start = regrets.shape[1] * regrets.max()  # the empty portfolio: as bad as anything
    curve = portfolio_regret(regrets, greedy_portfolio(regrets, len(regrets))).sum(axis=1)
    for size in range(1, len(regrets) + 1):
        best = min(total(regrets, members) for members in combinations(range(len(regrets)), size))
        assert best <= curve[size - 1] + 1e-9
        assert start - curve[size - 1] >= (1 - 1 / e) * (start - best) - 1e-9
    assert curve[0] == pytest.approx(regrets.sum(axis=1).min())


def test_ties_go_to_the_best_alone_then_to_the_first_and_none_is_taken_twice():
    regrets = np.array([[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
    assert greedy_portfolio(regrets, 5).tolist() == [1, 2, 0]
    regrets = np.array([[0.0, 9.0, 9.0], [3.0, 0.0, 0.0], [0.0, 8.0, 9.0]])
    assert greedy_portfolio(regrets, 3).tolist() == [1, 2, 0]  # 0 and 2 make the same of 1; alone they sum to 18 and 17


def test_infinite_regrets_are_worse_than_any_number_of_finite_ones():
    # diverged on one data set, perfect on the others, against mediocre everywhere
    regrets = np.array([[np.inf, 0.0, 0.0], [9.0, 9.0, 9.0], [np.inf, np.inf, 0.0]])
    assert greedy_portfolio(regrets, 2).tolist() == [1, 0]
    assert np.isinf(portfolio_regret(regrets, [0, 1])[0, 0])
    assert greedy_portfolio(np.full((3, 2), np.inf), 2).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("regrets", "size", "message"),
    [
        (np.zeros((0, 3)), 1, "at least one of each"),
        (np.zeros(3), 1, "at least one of each"),
        ([[np.nan]], 1, "not negative, got NaN"),
        ([[-1.0]], 1, "not negative"),
        ([[1.0]], 0, "size must be at least 1, got 0"),
    ],
)
def test_what_cannot_be_used_is_said(regrets, size, message):
    with pytest.raises(InputError, match=message):
        greedy_portfolio(regrets, size)


def test_simple_portfolio_is_the_incumbents_and_covers_all():
    regrets = np.array([[0.0, 0.3, 0.2, 0.0], [0.1, 0.0, 0.1, 0.5], [0.2, 0.2, 0.3, 0.1], [0.4, 0.4, 0.0, 0.4]])
    assert simple_portfolio(regrets).tolist() == [0, 1, 3]
    assert (regrets[simple_portfolio(regrets)].min(axis=0) == 0).all()


def test_the_best_of_each_data_set_by_hand():
    """The best of the four are 0, 1, 3, 0, the second ones 1, 2, 1, 2."""
    regrets = np.array([[0.0, 0.3, 0.2, 0.0], [0.1, 0.0, 0.1, 0.5], [0.2, 0.2, 0.3, 0.1], [0.4, 0.4, 0.0, 0.4]])
    assert best_portfolio(regrets, 1).tolist() == [0, 1, 3]
    assert best_portfolio(regrets, 2).tolist() == [0, 1, 3, 2]
    with pytest.raises(InputError, match="size"):
        best_portfolio(regrets, 0)


def test_leaving_one_out_by_hand():
    # Sums without a 1.0, 0.2, 0.5: 1 is taken, costs a 0.7. Without b 0.1, 0.9, 0.8: 0, costs b 0.9.
    # Without c 0.9, 0.7, 1.3: 1, costs c 0.2.
    regrets = np.array([[0.0, 0.9, 0.1], [0.7, 0.0, 0.2], [0.8, 0.5, 0.0]])
    np.testing.assert_allclose(leave_one_out(regrets, 1), [[0.7, 0.9, 0.2]])
    # then the other incumbents of the rest: {1, 2} for a, {0, 2} for b, {0, 1} for c
    np.testing.assert_allclose(leave_one_out(regrets, 2)[1], [0.7, 0.5, 0.1])
    np.testing.assert_allclose(leave_one_out_simple(regrets), [0.7, 0.5, 0.1])


@given(REGRETS.filter(lambda array: array.shape[1] > 1))
@settings(max_examples=40, deadline=None)
def test_the_left_out_data_set_has_no_say(regrets):
    found = leave_one_out(regrets, 3)
    for i in range(regrets.shape[1]):
        taken = greedy_portfolio(np.delete(regrets, i, axis=1), 3)
        np.testing.assert_array_equal(found[:, i], np.minimum.accumulate(regrets[taken, i]))
    assert (np.diff(found, axis=0) <= 0).all()


def test_leaving_one_out_needs_two():
    with pytest.raises(InputError, match="at least two data sets"):
        leave_one_out([[0.1], [0.2]], 1)


@given(REGRETS, st.integers(1, 8))
@settings(max_examples=40, deadline=None)
def test_random_portfolios_are_the_mean_over_all_subsets(regrets, size):
    size = min(size, len(regrets))
    subsets = [regrets[list(members)].min(axis=0) for members in combinations(range(len(regrets)), size)]
    assert len(subsets) == comb(len(regrets), size)
    found = random_regret(regrets, size)
    assert found.shape == (size, regrets.shape[1])
    np.testing.assert_allclose(found[-1], np.mean(subsets, axis=0), atol=1e-9)


def test_random_portfolios_of_a_large_table():
    # the least of k of the numbers 1 ... n is (n + 1) / (k + 1) on average
    found = random_regret(np.arange(2000, 0, -1.0)[:, None], 50)
    np.testing.assert_allclose(found[:, 0], 2001 / (np.arange(50) + 2))


def test_portfolio_as_a_frame():
    regrets = pd.DataFrame([[0.5, 0.0], [0.0, 0.4], [0.3, 0.3]], index=pd.Index([7, 8, 9], name="config_id"))
    found = portfolio_frame(regrets, 2)
    assert found["config_id"].tolist() == [8, 7]
    assert found["best_on"].tolist() == [1, 1]
    np.testing.assert_allclose(found["regret"], [0.2, 0.0])
