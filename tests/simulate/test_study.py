import numpy as np
import pandas as pd
import pytest

from lcbench.errors import InputError, UnknownNameError
from simulate.regret import regrets, summary
from simulate.replay import ReplayBackend
from simulate.study import COLUMNS, TimeLimit, cell_rng, parse_budget, read, study, write


@pytest.fixture(scope="module")
def traces(bench):
    return study(bench, seeds=range(3), budget="5x", workers=2)


def test_a_study_has_every_cell_and_one_row_per_result(traces):
    assert list(traces) == list(COLUMNS)
    cells = traces.groupby(["optimizer", "dataset", "seed"])
    assert len(cells) == 4 * 2 * 3
    assert (traces["finished"] <= traces["limit"]).all()
    assert (traces["loss"] >= traces["best_loss"]).all()


def test_a_cell_does_not_depend_on_what_else_is_in_the_study(bench, traces):
    alone = study(bench, ["beta"], ["bohb"], [2], budget="5x", workers=2)
    within = traces.query("dataset == 'beta' and optimizer == 'bohb' and seed == 2").reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, within)


def test_cells_have_randomness_of_their_own():
    draws = [
        cell_rng(*key).random() for key in ((0, "bohb", "a"), (1, "bohb", "a"), (0, "random", "a"), (0, "bohb", "b"))
    ]
    assert len(set(draws)) == 4
    assert cell_rng(0, "bohb", "a").random() == draws[0]


@pytest.mark.parametrize("recorded", [1, "mean", "draw"])
@pytest.mark.parametrize("match", ["exact", "nearest"])
def test_every_way_to_replay(bench, recorded, match):
    found = study(bench, ["alpha"], ["hyperband"], [0, 1], budget="4x", recorded=recorded, match=match,
                  schedule="non-adaptive", metric="valid_cross_entropy")  # fmt: skip
    assert found["seed"].unique().tolist() == [0, 1]


def test_done_is_called_once_for_each_cell(bench):
    cells = []
    study(bench, ["alpha"], ["random", "bohb"], [0, 1], budget="3x", done=cells.append)
    assert cells == ["random on alpha", "bohb on alpha"] * 2


@pytest.mark.parametrize(
    ("text", "limit"),
    [("20x", TimeLimit(20.0, "runs")), ("3600", TimeLimit(3600.0, "seconds")), (" 0.5x ", TimeLimit(0.5, "runs"))],
)
def test_budgets(text, limit):
    assert parse_budget(text) == limit


@pytest.mark.parametrize("text", ["", "x", "20 x", "-3", "0", "0x", "nan", "1e5", "20y"])
def test_budgets_that_cannot_be(text):
    with pytest.raises(InputError, match="budget must be seconds"):
        parse_budget(text)


def test_a_budget_in_runs_is_the_mean_cost_at_the_largest_budget(bench):
    backend = ReplayBackend(bench, "alpha")
    seconds = bench.array("alpha", "seconds", 50)[:, 0, -1]
    assert TimeLimit(20.0, "runs").seconds(backend) == pytest.approx(20 * seconds.mean())
    assert TimeLimit(20.0, "seconds").seconds(backend) == 20


def hand_made():
    """Two optimizers, best 0.1, worst 0.6, limit 100 s."""
    rows = [("a", 10.0, 0.4), ("a", 50.0, 0.2), ("b", 30.0, 0.2), ("b", 60.0, np.inf), ("b", 100.0, 0.1)]
    frame = pd.DataFrame(rows, columns=["optimizer", "finished", "loss"])
    return frame.assign(dataset="d", seed=0, limit=100.0, best_loss=0.1, worst_loss=0.6)


def test_regret_by_hand():
    found = regrets(hand_made(), (0.1, 0.5, 1.0)).set_index(["optimizer", "fraction"])
    np.testing.assert_allclose(found.loc["a", "regret"], [0.3, 0.1, 0.1])
    np.testing.assert_allclose(found.loc["b", "regret"], [0.5, 0.1, 0.0])  # nothing yet: the worst
    np.testing.assert_allclose(found.loc["b", "normalized_regret"], [1.0, 0.2, 0.0])
    np.testing.assert_allclose(found.loc["a", "rank"], [1, 1.5, 2])
    means = summary(found.reset_index())
    assert means.index.tolist() == ["a", "b"]
    assert means["rank"].tolist() == [2, 1]


def test_regret_of_equally_good_configurations_is_0():
    found = regrets(hand_made().assign(loss=0.1, worst_loss=0.1))
    assert (found["normalized_regret"] == 0).all()


def test_regret_never_worsens(traces):
    fractions = np.linspace(0, 1, 21)
    found = regrets(traces, fractions)["normalized_regret"].to_numpy().reshape(-1, len(fractions))
    assert (np.diff(found, axis=1) <= 0).all()
    assert found.min() >= 0
    assert (found[:, 0] == 1).all()


def test_writing_and_reading(traces, tmp_path):
    write(tmp_path / "t.parquet", traces)
    pd.testing.assert_frame_equal(read(tmp_path / "t.parquet"), traces)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"datasets": ["alfa"]}, "unknown data set 'alfa'; nearest: alpha"),
        ({"optimizers": ["hyberband"]}, "unknown optimizer 'hyberband'; nearest: hyperband"),
        ({"metric": "accuracy"}, "unknown metric 'accuracy'; nearest"),
    ],
)
def test_unknown_names(bench, arguments, message):
    with pytest.raises(UnknownNameError, match=message):
        study(bench, **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"datasets": []}, "data sets must be at least one, each named once, got none"),
        ({"optimizers": ["bohb", "bohb"]}, "optimizers must be at least one, each named once, got bohb, bohb"),
        ({"seeds": [-1]}, "seeds must be at least 0, got -1"),
        ({"budget": "1"}, "seconds must be enough for one evaluation, got 1"),
        ({"workers": 0}, "workers must be at least 1"),
    ],
)
def test_arguments_that_cannot_be(bench, arguments, message):
    with pytest.raises(InputError, match=message):
        study(bench, **arguments)
