import warnings

import numpy as np
import pyarrow as pa
import pytest

import lcbench
from lcbench.collection.networks.metrics import RECORD
from lcbench.errors import DataWarning, InputError, UnknownNameError
from lcbench.simulate import OPTIMIZERS, ReplayBackend, simulate
from lcbench.space import spaces
from lcbench.space.encoding import Encoding
from lcbench.table import manifest, store


def row_config(backend, row):
    return backend.table.configs[row]


def test_adaptive_replays_a_run_of_its_own_for_each_budget(bench):
    backend = ReplayBackend(bench, "alpha")
    assert not backend.resumes
    for budget in bench.budgets:
        found, wanted = backend.curve(row_config(backend, 4), budget), bench.run("alpha", 4, budget=budget, seed=0)
        np.testing.assert_array_equal(found.values, wanted.values)
        np.testing.assert_array_equal(found.seconds, wanted.seconds)


def test_non_adaptive_reads_the_longest_run_at_each_budget(bench):
    backend = ReplayBackend(bench, "alpha", schedule="non-adaptive", seed=1)
    assert backend.resumes
    longest = bench.run("alpha", 4, budget=50, seed=1)
    for budget in bench.budgets:
        np.testing.assert_array_equal(
            backend.curve(row_config(backend, 4), budget).values, longest.values[: budget + 1]
        )


def test_non_adaptive_offers_any_epochs_of_the_longest_run(bench):
    backend = ReplayBackend(bench, "alpha", schedule="non-adaptive", seed=1, budgets=range(1, 41))
    assert backend.budgets == tuple(range(1, 41))
    longest = bench.run("alpha", 4, budget=50, seed=1)
    for budget in (1, 7, 40):
        curve = backend.curve(row_config(backend, 4), budget)
        np.testing.assert_array_equal(curve.values, longest.values[: budget + 1])
        np.testing.assert_array_equal(curve.seconds, longest.seconds[: budget + 1])


def test_losses_and_seconds_are_those_of_the_offered_budgets(bench):
    backend = ReplayBackend(bench, "alpha", schedule="non-adaptive", budgets=(3, 20))
    values = bench.array("alpha", "valid_accuracy", 50)[:, 0].astype(np.float64)
    np.testing.assert_allclose(backend.losses, 1 - values[:, [3, 20]])
    assert backend.best_loss == pytest.approx(1 - values[:, [3, 20]].max())
    assert backend.worst_loss == pytest.approx(1 - values[:, [3, 20]].min())
    assert backend.mean_seconds == pytest.approx(bench.array("alpha", "seconds", 50)[:, 0, 20].mean())


def test_going_on_by_single_epochs_costs_what_the_whole_run_costs(bench):
    backend = ReplayBackend(bench, "alpha", schedule="non-adaptive", budgets=range(1, 51))
    optimizer = OPTIMIZERS["median-rule"](backend.domain(), backend.budgets, np.random.default_rng(0), others=100)
    results = simulate(optimizer, backend, evaluations=50).results
    assert [(r.job.trial, r.job.budget) for r in results] == [(0, epoch) for epoch in range(1, 51)]
    longest = bench.run("alpha", backend.config_id(results[0].job.config), budget=50, seed=0)
    assert results[-1].finished == pytest.approx(longest.cost(0, 50))


def test_adaptive_offers_some_of_the_tables_budgets(bench, tmp_path):
    backend = ReplayBackend(bench, "alpha", budgets=(12, 50))
    assert backend.budgets == (12, 50)
    np.testing.assert_array_equal(backend.losses, ReplayBackend(bench, "alpha").losses[:, [0, 2]])
    with pytest.raises(UnknownNameError, match="unknown budget '25'"):
        backend.curve(row_config(backend, 0), 25)
    copy = damaged_copy(bench, tmp_path / "b", lambda row: (row["config_id"], row["budget"]) != (3, 25))
    assert ReplayBackend(copy, "alpha", budgets=(12, 50)).budgets == (12, 50)


