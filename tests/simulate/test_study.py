import numpy as np
import pandas as pd
import pytest

from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate.adapters import ADAPTERS
from lcbench.simulate.replay import ReplayBackend
from lcbench.simulate.study import COLUMNS, Limit, cell_rng, parse_budget, read, study, write
from lcbench.simulate.study.regret import evaluation_regrets, normalized_regrets, regrets, scores, summary


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
    [
        ("20x", Limit(20.0, "runs")),
        ("3600", Limit(3600.0, "seconds")),
        (" 0.5x ", Limit(0.5, "runs")),
        ("50x-epochs", Limit(50.0, "epochs")),
        ("500evals", Limit(500.0, "evaluations")),
    ],
)
def test_budgets(text, limit):
    assert parse_budget(text) == limit


@pytest.mark.parametrize("text", ["", "x", "20 x", "-3", "0", "0x", "nan", "1e5", "20y", "0evals", "3xepochs"])
def test_budgets_that_cannot_be(text):
    with pytest.raises(InputError, match="budget must be seconds"):
        parse_budget(text)


@pytest.mark.parametrize(
    ("text", "message"), [("0.9x-epochs", "at least one full run"), ("2.5evals", "a whole number of evaluations")]
)
def test_budgets_that_reach_for_nothing_or_mean_nothing(text, message):
    with pytest.raises(InputError, match=message):
        parse_budget(text)


def test_a_budget_in_runs_is_the_mean_cost_at_the_largest_budget(bench):
    backend = ReplayBackend(bench, "alpha")
    seconds = bench.array("alpha", "seconds", 50)[:, 0, -1]
    assert Limit(20.0, "runs").on(backend) == pytest.approx(20 * seconds.mean())
    assert Limit(20.0, "seconds").on(backend) == 20
    assert Limit(1.5, "epochs").on(backend) == 75
    assert Limit(20.0, "evaluations").on(backend) == 20


@pytest.mark.parametrize("schedule", ["adaptive", "non-adaptive"])
def test_a_limit_on_epochs_counts_what_was_trained(bench, schedule):
    found = study(bench, ["alpha"], ["random", "hyperband"], [0], budget="6x-epochs", schedule=schedule)
    assert (found["unit"] == "epochs").all()
    assert (found["limit"] == 300).all()
    for _, run in found.groupby("optimizer"):
        before = run.groupby("trial")["budget"].shift(fill_value=0) if schedule == "non-adaptive" else 0
        np.testing.assert_array_equal(run["used"], (run["budget"] - before).cumsum())
        assert 300 - 50 < run["used"].iloc[-1] <= 300
    random = found[found["optimizer"] == "random"]
    assert random["used"].tolist() == [50, 100, 150, 200, 250, 300]


def test_a_limit_on_epochs_is_the_same_for_any_number_of_workers(bench):
    runs = [study(bench, ["alpha"], ["random"], [0], budget="6x-epochs", workers=w) for w in (1, 2, 8)]
    assert [sorted(run["config_id"]) for run in runs] == [sorted(runs[0]["config_id"])] * 3


def test_a_limit_on_evaluations(bench):
    found = study(bench, ["alpha"], ["random", "bohb"], [0], budget="15evals", workers=4)
    assert found["optimizer"].value_counts().to_dict() == {"random": 15, "bohb": 15}
    assert found["used"].tolist() == [*range(1, 16)] * 2
    at_end = found.groupby("optimizer")["loss"].min() - found["best_loss"].iloc[0]
    assert regrets(found, (1.0,)).set_index("optimizer")["regret"].to_dict() == pytest.approx(at_end.to_dict())


def test_seconds_used_are_when_it_finished(traces):
    assert (traces["unit"] == "seconds").all()
    assert (traces["used"] == traces["finished"]).all()


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


def test_normalized_regret_and_scores_by_hand():
    found = normalized_regrets(hand_made(), (0.1, 0.5, 1.0))
    np.testing.assert_allclose(found.loc["a", "d", 0], [0.6, 0.2, 0.2])
    np.testing.assert_allclose(found.loc["b", "d", 0], [1.0, 0.2, 0.0])
    other = pd.concat([hand_made(), hand_made().assign(dataset="e", loss=0.1), hand_made().assign(seed=1, loss=0.6)])
    table = scores(other)
    assert table.to_dict("index") == {"d": {"a": 0.6, "b": 0.5}, "e": {"a": 0.5, "b": 0.5}}


def test_normalized_regret_is_the_one_of_the_long_table(traces):
    long = regrets(traces, (0.2, 1.0))["normalized_regret"].to_numpy()
    np.testing.assert_allclose(normalized_regrets(traces, (0.2, 1.0)).to_numpy().ravel(), long)


def test_regret_over_evaluations_by_hand():
    found = evaluation_regrets(hand_made(), (1, 2, 3))
    np.testing.assert_allclose(found.loc["a", "d", 0], [0.3, 0.1, np.nan])
    np.testing.assert_allclose(found.loc["b", "d", 0], [0.1, 0.1, 0.0])


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
        ({"optimizers": ["bohb", "bohb"]}, "optimizers must be at least one, each named once, got bohb twice"),
        ({"seeds": [-1]}, "seeds must be at least 0, got -1"),
        ({"budget": "1"}, "budget must be enough for one evaluation, got '1'"),
        ({"workers": 0}, "workers must be at least 1"),
        ({"workers": 1.5}, r"workers must be a whole number, got 1\.5"),
        ({"workers": "2"}, "workers must be a whole number, got '2'"),
        ({"seeds": [0, 0.5]}, r"seeds must be a whole number, got 0\.5"),
        ({"jobs": 0}, "jobs must be at least 1"),
        ({"jobs": 1.5}, r"jobs must be a whole number, got 1\.5"),
        ({"jobs": "2"}, "jobs must be a whole number, got '2'"),
    ],
)
def test_arguments_that_cannot_be(bench, arguments, message):
    with pytest.raises(InputError, match=message):
        study(bench, **arguments)


def test_optimizers_of_other_packages_take_part_by_name(bench):
    pytest.importorskip("optuna")
    from lcbench.simulate.optimizers import get_optimizer

    assert get_optimizer("optuna-tpe") is ADAPTERS["optuna-tpe"]
    traces = study(bench, ["alpha"], ["random", "optuna-tpe"], range(2), budget="3x")
    assert set(traces["optimizer"]) == {"random", "optuna-tpe"}
