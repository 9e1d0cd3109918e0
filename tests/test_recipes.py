"""docs/recipes.md runs, and gives what lcbench itself gives."""

import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from lcbench import cli
from lcbench.simulate.study import read
from lcbench.table import verify

PAGE = Path(__file__).parents[1] / "docs" / "recipes.md"
BLOCKS = re.findall(r"```python (\w+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def library(name: str):
    missing = find_spec(name) is None
    return pytest.param(
        name, marks=pytest.mark.skipif(missing, reason=f"{name} is not installed; no dependency of ours")
    )


LIBRARIES = [library("pandas"), library("polars"), library("duckdb")]


def answer(kind: str, number: int) -> dict[str, object]:
    """Run the number-th recipe of a library and give its names."""
    names: dict[str, object] = {}
    exec([block for name, block in BLOCKS if name == kind][number], names)  # noqa: S102  # the page's own example
    return names


def test_each_question_is_asked_with_each_library():
    assert [kind for kind, _ in BLOCKS] == ["pandas", "polars", "duckdb"] * 3 + ["lcbench"] * 5


@pytest.mark.parametrize("kind", LIBRARIES)
def test_the_best_configuration(bench, monkeypatch, kind):
    monkeypatch.chdir(bench.folder)
    best = answer(kind, 0)["best"]
    assert list(best["dataset"]) == ["alpha", "beta"]
    for dataset, config_id, accuracy in zip(*(best[c] for c in ("dataset", "config_id", "accuracy")), strict=True):
        means = bench.array(dataset)[:, :, -1].mean(axis=1)
        assert config_id == means.argmax()
        assert accuracy == pytest.approx(means.max(), rel=1e-6)


@pytest.mark.parametrize("kind", LIBRARIES)
def test_the_mean_curve_of_the_ten_best(bench, monkeypatch, kind):
    monkeypatch.chdir(bench.folder)
    curves = bench.array("alpha")[:, 0]
    wanted = curves[np.argsort(-curves[:, -1])[:10]].mean(axis=0)
    np.testing.assert_allclose(answer(kind, 1)["curve"], wanted, rtol=1e-5)


@pytest.mark.parametrize("kind", LIBRARIES)
def test_the_rank_correlation_of_budgets(bench, monkeypatch, kind):
    from scipy.stats import spearmanr

    monkeypatch.chdir(bench.folder)
    short, long = (bench.array("alpha", budget=budget)[:, 0, -1] for budget in (12, 50))
    assert answer(kind, 2)["correlation"] == pytest.approx(spearmanr(short, long).statistic)


def test_replaying_otherwise(bench, monkeypatch):
    monkeypatch.chdir(bench.folder)
    found = answer("lcbench", 0)
    traces = found["traces"]
    assert list(traces) == list(found["backends"])
    budgets = {name: {result.job.budget for result in trace.results} for name, trace in traces.items()}
    assert budgets["every epoch"] > {1, 2, 3}
    assert budgets["a subset of the budgets"] == {12, 50}
    clean = found["mean"]
    values = [(r.curve.values[-1], clean.curve(r.job.config, r.job.budget).values[-1]) for r in traces["noise"].results]
    assert 0.003 < np.std([noisy - true for noisy, true in values]) < 0.03


def test_a_table_as_a_plain_function(bench, monkeypatch):
    monkeypatch.chdir(bench.folder)
    found = answer("lcbench", 1)
    losses = 1 - bench.array("alpha", budget=25)[:, 0, -1]
    assert found["loss"](found["best"]) in [pytest.approx(float(loss)) for loss in losses]


def test_a_belief_about_one_hyperparameter(bench, monkeypatch):
    monkeypatch.chdir(bench.folder)
    traces = answer("lcbench", 2)["traces"]
    rate = np.log10(bench.configs["learning_rate"].loc[traces["config_id"]].to_numpy())
    drawn = {name: rate[(traces["optimizer"] == name).to_numpy()] for name in ("prior-random", "random")}
    assert abs(drawn["prior-random"] + 2).mean() < 0.8 * abs(drawn["random"] + 2).mean()


def test_what_other_data_sets_teach(bench, monkeypatch):
    monkeypatch.chdir(bench.folder)
    regret = answer("lcbench", 3)["regret"]
    assert set(regret.index) == {"bohb", "bohb, started", "nearest", "ensemble", "landmarks"}
    assert ((regret >= 0) & (regret <= 1)).all()


def test_the_command_that_starts_with_a_portfolio(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (line,) = re.findall(r"```sh\n(lcbench simulate .*--leave-one-out.*)\n```", PAGE.read_text(encoding="utf-8"))
    assert cli.run([*line.split()[1:], "--quiet"]) == 0
    assert read(tmp_path / "started.parquet").groupby(["optimizer", "dataset"]).size().tolist() == [20] * 6


def test_accuracy_and_seconds_at_once(bench, monkeypatch):
    monkeypatch.chdir(bench.folder)
    found = answer("lcbench", 4)
    assert set(found["difference"].index) == {"random", "nsga-ii", "mo-asha"}
    assert found["difference"].between(0, 1).all()
    cheap = sorted(found["front"]["losses"].tolist(), key=lambda each: each[1])
    assert all(np.diff([loss for loss, _ in cheap]) <= 0), "on a front accuracy is paid with seconds"


TABLES = (PAGE.parent / "bring-your-table.md").read_text(encoding="utf-8")


def test_the_page_of_own_tables_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec("\n".join(re.findall(r"```python\n(.*?)```", TABLES, re.DOTALL)), {})  # noqa: S102  # the page's own example
    for name in ("boosting", "final", "arrays"):
        assert verify.verify(tmp_path / name) == []


@pytest.mark.slow
def test_the_commands_of_the_page_of_own_tables_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec("\n".join(re.findall(r"```python\n(.*?)```", TABLES, re.DOTALL)[:2]), {})  # noqa: S102  # as above
    (lines,) = re.findall(r"```sh\n(.*?)```", TABLES, re.DOTALL)
    for line in lines.splitlines():
        assert cli.run([*line.split()[1:], *([] if "info" in line else ["--quiet"])]) == 0
    assert (tmp_path / "figures" / "regret.png").is_file()
