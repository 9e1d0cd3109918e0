"""Correlation maps against scipy, and what early cuts keep, by hand and by counting."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr

from lcbench.analysis.correlation import (
    ADAPTIVE,
    NON_ADAPTIVE,
    budget_correlation,
    epoch_correlation,
    some_epochs,
    spearman,
    spearman_matrix,
)
from lcbench.analysis.survivors import among_best, best_survivors, overlap
from lcbench.errors import InputError, UnknownNameError

LOSSES = arrays(np.float64, st.tuples(st.integers(2, 15), st.just(4)), elements=st.integers(0, 6).map(float))


@pytest.mark.parametrize("levels", [4, 1000])
def test_matrix_agrees_with_scipy(levels):
    losses = np.random.default_rng(levels).integers(0, levels, (60, 9)).astype(float)
    np.testing.assert_allclose(spearman_matrix(losses), spearmanr(losses).statistic, atol=1e-12)


@given(LOSSES)
@settings(max_examples=60, deadline=None)
def test_matrix_is_the_correlation_of_each_pair(losses):
    found = spearman_matrix(losses)
    for i in range(4):
        for j in range(4):
            np.testing.assert_allclose(found[i, j], spearman(losses[:, [i]], losses[:, [j]])[0], atol=1e-12)
    np.testing.assert_array_equal(found, found.T)


def test_nan_ranks_last_and_a_constant_column_has_no_correlation():
    losses = np.array([[0.1, 0.1, 1.0], [0.2, np.nan, 1.0], [0.3, 0.3, 1.0], [np.nan, np.nan, 1.0]])
    expected = spearmanr([1, 2, 3, 4], [1, 3.5, 2, 3.5]).statistic
    found = spearman_matrix(losses)
    assert found[0, 1] == pytest.approx(expected)
    assert found[0, 0] == 1
    assert np.isnan(found[2]).all()
    assert np.isnan(found[:, 2]).all()


def test_map_has_the_non_adaptive_column_of_table_3(bench):
    frame = epoch_correlation(bench)
    assert frame.shape == (len(bench.datasets) * 51, 53)
    table = budget_correlation(bench)
    for row in table[table["schedule"] == NON_ADAPTIVE].itertuples():
        cell = frame[(frame["dataset"] == row.dataset) & (frame["epoch"] == row.budget_low)][row.budget_high]
        assert cell.item() == pytest.approx(row.spearman, abs=1e-12)


def test_map_of_another_budget(bench):
    assert epoch_correlation(bench, budget=12)["epoch"].max() == 12
    with pytest.raises(UnknownNameError, match="unknown budget"):
        epoch_correlation(bench, budget=13)


def test_long_curves_are_thinned_but_keep_their_ends():
    assert some_epochs(50).tolist() == list(range(51))
    thinned = some_epochs(100_000)
    assert len(thinned) == 201
    assert (thinned[0], thinned[-1]) == (0, 100_000)
    assert some_epochs(1).tolist() == [0, 1]


def test_overlap_by_hand():
    final = np.arange(10.0)  # the best three of ten: 0, 1, 2
    early = np.array([0, 9, 2, 3, 1, 5, 6, 7, 8, 4.0])[:, None]  # the best three: rows 0, 4, 2
    assert overlap(early, final, keep=0.3, share=0.3).item() == pytest.approx(2 / 3)
    assert overlap(early, final, keep=1.0, share=0.3).item() == 1
    assert overlap(final[:, None], final, keep=0.1).item() == 1


def test_ties_at_the_cut_share_the_places():
    # three places: one is taken, three tie for the other two
    losses = np.array([[0.0], [1.0], [1.0], [1.0], [2.0], [np.nan]])
    np.testing.assert_allclose(among_best(losses, 0.5).ravel(), [1, 2 / 3, 2 / 3, 2 / 3, 0, 0])
    # all equal: nothing is known, so the overlap is what chance gives
    assert overlap(np.zeros((10, 1)), np.arange(10.0), keep=0.3).item() == pytest.approx(0.3)


@given(LOSSES, st.sampled_from([0.1, 1 / 3, 0.5, 1.0]))
@settings(max_examples=60, deadline=None)
def test_places_are_never_more_or_fewer(losses, share):
    found = among_best(losses, share)
    np.testing.assert_allclose(found.sum(axis=0), np.ceil(share * len(losses) - 1e-9))
    assert ((found >= 0) & (found <= 1)).all()
    better = found > np.roll(found, 1, axis=0)
    assert (losses[better] < np.roll(losses, 1, axis=0)[better]).all()


@pytest.mark.parametrize("share", [0.0, -0.1, 1.5, float("nan")])
def test_bad_shares_are_said(share):
    with pytest.raises(InputError, match="share must be above 0 and at most 1"):
        among_best(np.zeros((3, 1)), share)
    with pytest.raises(InputError, match="at least one configuration"):
        among_best(np.zeros((0, 1)), 0.5)


def test_survivors_are_counted(bench):
    frame = best_survivors(bench, keep=(0.5,))
    for row in frame[frame["epoch"] == 12].itertuples():
        budget = 12 if row.schedule == ADAPTIVE else 50
        early = -bench.array(row.dataset, budget=budget)[:, :, 12].mean(axis=1, dtype=float).round(6)
        final = -bench.array(row.dataset)[:, :, 50].mean(axis=1, dtype=float).round(6)
        kept = set(np.argsort(early)[:15]) & set(np.argsort(final)[:3])
        assert row.overlap == pytest.approx(len(kept) / 3)
    assert set(frame["schedule"]) == {NON_ADAPTIVE, ADAPTIVE}
    assert frame.loc[frame["schedule"] == NON_ADAPTIVE, "epoch"].max() == 49
    assert sorted(frame.loc[frame["schedule"] == ADAPTIVE, "epoch"].unique()) == [12, 25]


def test_survivors_of_one_budget_are_those_along_its_curves(one_budget):
    assert set(best_survivors(one_budget)["schedule"]) == {NON_ADAPTIVE}
