"""A data frame or arrays become a benchmark: the forms people have, and what is refused with the column named."""

import numpy as np
import pandas as pd
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer

import lcbench
from lcbench import Fidelity, Metric
from lcbench.errors import InputError
from lcbench.table import verify

RMSE, R2 = Metric("valid_rmse", "K", "minimize", low=0.0), Metric("test_r2", "fraction", "maximize", high=1.0)
SPACE = {"depth": (1, 8), "rate": (0.01, 1.0)}
ENDS = pd.DataFrame(
    {
        "task": ["sea", "sea", "lake", "lake"],
        "depth": [3, 5, 3, 5],
        "rate": [0.5, 0.25, 0.5, 0.25],
        "valid_rmse": [1.0, 2.0, 3.0, np.nan],
    }
)


def write(folder, runs, **changes):
    """With the sound folder checked against its own manifest."""
    bench = lcbench.write(folder / "made", runs, **({"space": SPACE, "metrics": [RMSE]} | changes))
    assert verify.verify(bench.folder) == []
    return bench


# Forms -----------------------------------------------------------------------------------------------------------


def test_ends_of_runs(tmp_path):
    bench = write(tmp_path, ENDS)
    assert (bench.datasets, bench.budgets, bench.seeds) == (("sea", "lake"), (1,), (0,))
    assert bench.configs.to_dict("list") == {"depth": [3, 5], "rate": [0.5, 0.25]}
    np.testing.assert_array_equal(bench.array("lake"), [[[np.nan, 3.0]], [[np.nan, np.nan]]])
    np.testing.assert_array_equal(bench.array("sea", "seconds"), [[[0, 1]], [[0, 1]]])
    assert bench.manifest.record.seconds == "none"
    assert bench.manifest.title == "made"


def test_ends_at_several_budgets_are_runs_of_their_own(tmp_path):
    frame = pd.concat([ENDS.assign(budget=units, seconds=float(units)) for units in (100, 10)])
    frame["valid_rmse"] += frame["budget"]
    bench = write(tmp_path, frame, fidelity="epochs")
    assert bench.fidelity == Fidelity("epochs", steps=(10, 100))
    assert bench.budgets == (1, 2)
    np.testing.assert_array_equal(bench.curve("sea", 1, budget=2), [np.nan, np.nan, 102])
    np.testing.assert_array_equal(bench.curve("sea", 1, "seconds", 2), [0, 100, 100])
    assert bench.value("sea", 1, budget=1) == 12


@pytest.mark.parametrize("kind", [list, tuple, np.array])
@pytest.mark.parametrize("untrained", [True, False])
def test_curves(tmp_path, kind, untrained):
    whole = np.array([9.0, 5.0, np.nan, 2.0])
    curves = [kind((row + whole)[0 if untrained else 1 :].tolist()) for row in range(4)]
    paid = [kind(np.arange(4.0)[0 if untrained else 1 :].tolist()) for _ in range(4)]
    frame = ENDS.assign(valid_rmse=curves, seconds=paid, budget=3, seed=[2, 2, 2, 2])
    bench = write(tmp_path, frame, seconds="published")
    expected = whole + 2
    expected[0] = expected[0] if untrained else np.nan
    np.testing.assert_array_equal(bench.curve("lake", 0, seed=2), expected)
    np.testing.assert_array_equal(bench.curve("lake", 0, "seconds"), [0, 1, 2, 3])
    assert (bench.seeds, bench.manifest.record.seconds) == ((2,), "published")
    same = lcbench.write(
        tmp_path / "same", frame.drop(columns="budget"), space=SPACE, metrics=[RMSE], untrained=untrained
    )
    np.testing.assert_array_equal(same.array("lake"), bench.array("lake"))


def test_curves_beside_ends(tmp_path):
    frame = ENDS.assign(valid_rmse=[[1.0, 2.0]] * 4, test_r2=[0.1, 0.2, 0.3, 0.4], budget=2)
    bench = write(tmp_path, frame, metrics=[RMSE, R2], objective="test_r2")
    np.testing.assert_array_equal(bench.curve("lake", 0, "test_r2"), np.float32([np.nan, np.nan, 0.3]))
    assert bench.metric() == R2


