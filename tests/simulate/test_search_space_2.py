"""Optimizers, tables and live runs on a space with conditions: what is inactive is no number anywhere."""

import numpy as np
import pandas as pd
import pytest
from collecting_helpers import collect

import lcbench
from lcbench.analysis.importance import fit_task, main_effects, observations
from lcbench.collection.networks.metrics import METRICS
from lcbench.collection.plan import digest_configs, given_configs, sampled_configs
from lcbench.errors import InputError
from lcbench.simulate import FunctionBackend, Job, ReplayBackend, SurrogateBackend, TrainingBackend, live, simulate
from lcbench.simulate.contract import Result
from lcbench.simulate.domain import SpaceDomain
from lcbench.simulate.optimizers import OPTIMIZERS
from lcbench.simulate.optimizers._kde import KDE
from lcbench.simulate.optimizers.bohb import KDEModel, KDESettings
from lcbench.space import Config, paper
from lcbench.space.encoding import Encoding
from lcbench.space.spaces import check_configs, records, sample, to_frame
from lcbench.table.curve import Curve

SPACE, LOSS = paper.full(), METRICS["valid_cross_entropy"]
LEVELS = tuple(0 if hasattr(part, "lower") else 2 for part in SPACE.values())


def loss(config: Config) -> float:
    """ResNets are better than MLPs, and narrow ones best."""
    if config["network_type"] == "mlp":
        return 1.0
    return config["resnet_max_units"] / 1024


def curve(config: Config, budget: int) -> Curve:
    return Curve(np.full(budget + 1, loss(config)), np.arange(budget + 1.0))


def check(configs: list[Config]) -> None:
    """All of them are configurations of the space, with their active hyperparameters only, of the right types."""
    frame = check_configs(SPACE, to_frame(SPACE, [dict(config) for config in configs]))
    assert records(SPACE, frame) == configs
    for config, typed in zip(configs, records(SPACE, frame), strict=True):
        assert {name: type(value) for name, value in config.items()} == {n: type(v) for n, v in typed.items()}


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> lcbench.Benchmark:
    """16 configurations of the full space on wine, collected."""
    folder = tmp_path_factory.mktemp("full") / "bench"
    configs = sampled_configs(paper.full(), 16, 0)
    plan = {"problem_name": "full", "configs": configs, "encoding": "onehot"}
    collect(folder, sources=("sklearn:wine",), budgets=(1, 2), seeds=(0,), **plan)
    return lcbench.load(folder)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_proposes_configurations_of_the_space(name):
    backend = FunctionBackend(SPACE, (1, 3), curve)
    optimizer = OPTIMIZERS[name](backend.domain(), backend.budgets, np.random.default_rng(0))
    trace = simulate(optimizer, backend, evaluations=12)
    assert trace.results
    check([result.job.config for result in trace.results])


class TestKernelDensities:
    def test_what_is_inactive_has_the_factor_1(self):
        """An MLP's density does not depend on where ResNets' hyperparameters lie."""
        cube = Encoding(SPACE).vectors(sample(SPACE, 60, np.random.default_rng(0)))
        place = list(SPACE).index("resnet_max_units")
        moved = cube.copy()
        moved[:, place] = np.where(np.isnan(cube[:, place]), np.nan, 1 - cube[:, place])
        mlps = cube[np.isnan(cube[:, place])]
        one, other = (KDE(points, LEVELS, np.full(len(LEVELS), 0.2)) for points in (cube, moved))
        np.testing.assert_allclose(one.log_density(mlps), other.log_density(mlps))
        assert np.isfinite(one.log_density(cube)).all()

    def test_the_model_of_bohb_finds_the_good_half_of_a_condition(self):
        """Half of what is drawn at random are ResNets; of what the model proposes, more than three quarters."""
        rng, domain = np.random.default_rng(0), SpaceDomain(SPACE)
        model = KDEModel(domain, [1], rng, KDESettings(random_fraction=0.0))
        for trial in range(120):
            config = domain.sample(rng)
            model.tell(Result(Job(trial, config, 1), curve(config, 1), loss(config), 0.0, 1.0, 0, LOSS))
        proposed = [model.propose() for _ in range(60)]
        check(proposed)
        assert sum(config["network_type"] == "resnet" for config in proposed) > 45


