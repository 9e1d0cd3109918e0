"""A live run's trace is a study: the same readers and figures take it."""

import numpy as np
import pandas as pd
import pytest

from lcbench import cli
from lcbench.analysis.figures import FIGURES
from lcbench.simulate.optimizers import OPTIMIZERS
from lcbench.simulate.realtime.run import live
from lcbench.simulate.replay import ReplayBackend
from lcbench.simulate.study import COLUMNS, read


@pytest.fixture
def run(bench, tmp_path):
    """A live run on a backend that only looks up; ``limits`` as in ``live``."""

    def go(seed=0, **limits) -> pd.DataFrame:
        backend = ReplayBackend(bench, "alpha")
        optimizer = OPTIMIZERS["hyperband"](backend.domain(), backend.budgets, np.random.default_rng(seed))
        live(optimizer, backend, record=tmp_path / f"run{seed}", quiet=True, seed=seed, name="hyperband", **limits)
        return read(tmp_path / f"run{seed}" / "trace.parquet")

    return go


def test_it_has_a_studys_columns_and_the_hyperparameters(run, bench, tmp_path):
    traces = run(trials=9)
    assert list(traces) == list(COLUMNS)
    named = traces[["optimizer", "dataset", "seed", "unit", "limit", "config_id"]].drop_duplicates()
    assert named.to_numpy().tolist() == [["hyperband", "alpha", 0, "evaluations", 9.0, -1]]
    assert traces["used"].tolist() == list(range(1, 10))
    assert (traces["best_loss"] == 0).all(), "the best that the metric allows: nothing else is known"
    assert (traces["worst_loss"] == 1).all()
    kept = pd.read_parquet(tmp_path / "run0" / "trace.parquet")
    assert set(kept) == {*COLUMNS, *bench.space, "reason"}


def test_a_time_limit_counts_seconds_and_a_later_smaller_limit_cuts_nothing_off(run):
    traces = run(trials=9, wallclock=1000)
    assert (traces["unit"] == "seconds").all()
    assert (traces["limit"] == 1000).all()
    assert (traces["used"] == traces["finished"]).all()
    assert run(trials=4)["limit"].tolist() == [9.0] * 9


def test_figures_of_a_single_live_run(run, tmp_path, capsys):
    run(trials=9)
    line = ["figures", "--traces", str(tmp_path / "run0" / "trace.parquet"), "--only", "regret,regret_evaluations,rank"]
    assert cli.run([*line, "--formats", "png", "--out", str(tmp_path / "out"), "--quiet"]) == 0
    assert "rank left out: it ranks optimizers" in capsys.readouterr().out
    assert {path.stem for path in (tmp_path / "out").glob("*.png")} == {"regret", "regret_evaluations"}


def test_regret_is_the_distance_from_the_best_possible_value(run, bench):
    both = pd.concat([run(seed, trials=9) for seed in (0, 1)])
    last = FIGURES["regret"].frame(bench, "valid_accuracy", both)["regret"].iloc[-1]
    assert last == pytest.approx(1 - both.groupby("seed")["value"].max().mean())
