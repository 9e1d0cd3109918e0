"""Spearman's correlation against scipy, by hand and by its laws; Table 3 on a table whose answer is known."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr

from lcbench.analysis import correlation
from lcbench.analysis.correlation import ADAPTIVE, CROSS, NON_ADAPTIVE, budget_correlation, spearman, table3
from lcbench.analysis.generality import compared_budgets, mean_losses, run_of
from lcbench.collection.networks.metrics import RECORD
from lcbench.errors import InputError, UnknownNameError

LOSSES = arrays(np.float64, st.tuples(st.integers(2, 30), st.just(2)), elements=st.integers(0, 20).map(float))


@pytest.mark.parametrize("levels", [5, 1000])
def test_agrees_with_scipy_with_and_without_ties(levels):
    a, b = np.random.default_rng(levels).integers(0, levels, (2, 200, 7)).astype(float)
    b += a / 2
    expected = [spearmanr(a[:, i], b[:, i]).statistic for i in range(7)]
    np.testing.assert_allclose(spearman(a, b), expected, atol=1e-12)


def test_by_hand():
    # ranks 1 2 3 4 5 against 2 1 4 3 5: squared differences 1 1 1 1 0, so 1 - 6*4 / (5*24) = 0.8
    left = np.array([[0.1], [0.2], [0.3], [0.4], [0.5]])
    right = np.array([[20.0], [10.0], [40.0], [30.0], [50.0]])
    assert spearman(left, right) == pytest.approx(0.8)


def test_nan_ranks_last_like_infinity():
    # ranks 1 2 3 4 against 1 2 4 3: 1 - 6*2 / (4*15) = 0.8
    left = np.array([[0.1], [0.2], [0.3], [np.nan]])
    right = np.array([[0.1], [0.2], [np.nan], [0.3]])
    assert spearman(left, right) == pytest.approx(0.8)
    np.testing.assert_array_equal(spearman(left, right), spearman(np.nan_to_num(left, nan=np.inf), right))


@pytest.mark.parametrize("configs", [0, 1, 6])
def test_constant_or_too_short_is_nan_without_a_warning(configs):
    assert np.isnan(spearman(np.ones((configs, 3)), np.arange(3.0 * configs).reshape(configs, 3))).all()


@given(LOSSES)
@settings(max_examples=60, deadline=None)
def test_monotone_transform_leaves_it_unchanged(losses):
    left, right = losses[:, :1], losses[:, 1:]
    np.testing.assert_array_equal(spearman(left, right), spearman(np.exp(left / 5), right**3 - 4))


@given(LOSSES)
@settings(max_examples=60, deadline=None)
def test_symmetric_bounded_and_one_with_itself(losses):
    left, right = losses[:, :1], losses[:, 1:]
    value = spearman(left, right)
    np.testing.assert_array_equal(value, spearman(right, left))
    assert np.isnan(value) or -1 <= value <= 1
    own = spearman(left, left)
    assert (np.isnan(own) and np.ptp(left) == 0) or own == pytest.approx(1.0)
    reverse = spearman(left, -left)
    assert np.isnan(reverse) or reverse == pytest.approx(-1.0)


def test_pairs_in_the_papers_order():
    assert correlation.budget_pairs((12, 25, 50)) == [(12, 25), (25, 50), (12, 50)]
    assert correlation.budget_pairs((1, 3, 9, 27)) == [(1, 3), (3, 9), (9, 27), (1, 9), (3, 27), (1, 27)]
    assert correlation.budget_pairs((50,)) == []


def test_schedules_by_hand():
    # losses of three configurations: the run of 1 epoch after it, that of 2 epochs after 1 and after 2
    losses = {1: np.array([[0.9, 0.1], [0.9, 0.2], [0.9, 0.3]])}
    losses[2] = np.array([[0.9, 0.3, 0.1], [0.9, 0.2, 0.3], [0.9, 0.1, 0.2]])
    frame = budget_correlation(Table({budget: 1 - values[:, None] for budget, values in losses.items()}))
    # ranks 1 2 3 against 1 3 2: 1 - 6*2/24 = 0.5; 3 2 1 against 1 3 2: 1 - 6*(4+1+1)/24 = -0.5
    assert frame.set_index("schedule")["spearman"].to_dict() == pytest.approx(
        {ADAPTIVE: 0.5, NON_ADAPTIVE: -0.5, CROSS: 0.5}
    )


def test_frame_is_tidy_and_agrees_with_scipy(bench):
    frame = budget_correlation(bench)
    assert tuple(frame.columns) == correlation.COLUMNS
    assert len(frame) == len(bench.datasets) * 3 * 3
    for row in frame.itertuples():
        low = bench.array(row.dataset, budget=50 if row.schedule == NON_ADAPTIVE else row.budget_low)
        high = bench.array(row.dataset, budget=row.budget_high if row.schedule == ADAPTIVE else 50)
        a = low[:, :, row.budget_low].mean(axis=1, dtype=float).round(6)
        b = high[:, :, row.budget_high].mean(axis=1, dtype=float).round(6)
        assert row.spearman == pytest.approx(spearmanr(a, b).statistic, abs=1e-12)


def test_our_third_column_is_the_adaptive_one_at_the_largest_budget(bench):
    frame = budget_correlation(bench)
    wide = frame[frame["budget_high"] == 50].set_index(["dataset", "budget_low", "schedule"])["spearman"]
    np.testing.assert_array_equal(wide.xs(ADAPTIVE, level=2), wide.xs(CROSS, level=2))


def test_goal_of_the_metric_is_respected(bench):
    # In the formula's table cross-entropy is 2 * (1 - accuracy): both rank alike.
    pd.testing.assert_frame_equal(
        budget_correlation(bench, "valid_cross_entropy"), budget_correlation(bench, "valid_accuracy"), atol=0.01
    )


def test_unknown_names(bench):
    with pytest.raises(UnknownNameError, match="nearest: valid_accuracy"):
        budget_correlation(bench, "valid_acuracy")
    with pytest.raises(UnknownNameError, match="unknown data set 'gamma'"):
        budget_correlation(bench, datasets=["gamma"])


class Table:
    """Just enough of a benchmark: one data set, given arrays by budget."""

    datasets = ("alpha",)
    metric, fidelity = staticmethod(RECORD.metric), RECORD.fidelity

    def __init__(self, values: dict[int, np.ndarray], seconds: dict[int, np.ndarray] | None = None) -> None:
        self.budgets = tuple(values)
        self.values, self.seconds = values, seconds or {b: np.zeros(v.shape) for b, v in values.items()}

    def budgets_of(self, dataset: str) -> tuple[int, ...]:
        return self.budgets

    def array(self, dataset: str, metric: str, budget: int) -> np.ndarray:
        return (self.seconds if metric == "seconds" else self.values)[budget]


def accuracies() -> dict[int, np.ndarray]:
    return {b: np.random.default_rng(b).random((8, 3, b + 1)).astype(np.float32) for b in (1, 2)}


def adaptive(table: Table) -> float:
    frame = budget_correlation(table)
    return frame.loc[frame["schedule"] == ADAPTIVE, "spearman"].item()


def test_configuration_with_one_diverged_seed_ranks_last():
    values = accuracies()
    values[1][2, 1, 1] = np.nan
    losses = mean_losses(Table(values), "alpha", "valid_accuracy", 1)
    assert np.flatnonzero(np.isinf(losses[:, -1])).tolist() == [2]
    worst = accuracies()
    worst[1][2, :, 1] = 0.0
    assert adaptive(Table(values)) == adaptive(Table(worst))


def test_configuration_that_lacks_a_run_is_left_out():
    values = accuracies()
    seconds = {b: np.zeros(v.shape) for b, v in values.items()}
    for array in (values[2], seconds[2]):
        array[3, 0] = np.nan
    without = {b: np.delete(v, 3, axis=0) for b, v in accuracies().items()}
    assert adaptive(Table(values, seconds)) == adaptive(Table(without))
    assert adaptive(Table(values)) != adaptive(Table(without))


PRESENT = arrays(np.bool_, st.tuples(st.integers(0, 9), st.just(3)))


@given(PRESENT)
@settings(max_examples=15, deadline=None)
def test_a_correlation_is_over_the_configurations_that_have_what_it_compares(present):
    rng, budgets = np.random.default_rng(len(present)), (1, 2, 4)
    whole = {b: rng.random((len(present), 2, b + 1)) for b in budgets}
    gaps = {b: np.where(present[:, i, None, None], v, np.nan) for i, (b, v) in enumerate(whole.items())}
    seconds = {b: np.where(np.isnan(v), np.nan, 0.0) for b, v in gaps.items()}
    complete, found = budget_correlation(Table(whole)), budget_correlation(Table(gaps, seconds))
    assert (complete["configs"] == len(present)).all()
    for row in found.itertuples():
        low, high = correlation.ends(row.schedule, row.budget_low, row.budget_high, 4)
        both = present[:, [budgets.index(low.budget), budgets.index(high.budget)]].all(axis=1)
        assert row.configs == both.sum()
        only = {b: values[both] for b, values in whole.items()}  # these configurations alone, complete
        ((same, _),) = correlation.end_correlation(Table(only), "alpha", "valid_accuracy", [(low, high)])
        np.testing.assert_equal(row.spearman, same)


def test_a_complete_table_is_correlated_as_a_whole(bench):
    """Over all configurations at once, as the paper defines it: the same numbers to the last bit."""
    frame = budget_correlation(bench)
    for dataset in bench.datasets:
        own = {b: np.round(mean_losses(bench, dataset, "valid_accuracy", b), 6) for b in bench.budgets}
        ended = np.stack([own[budget][:, -1] for budget in bench.budgets], axis=1)
        read = own[50][:, list(bench.budgets)]
        for schedule, left, right in ((NON_ADAPTIVE, read, read), (ADAPTIVE, ended, ended), (CROSS, ended, read)):
            rows = frame[(frame["dataset"] == dataset) & (frame["schedule"] == schedule)]
            np.testing.assert_array_equal(rows["spearman"], spearman(left[:, [0, 1, 0]], right[:, [1, 2, 2]]))


def test_equal_means_of_float32_numbers_are_ties():
    seeds = np.array([[0.7, 0.8, 0.9], [0.8, 0.8, 0.8], [0.1, 0.2, 0.3]], np.float32)
    values = {b: np.repeat(seeds[:, :, None], b + 1, axis=2) for b in (1, 2)}
    values[2][1] += np.float32(0.1)
    # ranks 1.5 1.5 3 against 2 1 3
    assert adaptive(Table(values)) == pytest.approx(spearmanr([1.5, 1.5, 3], [2, 1, 3]).statistic)


def test_table3_by_hand():
    rows = [
        (dataset, low, high, schedule, value, 9)
        for dataset, value in (("a", 0.8), ("b", 1.0), ("c", np.nan))
        for low, high in ((12, 50), (25, 50), (12, 25))
        for schedule in correlation.SCHEDULES
    ]
    table = table3(pd.DataFrame(rows, columns=correlation.COLUMNS))
    assert table.index.tolist() == [(12, 25), (25, 50), (12, 50)]
    assert list(dict.fromkeys(table.columns.get_level_values(0))) == [NON_ADAPTIVE, ADAPTIVE, CROSS]
    for schedule in correlation.SCHEDULES:
        np.testing.assert_allclose(table[schedule, "mean"], 0.9)
        np.testing.assert_allclose(table[schedule, "std"], np.std([0.8, 1.0], ddof=1))
        assert table[schedule, "datasets"].tolist() == [2, 2, 2]


def test_table3_of_one_data_set_has_no_spread(bench):
    table = table3(budget_correlation(bench, datasets=["alpha"]))
    assert table.xs("std", axis=1, level=1).isna().all(axis=None)
    assert table.xs("mean", axis=1, level=1).notna().all(axis=None)


def test_points_of_a_table_of_one_budget(one_budget, stub):
    assert compared_budgets(one_budget) == (12, 25, 50)
    assert compared_budgets(stub(budgets=(3,))) == (3,)
    assert [run_of(one_budget, point) for point in (1, 12, 50)] == [50, 50, 50]
    for unknown in (0, 51):
        with pytest.raises(UnknownNameError):
            run_of(one_budget, unknown)
    table = table3(correlation.budget_correlation(one_budget))
    assert table["non-adaptive"]["datasets"].tolist() == [len(one_budget.datasets)] * 3
    assert table["adaptive"]["mean"].isna().all()


def test_table3_of_one_budget_says_so():
    with pytest.raises(InputError, match="at least one pair of budgets"):
        table3(pd.DataFrame(columns=list(correlation.COLUMNS)))


def test_published_non_adaptive_correlations(reference_table):
    """Table 3's first column on predictions of a surrogate fitted to the released data, 28 of its 35 data sets.

    A surrogate has no noise, so it may correlate a little more: at the two decimals that the paper prints, each value
    is within 0.03.
    """
    pairs = correlation.budget_pairs((12, 25, 50))
    file = pq.ParquetFile(reference_table)
    found = []
    for group in range(file.num_row_groups):
        column = file.read_row_group(group, columns=["val_accuracy"])["val_accuracy"].combine_chunks()
        found.append(correlation.curve_correlation(-column.flatten().to_numpy().reshape(-1, 52), pairs))
    assert len(found) == 28
    difference = np.mean(found, axis=0).round(2) - [0.94, 0.96, 0.91]
    assert np.abs(difference).max() <= 0.03 + 1e-9
