import numpy as np
import pytest
from ConfigSpace import Configuration, ConfigurationSpace, EqualsCondition
from ConfigSpace.hyperparameters import CategoricalHyperparameter, UniformIntegerHyperparameter
from scipy.optimize import minimize_scalar

from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate import FunctionBackend, ReplayBackend, evaluation, objective
from lcbench.simulate.domain import SpaceDomain
from lcbench.table.curve import Curve


def test_the_objective_of_a_replay_is_the_table(bench):
    backend = ReplayBackend(bench, "alpha")
    for budget, column in ((None, 2), (12, 0), (25, 1), (50, 2)):
        found = [backend.objective(budget)(config) for config in backend.table.configs]
        assert found == backend.losses[:, column].tolist()


def test_an_evaluation_costs_the_seconds_from_scratch(bench):
    backend = ReplayBackend(bench, "beta", schedule="non-adaptive")
    config = backend.table.configs[3]
    found = evaluation(backend, 12)(config)
    assert found.budget == 12
    assert found.seconds == backend.curve(config, 12).seconds[-1]
    assert found.loss == objective(backend, 12)(config)


def test_a_loop_of_somebody_elses_minimizes_it():
    space = ConfigurationSpace({"x": (0.0, 1.0)})
    backend = FunctionBackend(
        space, (1, 4), lambda c, b: Curve(np.full(b + 1, (c["x"] - 0.3) ** 2), np.arange(b + 1.0))
    )
    found = minimize_scalar(lambda x: backend.objective()({"x": x}), bounds=(0, 1), method="bounded")
    assert found.x == pytest.approx(0.3, abs=1e-4)


def test_a_diverged_run_is_infinite():
    backend = FunctionBackend(
        ConfigurationSpace({"x": (0.0, 1.0)}), (1,), lambda c, b: Curve(np.full(2, np.nan), np.arange(2.0))
    )
    assert objective(backend)({"x": 0.5}) == np.inf


def test_a_budget_that_is_not_offered_is_refused(bench):
    with pytest.raises(UnknownNameError, match="budget '13'"):
        objective(ReplayBackend(bench, "alpha"), 13)


def test_a_configspace_configuration_is_taken_wherever_a_mapping_is(bench):
    backend = ReplayBackend(bench, "alpha")
    row = backend.table.configs[4]
    config = Configuration(bench.space, values=dict(row))
    assert backend.objective()(config) == backend.objective()(row)
    assert backend.config_id(config) == backend.config_id(row)
    domain = backend.domain()
    assert domain.encode(config).tolist() == domain.encode(row).tolist()
    domain.take(config)
    assert len(domain.candidates(99, np.random.default_rng(0))) == len(bench.configs) - 1
    drawn = bench.space.sample_configuration()
    nearest = ReplayBackend(bench, "alpha", match="nearest")
    assert nearest.objective()(drawn) == nearest.objective()(dict(drawn))


def test_a_conditional_configspace_configuration_is_encoded_as_its_mapping():
    space = ConfigurationSpace()
    kind = CategoricalHyperparameter("kind", ["plain", "deep"])
    layers = UniformIntegerHyperparameter("layers", 1, 9)
    space.add(kind, layers)
    space.add(EqualsCondition(layers, kind, "deep"))
    for values in ({"kind": "plain"}, {"kind": "deep", "layers": 4}):
        domain = SpaceDomain(space)
        ours, theirs = domain.encode(values), domain.encode(Configuration(space, values=values))
        np.testing.assert_array_equal(ours, theirs)


def test_a_row_that_is_not_in_the_table_is_refused_as_before(bench):
    with pytest.raises(InputError, match="must be a row of the table"):
        ReplayBackend(bench, "alpha").objective()(bench.space.sample_configuration())
