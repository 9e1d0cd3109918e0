"""Runs in which nothing finished within the budget: they count as the worst, and stop nobody else's."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lcbench import cli
from lcbench.analysis.anytime import anytime_ranks, anytime_regret, evaluation_regret, target_shares
from lcbench.analysis.figures import FIGURES
from lcbench.analysis.report import markup
from lcbench.analysis.report.explorer import incumbents
from lcbench.errors import InputError
from lcbench.simulate.study import is_empty, read, report, results, study, write
from lcbench.simulate.study.file import said
from lcbench.simulate.study.regret import evaluation_regrets, normalized_regrets, run_regrets, scores
from lcbench.simulate.study.statistics import ranks

TIGHT = "1x"  # the time of one mean run at 50 epochs: a random first configuration may take longer
OPTIMIZERS = ["hyperband", "random"]


@pytest.fixture(scope="module")
def traces(bench) -> pd.DataFrame:
    """Two optimizers on two data sets; some runs of random search are empty, and not the first."""
    return study(bench, optimizers=OPTIMIZERS, seeds=range(6), workers=1, budget=TIGHT)


def cells(traces: pd.DataFrame) -> list[tuple[str, str, int]]:
    return list(traces[["optimizer", "dataset", "seed"]].itertuples(index=False, name=None))


def test_a_later_cell_in_which_nothing_finishes_is_kept_as_such(traces):
    empty = traces[is_empty(traces)]
    assert 0 < len(empty) < 12
    assert (empty["optimizer"] == "random").all()
    assert not is_empty(traces).iloc[0], "the first cell has results"
    assert len(set(cells(traces))) == 2 * 2 * 6, "no cell is lacking"
    assert not set(cells(empty)) & set(cells(results(traces))), "an empty cell has one row and no results"
    assert (empty["finished"] > empty["limit"]).all(), "when the first would have ended"
    assert (results(traces)["finished"] <= results(traces)["limit"]).all()


def test_it_is_written_read_and_gone_on_from(bench, traces, tmp_path):
    write(tmp_path / "t.parquet", traces)
    pd.testing.assert_frame_equal(read(tmp_path / "t.parquet"), traces)
    arguments = {"optimizers": OPTIMIZERS, "workers": 1, "budget": TIGHT, "keep": tmp_path / "kept.parquet"}
    study(bench, seeds=range(3), **arguments)
    begun = []
    grown = study(bench, seeds=range(6), **arguments, begun=lambda *numbers: begun.append(numbers))
    assert begun == [(12, 24)], "empty cells are not played again"
    pd.testing.assert_frame_equal(grown, traces)


def test_the_table_and_ranks_have_the_worst_loss_until_the_end(traces):
    empty, every = cells(traces[is_empty(traces)]), (0.1, 0.5, 1.0)
    assert (normalized_regrets(traces, every).loc[empty] == 1.0).all(axis=None)
    assert ranks(scores(traces))["random"].mean() > 1.5


def by_hand(*losses: tuple[str, int, int, float, float]) -> pd.DataFrame:
    """A study on one data set of losses from 0.1 to 0.9, from (optimizer, seed, budget, finished, loss)."""
    frame = pd.DataFrame(losses, columns=["optimizer", "seed", "budget", "finished", "loss"])
    return frame.assign(dataset="alpha", limit=2.0, best_loss=0.1, worst_loss=0.9)


HAND = by_hand(("a", 0, 12, 1.0, 0.3), ("a", 0, 12, 2.0, 0.1), ("a", 1, 0, 5.0, np.inf), ("b", 0, 12, 1.0, 0.5),
               ("b", 1, 12, 1.0, 0.5))  # fmt: skip


def test_mean_regrets_by_hand():
    # a, seed 0: 0.2 at half the time, then 0; seed 1: nothing, that is 0.8 all along
    found = anytime_regret(HAND, (0.25, 0.5, 1.0)).set_index("optimizer")
    np.testing.assert_allclose(found.loc["a", "regret"], [np.nan, 0.5, 0.4])
    assert found.loc["a", "runs"].tolist() == [0, 1, 1], "those with a result"
    np.testing.assert_allclose(found.loc["b", "regret"], [np.nan, 0.4, 0.4])
    counted = evaluation_regret(HAND, [1, 2, 3]).set_index("optimizer")
    np.testing.assert_allclose(counted.loc["a", "regret"], [0.5, 0.4, np.nan])
    np.testing.assert_allclose(counted.loc["b", "regret"], [0.4, np.nan, np.nan])


def test_without_the_worst_loss_nothing_is_made_up():
    unknown = HAND.drop(columns="worst_loss")
    assert anytime_regret(unknown, (1.0,)).set_index("optimizer")["regret"].isna().to_dict() == {"a": True, "b": False}
    assert np.isinf(run_regrets(unknown, (1.0,)).loc["a", "alpha", 1]).all()
    assert np.isinf(evaluation_regrets(unknown, (1, 9)).loc["a", "alpha", 1]).all()


def test_ranks_and_targets_by_hand():
    assert anytime_ranks(HAND, (1.0,)).set_index("optimizer")["rank"].to_dict() == {"a": 1.5, "b": 1.5}  # 0.4 both
    shares = target_shares(HAND, (0.5,), (1.0,)).set_index("optimizer")["share"]
    assert shares.to_dict() == {"a": 0.5, "b": 1.0}
    steps = {(run["optimizer"], run["seed"]): run["share"] for run in incumbents(HAND.assign(config_id=0))}
    assert steps["a", 1] == []


@pytest.mark.skipif(shutil.which("node") is None, reason="no node to run the page's script with")
def test_the_pages_medians_take_it_for_the_worst():
    script = Path(markup.__file__).with_name("traces.js").read_text(encoding="utf-8")
    runs = [{"share": [0.5], "regret": [0.1]}, {"share": [0.1], "regret": [0.3]}, {"share": [], "regret": []}]
    done = subprocess.run(
        ["node", "-e", f"{script}\nconsole.log(JSON.stringify([0, 199].map((i) => medians({json.dumps(runs)})[i])))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == [None, 0.3], "none before the others' first results, then the middle one"


@pytest.mark.parametrize("name", report.FIGURES)
def test_every_figure_of_a_study_is_drawn(bench, traces, name):
    frame = FIGURES[name].frame(bench, "valid_accuracy", traces)
    assert set(frame["optimizer"]) == set(OPTIMIZERS)
    assert FIGURES[name].load().draw(frame).axes


def test_the_command_names_it_and_goes_on(bench, traces, tmp_path, capsys):
    line = ["simulate", str(bench.folder), "--optimizers", ",".join(OPTIMIZERS), "--workers", "1", "--seeds", "6"]
    assert cli.run([*line, "--budget", TIGHT, "--out", str(tmp_path / "t.parquet")]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    empty = cells(traces[is_empty(traces)])
    assert f"{len(empty)} runs finished nothing within the budget and count as the worst to the end: random" in printed
    assert f"{len(results(traces))} results in" in printed


def test_of_many_the_first_are_named():
    row = by_hand(("a", 0, 0, 5.0, np.inf))
    one = "1 run finished nothing within the budget and counts as the worst to the end: a on alpha, seed 0."
    assert said(row) == one
    five = pd.concat([row.assign(seed=seed) for seed in range(5)])
    assert said(five).endswith("a on alpha, seed 1; a on alpha, seed 2; and 2 more.")
    assert said(results(HAND)) == ""


def test_only_a_study_without_any_result_fails_and_leaves_nothing_behind(bench, tmp_path, capsys):
    line = ["simulate", str(bench.folder), "--optimizers", "random,bohb", "--seeds", "3", "--workers", "1", "--quiet"]
    line += ["--out", str(tmp_path / "t.parquet"), "--budget"]
    assert cli.run([*line, "2"]) == cli.USAGE_ERROR
    error = capsys.readouterr().err
    assert error.startswith("lcbench: budget must be enough for one evaluation, got '2', in which none of 12 runs")
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
    times = float(error.partition("at least ")[2].partition(" times")[0])
    assert cli.run([*line, f"{2 * times:g}"]) == 0, "as much as it says is enough, and nothing is in its way"
    assert len(results(read(tmp_path / "t.parquet"))) >= 1


def test_the_library_says_the_same(bench, tmp_path):
    with pytest.raises(InputError, match="budget must be enough for one evaluation"):
        study(bench, ["alpha"], ["random"], [0], budget="0.1x", keep=tmp_path / "study")
    assert list(tmp_path.iterdir()) == []
