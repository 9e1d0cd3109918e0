"""Runs with a second fidelity: fixed at a value, or taken as the budget; nothing unpaid is seen, nothing is guessed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from ConfigSpace import ConfigurationSpace, Float

import lcbench
from lcbench import cli
from lcbench.errors import DamagedFileError, DataWarning, InputError, UnknownNameError
from lcbench.simulate import ReplayBackend, simulate
from lcbench.simulate.optimizers import get_optimizer
from lcbench.simulate.study.running import study
from lcbench.space.spaces import to_json
from lcbench.table import store, verify
from lcbench.table.manifest import Manifest
from lcbench.table.merge import merge
from lcbench.table.metric import Fidelity, Metric
from lcbench.table.record import Record
from lcbench.table.view import parse_at

FRACTIONS, BUDGETS, CONFIGS = (0.25, 0.5, 1.0), (2, 4), 24
RECORD = Record(
    metrics=(Metric("valid_rmse", "K", "minimize", 0.0), Metric("test_rmse", "K", "minimize", 0.0)),
    objective="valid_rmse",
    fidelities=(Fidelity("epochs"), Fidelity("data_fraction", FRACTIONS, unit="of the rows")),
    seconds="measured",
)


def curve(config: int, budget: int, fraction: float) -> np.ndarray:
    """Float32 of a formula: every run has numbers of its own."""
    return np.float32((1 + config) / 10 + np.exp(-np.arange(budget + 1)) / fraction + budget / 100)


def seconds(config: int, budget: int, fraction: float) -> np.ndarray:
    return np.float32(np.arange(budget + 1) * fraction * (1 + config % 3))


def write(folder: Path, record: Record = RECORD) -> Path:
    rows = []
    for fraction in FRACTIONS[::-1]:  # the writer brings them into order
        for budget in BUDGETS:
            for config in range(CONFIGS):
                row = {"budget": budget, "config_id": config, "seed": 0, "data_fraction": fraction}
                row |= {name: curve(config, budget, fraction) + i for i, name in enumerate(("valid_rmse", "test_rmse"))}
                rows.append(
                    row | ({"seconds": seconds(config, budget, fraction)} if record.ranges.get("seconds") else {})
                )
    space = ConfigurationSpace({"x": Float("x", (0.0, 1.0))})
    manifest = Manifest("two", "two", to_json(space), record, BUDGETS, (0,), {})
    configs = pa.table({"config_id": pa.array(range(CONFIGS), pa.int32()), "x": np.linspace(0, 1, CONFIGS)})
    runs = pa.Table.from_pylist(rows, schema=record.schema)
    store.write(folder, manifest, configs, pa.table({"name": ["sea", "lake"]}), {"sea": runs, "lake": runs})
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(tmp_path_factory.mktemp("two") / "bench")


@pytest.fixture(scope="module")
def bench(folder):
    return lcbench.load(folder)


def test_rows_are_sorted_by_the_whole_key_and_none_is_missing(folder, bench):
    frame = bench.to_pandas("sea")
    assert list(frame[list(RECORD.key)].itertuples(index=False)) == sorted(
        frame[list(RECORD.key)].itertuples(index=False)
    )
    assert verify.verify(folder) == []
    assert bench.manifest.missing == 0
    assert "data_fraction   0.25, 0.5, 1 of the rows" in str(bench)
    assert "shown           data_fraction=1" in str(bench)
    assert "288 of 288" in str(bench)


def test_the_largest_value_is_shown_unless_another_is_asked_for(folder, bench):
    for fraction, shown in ((1.0, bench), *((f, bench.at(data_fraction=f)) for f in FRACTIONS)):
        for budget in BUDGETS:
            np.testing.assert_array_equal(shown.curve("sea", 5, budget=budget), curve(5, budget, fraction))
            np.testing.assert_array_equal(shown.curve("sea", 5, "seconds", budget), seconds(5, budget, fraction))
    assert lcbench.load(folder, at={"data_fraction": 0.5}).value("sea", 5) == bench.at(data_fraction=0.5).value(
        "sea", 5
    )
    assert bench.fidelities == RECORD.fidelities
    assert bench.at(data_fraction=0.25).at().view == bench.at(data_fraction=0.25).view


def test_along_the_second_a_run_shows_its_end_and_no_more(bench):
    along = bench.along("data_fraction")
    assert along.budgets == (1, 2, 3)
    assert along.fidelity == Fidelity("data_fraction", unit="of the rows", steps=FRACTIONS)
    for place, fraction in enumerate(FRACTIONS, 1):
        values, paid = (along.curve("sea", 7, name, place) for name in ("valid_rmse", "seconds"))
        whole = curve(7, 4, fraction)
        np.testing.assert_array_equal(values, [whole[0], *[np.nan] * (place - 1), whole[-1]])
        np.testing.assert_array_equal(paid, [0, *[seconds(7, 4, fraction)[-1]] * place])
    short = bench.along("data_fraction", epochs=2)
    assert short.value("sea", 7, budget=2) == curve(7, 2, 0.5)[-1]
    assert short.along("data_fraction").view == short.view


def test_without_seconds_a_step_along_the_second_costs_1(tmp_path):
    along = lcbench.load(write(tmp_path, Record(RECORD.metrics, "valid_rmse", RECORD.fidelities))).along(
        "data_fraction"
    )
    np.testing.assert_array_equal(along.curve("sea", 3, "seconds", 2), [0, 1, 2])
    assert along.value("sea", 3, budget=2) == curve(3, 4, 0.5)[-1]


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda b: b.at(dropout=1), "unknown fidelity 'dropout'"),
        (lambda b: b.at(data_fraction=0.3), "unknown value of data_fraction '0.3'.*Known: 0.25, 0.5, 1"),
        (lambda b: b.at(data_fraction="1"), "unknown value of data_fraction"),
        (lambda b: b.at(epochs=2), "epochs must be left free, as it is the budget here, got epochs=2"),
        (lambda b: b.along("epochs"), "unknown further fidelity 'epochs'"),
        (lambda b: b.along("data_fraction", data_fraction=1), "data_fraction must be left free"),
        (lambda b: b.along("data_fraction", epochs=3), "unknown value of epochs '3'"),
    ],
)
def test_what_the_table_lacks_is_said(bench, ask, message):
    with pytest.raises(InputError, match=message):
        ask(bench)


def test_a_table_with_one_fidelity_has_no_further_one(make, tmp_path):
    plain = make(tmp_path, ("alpha",), 3, (2,), (0,))
    assert (plain.view.text, plain.fidelities) == ("", (plain.fidelity,))
    with pytest.raises(UnknownNameError, match="unknown further fidelity 'data_fraction'"):
        plain.along("data_fraction")


def test_a_curve_of_another_length_is_damage(tmp_path):
    folder = write(tmp_path)
    runs = store.read_parquet(folder / "runs/sea.parquet")
    cut = pa.array([values[:-1] for values in runs["valid_rmse"].to_pylist()], pa.list_(pa.float32()))
    place = runs.schema.get_field_index("valid_rmse")
    manifest = store.read_manifest(folder)
    store.write_runs(folder, "sea", runs.set_column(place, runs.schema.field(place), cut), manifest.record)
    store.seal(folder, manifest, ["sea", "lake"])
    for shown in (lcbench.load(folder), lcbench.load(folder, along="data_fraction")):
        with pytest.raises(DamagedFileError, match="long"):
            shown.curve("sea", 0)


@pytest.mark.parametrize("optimizer", ["random", "hyperband", "bohb", "asha", "gp-ei"])
def test_optimizers_replay_both_axes(bench, optimizer):
    for shown in (bench.at(data_fraction=0.5), bench.along("data_fraction")):
        backend = ReplayBackend(shown, "lake")
        trace = simulate(
            get_optimizer(optimizer)(backend.domain(), backend.budgets, np.random.default_rng(0)),
            backend,
            evaluations=9,
        )
        for result in trace.results:
            assert result.curve.values[-1] == shown.value(
                "lake", backend.config_id(result.job.config), None, result.job.budget
            )
            assert np.isfinite(result.loss)


def test_points_that_no_run_recorded_are_no_budgets(bench):
    with pytest.raises(InputError, match=r"got no valid_rmse at step 1 of any run of .lake.; use schedule=.adaptive."):
        ReplayBackend(bench.along("data_fraction"), "lake", schedule="non-adaptive")


@pytest.mark.slow
def test_processes_replay_the_same_runs(bench):
    for shown in (bench.at(data_fraction=0.25), bench.along("data_fraction", epochs=2)):
        here, there = (study(shown, optimizers=("random",), seeds=(0, 1), budget="3x", jobs=jobs) for jobs in (1, 2))
        assert here.equals(there)


def test_the_commands_take_the_second_fidelity(folder, tmp_path, capsys):
    line = ["simulate", str(folder), "--optimizers", "random,hyperband", "--seeds", "2", "--budget", "6x"]
    out = tmp_path / "study.parquet"
    assert cli.run([*line, "--fidelity", "data_fraction", "--at", "epochs=2", "--out", str(out)]) == 0
    assert "--at epochs=2 --fidelity data_fraction" in capsys.readouterr().out
    shown = ["--traces", str(out), "--fidelity", "data_fraction", "--at", "epochs=2"]
    figures = ["figures", str(folder), "--only", "regret,curves", "--formats", "svg", "--quiet"]
    assert cli.run([*figures, *shown, "--out", str(tmp_path / "figures")]) == 0
    assert "steps at 0.25, 0.5, 1 of the rows" in (tmp_path / "figures" / "curves.svg").read_text(encoding="utf-8")
    assert cli.run([*figures, "--traces", str(out), "--out", str(tmp_path / "other")]) == 2
    assert (
        cli.run(["report", str(folder), "--only", "regret", "--quiet", *shown, "--out", str(tmp_path / "r.html")]) == 0
    )
    capsys.readouterr()
    assert cli.run(["paper", str(folder), "--at", "data_fraction=0.3"]) == 2
    assert "unknown value of data_fraction '0.3'" in capsys.readouterr().err
    assert cli.run(["paper", str(folder), "--at", "data_fraction=0.5"]) == 0


@pytest.mark.parametrize("text", ["data_fraction", "=1", "x=", "x=nan", "x=all"])
def test_what_is_no_name_and_number_is_refused(text):
    with pytest.raises(InputError, match="--at must be NAME=VALUE with a number"):
        parse_at([text])


def test_a_fidelity_is_named_once():
    assert parse_at(["a=1", "b = 0.5"]) == {"a": 1, "b": 0.5}
    with pytest.raises(InputError, match="got a twice"):
        parse_at(["a=1", "a=2"])


def part(folder: Path, out: Path, keep) -> Path:
    """The runs of a table that a mask keeps; a further fidelity says only the values that are there."""
    bench, runs = lcbench.load(folder), {}
    for name in bench.datasets:
        frame = bench.to_pandas(name)
        runs[name] = pa.Table.from_pandas(frame[keep(frame)], RECORD.schema, preserve_index=False)
    column = runs["sea"]["data_fraction"].to_numpy()
    further = replace(RECORD.fidelities[1], budgets=tuple(np.unique(column).tolist()))
    record = replace(RECORD, fidelities=(RECORD.fidelities[0], further))
    configs, described = (store.read_parquet(folder / name) for name in ("configs.parquet", "datasets.parquet"))
    store.write(out, replace(bench.manifest, record=record, files={}), configs, described, runs)
    return out


@pytest.mark.parametrize(
    "keep",
    [
        lambda runs: runs["data_fraction"] < 1,
        lambda runs: (runs["config_id"] < 9) | (runs["data_fraction"] == 0.5),
        lambda runs: runs["budget"] * runs["data_fraction"] != 2,
    ],
)
def test_parts_along_the_second_fidelity_give_the_table_again(folder, tmp_path, keep):
    a, b = part(folder, tmp_path / "a", keep), part(folder, tmp_path / "b", lambda runs: ~keep(runs))
    assert merge(a, b, tmp_path / "out").record == RECORD
    assert verify.verify(tmp_path / "out") == []
    for name in ("runs/sea.parquet", "runs/lake.parquet", "configs.parquet"):
        assert (tmp_path / "out" / name).read_bytes() == (folder / name).read_bytes()


def test_gaps_of_the_second_fidelity_are_missing(folder, tmp_path):
    a = part(folder, tmp_path / "a", lambda runs: (runs["data_fraction"] == 1) | (runs["config_id"] != 3))
    bench = lcbench.load(a)
    assert bench.manifest.missing == 2 * 2 * 2
    assert verify.verify(a) == []
    assert len(ReplayBackend(bench, "sea").rows) == CONFIGS
    with pytest.warns(DataWarning, match="23 of 24 configurations have their runs at budgets 1, 2, 3"):
        ReplayBackend(bench.along("data_fraction"), "sea")
