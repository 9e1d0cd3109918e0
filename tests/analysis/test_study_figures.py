"""The figures that show a study: what they say of one whose outcome is known, and when they say nothing."""

import numpy as np
import pandas as pd
import pytest

from lcbench.analysis.figures import FIGURES, _lines, critical_difference
from lcbench.analysis.figures.contract import NothingToDrawError, caption
from lcbench.analysis.figures.optimizers import Rank, Regret, RegretOverEvaluations, TestedRegret, TimeToTarget
from lcbench.analysis.looks import looks
from lcbench.simulate.study import report, statistics, study, tested
from lcbench.simulate.study.regret import normalized_regrets, scores


@pytest.fixture(scope="module")
def traces(bench) -> pd.DataFrame:
    return study(bench, optimizers=["random", "hyperband", "bohb"], seeds=range(4), budget="6x")


@pytest.mark.parametrize("name", report.FIGURES)
@pytest.mark.parametrize("budget", ["4x-epochs", "12evals"])
def test_every_figure_of_a_study_whose_limit_counts_something_else(bench, name, budget):
    some = study(bench, optimizers=["random", "hyperband"], seeds=range(2), budget=budget)
    frame = FIGURES[name].frame(bench, "valid_accuracy", some)
    figure = FIGURES[name].load().draw(frame)
    figure.draw_without_rendering()
    if "unit" in frame:
        said = {"4x-epochs": "epochs in all", "12evals": "evaluations"}[budget]
        assert "100 % is " in caption(FIGURES[name].load(), frame)[1]
        assert all(panel.get_xlabel().startswith(said) for panel in figure.axes)


@pytest.mark.parametrize("name", ["regret", "test_regret", "regret_evaluations", "rank", "time_to_target"])
def test_an_optimizer_has_the_same_look_in_every_figure(bench, make_traces, name):
    names = ("random", "_Mine", "bohb", "bohb(eta=3,min_points=20)")
    figure = draw(name, bench, make_traces(bench, names, results=8))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(names)
    expected = looks(names)
    for line in figure.axes[0].lines:
        assert (line.get_color(), line.get_marker()) == (
            expected[line.get_label()].colour,
            expected[line.get_label()].marker,
        )


@pytest.mark.parametrize("name", ["regret", "regret_evaluations", "rank"])
def test_many_optimizers_have_a_panel_each_with_the_others_in_grey(bench, make_traces, name):
    names = tuple(f"optimizer-{i}" for i in range(14))
    figure = draw(name, bench, make_traces(bench, names, results=8))
    drawn = [panel for panel in figure.axes if panel.get_title()]
    assert [panel.get_title() for panel in drawn] == list(names)
    assert not figure.legends
    for panel in drawn:
        assert len(panel.lines) == 14
        assert len({line.get_color() for line in panel.lines}) == 2


@pytest.mark.parametrize("name", ["test_regret", "time_to_target"])
def test_many_optimizers_have_a_panel_each_with_a_dash_for_each_value(bench, make_traces, name):
    names = tuple(f"optimizer-{i}" for i in range(9))
    figure = draw(name, bench, make_traces(bench, names, results=8))
    drawn = [panel for panel in figure.axes if panel.get_title()]
    assert [panel.get_title() for panel in drawn] == list(names)
    parts = len(figure.legends[0].get_texts())
    for panel in drawn:
        grey, own = panel.lines[::2], panel.lines[1::2]
        assert len(grey) == len(own) == parts
        for best, line in zip(grey, own, strict=True):
            ahead = best.get_ydata() - line.get_ydata()
            assert not np.any(ahead > 1e-12 if name == "test_regret" else ahead < -1e-12)


def test_test_regret_stands_beside_validation_regret(bench, traces):
    frame = TestedRegret.frame(bench, "valid_accuracy", traces)
    end = frame[frame["time"] == 1.0].pivot_table(index="view", columns="optimizer", values="regret")
    views = {"validation": normalized_regrets, "test": tested.test_regrets, "overtuning": tested.overtuning}
    for view, of in views.items():
        expected = of(traces, (1.0,))[1.0].groupby("optimizer").mean()
        np.testing.assert_allclose(end.loc[view, expected.index], expected)
    figure = TestedRegret.draw(frame)
    labels = [(panel.get_title(), panel.get_ylabel()) for panel in figure.axes]
    regret = "normalized regret (%)"
    assert labels == [("validation", regret), ("test", regret), ("overtuning", "overtuning (% of the range)")]
    with pytest.raises(NothingToDrawError, match="it needs test losses"):
        TestedRegret.frame(bench, "valid_accuracy", traces.assign(best_test_loss=np.nan))


def draw(name, bench, traces):
    return FIGURES[name].load().draw(FIGURES[name].frame(bench, "valid_accuracy", traces))


