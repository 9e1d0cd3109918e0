"""Laws of surrogates, on a table with known curves; the forest stands for all models where it does not matter which."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer

import lcbench
from lcbench.collection.networks.metrics import METRICS, RECORD
from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate import OPTIMIZERS, ReplayBackend, SurrogateBackend, simulate
from lcbench.space import spaces
from lcbench.table import store
from lcbench.table.manifest import CONFIGS, DATASET_SCHEMA, DATASETS, Manifest

pytest.importorskip("sklearn", reason="fitting needs the extra 'models'")


def forest(bench, *arguments, **options):
    return SurrogateBackend.fit(bench, *arguments, **({"model": "forest", "folds": 2} | options))


@pytest.fixture(scope="module")
def fitted(bench):
    return forest(bench, "alpha")


@pytest.fixture(scope="module")
def points(bench):
    return spaces.sample(bench.space, 40, np.random.default_rng(3))


def as_configs(frame):
    return [{k: v for k, v in row.items() if v == v} for row in frame.to_dict("records")]


def with_noise(fitted, **options):
    return SurrogateBackend(fitted.surrogate, **options)


@pytest.mark.parametrize("noise", ["none", "residual"])
def test_seconds_strictly_increase_from_zero_and_values_stay_in_range(fitted, points, noise):
    backend = with_noise(fitted, noise=noise)
    for budget in backend.budgets:
        values, seconds = backend.curves(points, budget)
        assert values.shape == seconds.shape == (len(points), budget + 1)
        assert (seconds[:, 0] == 0).all()
        assert (np.diff(seconds, axis=1) > 0).all()
        assert ((values >= 0) & (values <= 1)).all()


def test_cross_entropies_are_never_negative(bench, points):
    backend = forest(bench, "alpha", "valid_cross_entropy", schedule="non-adaptive")
    values, _ = backend.curves(points, 50)
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    assert backend.metric.goal == "minimize"


@pytest.mark.parametrize("noise", ["none", "residual"])
def test_one_curve_is_the_same_alone_and_among_many_whatever_was_asked_before(fitted, points, noise):
    backend = with_noise(fitted, noise=noise, draw_seed=4)
    values, seconds = backend.curves(points, 25)
    again = with_noise(fitted, noise=noise, draw_seed=4)
    for row, config in reversed(list(enumerate(as_configs(points)))):
        curve = again.curve(config, 25)
        np.testing.assert_array_equal(curve.values, values[row])
        np.testing.assert_array_equal(curve.seconds, seconds[row])


def test_noise_is_as_large_as_that_of_the_recorded_seeds_and_has_no_bias(bench, points):
    noisy = make_noisy(bench)
    plain = forest(noisy, "alpha", schedule="non-adaptive")
    mean = plain.curves(points, 50)[0][:, -1]
    draws = [
        with_noise(plain, noise="residual", draw_seed=seed).curves(points, 50)[0][:, -1] - mean for seed in range(60)
    ]
    recorded = noisy.array("alpha", "valid_accuracy", 50)[:, :, -1].astype(float)
    assert np.std(draws) == pytest.approx(np.sqrt(recorded.var(axis=1, ddof=1).mean()), rel=0.2)
    assert abs(np.mean(draws)) < 0.1 * np.std(draws)
    assert not np.array_equal(draws[0], draws[1])


def make_noisy(bench):
    """The recorded curves with another constant added for each run."""

    class Noisy:
        manifest, space, configs, view = bench.manifest, bench.space, bench.configs, bench.view
        datasets, budgets, seeds = bench.datasets, bench.budgets, bench.seeds
        metric = staticmethod(bench.metric)
        budgets_of = staticmethod(bench.budgets_of)

        def array(self, dataset, name, budget):
            array = bench.array(dataset, name, budget)
            if name == "seconds":
                return array
            noise = np.random.default_rng(budget).normal(0, 0.02, array.shape[:2])
            return (0.5 * array + 0.2 + noise[..., None]).astype(np.float32)

    return Noisy()


def test_budgets_of_the_non_adaptive_schedule_are_points_on_one_curve(bench, points):
    backend = forest(bench, "alpha", schedule="non-adaptive", noise="residual")
    assert backend.resumes
    config = as_configs(points)[0]
    longest = backend.curve(config, 50)
    for budget in bench.budgets:
        np.testing.assert_array_equal(backend.curve(config, budget).values, longest.values[: budget + 1])
        np.testing.assert_array_equal(backend.curve(config, budget).seconds, longest.seconds[: budget + 1])


@pytest.mark.parametrize(("noise", "seed"), [("none", "mean"), ("residual", "draw")])
def test_exact_on_table_is_the_replay_there_and_the_models_elsewhere(bench, fitted, points, noise, seed):
    backend = with_noise(fitted, noise=noise, exact_on_table=True, draw_seed=5)
    replay = ReplayBackend(bench, "alpha", seed=seed, draw_seed=5)
    for budget in bench.budgets:
        values, seconds = backend.curves(bench.configs, budget)
        for row, config in enumerate(replay.table.configs):
            found, wanted = backend.curve(config, budget), replay.curve(config, budget)
            np.testing.assert_array_equal(found.values, wanted.values)
            np.testing.assert_array_equal(found.seconds, wanted.seconds)
            np.testing.assert_array_equal(values[row], wanted.values)
            np.testing.assert_array_equal(seconds[row], wanted.seconds)
    elsewhere = with_noise(fitted, noise=noise, draw_seed=5).curves(points, 50)
    np.testing.assert_array_equal(backend.curves(points, 50), elsewhere)


def test_good_configurations_are_told_from_bad_ones(bench, fitted):
    """The table's qualities are a formula of the configuration; a surrogate must know its own table well."""
    values, seconds = fitted.curves(bench.configs, 50)
    recorded = bench.array("alpha", "valid_accuracy", 50).mean(axis=1, dtype=float)
    assert np.corrcoef(values[:, -1], recorded[:, -1])[0, 1] > 0.95
    np.testing.assert_allclose(seconds[:, -1], bench.array("alpha", "seconds", 50)[:, 0, -1], rtol=0.2)