@pytest.mark.parametrize(
    ("schedule", "budgets", "message"),
    [
        (
            "adaptive",
            (12, 13),
            r"budgets must be recorded ones of data set 'alpha' \(12, 25, 50\) when .* got 13; use schedule='non-adap",
        ),
        (
            "non-adaptive",
            (25, 51),
            "budgets must be at most 50, the longest run of data set 'alpha', got 51; ask for smaller",
        ),
        ("non-adaptive", range(3), "budgets must be increasing positive integers"),
        ("non-adaptive", (5, 5), "budgets must be increasing positive integers"),
        ("non-adaptive", (), "got none"),
        ("non-adaptive", (1.5, 2), "got 1.5, 2"),
    ],
)
def test_budgets_that_cannot_be_offered(bench, schedule, budgets, message):
    with pytest.raises(InputError, match=message):
        ReplayBackend(bench, "alpha", schedule=schedule, budgets=budgets)


def test_mean_averages_curves_and_seconds_over_the_recorded_seeds(bench):
    found = ReplayBackend(bench, "alpha", seed="mean")
    curve = found.curve(row_config(found, 7), 25)
    np.testing.assert_allclose(curve.values, bench.array("alpha", "valid_accuracy", 25)[7].mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(curve.seconds, bench.array("alpha", "seconds", 25)[7].mean(axis=0), rtol=1e-6)


@pytest.mark.parametrize("schedule", ["adaptive", "non-adaptive"])
def test_draw_picks_one_recorded_seed_whatever_was_asked_before(bench, schedule):
    first, second = (ReplayBackend(bench, "alpha", seed="draw", schedule=schedule, draw_seed=3) for _ in range(2))
    keys = [(row, budget) for row in range(30) for budget in bench.budgets]
    forwards = {key: first.curve(row_config(first, key[0]), key[1]).values for key in keys}
    picked = set()
    for row, budget in reversed(keys):
        values = second.curve(row_config(second, row), budget).values
        np.testing.assert_array_equal(values, forwards[row, budget])
        run = 50 if schedule == "non-adaptive" else budget
        recorded = bench.array("alpha", "valid_accuracy", run)[row, :, : budget + 1]
        picked |= {seed for seed in range(3) if np.array_equal(recorded[seed], values)}
    assert picked == {0, 1, 2}


def test_a_resumed_trial_stays_on_one_drawn_run(bench):
    backend = ReplayBackend(bench, "alpha", seed="draw", schedule="non-adaptive")
    short, long = (backend.curve(row_config(backend, 2), budget) for budget in (12, 50))
    np.testing.assert_array_equal(short.values, long.values[:13])


def test_draws_differ_between_draw_seeds(bench):
    first, second = (ReplayBackend(bench, "alpha", seed="draw", draw_seed=s) for s in (0, 1))
    assert not np.array_equal(first.losses, second.losses)


@pytest.mark.parametrize(
    ("draw_seed", "message"),
    [(-1, "draw_seed must be at least 0, got -1"), (0.5, "must be a whole number, got 0.5"), ("0", "got '0'")],
)
def test_draw_seeds_that_cannot_be(bench, draw_seed, message):
    with pytest.raises(InputError, match=message):
        ReplayBackend(bench, "alpha", seed="draw", draw_seed=draw_seed)


def test_a_budget_may_be_a_whole_float(bench):
    backend = ReplayBackend(bench, "alpha")
    for budget in (50 / 2, np.int64(25), np.float32(25)):
        found, wanted = backend.curve(row_config(backend, 3), budget), backend.curve(row_config(backend, 3), 25)
        np.testing.assert_array_equal(found.values, wanted.values)
        assert backend.objective(budget)(row_config(backend, 3)) == backend.metric.loss(wanted.values[-1])
    assert ReplayBackend(bench, "alpha", budgets=(25.0, 50.0)).budgets == (25, 50)


@pytest.mark.parametrize("budget", [12.5, "12", True, None, float("nan"), [12], np.array([12, 25])])
def test_budgets_that_are_not_offered(bench, budget):
    backend = ReplayBackend(bench, "alpha")
    with pytest.raises(UnknownNameError, match="unknown budget"):
        backend.curve(row_config(backend, 3), budget)
    if budget is not None:  # the largest
        with pytest.raises(UnknownNameError, match="unknown budget"):
            backend.objective(budget)


@pytest.mark.parametrize("value", [[0.01], np.array([0.01, 0.02]), {}])
@pytest.mark.parametrize("match", ["exact", "nearest"])
def test_a_value_that_is_none(bench, match, value):
    backend = ReplayBackend(bench, "alpha", match=match)
    with pytest.raises(InputError, match="learning_rate must be a single value, got "):
        backend.curve(dict(row_config(backend, 3)) | {"learning_rate": value}, 25)


@pytest.mark.parametrize("match", ["exact", "nearest"])
def test_a_value_that_is_missing(bench, match):
    backend = ReplayBackend(bench, "alpha", match=match)
    for value in (float("nan"), None):
        with pytest.raises(InputError, match=r"learning_rate|must be a row of the table"):
            backend.curve(dict(row_config(backend, 3)) | {"learning_rate": value}, 25)


def test_exact_refuses_what_is_no_row_and_says_what_to_do(bench):
    backend = ReplayBackend(bench, "alpha")
    other = dict(row_config(backend, 0)) | {"learning_rate": 0.05}
    for config in (other, {**row_config(backend, 0), "more": 1}):
        with pytest.raises(InputError, match=r"must be a row of the table .* use match='nearest'"):
            backend.curve(config, 50)


def test_nearest_takes_the_row_nearest_in_the_unit_cube(bench):
    backend = ReplayBackend(bench, "alpha", match="nearest")
    cube = Encoding(bench.space).vectors(bench.configs)
    frame = spaces.sample(bench.space, 20, np.random.default_rng(1))
    for config, point in zip(frame.to_dict("records"), Encoding(bench.space).vectors(frame), strict=True):
        assert backend.config_id(config) == np.linalg.norm(cube - point, axis=1).argmin()
    assert backend.config_id(row_config(backend, 5)) == 5


def test_nearest_lets_an_optimizer_look_anywhere(bench):
    backend = ReplayBackend(bench, "alpha", match="nearest")
    optimizer = OPTIMIZERS["bohb"](backend.domain(), backend.budgets, np.random.default_rng(0))
    trace = simulate(optimizer, backend, evaluations=60)
    assert len({tuple(r.job.config.values()) for r in trace.results}) > len(bench.configs)
    assert trace.to_frame(backend.config_id)["config_id"].between(0, 29).all()


def test_best_and_worst_loss_are_over_all_configurations_and_budgets(bench):
    backend = ReplayBackend(bench, "alpha")
    last = np.array([bench.array("alpha", "valid_accuracy", b)[:, 0, -1] for b in bench.budgets], np.float64)
    assert backend.best_loss == pytest.approx(1 - last.max())
    assert backend.worst_loss == pytest.approx(1 - last.min())
    assert backend.mean_seconds == pytest.approx(bench.array("alpha", "seconds", 50)[:, 0, -1].mean())
    optimizer = OPTIMIZERS["random"](backend.domain(), backend.budgets, np.random.default_rng(0))
    trace = simulate(optimizer, backend, evaluations=30)
    assert trace.incumbent(np.inf).loss >= backend.best_loss


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dataset": "alpa"}, "unknown data set 'alpa'; nearest: alpha"),
        ({"metric": "valid_acuracy"}, "unknown metric .* nearest: valid_accuracy"),
        ({"metric": "seconds"}, "unknown metric 'seconds'"),
        ({"seed": 7}, "unknown seed '7'. Known: 0, 1, 2, mean, draw"),
        ({"seed": "men"}, "unknown seed 'men'; nearest: mean"),
        ({"schedule": "adaptiv"}, "unknown schedule 'adaptiv'; nearest: adaptive"),
        ({"match": "near"}, "unknown match 'near'; nearest: nearest"),
    ],
)
def test_unknown_names(bench, arguments, message):
    with pytest.raises(UnknownNameError, match=message):
        ReplayBackend(bench, **({"dataset": "alpha"} | arguments))