def test_seconds_stand_above_where_all_runs_have_one_limit(bench, make_traces):
    same = make_traces(bench).assign(limit=7200.0)
    above = draw("regret", bench, same).axes[0].child_axes[0]
    assert above.get_xlabel() == "simulated time (hours)"
    many = make_traces(bench, tuple(map(str, range(9))), results=8).assign(limit=90.0)
    assert draw("time_to_target", bench, many).axes[0].child_axes[0].get_xlabel() == "simulated time (minutes)"
    other = same.assign(limit=same["limit"].where(same["dataset"] == bench.datasets[0], 3600.0))
    assert not draw("regret", bench, other).axes[0].child_axes
    said = "100 % is 3,600 to 7,200 simulated seconds, a limit of its own for each data set"
    assert said in caption(Regret, Regret.frame(bench, "valid_accuracy", other))[1]


def test_the_caption_says_which_lines_begin_late_or_end_early(bench, make_traces):
    traces = make_traces(bench, ("random", "bohb"), results=12)
    first = traces.groupby(["optimizer", "dataset", "seed"]).cumcount()
    short = traces[(traces["optimizer"] == "random") | (first < 3)]
    frame = RegretOverEvaluations.frame(bench, "valid_accuracy", short)
    assert "bohb after 3" in caption(RegretOverEvaluations, frame)[1]
    late = traces[(traces["optimizer"] == "random") | (traces["finished"] > 0.5 * traces["limit"])]
    assert "bohb at" in caption(Regret, Regret.frame(bench, "valid_accuracy", late))[1]


def test_bands_hold_the_lines(bench, traces):
    for module in (Regret, RegretOverEvaluations, Rank):
        frame = module.frame(bench, "valid_accuracy", traces)
        value = "rank" if module is Rank else "regret"
        known = frame.dropna()
        assert len(known)
        assert (known["low"] <= known[value] + 1e-12).all()
        assert (known[value] <= known["high"] + 1e-12).all()
        assert len(module.draw(frame).axes[0].collections) == 3


def test_over_evaluations_a_line_ends_with_the_shortest_run(bench, traces):
    frame = RegretOverEvaluations.frame(bench, "valid_accuracy", traces)
    shortest = traces.groupby(["optimizer", "dataset", "seed"]).size().groupby("optimizer").min()
    for name, rows in frame.groupby("optimizer"):
        assert rows["evaluations"].max() <= shortest[name]
        assert (np.diff(rows["regret"]) <= 1e-12).all()


def test_the_diagram_shows_ranks_and_what_does_not_differ(bench, traces):
    frame = critical_difference.frame(bench, "valid_accuracy", traces)
    expected = statistics.ranks(scores(traces)).mean().sort_values()
    assert frame["rank"].tolist() == expected.tolist()
    assert frame["critical_difference"].iloc[0] == pytest.approx(2.343 * np.sqrt(3 * 4 / (6 * 2)), abs=1e-3)
    figure = critical_difference.draw(frame.assign(rank=[1.0, 1.5, 3.0], critical_difference=0.6))
    bars = [line for line in figure.axes[0].lines if line.get_linewidth() > 2]
    assert len(bars) == 1
    np.testing.assert_allclose(bars[0].get_xdata(), [0.97, 1.53])
    assert "Friedman" in figure.axes[0].get_xlabel()
    two = critical_difference.frame(bench, "valid_accuracy", traces[traces["optimizer"] != "bohb"])
    p = statistics.signed_rank(*scores(traces[traces["optimizer"] != "bohb"]).to_numpy().T)
    assert f"Wilcoxon's p = {p:.3f}" in critical_difference.draw(two).axes[0].get_xlabel()


def test_what_cannot_be_drawn_is_said(bench, traces):
    one = traces[traces["optimizer"] == "random"]
    for module in (Rank, critical_difference):
        with pytest.raises(NothingToDrawError, match=r"it ranks optimizers, and this study has one \(random\)"):
            module.frame(bench, "valid_accuracy", one)
    with pytest.raises(NothingToDrawError, match=r"over data sets, and this study has one \(alpha\)"):
        critical_difference.frame(bench, "valid_accuracy", traces[traces["dataset"] == "alpha"])
    diverged = traces.assign(loss=np.inf)
    with pytest.raises(NothingToDrawError, match="no run has reached any"):
        TimeToTarget.frame(bench, "valid_accuracy", diverged)
    with pytest.raises(NothingToDrawError, match="no optimizer has a result"):
        RegretOverEvaluations.frame(bench, "valid_accuracy", diverged)


def test_traces_from_elsewhere_are_in_seconds(traces):
    assert _lines.unit_of(traces.drop(columns="unit")) == "seconds"


def test_targets_are_drawn_as_distribution_functions(bench, traces):
    frame = TimeToTarget.frame(bench, "valid_accuracy", traces)
    figure = TimeToTarget.draw(frame)
    assert [panel.get_title() for panel in figure.axes] == [
        f"normalized regret ≤ {target} %" for target in ("5", "1", "0.1")
    ]
    for panel in figure.axes:
        for line in panel.lines:
            assert (np.diff(line.get_ydata()) >= 0).all()
