"""Data sets of one table with different budgets: readers take each data set's own, or say what they leave out."""

import warnings

import numpy as np
import pytest

import lcbench
from lcbench import cli
from lcbench.analysis.correlation import epoch_correlation
from lcbench.analysis.figures import FIGURES, NothingToDrawError
from lcbench.analysis.generality import performance_matrix
from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate import ReplayBackend
from lcbench.simulate.study.running import study
from lcbench.table import store
from lcbench.table.manifest import CONFIGS, DATASETS, runs_path

CONFIG_COUNT, SEEDS = 12, (0, 1)


@pytest.fixture(scope="module")
def whole(make, tmp_path_factory):
    return make(tmp_path_factory.mktemp("whole"), ("alpha", "beta"), CONFIG_COUNT, (4, 8), SEEDS)


def only(whole, folder, **budgets):
    """The same table with some budgets of each data set."""
    tables = {name: store.read_parquet(whole.folder / runs_path(name)) for name in whole.datasets}
    runs = {
        name: table.filter([b in budgets[name] for b in table["budget"].to_pylist()]) for name, table in tables.items()
    }
    files = [store.read_parquet(whole.folder / name) for name in (CONFIGS, DATASETS)]
    store.write(folder, whole.manifest, *files, runs)
    return lcbench.load(folder)


@pytest.fixture(scope="module")
def bench(whole, tmp_path_factory):
    """Each data set has one budget, and not the same."""
    return only(whole, tmp_path_factory.mktemp("apart"), alpha=(4,), beta=(8,))


@pytest.fixture(scope="module")
def traces(bench):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing is missing of what is asked for
        return study(bench, optimizers=("random", "bohb"), seeds=range(2), budget="4x", jobs=1)


def test_budgets_are_those_of_the_data_set(whole, bench, tmp_path):
    assert whole.budgets_of("alpha") == bench.budgets == (4, 8)
    assert [bench.budgets_of(name) for name in bench.datasets] == [(4,), (8,)]
    some = only(whole, tmp_path, alpha=(4,), beta=(4, 8))
    assert [some.budgets_of(name) for name in some.datasets] == [(4,), (4, 8)]
    with pytest.raises(UnknownNameError, match="unknown data set 'gamma'"):
        bench.budgets_of("gamma")


def test_the_default_budget_is_the_largest_of_the_data_set(whole, bench):
    for name, budget in (("alpha", 4), ("beta", 8)):
        expected = whole.curve(name, 3, None, budget, 1)
        np.testing.assert_array_equal(bench.curve(name, 3, seed=1), expected)
        np.testing.assert_array_equal(bench.run(name, 3, seed=1).values, expected)
        assert bench.value(name, 3, seed=1) == bench.values(name, None, 3, seeds=1) == expected[-1]


def test_what_is_there_reads_as_in_the_whole_table_and_all_else_is_nan(whole, bench):
    ids, budgets = np.arange(CONFIG_COUNT)[:, None], np.array([4, 8])
    for name, there in (("alpha", 0), ("beta", 1)):
        for series in (None, "seconds"):
            found, expected = (table.values(name, series, ids, budgets, 1) for table in (bench, whole))
            np.testing.assert_array_equal(found[:, there], expected[:, there])
            assert np.isnan(found[:, 1 - there]).all()
            for budget in bench.budgets:
                curves = bench.array(name, series, budget)
                assert curves.shape == (CONFIG_COUNT, len(SEEDS), budget + 1) and not curves.flags.writeable
                lacks = budget not in bench.budgets_of(name)
                np.testing.assert_array_equal(
                    curves, whole.array(name, series, budget) if not lacks else np.nan * curves
                )


@pytest.mark.parametrize("schedule", ["adaptive", "non-adaptive"])
def test_a_replay_offers_what_the_data_set_has(whole, bench, schedule):
    for name, budget in (("alpha", 4), ("beta", 8)):
        replay = ReplayBackend(bench, name, schedule=schedule)
        assert replay.budgets == (budget,)
        config = bench.configs.loc[5].to_dict()
        np.testing.assert_array_equal(replay.curve(config, budget).values, whole.curve(name, 5, None, budget, 0))
    steps = ReplayBackend(bench, "beta", schedule="non-adaptive", budgets=(2, 5))
    np.testing.assert_array_equal(steps.curve(config, 5).values, whole.curve("beta", 5, None, 8, 0)[:6])


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ("adaptive", r"budgets must be recorded ones of data set 'alpha' \(4\) when schedule='adaptive', got 8; use"),
        ("non-adaptive", "budgets must be at most 4, the longest run of data set 'alpha', got 8; ask for smaller ones"),
    ],
)
def test_budgets_that_a_data_set_lacks_are_refused(bench, schedule, message):
    with pytest.raises(InputError, match=message):
        study(bench, optimizers=("random",), seeds=[0], schedule=schedule, budgets=(4, 8), jobs=1)


def test_a_study_and_its_figures(bench, traces):
    assert set(zip(traces["dataset"], traces["budget"], strict=True)) == {("alpha", 4), ("beta", 8)}
    best = traces.groupby("dataset")["best_loss"].first()
    for name in bench.datasets:
        assert best[name] == ReplayBackend(bench, name, seed="mean").best_loss
    for figure in ("regret", "rank"):
        assert len(FIGURES[figure].load().frame(bench, None, traces))


def test_analyses_take_the_end_of_each_data_set(whole, bench):
    values = performance_matrix(bench)
    for name, budget in (("alpha", 4), ("beta", 8)):
        np.testing.assert_array_equal(values[name], performance_matrix(whole, budget=budget)[name])
    curves = FIGURES["curves"].load().frame(bench).set_index("dataset")
    assert np.isnan(curves.loc["alpha", range(5, 9)].to_numpy()).all()
    assert np.isfinite(curves.loc["beta", range(1, 9)].to_numpy()).any(axis=0).all()
    FIGURES["curves"].load().draw(FIGURES["curves"].load().frame(bench))
    assert set(epoch_correlation(bench)["dataset"]) == {"alpha", "beta"}
    assert FIGURES["overlap"].load().frame(bench).groupby("dataset")["epoch"].max().to_dict() == {"alpha": 3, "beta": 7}


@pytest.mark.parametrize("name", ["budget_correlation", "pooled_correlation", "epoch_map"])
def test_what_compares_the_same_steps_of_all_data_sets_says_that_there_are_none(bench, name):
    with pytest.raises(NothingToDrawError, match=r"4 epochs to 8 epochs\.$"):
        FIGURES[name].load().frame(bench)


def test_commands_need_no_options(bench, tmp_path, capsys):
    out = str(tmp_path / "s.parquet")
    folder = str(bench.folder)
    assert cli.run(["simulate", folder, "--optimizers", "bohb", "--seeds", "1", "--budget", "3x", "--out", out]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "bohb: one rung, since each data set has one budget (4 epochs to 8 epochs); name --datasets with" in said
    figures = ["figures", folder, "--traces", out, "--only", "regret,budget_correlation", "--formats", "png"]
    assert cli.run([*figures, "--out", str(tmp_path / "f")]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Table 3 left out: it compares the same budgets on all data sets" in said
    assert "regret: " in said and "budget_correlation left out: it compares" in said