def test_steps(tmp_path):
    rows = [
        (task, c, step)
        for step in (3, 1, 2)
        for task in ("sea", "lake")
        for c in (0, 1)
        if (task, c, step) != ("sea", 1, 2)
    ]
    frame = pd.DataFrame(rows, columns=["dataset", "config_id", "step"])
    frame["valid_rmse"] = 10 * frame["config_id"] + frame["step"]
    frame["seconds"] = 2.0 * frame["step"]
    configs = ENDS[["depth", "rate"]].iloc[:2]
    bench = write(tmp_path, frame, configs=configs, fidelity="epochs")
    np.testing.assert_array_equal(bench.curve("lake", 1), [np.nan, 11, 12, 13])
    np.testing.assert_array_equal(bench.curve("sea", 1), [np.nan, 11, np.nan, 13])
    np.testing.assert_array_equal(bench.curve("sea", 1, "seconds"), [0, 2, 6, 6])
    assert bench.budgets == (3,)


def test_steps_at_anchors(tmp_path):
    frame = pd.concat([ENDS.iloc[[0, 2]].assign(step=step, valid_rmse=step) for step in (0, 16, 23, 32)])
    frame = frame[(frame["task"] == "sea") | (frame["step"] < 32)]
    bench = write(tmp_path, frame, fidelity=Fidelity("rows", unit="rows"))
    assert bench.fidelity == Fidelity("rows", steps=(16, 23, 32))
    assert bench.budgets == (2, 3)
    np.testing.assert_array_equal(bench.curve("sea", 0, budget=3), [0, 16, 23, 32])
    np.testing.assert_array_equal(bench.curve("lake", 0, budget=2), [0, 16, 23])
    assert bench.manifest.missing == 2


def test_arrays(tmp_path):
    values = np.arange(2 * 2 * 3 * 4, dtype=float).reshape(2, 2, 3, 4)
    values[1, 0, 2] = np.nan
    paid = np.where(np.isnan(values), np.nan, np.arange(4.0))
    configs = ENDS[["depth", "rate"]].iloc[:2].assign(config_id=[7, 4])
    bench = write(tmp_path, {"valid_rmse": values, "seconds": paid}, tasks=["sea", "lake"], configs=configs)
    np.testing.assert_array_equal(bench.array("sea"), values[0])
    np.testing.assert_array_equal(bench.array("lake"), values[1])
    assert list(bench.configs.index) == [7, 4]
    assert bench.manifest.missing == 1


def test_a_table_written_anew_is_the_same(bench, tmp_path):
    runs = pd.concat([bench.to_pandas(name).assign(task=name) for name in bench.datasets])
    kept = ["task", "budget", "config_id", "seed", "valid_accuracy", "seconds"]
    metrics = [bench.metric("valid_accuracy")]
    again = lcbench.write(
        tmp_path / "again",
        runs[kept],
        space=bench.space,
        metrics=metrics,
        fidelity=bench.fidelity,
        configs=bench.configs,
        tasks=bench.dataset_table.reset_index(),
        seconds="modelled",
    )
    assert again.configs.equals(bench.configs)
    assert again.dataset_table.equals(bench.dataset_table)
    for name in bench.datasets:
        for budget in bench.budgets:
            for series in ("valid_accuracy", "seconds"):
                np.testing.assert_array_equal(again.array(name, series, budget), bench.array(name, series, budget))


def test_further_fidelities_are_columns(tmp_path):
    frame = pd.concat([ENDS.assign(fraction=f, valid_rmse=f) for f in (0.5, 1.0)])
    bench = write(tmp_path, frame, further=["fraction"])
    assert bench.fidelities[1] == Fidelity("fraction", (0.5, 1.0))
    assert (bench.value("sea", 0), bench.at(fraction=0.5).value("sea", 0)) == (1.0, 0.5)


