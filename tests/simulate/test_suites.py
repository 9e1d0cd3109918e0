"""Suites: halves that are alike and equally hard, whatever the order of the table, and what cannot be divided."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lcbench
from lcbench import cli
from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate.study import read
from lcbench.simulate.suites import SUITES, central, divided, hardness, suite


def test_twins_are_divided_and_hardness_is_balanced():
    kinds = np.array([0, 0, 1, 1, 2, 2])
    distance = np.abs(kinds[:, None] - kinds[None, :]).astype(float)
    hard = np.array([0.9, 0.1, 0.8, 0.1, 0.3, 0.2])
    one, other = divided(distance, hard)
    assert sorted(kinds[one]) == sorted(kinds[other]) == [0, 1, 2]
    assert (0 in one) != (2 in one), "the two hardest are on different sides"


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_halves_are_whole_disjoint_and_equal_in_size(n, seed):
    rng = np.random.default_rng(seed)
    distance = rng.random((n, n))
    one, other = divided(distance + distance.T, rng.random(n))
    assert sorted(one + other) == list(range(n))
    assert len(one) - len(other) == n % 2


def test_central_ones_are_found_by_hand():
    places = np.array([0.0, 1.0, 2.0, 10.0, 11.0])
    distance = np.abs(places[:, None] - places[None, :])
    assert central(distance, [0, 1, 2, 3, 4], 1) == [2]
    assert set(central(distance, [0, 1, 2, 3, 4], 2)) == {2, 3}
    assert central(distance, [0, 1], 9) in ([0, 1], [1, 0])


def test_hardness_is_the_median_share_of_the_range():
    losses = np.array([[0.0, 0.25, 1.0], [3.0, 3.0, 3.0], [0.0, np.inf, 1.0], [np.inf, np.inf, np.inf]])
    assert hardness(losses).tolist() == [0.25, 0.0, 1.0, 0.0]


def test_suites_of_the_embedded_table():
    bench = lcbench.load()
    dev, test, small = (suite(bench, name) for name in ("dev", "test", "small"))
    assert set(dev) | set(test) == set(bench.datasets) and not set(dev) & set(test)
    assert set(small) < set(dev) and len(small) == 4
    assert [name for name in bench.datasets if name in dev] == list(dev)


def test_what_has_no_suite_is_said(bench):
    with pytest.raises(UnknownNameError, match="unknown suite 'tset'"):
        suite(lcbench.load(), "tset")
    with pytest.raises(InputError, match="at least 4 data sets"):
        suite(bench, "dev")


def test_the_command_takes_a_suite(tmp_path, capsys):
    out = tmp_path / "s.parquet"
    line = ["simulate", "--optimizers", "random", "--seeds", "1", "--budget", "3evals", "--out", str(out), "--quiet"]
    assert cli.run([*line, "--suite", "small"]) == 0
    assert set(read(out)["dataset"]) == set(suite(lcbench.load(), "small"))
    assert cli.run([*line, "--suite", "small", "--datasets", "car"]) == 2
    assert "--datasets and --suite small" in capsys.readouterr().err
    assert cli.run([*line, "--suite", "large"]) == 2
    assert ", ".join(SUITES) in capsys.readouterr().err
