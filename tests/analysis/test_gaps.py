"""Tables in which tasks hold different configurations and seeds: all that reads tables takes what is there."""

import warnings
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

import lcbench
from lcbench import cli
from lcbench.analysis import anytime
from lcbench.analysis.figures import FIGURES, NothingToDrawError
from lcbench.analysis.generality import has_runs, mean_losses, performance_matrix
from lcbench.errors import DataWarning, InputError
from lcbench.simulate import ReplayBackend, SurrogateBackend
from lcbench.simulate.study.running import study
from lcbench.table import store, verify
from lcbench.table.manifest import CONFIGS, DATASETS, runs_path

GONE = {
    "alpha": lambda runs: runs["config_id"] < 0,
    "beta": lambda runs: (runs["config_id"] >= 24) | ((runs["config_id"] == 3) & (runs["budget"] == 4)),
    "gamma": lambda runs: (runs["seed"] == 1) | (runs["config_id"] < 2),
}
MISSING = (12 * 2 * 2 + 2) + (36 * 2 + 2 * 2)


@pytest.fixture(scope="module")
def folder(make, tmp_path_factory):
    whole = make(tmp_path_factory.mktemp("whole"), tuple(GONE), 36, (2, 4), (0, 1))
    folder = tmp_path_factory.mktemp("gaps") / "bench"
    runs = {}
    for dataset, gone in GONE.items():
        table = store.read_parquet(whole.folder / runs_path(dataset))
        key = {name: table[name].to_numpy() for name in ("budget", "config_id", "seed")}
        runs[dataset] = table.filter(pa.array(~gone(key)))
    files = [store.read_parquet(whole.folder / name) for name in (CONFIGS, DATASETS)]
    store.write(folder, whole.manifest, *files, runs)
    return folder


@pytest.fixture(scope="module")
def bench(folder):
    return lcbench.load(folder)


@pytest.fixture(scope="module")
def traces(bench):
    with pytest.warns(DataWarning) as said:
        traces = study(bench, optimizers=("random", "hyperband", "bohb"), seeds=range(2), budget="8x", jobs=1)
    assert [str(each.message) for each in said if each.category is DataWarning] == [
        "beta: 23 of 36 configurations have their runs at budgets 2, 4 and are offered; "
        "gamma: 34 of 36 configurations have their runs at budgets 2, 4 and are offered."
    ]
    return traces


def test_the_manifest_counts_what_is_missing(folder, bench, capsys):
    assert bench.manifest.missing == MISSING
    assert verify.verify(folder) == []
    assert cli.run(["info", str(folder), "--verify"]) == 0
    assert cli.run(["verify", str(folder)]) == 0
    out = capsys.readouterr().out
    assert f"{432 - MISSING} of 432; the other {MISSING} are missing on purpose" in out
    assert f"whole; {MISSING} of 432 runs are missing on purpose" in out


@pytest.mark.parametrize("missing", [MISSING - 1, MISSING + 1, 1000])
def test_another_count_is_wrong(folder, tmp_path, missing):
    store.write_manifest(tmp_path, replace(store.read_manifest(folder), missing=missing))
    for path in folder.rglob("*.parquet"):
        place = tmp_path / path.relative_to(folder)
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(path.read_bytes())
    wrong = f"benchmark.json: it says that {missing} runs are missing, the files lack {MISSING}"
    assert verify.verify(tmp_path) == [wrong]


def test_what_says_nothing_of_gaps_is_as_before(bench, make, tmp_path):
    whole = make(tmp_path, ("alpha",), 3, (2,), (0,)).manifest
    assert "missing" not in whole.to_json()
    assert bench.manifest.to_json()["missing"] == MISSING
    assert type(whole).from_json(whole.to_json()) == whole


def test_a_study_offers_what_is_there(bench, traces):
    offered = {"alpha": set(range(36)), "beta": set(range(24)) - {3}, "gamma": set(range(2, 36))}
    for dataset, rows in traces.groupby("dataset"):
        assert set(rows["config_id"]) <= offered[dataset]
        losses = [
            1 - np.nanmean(bench.array(dataset, None, budget)[sorted(offered[dataset]), :, -1], axis=1)
            for budget in bench.budgets
        ]
        assert rows["best_loss"].unique() == pytest.approx([np.min(losses)])


def test_the_best_of_drawn_seeds_is_of_those_there(bench):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        best = anytime.best_losses(bench, seed="draw")
        assert best["gamma"] == ReplayBackend(bench, "gamma", seed=0).best_loss


@pytest.mark.parametrize("name", [name for name, spec in FIGURES.items() if spec.is_of_table])
def test_figures(bench, traces, name):
    spec = FIGURES[name]
    try:
        frame = spec.frame(bench, None, traces)
    except NothingToDrawError:
        assert name in ("baselines", "ensembles", "hypervolume", "pareto_front", "multi_fidelity_portfolios")
        return
    assert spec.load().draw(frame) is not None
    if name == "curves":  # of each data set there are some
        assert set(frame["dataset"]) == set(GONE)


def test_a_surrogate(bench):
    backend = SurrogateBackend.fit(bench, "gamma", model="forest", folds=2)
    values, seconds = backend.curves(bench.configs, 4)
    assert np.isfinite(values).all()
    assert np.isfinite(seconds).all()


def test_the_commands(folder, traces, tmp_path, capsys):
    out = tmp_path / "study.parquet"
    line = ["simulate", str(folder), "--optimizers", "random", "--seeds", "2", "--budget", "5x", "--out", str(out)]
    assert cli.run(line) == 0
    assert capsys.readouterr().err.count("configurations have their runs") == 2
    figures = ["figures", str(folder), "--quiet", "--formats", "svg", "--only", "budget_correlation,overlap"]
    assert cli.run([*figures, "--out", str(tmp_path / "figures")]) == 0
    assert cli.run(["paper", str(folder)]) == 0
    page = ["report", str(folder), "--quiet", "--only", "curves", "--traces", str(out)]
    assert cli.run([*page, "--out", str(tmp_path / "page.html")]) == 0


def test_a_data_set_without_any_run_is_left_out(folder, tmp_path):
    """As where only some data sets have a value of a further fidelity."""
    bench = lcbench.load(folder)
    runs = {name: store.read_parquet(folder / runs_path(name)) for name in GONE}
    runs["gamma"] = runs["gamma"].slice(0, 0)
    files = [store.read_parquet(folder / name) for name in (CONFIGS, DATASETS)]
    store.write(tmp_path / "bench", bench.manifest, *files, runs)
    empty = lcbench.load(tmp_path / "bench")
    assert verify.verify(empty.folder) == []
    assert not has_runs(empty, "gamma", [2]).any()
    assert np.isinf(mean_losses(empty, "gamma", None, 4)).all()
    with pytest.raises(
        InputError, match=r"'gamma' must have a configuration with its runs at budgets 2, 4 .* got none"
    ):
        ReplayBackend(empty, "gamma", seed="mean")
    with pytest.raises(InputError, match="on all data sets, got none; leave out a data set"):
        performance_matrix(empty)
