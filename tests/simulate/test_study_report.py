"""What a study prints, from studies whose outcome is known."""

import io

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from rich.table import Table

from lcbench.simulate.study import report


def make(results: dict[str, list[float]], seeds: int = 1) -> pd.DataFrame:
    """A study from each optimizer's final loss on each data set; best 0, worst 1, all found at half the time."""
    rows = [
        (optimizer, f"data_{d}", seed, loss)
        for optimizer, losses in results.items()
        for d, loss in enumerate(losses)
        for seed in range(seeds)
    ]
    frame = pd.DataFrame(rows, columns=["optimizer", "dataset", "seed", "loss"])
    return frame.assign(finished=50.0, limit=100.0, best_loss=0.0, worst_loss=1.0)


def printed(*parts, width=80) -> str:
    console = Console(file=io.StringIO(), width=width)
    for part in parts:
        console.print(part)
    return console.file.getvalue()


def test_summary_by_hand():
    found = report.summary(make({"a": [0.2, 0.4], "b": [0.1, 0.4]}), np.random.default_rng(0))
    assert found.index.tolist() == ["b", "a"]
    np.testing.assert_allclose(found.loc["a", [0.1, 0.25, 0.5, 1.0]], [1.0, 1.0, 0.3, 0.3])
    np.testing.assert_allclose(found.loc["a", ["low", "high"]], [0.2, 0.4])
    assert found["rank"].to_dict() == {"b": 1.25, "a": 1.75}
    assert found["wins"].to_dict() == {"b": 1.5, "a": 0.5}


def test_the_interval_of_one_data_set_is_over_its_seeds():
    traces = make({"a": [0.2], "b": [0.1]}, seeds=2)
    traces.loc[(traces["optimizer"] == "a") & (traces["seed"] == 1), "loss"] = 0.6
    found = report.summary(traces, np.random.default_rng(0))
    np.testing.assert_allclose(found.loc["a", ["low", "high"]], [0.2, 0.6])
    text = printed(report.summary_table(traces, "valid_accuracy", np.random.default_rng(0)))
    assert "1 data set x 2 seeds" in text
    assert "interval over 2 seeds" in text


def test_the_table_fits_and_names_are_written_out():
    names = ("successive-halving", "regularized-evolution", "a")
    traces = make(dict(zip(names, ([0.123] * 3, [0.01, 0.02, 0.5], [0.0, 0.0, 0.0]), strict=True)))
    text = printed(report.summary_table(traces, "valid_accuracy", np.random.default_rng(0)))
    assert max(map(len, text.splitlines())) <= 80
    assert all(name in text for name in names)
    assert "17.7" in text
    assert "1.00-50.0" in text
    assert "…" not in text


def test_pairs_are_tested_over_data_sets():
    worse = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    traces = make({"a": [0.05] * 7, "b": worse, "c": worse})
    line, head, table = report.tests(traces)
    assert line == "Friedman's test that all optimizers rank alike over 7 data sets: p <0.001."  # chi squared 17.1
    assert head == "P values of Wilcoxon's signed-rank test over 7 data sets, corrected by Holm for 3 pairs:"
    assert isinstance(table, Table)
    text = printed(table)
    assert text.count("0.047") == 2, "2 / 2**7, three times"
    assert text.count("1.000") == 1, "equal ones"


def test_two_optimizers_have_no_friedman():
    _, table = report.tests(make({"a": [0.1] * 6, "b": [0.2] * 6}))
    assert "0.031" in printed(table)


def test_of_many_optimizers_only_the_best_is_set_against_the_others():
    traces = make({f"o{i}": [0.01 * i + 0.001 * d for d in range(8)] for i in range(10)})
    *_, head, table = report.tests(traces)
    assert [str(column.header) for column in table.columns] == ["", "o0"]
    assert "45 pairs" in head


@pytest.mark.parametrize(("datasets", "least"), [(2, "0.5"), (5, "0.062")])
def test_few_data_sets_are_not_tested_and_it_says_why(datasets, least):
    (line,) = report.tests(make({"a": [0.1] * datasets, "b": [0.2] * datasets}))
    assert f"with {datasets} data sets Wilcoxon's p cannot be below {least}; they need at least 6" in line


def test_one_data_set_is_tested_over_its_seeds_and_it_says_so():
    traces = make({"a": [0.1], "b": [0.2]}, seeds=4)
    traces["loss"] += 0.001 * traces["seed"]
    line, _, table = report.tests(traces)
    assert "the seeds are tested instead" in line
    assert f"{2 / 70:.3f}" in printed(table)  # of C(8, 4) choices two are as extreme
    (only,) = report.tests(make({"a": [0.1], "b": [0.2]}))
    assert only == "No tests in pairs: there is one data set and one seed."


def test_one_optimizer_has_nothing_to_be_tested_against():
    assert list(report.tests(make({"a": [0.1] * 7}))) == []
