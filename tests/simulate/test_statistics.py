"""Bootstrap, Holm and Wilcoxon: laws, and numbers by hand and by scipy."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lcbench.errors import InputError
from lcbench.simulate.study.statistics import (
    bootstrap_interval,
    friedman,
    holm,
    pairwise_tests,
    rank_sum,
    ranks,
    signed_rank,
    wins,
)

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_holm_by_hand():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.9, 0.5]), [1.0, 1.0])


@given(P_VALUES)
def test_holm_lies_between_no_correction_and_bonferronis(values):
    p, adjusted = np.array(values), holm(values)
    assert (adjusted >= p).all()
    assert (adjusted <= np.minimum(1, len(p) * p) + 1e-15).all()
    assert adjusted[p.argmin()] == min(1.0, len(p) * p.min())


@given(P_VALUES, st.randoms(use_true_random=False))
def test_holm_keeps_the_order_whatever_order_they_come_in(values, random):
    order = list(range(len(values)))
    random.shuffle(order)
    p = np.array(values)
    np.testing.assert_array_equal(holm(p[order]), holm(p)[order])
    assert (np.diff(holm(np.sort(p))) >= 0).all()


def test_an_interval_holds_the_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    samples = rng.normal(3.0, 2.0, (25, 1000))
    low, high = bootstrap_interval(samples, rng, 0.9, resamples=400)
    assert 0.85 < ((low <= 3.0) & (high >= 3.0)).mean() < 0.91  # of 25, a percentile interval covers a little less


def test_an_interval_is_of_the_mean_and_shrinks_with_the_root_of_the_number():
    rng = np.random.default_rng(0)
    values = rng.exponential(size=400)
    low, high = bootstrap_interval(values, rng)
    standard_error = values.std() / 20
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * standard_error, rel=0.1)
    several = bootstrap_interval(np.stack([values, values], axis=1), rng)
    assert np.shape(several) == (2, 2)
    assert several[0][0] == several[0][1], "the same draws for all columns"


def test_intervals_of_one_value_and_of_equal_ones():
    rng = np.random.default_rng(0)
    assert np.isnan(bootstrap_interval([1.0], rng)).all()
    np.testing.assert_allclose(bootstrap_interval([2.0, 2.0, 2.0], rng), 2.0)


def test_signed_rank_by_hand_and_by_scipy():
    # five differences of one sign: of 2^5 choices of signs, two are as extreme
    assert signed_rank([1, 2, 3, 4, 5], [0, 0, 0, 0, 0]) == 2 / 32
    rng = np.random.default_rng(0)
    first, second = rng.random((2, 12))
    assert signed_rank(first, second) == stats.wilcoxon(first, second).pvalue
    assert signed_rank(first, second) == signed_rank(second, first)
    assert signed_rank([*first, 1.0], [*second, 1.0]) == signed_rank(first, second), "equal pairs are left out"
    assert signed_rank([1.0, 2.0], [1.0, 2.0]) == 1.0


def test_rank_sum_by_hand_and_by_scipy():
    assert rank_sum([1, 2, 3], [4, 5, 6]) == pytest.approx(2 / 20)  # of C(6, 3) choices, two are as extreme
    first, second = np.random.default_rng(0).random((2, 12))
    assert rank_sum(first, second) == stats.mannwhitneyu(first, second).pvalue
    assert rank_sum([1.0, 1.0], [1.0, 1.0]) == 1.0


def test_pairs():
    scores = pd.DataFrame({"a": [1, 2, 3, 4, 5, 6.0], "b": [2, 4, 6, 8, 10, 12.0], "c": [1, 2, 3, 4, 5, 6.0]})
    found = pairwise_tests(scores).set_index(["first", "second"])
    assert found.index.tolist() == [("a", "b"), ("a", "c"), ("b", "c")]
    assert found["difference"].tolist() == [-3.5, 0.0, 3.5]
    np.testing.assert_allclose(found["p"], [2 / 64, 1.0, 2 / 64])
    np.testing.assert_allclose(found["p_holm"], [6 / 64, 1.0, 6 / 64])
    with pytest.raises(InputError, match="at least two optimizers and two values"):
        pairwise_tests(scores[["a"]])


@pytest.mark.parametrize("scale", [1.0, 1e-20])
def test_the_order_in_which_a_mean_is_added_up_breaks_no_tie(scale):
    one, other = scale * ((0.1 + 0.2 + 0.3) / 3), scale * ((0.3 + 0.2 + 0.1) / 3)
    assert one != other
    assert signed_rank([0.0] * 6, [scale] * 6) < 0.05, "small is not equal"
    np.testing.assert_array_equal(ranks(pd.DataFrame({"a": [scale], "b": [2 * scale]})), [[1, 2]])
    scores = pd.DataFrame({"a": [one] * 6, "b": [other] * 6, "c": [one] * 6})
    assert (ranks(scores) == 2).all(axis=None)
    np.testing.assert_allclose(wins(scores), 2)
    assert friedman(scores) == 1
    assert signed_rank(scores["a"], scores["b"]) == 1
