"""The figures of studies of several objectives."""

import numpy as np
import pandas as pd
import pytest

from lcbench import cli
from lcbench.analysis.figures import FIGURES, pareto_front
from lcbench.analysis.figures.contract import NothingToDrawError
from lcbench.simulate.replay import ReplayBackend
from lcbench.simulate.study import results, study
from lcbench.simulate.study.regret import normalized_regrets


@pytest.fixture(scope="module")
def traces(bench) -> pd.DataFrame:
    return study(bench, optimizers=["random", "nsga-ii"], seeds=range(3), budget="4x", metric="valid_accuracy,seconds")


def test_the_median_attainment_surface_by_hand():
    # three runs: with the second loss at 1 the first is 5, 6 and nothing; at 2 it is 5, 3, 4; at 4 it is 1, 3, 4
    runs = [[(5, 1), (1, 4)], [(6, 1), (3, 2)], [(4, 2), (4, 3), (np.inf, 0)]]
    found = pareto_front.attained([np.array(run, float) for run in runs])
    assert found.tolist() == [[6, 1], [4, 2], [3, 4]]
    first = pareto_front.attained([np.array(runs[0], float)])
    assert first.tolist() == [[5, 1], [1, 4]]
    two = pareto_front.attained([np.array(run, float) for run in runs[:2]])
    assert two.tolist() == [[5, 1], [3, 2], [1, 4]], "half of two runs is one"
    lost = np.array([[np.inf, 1.0]])
    assert len(pareto_front.attained([lost, lost, np.array([[1.0, 1.0]])])) == 0


def test_fronts_are_those_of_the_table_and_of_the_traces(bench, traces):
    frame = pareto_front.frame(bench, "valid_accuracy", traces)
    backend = ReplayBackend(bench, "alpha", "valid_accuracy,seconds", seed="mean")
    alpha = frame[frame["dataset"] == "alpha"]
    table = alpha[alpha["kind"] == "front of the table"]
    assert table["y"].max() == pytest.approx(1 - backend.best_loss)
    assert table["x"].min() == pytest.approx(backend.objective_losses[:, :, 1].min())
    assert table["x"].is_monotonic_increasing
    assert table["y"].is_monotonic_increasing, "accuracy is paid with seconds"
    attained = alpha[alpha["kind"] == "median attained"]
    assert attained["optimizer"].unique().tolist() == ["random", "nsga-ii"]
    for name, rows in attained.groupby("optimizer"):
        known = results(traces)[(results(traces)["optimizer"] == name) & (results(traces)["dataset"] == "alpha")]
        runs = known.groupby("seed")["loss"].min()
        assert rows["y"].max() == pytest.approx(1 - runs.median()), "the best accuracy is that of the median run"


def test_pictures_and_their_labels(bench, traces):
    figure = pareto_front.draw(pareto_front.frame(bench, "valid_accuracy", traces))
    figure.draw_without_rendering()
    assert figure._supxlabel.get_text() == "seconds (s)"
    assert figure._supylabel.get_text() == "valid accuracy (fraction)"
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {"front of the table", "random", "nsga-ii"}
    shown = FIGURES["hypervolume"]
    frame = shown.frame(bench, "valid_accuracy", traces)
    end = frame[frame["time"] == 1.0].set_index("optimizer")["hypervolume_difference"]
    expected = normalized_regrets(traces)[1.0].groupby("optimizer").mean()
    np.testing.assert_allclose(end, expected.loc[end.index])
    figure = shown.load().draw(frame)
    figure.draw_without_rendering()
    assert figure.axes[0].get_ylabel() == "mean hypervolume difference\n(valid accuracy and seconds)"
    target = FIGURES["time_to_target"].frame(bench, "valid_accuracy", traces.assign(hypervolume_difference=0.0))
    assert set(target["measure"]) == {"hypervolume difference"}


def test_figures_of_one_objective_and_of_several_send_to_each_other(bench, traces):
    one = study(bench, ["alpha"], ["random"], [0], budget="3x")
    for name in ("hypervolume", "pareto_front"):
        with pytest.raises(NothingToDrawError, match="one; regret shows that"):
            FIGURES[name].frame(bench, "valid_accuracy", one)
    for name in ("regret", "regret_evaluations"):
        with pytest.raises(NothingToDrawError, match="hypervolume shows those"):
            FIGURES[name].frame(bench, "valid_accuracy", traces)


def test_a_leaderboard_of_several_objectives(bench, tmp_path, capsys):
    line = ["simulate", str(bench.folder), "--metric", "valid_accuracy,seconds", "--optimizers", "random,mo-asha"]
    assert cli.run([*line, "--seeds", "2", "--budget", "4x", "--out", str(tmp_path / "s.parquet"), "--quiet"]) == 0
    assert cli.run(["leaderboard", str(tmp_path), "--out", str(tmp_path / "board.html")]) == 0
    assert "valid_accuracy and seconds within 4 runs: 2 optimizers" in capsys.readouterr().out
    page = (tmp_path / "board.html").read_text()
    assert "hypervolume difference, %" in page
    assert "Anytime hypervolume difference" in page
