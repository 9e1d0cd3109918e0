"""Every figure of the registry: its numbers are tidy, its picture draws without a warning at any size."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from pictures import pixels

import lcbench
from lcbench.analysis import correlation
from lcbench.analysis.figures import FIGURES, budget_correlation, curves, pooled_correlation
from lcbench.analysis.figures.contract import NothingToDrawError
from lcbench.analysis.figures.optimizers import Regret
from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate.study import by_variant
from lcbench.simulate.study import study as simulate_study
from lcbench.simulate.study.regret import RUN


@pytest.fixture
def frame_of(make_traces, make_systems, make_searches):
    return _frames(make_traces, make_systems, make_searches)


def _frames(make_traces, make_systems, make_searches):
    """The numbers of a figure, whatever it shows; of one-shot searches on as many data sets as a table has."""

    def get(name, bench, **study) -> pd.DataFrame:
        if FIGURES[name].needs_searches:
            cells, found = make_searches(len(bench.datasets))
            return FIGURES[name].frame(cells, None, make_traces(cells), searches=found)
        if FIGURES[name].needs_systems:
            return FIGURES[name].frame(bench, systems=make_systems(bench.datasets))
        if name == WARM:
            return FIGURES[name].frame(bench, "valid_accuracy", with_a_portfolio(make_traces(bench, ("kde", "bohb"))))
        traces = make_traces(bench, **study)
        return FIGURES[name].frame(bench, "valid_accuracy", with_seconds(traces) if name in OF_SEVERAL else traces)

    return get


WARM = "multi_fidelity_portfolios"
"""A figure of a study with and without a portfolio."""


def with_a_portfolio(traces: pd.DataFrame) -> pd.DataFrame:
    """The study as one whose optimizers begin with nothing and with a portfolio, which halves their regret."""
    better = (traces["loss"] + traces["best_loss"]) / 2
    begun = traces.assign(portfolio="best:5 of the other data sets", loss=better)
    return by_variant(pd.concat([traces.assign(portfolio="none"), begun], ignore_index=True))


OF_SEVERAL = ("hypervolume", "pareto_front")
"""Figures of several objectives."""


def with_seconds(traces: pd.DataFrame) -> pd.DataFrame:
    """The study as one of accuracy and seconds."""
    lacking = traces.groupby(RUN)["loss"].cummin()
    pairs = traces[["loss", "started"]].to_numpy().tolist()
    return traces.assign(objectives="valid_accuracy,seconds", losses=pairs, hypervolume_difference=lacking)


@pytest.fixture(scope="module")
def numbers(furnished, make_traces, make_systems, make_searches):
    """The numbers of a figure, computed once; a copy each time."""
    known: dict[str, pd.DataFrame] = {}

    def get(name: str) -> pd.DataFrame:
        if name not in known:
            known[name] = _frames(make_traces, make_systems, make_searches)(name, furnished)
        return known[name].copy()

    return get


@pytest.fixture(scope="module")
def drawn(numbers):
    """A figure, drawn once for the tests that look at it."""
    return cache(lambda name: FIGURES[name].load().draw(numbers(name)))


@pytest.mark.parametrize("name", FIGURES)
def test_numbers_survive_csv_and_give_the_same_picture(name, numbers, drawn, tmp_path):
    frame = numbers(name)
    frame.to_csv(tmp_path / "numbers.csv", index=False)
    again = pd.read_csv(tmp_path / "numbers.csv")
    expected = frame.set_axis(frame.columns.map(str), axis=1)
    pd.testing.assert_frame_equal(again, expected, check_dtype=False, check_column_type=False)
    assert pixels(drawn(name)) == pixels(FIGURES[name].load().draw(again))


@pytest.mark.parametrize("name", FIGURES)
def test_drawing_leaves_frame_and_global_settings_alone(name, numbers):
    settings, frame = dict(mpl.rcParams), numbers(name)
    before = frame.copy()
    FIGURES[name].load().draw(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert dict(mpl.rcParams) == settings


@pytest.mark.parametrize("name", FIGURES)
def test_caption_and_labels(name, drawn):
    assert len(FIGURES[name].load().__doc__) > 200
    figure = drawn(name)
    assert figure.axes
    assert all(panel.get_xlabel() for panel in figure.axes) or figure.get_supxlabel()


@pytest.fixture(scope="module")
def stub_of(stub):
    """A table of so many data sets, the same to all figures: what one has fitted to it serves the next."""
    return cache(lambda datasets: stub(datasets, budgets=(3, 6, 12) if datasets == 1 else (3, 12)))


ALIKE = [name for name, spec in FIGURES.items() if spec.target.startswith("systems:") and name != "components"]
"""They are drawn by the same function as ``components``, which has the most lines."""


MANY = 35
"""As in LCBench; a fifth of them fill two rows of panels, too, and are drawn in a fifth of the time."""


DRAWN = [(name, n) for name in FIGURES for n in (1, MANY // 5, MANY) if n == 1 or name not in ALIKE]


@pytest.mark.parametrize(
    ("name", "datasets"), [pytest.param(*each, marks=[pytest.mark.slow] * (each[1] == MANY)) for each in DRAWN]
)
def test_draws_for_any_number_of_data_sets_or_says_what_it_needs(name, datasets, stub_of, frame_of):
    try:
        frame = frame_of(name, stub_of(datasets), results=10)
    except NothingToDrawError as error:
        lacking = {"baselines": "lcbench baselines DIR", "ensembles": "--predictions"}.get(name)
        assert datasets == 1 or lacking, error
        assert (lacking or "data set") in str(error)
    else:
        FIGURES[name].load().draw(frame).draw_without_rendering()


def test_budget_correlation_shows_what_was_computed(bench):
    frame = budget_correlation.frame(bench)
    key = ["dataset", "budget_low", "budget_high", "schedule"]
    both = frame.merge(correlation.budget_correlation(bench), on=key, suffixes=("", "_computed"))
    assert len(both) == len(frame) == 2 * 3 * 2
    assert (both["spearman"] == both["spearman_computed"]).all()
    means = frame.groupby("dataset", sort=False)["spearman"].mean()
    assert means.is_monotonic_decreasing
    left = budget_correlation.draw(frame).axes[0]
    assert [label.get_text() for label in left.get_yticklabels()] == means.index.tolist()
    drawn = np.concatenate([line.get_xdata() for line in left.lines])
    assert sorted(drawn) == sorted(frame.loc[frame["schedule"] == "non-adaptive", "spearman"])


def test_budget_correlation_with_one_budget_or_no_correlation(one_budget, stub):
    frame = budget_correlation.frame(one_budget)
    assert set(frame["schedule"]) == {"non-adaptive"}
    assert [axes.get_title() for axes in budget_correlation.draw(frame).axes] == ["Non-adaptive scheduling"]
    with pytest.raises(
        NothingToDrawError, match="curves of at least 4 steps, this table has one budget \\(3 epochs\\)"
    ):
        budget_correlation.frame(stub(budgets=(3,)))
    flat = stub()
    flat.arrays = {key: np.full_like(values, 0.5) for key, values in flat.arrays.items()}
    with pytest.raises(NothingToDrawError, match="same for all configurations"):
        budget_correlation.frame(flat)


def test_pooled_correlation_is_the_adaptive_part_of_budget_correlation_sorted_by_its_own_mean(stub):
    table = stub(5, configs=30)
    frame = pooled_correlation.frame(table)
    whole = budget_correlation.frame(table)
    own = whole[whole["schedule"] == "adaptive"]
    keys = ["dataset", "budget_low", "budget_high"]
    pd.testing.assert_series_equal(
        frame.set_index(keys)["spearman"].sort_index(), own.set_index(keys)["spearman"].sort_index()
    )
    means = frame.groupby("place")["spearman"].mean()
    assert means.is_monotonic_decreasing
    assert means.index.tolist() == [1, 2, 3, 4, 5]
    figure = pooled_correlation.draw(frame)
    said = [text.get_text() for text in figure.legends[0].get_texts()]
    found = own.groupby(["budget_low", "budget_high"])["spearman"].agg(["mean", "sem"])
    assert said == [
        f"{low} and {high}: {found.loc[(low, high), 'mean']:.2f} ± {found.loc[(low, high), 'sem']:.2f}"
        for low, high in ((3, 6), (6, 12), (3, 12))
    ]


def test_pooled_correlation_of_a_table_with_gaps_says_over_how_many_configurations_it_is(stub):
    table = stub(2, configs=30)
    table.lose(table.datasets[0], 3, slice(0, 20))
    table.lose(table.datasets[0], 6, slice(28, 30))
    table.lose(table.datasets[1], 12, slice(0, 29))
    frame = pooled_correlation.frame(table)
    assert frame[frame["dataset"] == table.datasets[0]]["configs"].tolist() == [8, 28, 10]
    assert frame[frame["dataset"] == table.datasets[1]]["spearman"].isna().tolist() == [False, True, True]
    figure = pooled_correlation.draw(frame)
    said = [text.get_text() for text in figure.legends[0].get_texts()]
    assert [each.split(" (")[1] for each in said] == [
        "8 to 30 configurations)",
        "1 to 28 configurations)",
        "1 to 10 configurations)",
    ]
    figure.draw_without_rendering()


def test_the_card_of_the_portfolio_says_what_the_pooled_correlations_are():
    folder = Path(__file__).parents[2] / "data" / "portfolio"
    frame = pooled_correlation.frame(lcbench.load(folder / "tried"))
    figure, card = pooled_correlation.draw(frame), (folder / "README.md").read_text(encoding="utf-8")
    for text in figure.legends[0].get_texts():
        budgets, mean, sizes = re.fullmatch(r"(.*): (.*) \((.*) configurations\)", text.get_text()).groups()
        assert f"| {budgets} | {sizes} | {mean} |" in card


def test_pooled_correlation_with_one_budget_is_along_its_curves(one_budget, bench):
    frame = pooled_correlation.frame(one_budget)
    whole = budget_correlation.frame(bench)  # with the same runs of 50 epochs
    keys = ["dataset", "budget_low", "budget_high"]
    along = whole[whole["schedule"] == "non-adaptive"].set_index(keys)["spearman"]
    pd.testing.assert_series_equal(frame.set_index(keys)["spearman"].sort_index(), along.sort_index())
    assert "on one run's curve" in pooled_correlation.draw(frame).legends[0].get_title().get_text()


def test_budget_correlation_with_one_data_set_that_has_no_correlation(stub):
    partly = stub(3)
    for budget in partly.budgets:
        partly.arrays["data_set_1", budget][:] = 0.5
    frame = budget_correlation.frame(partly)
    assert frame["dataset"].iloc[-1] == "data_set_1"
    budget_correlation.draw(frame).draw_without_rendering()


def test_budget_correlation_with_four_budgets(stub):
    figure = budget_correlation.draw(budget_correlation.frame(stub(4, budgets=(1, 3, 9, 27))))
    assert len(figure.axes[0].lines) == 6
    figure.draw_without_rendering()


def test_curves_mark_the_best(bench):
    frame = curves.frame(bench)
    assert len(frame) == len(bench.datasets) * len(bench.configs)
    best = frame[frame["best"]].set_index("dataset")
    for dataset in bench.datasets:
        values = bench.array(dataset).mean(axis=1, dtype=float)
        assert best.loc[dataset, "config_id"] == values[:, -1].argmax()
        curve = best.loc[dataset, list(range(51))].to_numpy(dtype=float)
        np.testing.assert_allclose(curve, values[values[:, -1].argmax()], rtol=1e-6)


def test_curves_of_diverged_runs(stub):
    partly = stub(2)
    partly.arrays["data_set_1", 12][:, 1, 4:] = np.nan
    frame = curves.frame(partly)
    assert not frame.loc[frame["dataset"] == "data_set_1", "best"].any()
    curves.draw(frame).draw_without_rendering()
    for values in partly.arrays.values():
        values[:, 0, 1:] = np.nan
    with pytest.raises(NothingToDrawError, match="not finite for any run"):
        curves.frame(partly)


def test_huge_losses_do_not_flatten_the_others(stub):
    some = stub(1)
    some.arrays[some.datasets[0], 12][0] = 1e30
    panel = curves.draw(curves.frame(some, "valid_cross_entropy")).axes[0]
    assert panel.get_ylim()[1] < 1.1


def test_regret_is_drawn_as_steps_and_log_only_where_it_can_be(stub, make_traces):
    frame = Regret.frame(stub(), "valid_accuracy", make_traces(stub()))
    panel = Regret.draw(frame).axes[0]
    assert panel.get_yscale() == "log"
    assert {line.get_drawstyle() for line in panel.lines} == {"steps-post"}
    flat = Regret.draw(frame.assign(regret=0.0, low=0.0, high=0.0))
    assert flat.axes[0].get_yscale() == "linear"
    flat.draw_without_rendering()


def test_regret_with_one_seed_and_many_optimizers(stub, frame_of):
    names = tuple(f"optimizer_{i}" for i in range(12))
    frame = frame_of("regret", stub(), optimizers=names, seeds=1)
    assert frame["standard_error"].isna().all()
    panels = Regret.draw(frame).axes
    assert [panel.get_title() for panel in panels if panel.get_title()] == list(names)


def test_regret_of_an_optimizer_without_results_says_so(stub, make_traces):
    traces = make_traces(stub())
    late = traces[(traces["optimizer"] != "bohb") | (traces["seed"] != 0)]
    figure = Regret.draw(Regret.frame(stub(), "valid_accuracy", late))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "random",
        "bohb (some runs without a result)",
    ]
    with pytest.raises(NothingToDrawError, match="no optimizer has a result"):
        Regret.frame(stub(), "valid_accuracy", traces.assign(loss=np.inf))


@pytest.mark.parametrize("schedule", ["adaptive", "non-adaptive"])
@pytest.mark.parametrize("recorded", ["mean", "draw", 1])
def test_real_studies_are_known_to_be_of_this_table(bench, recorded, schedule):
    traces = simulate_study(
        bench, ["beta"], ["random"], (0, 1), budget="4x", metric="valid_accuracy", recorded=recorded, schedule=schedule
    )
    frame = Regret.frame(bench, "valid_accuracy", traces)
    assert frame["regret"].dropna().is_monotonic_decreasing
    assert frame["regret"].iloc[-1] >= 0
    with pytest.raises(InputError, match="metric 'valid_cross_entropy'"):
        Regret.frame(bench, "valid_cross_entropy", traces)


def test_studies_of_other_tables_are_refused(bench, stub, make_traces):
    traces = make_traces(bench)
    with pytest.raises(UnknownNameError, match="unknown data set 'alpha'"):
        Regret.frame(stub(), "valid_accuracy", traces)
    with pytest.raises(InputError, match="must come from a study on this table"):
        Regret.frame(bench, "valid_accuracy", traces.assign(config_id=1000))
    with pytest.raises(InputError, match="must come from a study on this table"):
        Regret.frame(bench, "valid_accuracy", traces.assign(value=traces["value"] + 0.5))


def test_without_traces_it_says_how_to_get_them(bench):
    with pytest.raises(NothingToDrawError, match="lcbench simulate DIR --out"):
        FIGURES["regret"].frame(bench)


def test_nothing_heavy_or_forbidden_is_imported():
    code = (
        "import sys, lcbench.analysis.figures.budget_correlation, lcbench.analysis.figures.curves;"
        "import lcbench.analysis.figures.optimizers, lcbench.analysis.tables;"
        "bad = {'torch', 'openml', 'sklearn', 'lcbench.collection', 'matplotlib.pyplot'} & set(sys.modules);"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("worst", [3e38, np.inf])
def test_curves_at_the_end_of_float32_draw_without_a_warning(worst, stub):
    some = stub(1)
    some.arrays[some.datasets[0], 12][:6] = worst
    curves.draw(curves.frame(some, "valid_cross_entropy")).draw_without_rendering()
