"""A table that networks have nothing to do with: boosted trees on regression tasks, without seconds.

Written by hand, as somebody else would write it. Nothing may need an accuracy, epochs, classes or seconds of it.
"""

import re

import numpy as np
import pyarrow as pa
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer

import lcbench
from lcbench import cli
from lcbench.analysis.figures import FIGURES, NothingToDrawError
from lcbench.simulate import ReplayBackend, SurrogateBackend, simulate
from lcbench.simulate.optimizers import get_optimizer
from lcbench.simulate.study.file import optimized, read
from lcbench.simulate.study.running import study
from lcbench.space.encoding import Encoding
from lcbench.space.spaces import sample, to_json
from lcbench.table import store, verify
from lcbench.table.manifest import Manifest
from lcbench.table.metric import Fidelity, Metric
from lcbench.table.record import Record

RECORD = Record(
    metrics=(
        Metric("valid_rmse", "degrees", "minimize", 0.0, np.inf, "valid"),
        Metric("test_rmse", "degrees", "minimize", 0.0, np.inf, "test"),
    ),
    objective="valid_rmse",
    fidelities=(Fidelity("n_estimators", unit="trees", steps=10),),
)
TASKS, BUDGETS, SEEDS, CONFIGS = ("lake", "river", "sea"), (3, 9), (0, 1), 36
FOREIGN = re.compile(r"accurac|epoch|second|network|\bclass(es)?\b", re.IGNORECASE)
"""What belongs to other tables."""


def space() -> ConfigurationSpace:
    """Four hyperparameters, one of them conditional."""
    found = ConfigurationSpace(
        name="trees",
        space=[
            Float("learning_rate", (0.01, 1.0), log=True),
            Integer("max_depth", (1, 8)),
            Categorical("booster", ["plain", "dart"]),
            Float("rate_drop", (0.0, 0.5)),
        ],
    )
    found.add(EqualsCondition(found["rate_drop"], found["booster"], "dart"))
    return found


def runs_of(number: int, cube: np.ndarray) -> pa.Table:
    """The runs of one task: errors that fall with every ten trees, sooner where the learning rate is large."""
    target = np.random.default_rng(number).random(cube.shape[1])
    error = 1 + 4 * np.nanmean(np.abs(cube - target), axis=1)
    rows = []
    for budget in BUDGETS:
        for config, seed in np.ndindex(len(cube), len(SEEDS)):
            falling = 5 * np.exp(-np.arange(budget + 1) * (0.2 + cube[config, 0]))
            curve = error[config] + falling + 0.01 * seed
            rows.append(
                {"budget": budget, "config_id": config, "seed": seed, "valid_rmse": curve, "test_rmse": curve + 0.1}
            )
    return pa.Table.from_pylist(rows, schema=RECORD.schema)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    trees = space()
    configs = sample(trees, CONFIGS, np.random.default_rng(0))
    manifest = Manifest(
        title="boosted trees on temperatures",
        problem="trees",
        space=to_json(trees),
        record=RECORD,
        budgets=BUDGETS,
        seeds=SEEDS,
        provenance={},
        licence="CC0",
        citation="nobody (2026)",
    )
    table = pa.table({"config_id": pa.array(range(CONFIGS), pa.int32()), **{n: pa.array(configs[n]) for n in configs}})
    cube = Encoding(trees).cube(configs)
    runs = {task: runs_of(number, cube) for number, task in enumerate(TASKS)}
    found = tmp_path_factory.mktemp("own") / "trees"
    store.write(found, manifest, table, pa.table({"name": TASKS, "depth": [4.0, 1.5, 900.0]}), runs)
    return found


@pytest.fixture(scope="module")
def bench(folder):
    return lcbench.load(folder)


@pytest.fixture(scope="module")
def traces(bench):
    return study(bench, optimizers=("random", "hyperband"), seeds=range(2), budget="10x", workers=2)


def test_it_opens_and_says_what_it_holds(bench):
    assert bench.metrics == ("seconds", "valid_rmse", "test_rmse")
    assert bench.metric() == RECORD.metrics[0]
    assert bench.datasets == TASKS
    curve = bench.curve("lake", 5)
    assert curve.shape == (10,)
    np.testing.assert_array_equal(curve, bench.curve("lake", 5, "valid_rmse", 9, 0))
    assert bench.value("lake", 5) == bench.values("lake", None, [5])[0] == curve[-1]
    assert (np.diff(curve) < 0).all()
    assert bench.dataset_table.loc["sea", "depth"] == 900.0
    assert "3, 9 n_estimators, steps of 10 trees" in str(bench)
    assert "minimize valid_rmse" in str(bench)
    assert not FOREIGN.search(str(bench).replace("seconds         none: a step costs 1", ""))


def test_a_step_costs_1_where_there_are_no_seconds(bench):
    np.testing.assert_array_equal(bench.array("sea", "seconds", 3), np.broadcast_to(np.arange(4), (CONFIGS, 2, 4)))
    assert bench.run("sea", 0, budget=9).cost(3, 9) == 6


def test_it_is_whole(folder, capsys):
    assert verify.verify(folder) == []
    assert cli.run(["info", str(folder), "--verify"]) == 0
    assert not capsys.readouterr().err


