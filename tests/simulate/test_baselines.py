"""The default configuration first, and random search that is given more."""

import numpy as np
import pandas as pd
import pytest

from lcbench.simulate import OPTIMIZERS, ReplayBackend, simulate
from lcbench.simulate.study import study


def test_the_default_comes_first_and_then_random_search(bowl):
    optimizer = OPTIMIZERS["default-then-random"](bowl.domain(), bowl.budgets, np.random.default_rng(0))
    trace = simulate(optimizer, bowl, evaluations=20)
    assert dict(trace.results[0].job.config) == dict(bowl.space.get_default_configuration())
    assert {r.job.budget for r in trace.results} == {9}
    assert len({r.job.config["x"] for r in trace.results}) == 20


def test_on_a_table_the_nearest_row_to_the_default_comes_first(bench):
    backend = ReplayBackend(bench, "alpha")
    optimizer = OPTIMIZERS["default-then-random"](backend.domain(), backend.budgets, np.random.default_rng(0))
    first = optimizer.ask().config
    assert backend.config_id(first) == backend.table.nearest(dict(bench.space.get_default_configuration()))


@pytest.mark.parametrize(("budget", "tolerance"), [("5x", 0.25), ("5x-epochs", 0), ("5evals", 0)])
def test_twice_and_five_times_the_budget_are_read_on_the_same_axis(bench, budget, tolerance):
    traces = study(bench, ["alpha"], ["random", "random-2x", "random-5x"], range(8), workers=1, budget=budget)
    assert (traces["used"] <= traces["limit"]).all()
    counts = traces.groupby("optimizer").size()
    assert counts["random-2x"] / counts["random"] == pytest.approx(2, rel=tolerance)
    assert counts["random-5x"] / counts["random"] == pytest.approx(5, rel=tolerance)


def test_a_faster_run_is_the_same_run_in_less_time(bench):
    traces = study(bench, ["alpha"], ["random-2x"], [0], workers=1, budget="5evals")
    backend = ReplayBackend(bench, "alpha", seed="mean")
    whole = [
        backend.curve(backend.table.configs[int(np.flatnonzero(bench.configs.index == r.config_id)[0])], r.budget)
        for r in traces.itertuples()
    ]
    pd.testing.assert_series_equal(
        traces["finished"] - traces["started"],
        pd.Series([curve.cost(0, curve.epochs) / 2 for curve in whole]),
        check_names=False,
    )
    assert traces["used"].tolist() == [0.5 * i for i in range(1, 11)]