class TestTable:
    def test_the_collected_configurations_are_those_of_the_plan(self, bench):
        check(records(SPACE, bench.configs))
        assert bench.space == SPACE

    def test_replay_offers_them_as_they_are(self, bench):
        domain = ReplayBackend(bench, "wine").domain()
        rng, drawn = np.random.default_rng(0), []
        while (config := domain.sample(rng)) is not None:
            domain.take(config)
            drawn.append(config)
        assert len(drawn) == 16
        check(drawn)

    def test_a_live_run_has_the_values_of_the_table(self, bench):
        training = TrainingBackend.like(bench, "wine")
        for config_id, config in enumerate(records(SPACE, bench.configs)[:6]):
            assert training.config_id(config) == config_id
            recorded = bench.curve("wine", config_id, "valid_accuracy", 2, seed=0)
            np.testing.assert_array_equal(training.curve(config, 2).values.astype(np.float32), recorded)  # noqa: PD011

    def test_processes_train_it_too(self, bench):
        training, table = TrainingBackend.like(bench, "wine"), ReplayBackend(bench, "wine")
        optimizers = [
            OPTIMIZERS["hyperband"](backend.domain(), backend.budgets, np.random.default_rng(1))
            for backend in (training, table)
        ]
        real = live(optimizers[0], training, trials=4, quiet=True)
        virtual = simulate(optimizers[1], table, evaluations=4)
        assert [r.job for r in real.results] == [r.job for r in virtual.results]
        assert [r.loss for r in real.results] == pytest.approx([r.loss for r in virtual.results])

    def test_surrogates_and_importances_take_what_is_inactive(self, bench):
        surrogate = SurrogateBackend.fit(bench, "wine", model="forest", folds=2)
        config = records(SPACE, sample(SPACE, 1, np.random.default_rng(5)))[0]
        assert np.isfinite(surrogate.curve(config, 2).values).all()
        effects = main_effects(fit_task(observations(bench, "wine")))
        assert set(effects["hyperparameter"]) == set(SPACE)
        assert effects["importance"].between(0, 1).all()


class TestBackend:
    def test_one_hot_is_the_default(self):
        assert TrainingBackend("sklearn:wine", problem="full").encoding == "onehot"
        assert TrainingBackend("sklearn:wine").encoding == "ordinal"

    def test_values_are_of_the_spaces_types_whatever_they_came_in(self):
        backend = TrainingBackend("sklearn:wine", problem="full")
        config = records(SPACE, sample(SPACE, 1, np.random.default_rng(1)))[0]
        as_numpy = {name: np.array([value])[0] for name, value in config.items()}
        as_floats = {name: float(v) if type(v) is int else v for name, v in config.items()}
        assert backend.values(as_numpy) == backend.values(as_floats) == config
        assert [type(v) for v in backend.values(as_floats).values()] == [type(v) for v in config.values()]

    def test_what_must_not_be_there_is_refused(self):
        backend = TrainingBackend("sklearn:wine", problem="full")
        configs = records(SPACE, sample(SPACE, 20, np.random.default_rng(1)))
        adam = next(config for config in configs if config["optimizer"] == "adam")
        with pytest.raises(InputError, match="momentum must be missing unless optimizer == 'sgd'"):
            backend.values(adam | {"momentum": 0.9})


def test_a_plan_is_the_same_after_its_configurations_went_through_a_file(tmp_path):
    drawn = sampled_configs(paper.full(), 30, 0)
    drawn.to_csv(tmp_path / "configs.csv", index=False, float_format="%.17g")
    drawn.to_parquet(tmp_path / "configs.parquet", index=False)
    for read in (pd.read_csv(tmp_path / "configs.csv"), pd.read_parquet(tmp_path / "configs.parquet")):
        assert digest_configs(given_configs(paper.full(), read)) == digest_configs(drawn)