def test_verify_holds_it_against_its_own_record(folder, tmp_path):
    wrong = lcbench.load(folder).to_pandas("lake")
    wrong["valid_rmse"] = [-1 * np.abs(curve) for curve in wrong["valid_rmse"]]
    runs = {"lake": pa.Table.from_pandas(wrong, schema=RECORD.schema, preserve_index=False)}
    files = [store.read_parquet(folder / name) for name in ("configs.parquet", "datasets.parquet")]
    store.write(tmp_path, store.read_manifest(folder), files[0], files[1].slice(0, 1), runs)
    (problem,) = verify.verify(tmp_path)
    assert problem.startswith("runs/lake.parquet: column valid_rmse must be in [0, inf], got -")


@pytest.mark.parametrize("schedule", ["adaptive", "non-adaptive"])
@pytest.mark.parametrize(
    "optimizer",
    ["random", "successive-halving", "hyperband", "asha", "bohb", "gp-ei", "pbt", "extrapolation", "dehb"],
)
def test_optimizers_replay_it(bench, optimizer, schedule):
    backend = ReplayBackend(bench, "river", schedule=schedule, match="nearest")
    made = get_optimizer(optimizer)(backend.domain(), backend.budgets, np.random.default_rng(1))
    trace = simulate(made, backend, workers=2, evaluations=12)
    assert len(trace) == 12
    assert trace.metric.name == "valid_rmse"
    best = trace.incumbent(np.inf)
    assert best.loss == pytest.approx(min(result.curve.values[-1] for result in trace.results))
    if schedule == "adaptive":
        assert [result.finished - result.started for result in trace.results] == [r.job.budget for r in trace.results]


@pytest.mark.parametrize(("budget", "unit"), [("20", "seconds"), ("3x", "seconds"), ("3x-epochs", "epochs")])
def test_a_budget_counts_steps(bench, budget, unit):
    traces = study(bench, ["sea"], ["random"], range(1), budget=budget, workers=1)
    assert set(traces["unit"]) == {unit}
    assert traces["used"].max() <= traces["limit"].max() == (20 if budget == "20" else 27)
    np.testing.assert_array_equal(traces["used"], traces["budget"].cumsum())


def test_it_has_a_surrogate(bench, tmp_path):
    backend = SurrogateBackend.fit(bench, "lake", model="forest", folds=2)
    config = {"learning_rate": 0.2, "max_depth": 3, "booster": "plain"}
    curve = backend.curve(config, 9)
    assert curve.seconds == pytest.approx(np.arange(10.0))
    assert 1 < curve.values[-1] < curve.values[0]
    backend.save(tmp_path / "surrogate")
    again = SurrogateBackend.load(tmp_path / "surrogate")
    assert again.metric == RECORD.metrics[0]
    np.testing.assert_array_equal(again.curve(config, 9).values, curve.values)


NOT_OF_IT = {"dataset_sizes", "baselines", "ensembles", "hypervolume", "pareto_front", "multi_fidelity_portfolios"}
"""Figures that show what is not there: sizes of data sets, baselines, predictions, several objectives, portfolios."""


def words(figure) -> list[str]:
    """All that is written in a figure."""
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


@pytest.mark.parametrize("name", [name for name, spec in FIGURES.items() if spec.is_of_table])
def test_it_is_drawn_under_its_own_names(bench, traces, name):
    spec = FIGURES[name]
    try:
        frame = spec.frame(bench, None, traces)
    except NothingToDrawError:
        assert name in NOT_OF_IT
        return
    said = words(spec.load().draw(frame))
    assert not [text for text in said if FOREIGN.search(text)]
    if "metric_unit" in frame and name in ("curves", "regret", "regret_evaluations", "marginals", "pair"):
        assert any("valid rmse" in text and "(degrees)" in text for text in said)
    if name in ("curves", "epoch_map", "overlap", "budget_correlation"):
        assert any("n_estimators, steps of 10 trees" in text for text in said)


def test_the_commands_show_it(folder, tmp_path, capsys):
    out = tmp_path / "study.parquet"
    line = ["simulate", str(folder), "--optimizers", "random", "--seeds", "2", "--budget", "5x", "--quiet"]
    assert cli.run([*line, "--metric", "test_rmse", "--out", str(out)]) == 0
    assert optimized(out) == RECORD.metrics[1]
    assert set(read(out)["dataset"]) == set(TASKS)
    figures = ["figures", str(folder), "--only", "regret,curves", "--formats", "svg", "--quiet"]
    assert cli.run([*figures, "--traces", str(out), "--out", str(tmp_path / "figures")]) == 0
    assert "test_rmse" in (tmp_path / "figures" / "regret.csv").read_text(encoding="utf-8")
    assert cli.run(["paper", str(folder)]) == 0
    page = tmp_path / "page.html"
    assert cli.run(["report", str(folder), "--only", "curves", "--quiet", "--out", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert "best valid rmse (degrees), mean over seeds" in text
    assert "n_estimators, steps of 10 trees" in text
    assert not capsys.readouterr().err
