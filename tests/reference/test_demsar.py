"""Demšar (2006), Statistical comparisons of classifiers over multiple data sets: its tables and its example."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lcbench.errors import InputError
from lcbench.simulate.study.statistics import cliques, critical_difference, friedman, holm, ranks, wins

TABLE_5A = {
    0.05: (1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164),
    0.10: (1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920),
}

# On voting the paper prints 0.975 for both of the last two, but ranks them 2 and 3: they differ in digits not printed.
TABLE_6 = """
adult 0.763 0.768 0.771 0.798
breast-cancer 0.599 0.591 0.590 0.569
breast-cancer-wisconsin 0.954 0.971 0.968 0.967
cmc 0.628 0.661 0.654 0.657
ionosphere 0.882 0.888 0.886 0.898
iris 0.936 0.931 0.916 0.931
liver-disorders 0.661 0.668 0.609 0.685
lung-cancer 0.583 0.583 0.563 0.625
lymphography 0.775 0.838 0.866 0.875
mushroom 1.000 1.000 1.000 1.000
primary-tumor 0.940 0.962 0.965 0.962
rheum 0.619 0.666 0.614 0.669
voting 0.972 0.981 0.975 0.9749
wine 0.957 0.978 0.946 0.970
"""


@pytest.fixture
def losses() -> pd.DataFrame:
    """1 - AUC of C4.5, with m tuned, with cf tuned, with both."""
    rows = [line.split() for line in TABLE_6.split("\n") if line]
    auc = pd.DataFrame(
        [[float(value) for value in row[1:]] for row in rows],
        index=[row[0] for row in rows],
        columns=["C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf"],
    )
    return (1 - auc).round(9)


@pytest.mark.parametrize("level", TABLE_5A)
@pytest.mark.parametrize("optimizers", range(2, 11))
def test_table_5a(level, optimizers):
    datasets = 6 * 12
    root = np.sqrt(optimizers * (optimizers + 1) / (6 * datasets))
    quantile = critical_difference(optimizers, datasets, level) / root
    assert quantile == pytest.approx(TABLE_5A[level][optimizers - 2], abs=1.1e-3)  # some of its digits were cut off


def test_average_ranks_of_table_6(losses):
    mean = ranks(losses).mean()
    assert mean.round(3).to_dict() == {"C4.5": 3.143, "C4.5+m": 2.000, "C4.5+cf": 2.893, "C4.5+m+cf": 1.964}


def test_friedman_and_nemenyi_on_table_6(losses):
    # the paper has chi squared 9.28 without the correction for ties; with it it is larger
    p = friedman(losses)
    assert 0.01 < p < 0.026
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)
    assert critical_difference(4, 14, 0.10) == pytest.approx(1.12, abs=0.005)
    mean = ranks(losses).mean()
    assert cliques(mean, 1.25) == [(pytest.approx(1.964, abs=1e-3), pytest.approx(3.143, abs=1e-3))]
    # at 10 % C4.5 differs from C4.5+m+cf and C4.5+m, and nothing else does
    assert [(round(low, 3), round(high, 3)) for low, high in cliques(mean, 1.12)] == [(1.964, 2.893), (2.893, 3.143)]


def test_holm_in_section_3_2_2():
    np.testing.assert_allclose(holm([0.016, 0.019, 0.607]), [0.048, 0.048, 0.607])
    assert (holm([0.016, 0.019, 0.607]) < 0.05).tolist() == [True, True, False]


def test_wins_share_ties(losses):
    found = wins(losses)
    assert found.sum() == pytest.approx(14)
    # best alone: 2, 4, 1, 5 times; of all four on mushroom each has a quarter
    assert found.to_dict() == {"C4.5": 2.25, "C4.5+m": 4.25, "C4.5+cf": 1.25, "C4.5+m+cf": 6.25}


def test_equal_optimizers_do_not_differ():
    same = pd.DataFrame(np.ones((5, 3)), columns=["a", "b", "c"])
    assert friedman(same) == 1.0
    assert ranks(same).to_numpy().tolist() == [[2.0] * 3] * 5
    with pytest.raises(InputError, match="at least 3 optimizers and 2 data sets, got 2 and 5"):
        friedman(same[["a", "b"]])
    with pytest.raises(InputError, match="at least 2 optimizers"):
        critical_difference(1, 5)


@given(st.lists(st.floats(1, 10), min_size=2, max_size=10), st.floats(0.01, 10))
def test_cliques_are_the_largest_groups_within_the_difference(values, difference):
    groups = cliques(pd.Series(values), difference)
    for low, high in groups:
        assert high <= low + difference
    for (low, high), (next_low, next_high) in pairwise(groups):
        assert low < next_low
        assert high < next_high
    for first in values:
        for second in values:
            joined = any(low <= min(first, second) and max(first, second) <= high for low, high in groups)
            if first != second:
                assert joined == (max(first, second) <= min(first, second) + difference)