def test_an_unknown_budget(bench):
    backend = ReplayBackend(bench, "alpha")
    with pytest.raises(UnknownNameError, match="unknown budget '13'"):
        backend.curve(row_config(backend, 0), 13)


def damaged_copy(bench, folder, change):
    """The table of one data set, with its rows changed by a function."""
    rows = [row for row in bench.to_pandas("alpha").to_dict("records") if change(row)]
    store.write(
        folder,
        bench.manifest,
        store.read_parquet(bench.folder / manifest.CONFIGS),
        store.read_parquet(bench.folder / manifest.DATASETS).slice(0, 1),
        {"alpha": pa.Table.from_pylist(rows, schema=RECORD.schema)},
    )
    return lcbench.load(folder)


def without(bench, folder, *gone: tuple[int, int, int]):
    return damaged_copy(bench, folder, lambda row: (row["config_id"], row["budget"], row["seed"]) not in gone)


def test_what_is_there_is_offered(bench, tmp_path):
    copy = without(bench, tmp_path / "b", (3, 25, 1))
    with pytest.warns(
        DataWarning, match=r"29 of 30 configurations have their runs at budgets 12, 25, 50 and seed 1 and"
    ):
        backend = ReplayBackend(copy, "alpha", seed=1)
    assert list(backend.rows) == [row for row in range(30) if row != 3]
    lacking = bench.configs.loc[3].to_dict()
    with pytest.raises(InputError, match="must be a row of the table"):
        backend.curve(lacking, 12)
    domain, rng = backend.domain(), np.random.default_rng(0)
    seen = set()
    while (config := domain.sample(rng)) is not None:
        domain.take(config)
        seen.add(backend.config_id(config))
        expected = bench.curve("alpha", backend.config_id(config), budget=25, seed=1)
        np.testing.assert_array_equal(backend.curve(config, 25).values, expected)
    assert seen == set(range(30)) - {3}
    whole = ReplayBackend(bench, "alpha", seed=1)
    assert backend.best_loss == np.delete(whole.losses, 3, axis=0).min()
    with pytest.warns(DataWarning):
        near = ReplayBackend(copy, "alpha", seed=1, match="nearest")
    assert near.config_id(whole.table.configs[3]) != 3
    np.testing.assert_array_equal(near.curve(whole.table.configs[4], 25).values, bench.curve("alpha", 4, None, 25, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(ReplayBackend(copy, "alpha", seed=0).rows) == 30
        assert len(ReplayBackend(copy, "alpha", seed=1, schedule="non-adaptive").rows) == 30


def test_a_mean_is_over_the_seeds_that_have_all_runs(bench, tmp_path):
    copy = without(bench, tmp_path / "b", (3, 25, 1), (5, 50, 0), (5, 50, 1), (5, 12, 2))
    with pytest.warns(DataWarning, match=r"29 of 30 .* offered, 1 of them with fewer seeds than others"):
        backend = ReplayBackend(copy, "alpha", seed="mean")
    config, whole = bench.configs.loc[3].to_dict(), ReplayBackend(bench, "alpha", seed="mean")
    for budget in (12, 25, 50):  # seeds 0 and 2 at each budget, so that budgets compare
        expected = bench.array("alpha", None, budget)[3, [0, 2]].mean(axis=0, dtype=np.float64)
        np.testing.assert_allclose(backend.curve(config, budget).values, expected, rtol=1e-12)
        other = bench.configs.loc[4].to_dict()
        np.testing.assert_array_equal(backend.curve(other, budget).values, whole.curve(other, budget).values)
    drawn = set()
    for draw_seed in range(20):
        with pytest.warns(DataWarning):
            backend = ReplayBackend(copy, "alpha", seed="draw", draw_seed=draw_seed)
        value = backend.curve(config, 25).values[-1]
        drawn.add(next(seed for seed in (0, 2) if bench.value("alpha", 3, None, 25, seed) == value))
    assert drawn == {0, 2}


def test_nothing_to_offer_is_refused(bench, tmp_path):
    copy = damaged_copy(bench, tmp_path / "b", lambda row: row["budget"] != 25 or row["seed"] != 1)
    with pytest.raises(InputError, match=r"'alpha' must have a configuration with its runs at .* seed 1 .*, got none"):
        ReplayBackend(copy, "alpha", seed=1)
    assert ReplayBackend(copy, "alpha", seed=1, budgets=(12, 50)).budgets == (12, 50)


def test_a_diverged_run_has_infinite_loss_and_is_paid_for(bench, tmp_path):
    def diverge(row):
        if row["config_id"] == 3 and row["seed"] == 1:
            row["valid_accuracy"] = np.where(np.arange(row["budget"] + 1) > 5, np.nan, row["valid_accuracy"])
        return True

    copy = damaged_copy(bench, tmp_path / "b", diverge)
    for seed in (1, "mean"):
        backend = ReplayBackend(copy, "alpha", seed=seed)
        assert np.isinf(backend.losses[3]).all()
        assert np.isfinite(backend.worst_loss)
        assert backend.curve(row_config(backend, 3), 12).cost(0, 12) > 0
