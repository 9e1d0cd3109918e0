"""Regrets drawn by hand, and what must hold for any study."""

import numpy as np
import pandas as pd
import pytest

from lcbench.analysis.anytime import anytime_ranks, anytime_regret, best_losses, evaluation_regret, target_shares
from lcbench.errors import InputError
from lcbench.simulate.study.regret import regrets, run_regrets, summary


def study(*results: tuple[str, str, int, float, float], limit: float = 2.0, best: float = 0.1) -> pd.DataFrame:
    """A study from (optimizer, dataset, seed, finished, loss)."""
    return pd.DataFrame(results, columns=["optimizer", "dataset", "seed", "finished", "loss"]).assign(
        limit=limit, best_loss=best
    )


def test_regret_by_hand():
    # alpha ends at 10 s, beta at 100 s; best 0.1 and 0.3. Fractions 0.1, 0.5, 1:
    #   seed 0: alpha 0.4 0.2 0.0, beta 0.2 0.2 0.2  -> 0.3 0.2 0.1
    #   seed 1: alpha  -  0.4 0.4, beta 0.0 0.0 0.0  ->  -  0.2 0.2
    traces = study(
        ("random", "alpha", 0, 1.0, 0.5),
        ("random", "alpha", 0, 5.0, 0.3),
        ("random", "alpha", 0, 10.0, 0.1),
        ("random", "beta", 0, 10.0, 0.5),
        ("random", "alpha", 1, 2.0, 0.5),
        ("random", "beta", 1, 9.0, 0.3),
        ("random", "beta", 1, 100.0, 0.9),
    )
    beta = traces["dataset"] == "beta"
    traces = traces.assign(limit=np.where(beta, 100.0, 10.0), best_loss=np.where(beta, 0.3, 0.1))
    single = run_regrets(traces, (0.1, 0.5, 1.0))
    np.testing.assert_allclose(single.loc["random", "alpha", 0], [0.4, 0.2, 0.0])
    np.testing.assert_allclose(single.loc["random", "alpha", 1], [np.inf, 0.4, 0.4])
    frame = anytime_regret(traces, (0.1, 0.5, 1.0))
    np.testing.assert_allclose(frame["regret"], [np.nan, 0.2, 0.15])
    np.testing.assert_allclose(frame["standard_error"], [np.nan, 0.0, 0.05], atol=1e-12)  # std(0.1, 0.2) / sqrt(2)
    # of two seeds, a quarter of all draws takes either twice: the interval is from one to the other
    np.testing.assert_allclose(frame["low"], [np.nan, 0.2, 0.1])
    np.testing.assert_allclose(frame["high"], [np.nan, 0.2, 0.2])
    assert frame["runs"].tolist() == [3, 4, 4]


def test_regret_over_evaluations_by_hand():
    # best 0.1; seed 0: 0.4 0.2 0.0, seed 1: 0.3 0.3; after a third evaluation there is no mean over both
    losses = [(0, 0.5), (0, 0.3), (1, 0.4), (0, 0.1), (1, 0.6)]
    traces = study(*(("a", "alpha", seed, 0.1 * i, loss) for i, (seed, loss) in enumerate(losses)))
    frame = evaluation_regret(traces)
    assert frame["evaluations"].tolist() == [1, 2, 3]
    np.testing.assert_allclose(frame["regret"], [0.35, 0.25, np.nan])
    assert frame["runs"].tolist() == [2, 2, 1]


def test_ranks_by_hand():
    # alpha: a is first until b joins and passes it; beta: both are alike
    traces = study(
        ("a", "alpha", 0, 0.2, 0.5),
        ("b", "alpha", 0, 1.0, 0.3),
        ("a", "beta", 0, 0.2, 0.4),
        ("b", "beta", 0, 0.2, 0.4),
    ).assign(worst_loss=0.9)
    frame = anytime_ranks(traces, (0.01, 0.25, 1.0)).set_index("optimizer")
    assert frame.loc["a", "rank"].tolist() == [1.5, 1.25, 1.75]
    assert frame.loc["b", "rank"].tolist() == [1.5, 1.75, 1.25]
    assert frame.loc["a", "low"].tolist() == [1.5, 1.0, 1.5]
    assert frame.loc["a", "high"].tolist() == [1.5, 1.5, 2.0]
    alone = anytime_ranks(traces[traces["dataset"] == "alpha"], (0.25,))
    assert alone["rank"].tolist() == [1.0, 2.0]
    assert alone["low"].isna().all()


def test_ranks_of_all_optimizers_sum_to_the_same(bench, make_traces):
    frame = anytime_ranks(make_traces(bench, ("a", "b", "c")))
    np.testing.assert_allclose(frame.groupby("time")["rank"].sum(), 6.0)
    assert (frame["low"] <= frame["rank"] + 1e-12).all()
    assert (frame["rank"] <= frame["high"] + 1e-12).all()


