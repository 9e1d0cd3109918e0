"""The paper's figures 9, 10, 12 and 17 from the traces of a study of optimizers."""

import numpy as np
import pandas as pd
import pytest

from lcbench import cli
from lcbench.analysis.figures import FIGURES, NothingToDrawError
from lcbench.analysis.figures.contract import caption
from lcbench.analysis.figures.replayed import ALL, MultiFidelity, MultiFidelityPortfolios, Portfolios, Workers
from lcbench.simulate.study import by_variant, study

REPLAYED = ("multi_fidelity", "portfolios", "workers", "multi_fidelity_portfolios")
GIVEN = {"seeds": range(2), "budget": "3x", "workers": (1, 3), "portfolio": "none,greedy:2", "leave_one_out": True}


@pytest.fixture(scope="module")
def whole(bench):
    """A study with the lines of all of them."""
    return by_variant(study(bench, None, "kde,bohb", **GIVEN))


@pytest.mark.parametrize("name", REPLAYED)
def test_each_is_drawn_for_all_data_sets_and_for_each(bench, whole, name):
    spec = FIGURES[name].shown(whole, None)
    frame = spec.frame(bench, None, whole)
    assert frame["dataset"].unique().tolist() == [ALL, *bench.datasets]
    figure = spec.load().draw(frame)
    panels = [panel for panel in figure.axes if panel.get_title()]
    assert [panel.get_title() for panel in panels] == [ALL, *bench.datasets]
    assert all(len(panel.get_lines()) == frame["line"].nunique() for panel in panels)
    assert "Figure" in caption(spec.load(), frame)[0]


def test_the_lines_are_those_of_the_paper(whole):
    assert MultiFidelity.titles(whole) == {"kde x1": "BO (kde)", "bohb x1": "BOHB"}
    assert Portfolios.titles(whole) == {"bohb x1": "bohb", "bohb + greedy:2 x1": "bohb + greedy:2"}
    three = {"kde x1": "BO (kde)", "bohb x1": "BOHB", "bohb + greedy:2 x1": "BOHB + greedy:2"}
    assert MultiFidelityPortfolios.titles(whole) == three
    assert Workers.titles(whole) == {"bohb x1": "bohb, 1 worker", "bohb x3": "bohb, 3 workers"}


def traces(losses, portfolios=("none", "none", "simple", "simple"), **more):
    """Runs of two results each, at a quarter and at half of a limit of 8 seconds; losses are from 0 to 1."""
    rows = [
        {"optimizer": "bohb", "dataset": "d", "seed": run % 2, "loss": loss, "finished": 2.0 * (place + 1)}
        | {"portfolio": portfolios[run], "workers": 1, "config_id": -1, "budget": 1, "value": 1 - loss}
        for run, both in enumerate(losses)
        for place, loss in enumerate(both)
    ]
    return by_variant(pd.DataFrame(rows).assign(limit=8.0, best_loss=0.0, worst_loss=1.0, unit="seconds", **more))


def test_mean_and_deviation_by_hand(stub):
    frame = Portfolios.frame(stub(), None, traces([(0.8, 0.2), (0.6, 0.4), (0.3, 0.1), (0.1, 0.1)]))
    plain, simple = (frame[frame["line"] == name].set_index("time") for name in ("bohb", "bohb + simple"))
    assert plain["regret"][plain.index < 0.25].isna().all(), "no result yet"
    np.testing.assert_allclose([plain["regret"].iloc[-1], simple["regret"].iloc[-1]], [0.3, 0.1])
    np.testing.assert_allclose(plain["std"].iloc[-1], np.std([0.2, 0.4], ddof=1))
    np.testing.assert_allclose(plain[["low", "high"]].iloc[-1], [0.3 - 0.02**0.5, 0.3 + 0.02**0.5])
    assert plain["used"].iloc[-1] == 8.0
    assert frame["dataset"].unique().tolist() == ["d"], "no mean over a single data set"
    (note,) = Portfolios.notes(frame)
    assert note.startswith("D: bohb + simple comes to the last regret of bohb (30 %) after 25 % of the limit")


@pytest.mark.parametrize(
    ("figure", "changes", "message"),
    [
        (MultiFidelity, {}, r"this study has no kde; run 'lcbench simulate DIR --optimizers kde,bohb"),
        (Workers, {}, r"numbers of workers, and this study has one \(1\); run .*--workers 1,3"),
        (Portfolios, {"portfolio": "none"}, r"portfolios, and this study has one \(none\); .*--portfolio none,simple"),
        (Workers, {"workers": [1, 1, 1, 1, 3, 3, 3, 3], "unit": "epochs"}, "has a limit of epochs"),
    ],
)
def test_the_reason_names_the_command(figure, changes, message):
    found = traces([(0.8, 0.2)] * 4).assign(**changes)
    with pytest.raises(NothingToDrawError, match=message):
        figure.titles(found)


def test_without_any_study_the_reason_names_both(bench, tmp_path, capsys):
    command = ["figures", str(bench.folder), "--only", ",".join(REPLAYED), "--out", str(tmp_path), "--quiet"]
    assert cli.run(command) == 0
    said = capsys.readouterr().out
    assert said.count("--systems OUT. By replay: run 'lcbench simulate DIR --optimizers") == 3


def test_a_study_of_systems_comes_first(bench, whole, make_systems):
    systems = make_systems(bench.datasets)
    for name in REPLAYED:
        assert FIGURES[name].shown(whole, systems) is FIGURES[name]
