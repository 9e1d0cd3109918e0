"""CMA-ES: the tutorial's constants, convergence, restarts."""

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from lcbench.errors import InputError
from lcbench.simulate import FunctionBackend, simulate
from lcbench.simulate.optimizers.cma_es import CMAES, Distribution, Rates
from lcbench.table.curve import Curve

OPTIMUM = np.array([0.3, 0.6, 0.45, 0.7, 0.2])


def backend(scales):
    """Loss ``sum(scales * (x - optimum)^2)`` in five dimensions."""

    def curve(config, budget):
        x = np.array([config[f"x{j}"] for j in range(5)])
        return Curve(np.full(budget + 1, (scales * (x - OPTIMUM) ** 2).sum()), np.arange(budget + 1.0))

    return FunctionBackend(ConfigurationSpace({f"x{j}": (0.0, 1.0) for j in range(5)}), (1,), curve)


def test_weights_and_rates_are_the_tutorials():
    """By hand for n = 10, lambda = 10: mu = 5, weights from log(5.5) - log(i)."""
    rates = Rates(10, 10)
    np.testing.assert_allclose(rates.weights, [0.4563, 0.2708, 0.1622, 0.0852, 0.0255], atol=1e-4)
    assert rates.effective == pytest.approx(3.167, abs=1e-3)
    assert rates.c_sigma == pytest.approx(5.167 / 18.167, abs=1e-4)
    assert rates.d_sigma == pytest.approx(1 + rates.c_sigma)
    assert rates.c_c == pytest.approx((4 + 0.3167) / (14 + 0.6334), abs=1e-4)
    assert rates.c_1 == pytest.approx(2 / (11.3**2 + 3.167), abs=1e-5)
    assert rates.c_mu == pytest.approx(2 * (3.167 - 2 + 1 / 3.167) / (144 + 3.167), abs=1e-5)
    assert rates.expected_norm == pytest.approx(3.0847, abs=1e-3)


@pytest.mark.parametrize(
    ("scales", "evaluations"), [(np.ones(5), 300), (10.0 ** (np.arange(5) / 2), 600)], ids=["sphere", "ellipsoid"]
)
def test_it_converges(scales, evaluations):
    """Random search has about 0.03 on the sphere after 300."""
    optimizer = CMAES(backend(scales).domain(), (1,), np.random.default_rng(0))
    assert simulate(optimizer, backend(scales), evaluations=evaluations).incumbent(np.inf).loss < 2e-4


def test_many_workers_do_not_stop_it():
    optimizer = CMAES(backend(np.ones(5)).domain(), (1,), np.random.default_rng(0))
    assert simulate(optimizer, backend(np.ones(5)), workers=16, evaluations=400).incumbent(np.inf).loss < 1e-3


def test_the_distribution_learns_the_shape_of_its_best_points():
    """Points that differ along the diagonal only make the covariance long there."""
    distribution = Distribution(np.zeros(2), 1.0, Rates(2, 6))
    rng = np.random.default_rng(0)
    for _ in range(40):
        distribution.update(np.outer(rng.standard_normal(3), [1.0, 1.0]) * distribution.sigma + distribution.mean)
    values, axes = np.linalg.eigh(distribution.covariance)
    np.testing.assert_allclose(np.abs(axes[:, 1]), np.sqrt(0.5), atol=1e-6)
    assert values[1] > 20 * values[0]


def test_on_a_plateau_it_restarts_with_twice_the_population():
    flat = FunctionBackend(
        ConfigurationSpace({"x": (0.0, 1.0), "y": (0.0, 1.0)}),
        (1,),
        lambda config, budget: Curve(np.ones(budget + 1), np.arange(budget + 1.0)),
    )
    optimizer = CMAES(flat.domain(), (1,), np.random.default_rng(0), population=4)
    simulate(optimizer, flat, evaluations=4 + 8 + 16)
    assert optimizer._restarts == 3
    assert optimizer._distribution.rates.population == 32


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"population": 3}, "population must be at least 4, got 3"), ({"sigma": 0.0}, "sigma must be more than 0")],
)
def test_settings_that_cannot_be(bowl, settings, message):
    with pytest.raises(InputError, match=message):
        CMAES(bowl.domain(), bowl.budgets, np.random.default_rng(0), **settings)