def test_targets_by_hand():
    # best 0.1, worst 0.9: normalized regrets 0.5 then 0.0, and 0.25; the limit is 2 s
    traces = study(("a", "alpha", 0, 0.5, 0.5), ("a", "alpha", 0, 2.0, 0.1), ("a", "alpha", 1, 1.0, 0.3)).assign(
        worst_loss=0.9
    )
    frame = target_shares(traces, (0.5, 0.3, 0.0), (0.1, 0.25, 0.5, 1.0))
    assert frame.groupby("target", sort=False)["share"].apply(list).tolist() == [
        [0.0, 0.5, 1.0, 1.0],
        [0.0, 0.0, 0.5, 1.0],
        [0.0, 0.0, 0.0, 0.5],
    ]


def test_shares_only_grow_with_time_and_with_a_wider_target(bench, make_traces):
    frame = target_shares(make_traces(bench))
    for _, rows in frame.groupby(["optimizer", "target"]):
        assert rows["share"].is_monotonic_increasing
    wide = frame.pivot_table(index=["optimizer", "time"], columns="target", values="share")
    assert (np.diff(wide.to_numpy(), axis=1) >= 0).all()


def test_a_run_without_any_result_leaves_no_mean():
    traces = study(("a", "alpha", 0, 1.0, 0.5), ("b", "alpha", 0, 1.0, 0.5), ("b", "alpha", 1, 1.0, 0.5), best=0.5)
    frame = anytime_regret(traces, (1.0,)).set_index("optimizer")
    assert np.isnan(frame.loc["a", "regret"])
    assert frame.loc["b", "regret"] == 0
    assert frame["runs"].to_dict() == {"a": 1, "b": 2}


def test_diverged_results_leave_no_mean():
    traces = study(("a", "alpha", 0, 1.0, np.inf), ("a", "alpha", 0, 2.0, 0.5), best=0.25)
    np.testing.assert_array_equal(anytime_regret(traces, (0.5, 1.0))["regret"], [np.nan, 0.25])
    assert np.isnan(anytime_regret(traces.assign(best_loss=np.inf), (1.0,))["regret"]).all()


def test_mean_never_rises_and_order_of_rows_is_nothing(bench, make_traces):
    traces = make_traces(bench, ("random", "bohb", "asha"))
    frame = anytime_regret(traces)
    assert list(dict.fromkeys(frame["optimizer"])) == ["random", "bohb", "asha"]
    for _, rows in frame.groupby("optimizer"):
        assert (np.diff(rows["regret"].dropna()) <= 1e-12).all()
    shuffled = anytime_regret(traces.sample(frac=1, random_state=0))
    order = ["optimizer", "time"]
    pd.testing.assert_frame_equal(
        *(f.sort_values(order, ignore_index=True) for f in (frame, shuffled)), rtol=1e-12, atol=1e-12
    )


def test_time_is_relative_to_each_data_sets_limit(bench, make_traces):
    traces = make_traces(bench)
    factor = np.where(traces["dataset"] == "beta", 8.0, 1.0)
    slower = traces.assign(finished=traces["finished"] * factor, limit=traces["limit"] * factor)
    pd.testing.assert_frame_equal(anytime_regret(traces), anytime_regret(slower))
    later = anytime_regret(traces.assign(limit=traces["limit"] * 2), (0.25, 0.5))
    np.testing.assert_array_equal(later["regret"], anytime_regret(traces, (0.5, 1.0))["regret"])


def test_agrees_with_the_table_that_a_simulation_prints(bench, make_traces):
    traces = make_traces(bench)
    means = summary(regrets(traces, (0.5, 1.0)))
    ours = anytime_regret(traces, (0.5, 1.0)).pivot_table(index="optimizer", columns="time", values="regret")
    np.testing.assert_allclose(ours.loc[means.index], means[[0.5, 1.0]], atol=1e-9)


def test_best_of_the_table_by_hand(bench):
    for schedule, budgets in (("adaptive", bench.budgets), ("non-adaptive", (50, 50, 50))):
        found = best_losses(bench, "valid_cross_entropy", schedule=schedule)
        for dataset in bench.datasets:
            ends = [
                bench.array(dataset, "valid_cross_entropy", run)[:, :, epoch].mean(axis=1, dtype=float)
                for run, epoch in zip(budgets, bench.budgets, strict=True)
            ]
            assert found[dataset] == np.min(ends)


def test_best_of_a_single_seed_and_of_drawn_ones(bench):
    each = [best_losses(bench, seed=seed)["alpha"] for seed in bench.seeds]
    assert best_losses(bench, seed="draw")["alpha"] == min(each) < best_losses(bench)["alpha"] < max(each)


@pytest.mark.parametrize(
    ("traces", "message"),
    [
        (study(), "at least one result"),
        (study().drop(columns="loss"), "got no loss"),
        (study(("a", "alpha", 0, 1.0, 0.05)), "must not be below best_loss, 0.1, got 0.05"),
    ],
)
def test_what_cannot_be_used_is_said(traces, message):
    with pytest.raises(InputError, match=message):
        anytime_regret(traces)