def test_an_optimizer_runs_on_it_as_on_any_backend(fitted):
    optimizer = OPTIMIZERS["bohb"](fitted.domain(), fitted.budgets, np.random.default_rng(0))
    trace = simulate(optimizer, fitted, workers=2, evaluations=30)
    assert len(trace.results) == 30
    assert all(np.isfinite(result.loss) for result in trace.results)


def test_losses_are_those_of_the_last_values(fitted, points):
    np.testing.assert_array_equal(fitted.losses(points, 25), 1 - fitted.curves(points, 25)[0][:, -1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dataset": "alpa"}, "unknown data set 'alpa'; nearest: alpha"),
        ({"metric": "valid_acuracy"}, "unknown metric .* nearest: valid_accuracy"),
        ({"model": "forrest"}, "unknown model 'forrest'; nearest: forest"),
        ({"schedule": "adaptiv"}, "unknown schedule 'adaptiv'; nearest: adaptive"),
        ({"folds": 1}, "folds must be at least 2, got 1"),
        ({"folds": 31}, "at least 31 different configurations to be fitted to, got 30"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
    ],
)
def test_bad_input_when_fitting(bench, arguments, message):
    with pytest.raises(InputError, match=message):
        forest(bench, **({"dataset": "alpha"} | arguments))


def test_bad_input_when_asking(bench, fitted, points):
    config = as_configs(points)[0]
    with pytest.raises(UnknownNameError, match="unknown budget '13'"):
        fitted.curve(config, 13)
    with pytest.raises(UnknownNameError, match="unknown budget '13'"):
        fitted.curves(points, 13)
    with pytest.raises(InputError, match=r"learning_rate must be a value of .* got 7"):
        fitted.curve(config | {"learning_rate": 7.0}, 12)
    with pytest.raises(InputError, match=r"learning_rate must be a value of .* got 7"):
        fitted.curves(points.assign(learning_rate=7.0), 12)
    with pytest.raises(InputError, match="one column for each of"):
        fitted.curves(points.drop(columns="momentum"), 12)
    with pytest.raises(UnknownNameError, match="unknown noise 'residuals'; nearest: residual"):
        with_noise(fitted, noise="residuals")
    with pytest.raises(InputError, match="draw_seed must be at least 0"):
        with_noise(fitted, draw_seed=-1)
    with pytest.raises(InputError, match=r"draw_seed must be a whole number, got 0\.5"):
        with_noise(fitted, draw_seed=0.5)


def test_noise_needs_two_seeds(make, tmp_path):
    single = make(tmp_path / "single", datasets=("alpha",), budgets=(12,), seeds=(0,))
    with pytest.raises(InputError, match="two seeds or more that did not diverge"):
        forest(single, "alpha", noise="residual")


def test_a_missing_package_is_named_with_the_extra_that_brings_it(bench, monkeypatch):
    from lcbench.simulate.surrogate import models

    monkeypatch.setattr(models, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"package 'catboost', .* pip install 'lcbench\[models\]'"):
        SurrogateBackend.fit(bench, "alpha", model="catboost")


def diverging(bench, folder):
    """The first data set, where every run with a learning rate above 0.01 diverges after 5 epochs."""
    rows = [row for row in bench.to_pandas("alpha").to_dict("records") if row["budget"] == 12]
    for row in rows:
        if bench.configs["learning_rate"][row["config_id"]] > 0.01:
            for name in METRICS:
                row[name] = np.where(np.arange(13) > 5, np.nan, row[name])
    manifest = replace(bench.manifest, budgets=(12,), files={})
    described = store.read_parquet(bench.folder / DATASETS).slice(0, 1)
    configs = store.read_parquet(bench.folder / CONFIGS)
    store.write(folder, manifest, configs, described, {"alpha": pa.Table.from_pylist(rows, schema=RECORD.schema)})
    return lcbench.load(folder)


def test_diverging_runs_end_in_nan_at_about_the_epoch_and_are_paid_for(bench, tmp_path):
    table = diverging(bench, tmp_path / "b")
    backend = forest(table, "alpha", noise="none")
    lost = bench.configs["learning_rate"].to_numpy() > 0.01
    values, seconds = backend.curves(bench.configs, 12)
    np.testing.assert_array_equal(np.isnan(values[:, -1]), lost)
    last = np.isfinite(values[lost]).sum(axis=1) - 1
    assert ((last >= 4) & (last <= 7)).all()
    assert (np.diff(seconds, axis=1) > 0).all()
    assert (backend.losses(bench.configs, 12) == np.inf).tolist() == lost.tolist()
    (told,) = backend.card.divergence
    assert (told.configurations, told.diverging) == (30, int(lost.sum()))
    assert told.found + (30 - told.diverging - told.false_alarms) > 24, "of 30 held out"


def conditional_table(folder):
    """Momentum exists only with "sgd"; the loss is 0.1 with "adam", and 0.2 to 0.8 by momentum with "sgd"."""
    tree = ConfigurationSpace(
        space=[Categorical("optimizer", ["sgd", "adam"]), Float("momentum", (0.0, 1.0)), Integer("units", (1, 64))]
    )
    tree.add(EqualsCondition(tree["momentum"], tree["optimizer"], "sgd"))
    configs = spaces.sample(tree, 60, np.random.default_rng(0))
    loss = np.where(configs["optimizer"] == "adam", 0.1, 0.2 + 0.6 * configs["momentum"].fillna(0))
    rows = []
    for config_id, value in enumerate(loss):
        for seed in (0, 1):
            row = {name: np.linspace(1, 1 + value, 4) - 1 + 0.01 * seed for name in RECORD.names}
            row |= {"seconds": np.arange(4.0) * configs["units"][config_id]}
            row |= {"budget": 3, "config_id": config_id, "seed": seed}
            rows.append(row | {"status": "success", "epochs": 3, "n_parameters": 1})
    table = pa.table({"config_id": pa.array(range(60), pa.int32()), **{n: configs[n] for n in configs}})
    described = {"name": "d", "source": "formula", "instances": 9, "features": 1, "classes": 2}
    manifest = Manifest("t", "tree", spaces.to_json(tree), RECORD, (3,), (0, 1), {})
    runs = {"d": pa.Table.from_pylist(rows, schema=RECORD.schema)}
    store.write(folder, manifest, table, pa.Table.from_pylist([described], schema=DATASET_SCHEMA), runs)
    return lcbench.load(folder)


def test_an_inactive_hyperparameter_is_told_from_every_value(tmp_path):
    bench = conditional_table(tmp_path / "b")
    backend = forest(bench, "d", "valid_cross_entropy", noise="residual", exact_on_table=False)
    backend.save(tmp_path / "s")
    plain = SurrogateBackend.load(tmp_path / "s")
    assert plain.curve({"optimizer": "adam", "units": 8}, 3).values[-1] == pytest.approx(0.105, rel=0.25)
    for momentum in (0.05, 0.5, 0.95):
        config = {"optimizer": "sgd", "momentum": momentum, "units": 8}
        assert plain.curve(config, 3).values[-1] == pytest.approx(0.205 + 0.6 * momentum, rel=0.25)
    configs = [{"optimizer": "adam", "units": 8}, {"optimizer": "sgd", "momentum": 0.5, "units": 8}]
    frame = spaces.to_frame(bench.space, configs)
    alone = [plain.curve(config, 3).values for config in configs]
    np.testing.assert_array_equal(plain.curves(frame, 3)[0], alone)
    with pytest.raises(InputError, match="units must be"):
        plain.curves(frame.assign(units=[8.0, np.nan]), 3)
    exact = SurrogateBackend.load(tmp_path / "s", exact_on_table=True)
    replay = ReplayBackend(bench, "d", "valid_cross_entropy", seed="mean")
    wanted = [replay.curve(config, 3).values for config in replay.table.configs]
    np.testing.assert_array_equal([exact.curve(config, 3).values for config in replay.table.configs], wanted)
    np.testing.assert_array_equal(exact.curves(bench.configs, 3)[0], wanted)
