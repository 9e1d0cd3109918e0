"""Relative regret by hand and by its laws; RQ1's numbers on tables whose answers are known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lcbench.analysis import generality
from lcbench.analysis.generality import losses, performance_matrix, relative_regret
from lcbench.collection.networks.metrics import METRICS
from lcbench.errors import InputError, UnknownNameError

ACCURACIES = arrays(np.float64, st.tuples(st.integers(2, 12), st.integers(1, 5)), elements=st.floats(0, 1, width=16))


def matrix(rows: list[list[float]]) -> pd.DataFrame:
    """Configurations 10, 11, ... on data sets a, b, ..."""
    index = pd.RangeIndex(10, 10 + len(rows), name="config_id")
    return pd.DataFrame(rows, index=index, columns=list("abcdef"[: len(rows[0])]))


def test_relative_regret_by_hand():
    values = matrix([[0.8, 0.5], [0.6, 0.4], [0.4, np.nan]])
    # (0.8 - 0.6) / 0.8 = 0.25; (0.5 - 0.4) / 0.5 = 0.2; diverged counts as accuracy 0
    np.testing.assert_allclose(relative_regret(values, METRICS["valid_accuracy"]), [[0, 0], [0.25, 0.2], [0.5, 1]])
    # as cross-entropies: (0.8 - 0.4) / 0.4 = 1; (0.5 - 0.4) / 0.4 = 0.25; diverged is infinitely bad
    np.testing.assert_allclose(
        relative_regret(values, METRICS["valid_cross_entropy"]), [[1, 0.25], [0.5, 0], [0, np.inf]], atol=1e-12
    )


def test_a_best_of_zero_has_no_scale():
    np.testing.assert_array_equal(
        relative_regret(matrix([[0.0], [0.2]]), METRICS["valid_cross_entropy"]), [[0], [np.inf]]
    )
    np.testing.assert_array_equal(relative_regret(matrix([[0.0], [0.0]]), METRICS["valid_accuracy"]), [[0], [0]])


@given(ACCURACIES)
@settings(max_examples=60, deadline=None)
def test_laws_of_relative_regret(array):
    regret = relative_regret(matrix(array.tolist()), METRICS["valid_accuracy"]).to_numpy()
    assert ((regret >= 0) & (regret <= 1)).all()
    assert (regret.min(axis=0) == 0).all()
    np.testing.assert_array_equal(regret == 0, array == array.max(axis=0))
    half = relative_regret(matrix((array / 2).tolist()), METRICS["valid_accuracy"])
    np.testing.assert_allclose(half, regret, atol=1e-12)  # no unit


def test_values_are_means_over_seeds_after_the_last_epoch(bench):
    values = performance_matrix(bench)
    assert values.index.tolist() == bench.configs.index.tolist()
    for dataset in bench.datasets:
        expected = np.mean(
            [[bench.value(dataset, c, seed=s) for s in bench.seeds] for c in bench.configs.index], axis=1
        )
        np.testing.assert_allclose(values[dataset], expected, atol=1e-6)
    short = performance_matrix(bench, budget=12)
    assert short.loc[0, "alpha"] == pytest.approx(bench.array("alpha", budget=12)[0, :, 12].mean(), abs=1e-6)


def test_diverged_is_nan_and_missing_is_left_out(stub):
    table = stub(2)
    table.arrays["data_set_1", 12][3, 1, 5:] = np.nan
    assert np.flatnonzero(performance_matrix(table).isna().to_numpy().any(axis=1)).tolist() == [3]
    seconds = np.zeros(table.arrays["data_set_1", 12].shape)
    seconds[5, 0] = np.nan
    whole = table.array

    def array(dataset, metric="valid_accuracy", budget=None):
        missing = (dataset, metric, budget or 12) == ("data_set_1", "seconds", 12)
        return seconds if missing else whole(dataset, metric, budget)

    table.array = array
    assert 5 not in performance_matrix(table).index
    assert len(performance_matrix(table)) == 11
    assert len(performance_matrix(table, budget=6)) == 12  # where it lacks nothing
    seconds[:] = np.nan
    with pytest.raises(InputError, match="a configuration with its runs of 12 epochs on all data sets"):
        performance_matrix(table)


def test_a_metric_that_was_not_recorded_says_so(stub):
    table = stub(2)
    table.arrays["data_set_1", 12][:] = np.nan
    with pytest.raises(InputError, match="valid_accuracy must be recorded, got NaN for every run on data_set_1"):
        performance_matrix(table)
    with pytest.raises(UnknownNameError, match="unknown metric"):
        performance_matrix(stub(1), "accuracy")


def test_best_configurations_by_hand():
    values = matrix([[0.9, 0.2, 0.5], [0.7, 0.6, 0.5], [0.8, 0.8, np.nan]])
    # mean losses: 1.4/3, 1.2/3, 1.4/3 (diverged counts as accuracy 0): configuration 11 is the single best
    assert generality.single_best(values, METRICS["valid_accuracy"]) == 11
    best = generality.best_configurations(values, METRICS["valid_accuracy"])
    assert best["config_id"].tolist() == [10, 12, 10]
    assert best["tied"].tolist() == [1, 1, 2]
    np.testing.assert_allclose(best["value"], [0.9, 0.8, 0.5])
    np.testing.assert_allclose(best["gain"], [0.2, 0.2, 0.0])
    np.testing.assert_allclose(best["relative_gain"], [0.2 / 0.9, 0.25, 0.0])
    mean, deviation = generality.gain(best)
    assert mean == pytest.approx(0.4 / 3)
    assert deviation == pytest.approx(np.std([0.2, 0.2, 0], ddof=1))
    counts = generality.occurrences(best)
    assert counts.to_numpy().tolist() == [[10, 2], [12, 1]]


def test_gain_of_one_data_set_has_no_deviation():
    best = generality.best_configurations(matrix([[0.9], [0.7]]), METRICS["valid_accuracy"])
    mean, deviation = generality.gain(best)
    assert mean == 0
    assert np.isnan(deviation)


def test_good_configurations_are_sparse_where_few_are_near_the_best():
    values = matrix([[0.80, 0.9], [0.79, 0.5], [0.78, 0.4], [0.1, 0.3]])
    found = generality.spread(values, METRICS["valid_accuracy"]).set_index("dataset")
    assert found["good"].to_dict() == {"a": 0.75, "b": 0.25}  # within 5 %: 0.76 and 0.855


def test_losses_of_cross_entropy_that_diverged_are_infinite():
    assert losses(matrix([[np.nan], [0.5]]), METRICS["valid_cross_entropy"]).to_numpy().ravel().tolist() == [
        np.inf,
        0.5,
    ]