def test_conditions_of_the_space_hold(tmp_path):
    space = ConfigurationSpace(space=[Categorical("kind", ["a", "b"]), Float("x", (0.0, 1.0)), Integer("n", (1, 9))])
    space.add(EqualsCondition(space["x"], space["kind"], "b"))
    frame = pd.DataFrame({"task": "t", "kind": ["a", "b"], "x": [np.nan, 0.5], "n": [1, 2], "valid_rmse": [1.0, 2.0]})
    assert write(tmp_path, frame, space=space).configs["x"].isna().tolist() == [True, False]
    with pytest.raises(InputError, match="configuration in row 0"):
        write(tmp_path, frame.assign(x=0.5), space=space)


# Refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({"valid_rmse": ["1.0"] * 4}, {}, "column valid_rmse must hold numbers or sequences .*, got '1.0' in row 0"),
        ({"valid_rmse": [1.0, np.inf, 1, 1]}, {}, "valid_rmse must be finite .*, got inf at step 1 of .*config_id 1"),
        ({"valid_rmse": [1.0, -1, 1, 1]}, {}, r"valid_rmse must be in \[0, inf\], got -1 at step 1 of task sea"),
        ({"valid_rmse": [1e300, 1, 1, 1]}, {}, "valid_rmse must be finite"),
        ({"seconds": [1.0, 1, 1, -1]}, {}, "seconds must begin at 0 and never fall, .* got -1 at step 1 of task lake"),
        (
            {"valid_rmse": [[1.0, 2, 3]] * 4, "seconds": [[0.0, 2, 1]] * 4, "budget": 2},
            {},
            "seconds must begin at 0 and never fall, .* got 1 at step 2 of task sea",
        ),
        (
            {"valid_rmse": [[1.0, 2, 3]] * 4, "seconds": [[1.0, 2, 3]] * 4, "budget": 2},
            {},
            "seconds must begin at 0 .* got 1 at step 0",
        ),
        ({"valid_rmse": [[1.0, 2, 3]] * 4}, {}, "give untrained=True if it is, untrained=False if it is after it"),
        ({"valid_rmse": [[1.0, 2, 3]] * 4, "budget": 5}, {}, "got 3 values at budget 5 in row 0"),
        ({"valid_rmse": [[1.0, 2, 3]] * 4, "budget": [2, 2, 2, 3]}, {}, "got 3 values at budget 3 in row 3"),
        ({"valid_rmse": [[1.0, 2, 3]] * 4, "budget": 2, "seconds": 1.0}, {}, "column seconds must be sequences"),
        ({"seed": [0, 0, 0, 0.5]}, {}, "column seed must hold whole numbers of at least 0, got 0.5 in row 3"),
        ({"budget": 0}, {}, "budgets must be positive amounts of steps, got 0"),
        ({"step": [1, 1, -2, 1]}, {}, "column step must be at least 0"),
        ({"step": 1, "depth": 3, "rate": 0.5}, {}, "each step of a run must be there once, got step 1 in rows 0 and 1"),
        ({"step": [1, 2, 1, 2], "budget": 1}, {}, "steps must be within the budget, got step 2 beyond it in row 1"),
        (
            {"step": [16, 23, 16, 20]},
            {"fidelity": Fidelity("rows", steps=(16, 23))},
            "column step must be a step of rows, steps at 16, 23, got 20 in row 3",
        ),
        ({"epochs": 3}, {"fidelity": "epochs"}, "column epochs of runs must be named 'step' .* or 'budget'"),
        ({"lr": 3}, {}, "runs must have valid_rmse and what names a run, got unknown lr; drop or rename it"),
        ({"depth": 3, "rate": 0.5}, {}, "each run must be there once, got task sea, .* more than once; name seeds"),
        ({"depth": 9}, {}, r"depth must be an integer in \[1, 8\], got 9"),
        ({"config_id": [0, 0, 0, 1]}, {}, "each config_id must be one configuration, got several for 0"),
        ({"dataset": "x"}, {}, "in one column, got task and dataset"),
        ({"task": ["a b"] * 4}, {}, "a data set's name must be"),
        ({"task": [1, 1, 2, 2]}, {}, "column task must hold names of data sets, got 1"),
        ({}, {"tasks": ["sea"]}, "tasks must be those of the runs, sea, lake, got sea"),
        ({}, {"space": None}, "space must be a ConfigurationSpace or the mapping it takes, got NoneType; ranges"),
        ({}, {"space": {}}, "space must have at least one hyperparameter"),
        ({}, {"space": {"depth": "deep", "rate": ()}}, "space must be what ConfigurationSpace takes"),
        ({}, {"space": SPACE | {"seed": (1, 2)}}, "names of hyperparameters must be no other column's .*, got 'seed'"),
        ({}, {"space": SPACE | {"valid_rmse": (1, 2)}}, "no other column's and not blank, got 'valid_rmse'"),
        ({}, {"space": SPACE | {" ": (1, 2)}}, "no other column's and not blank, got ' '"),
        ({}, {"space": SPACE | {"width": (1, 2)}}, "runs must have a column for each hyperparameter, .* got no width"),
        ({}, {"metrics": []}, "metrics must be at least one"),
        ({}, {"metrics": ["valid_rmse"]}, "metrics must be such as Metric"),
        (
            {},
            {"metrics": [RMSE, Metric("valid_rmse", "K", "maximize", high=9.0)]},
            r"metric valid_rmse must be declared once, got it twice \(minimize and maximize\)",
        ),
        ({}, {"metrics": [RMSE, R2]}, "got no test_r2"),
        ({}, {"objective": "accuracy"}, "unknown metric 'accuracy'"),
        ({}, {"seconds": "measured"}, "seconds must be given where they are measured, got no such column"),
        ({}, {"seconds": "guessed"}, "unknown origin of seconds"),
        ({}, {"configs": ENDS[["depth", "rate"]]}, "runs must name their configurations by a column config_id"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path, change, arguments, message):
    with pytest.raises(InputError, match=message) as error:
        write(tmp_path, ENDS.assign(**change), **arguments)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_columns_twice(tmp_path):
    with pytest.raises(InputError, match="got twice valid_rmse"):
        write(tmp_path, pd.concat([ENDS, ENDS["valid_rmse"]], axis=1))


def test_runs_without_a_data_set_need_its_name(tmp_path):
    frame = ENDS.iloc[:2].drop(columns="task")
    with pytest.raises(InputError, match="in a column 'task', got none; or give one, tasks='NAME'"):
        write(tmp_path, frame)
    assert write(tmp_path, frame, tasks="sea").datasets == ("sea",)


@pytest.mark.parametrize(
    ("arrays", "arguments", "message"),
    [
        ({"valid_rmse": np.zeros((2, 2, 1))}, {}, r"must be numbers \(tasks, .*, got float64 of"),
        ({"valid_rmse": np.zeros((2, 3, 1, 2))}, {}, r"= \(2, 2, seeds, steps \+ 1\), got \(2, 3, 1, 2\)"),
        ({"valid_rmse": np.zeros((2, 2, 1, 1))}, {}, "the last axis begins before the first step"),
        ({"valid_rmse": np.zeros((2, 2, 1, 2)), "seconds": np.zeros((2, 2, 1, 3))}, {}, "arrays must be of one shape"),
        ({"valid_rmse": np.zeros((2, 2, 1, 2))}, {"configs": None}, "arrays must come with configs"),
        ({"rmse": np.zeros((2, 2, 1, 2))}, {}, "got no valid_rmse; unknown rmse"),
        ({"valid_rmse": np.zeros((2, 2, 1, 2))}, {"further": ["fraction"]}, "arrays must have one fidelity"),
    ],
)  # fmt: skip
def test_arrays_that_are_refused(tmp_path, arrays, arguments, message):
    configs = ENDS[["depth", "rate"]].iloc[:2]
    with pytest.raises(InputError, match=message):
        write(tmp_path, arrays, **({"tasks": ["a", "b"], "configs": configs} | arguments))


def test_nothing_is_written_over(tmp_path):
    bench = write(tmp_path, ENDS)
    before = {path: path.stat().st_mtime_ns for path in bench.folder.rglob("*")}
    with pytest.raises(InputError, match="must go to a new or empty folder"):
        write(tmp_path, ENDS)
    assert {path: path.stat().st_mtime_ns for path in bench.folder.rglob("*")} == before
