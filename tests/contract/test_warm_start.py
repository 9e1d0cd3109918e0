"""Every optimizer in the registry can be started with a portfolio."""

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace, EqualsCondition
from playing import NAMES

from lcbench.errors import InputError
from lcbench.simulate import OPTIMIZERS, FunctionBackend, ReplayBackend, simulate
from lcbench.simulate.domain import SpaceDomain
from lcbench.simulate.warm_start import PortfolioDomain, WarmStart
from lcbench.table.curve import Curve


def conditional_backend():
    """Loss x where c is a, else y; 1 s an epoch."""
    space = ConfigurationSpace({"c": ["a", "b"], "x": (0.0, 1.0), "y": (0.0, 1.0)})
    space.add(EqualsCondition(space["y"], space["c"], "b"))
    return FunctionBackend(
        space,
        (1, 3, 9),
        lambda c, b: Curve(np.full(b + 1, c["x"] if c["c"] == "a" else c["y"]), np.arange(b + 1.0)),
    )


def first_configs(trace, n):
    """Configurations of the first trials, in the order in which they began."""
    began = {}
    for r in sorted(trace.results, key=lambda r: (r.started, r.worker)):
        began.setdefault(r.job.trial, r.job.config)
    return list(began.values())[:n]


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def play(name, backend, portfolio, **limits):
    optimizer = WarmStart(OPTIMIZERS[name], portfolio)(backend.domain(), backend.budgets, np.random.default_rng(0))
    return simulate(optimizer, backend, workers=3, **limits)


def test_the_portfolio_comes_first_and_then_the_rest_of_the_table(name, bench):
    backend = ReplayBackend(bench, "alpha")
    portfolio = [backend.table.configs[row] for row in (17, 3, 28, 11, 5, 20)]
    trace = play(name, backend, portfolio, evaluations=10**6)
    assert first_configs(trace, 6) == portfolio
    configs = {r.job.trial: tuple(r.job.config.values()) for r in trace.results}
    assert len(configs) == len(set(configs.values())) == len(bench.configs)


def test_the_portfolio_comes_first_on_a_space_with_conditions(name):
    portfolio = [{"c": "b", "x": 0.5, "y": 0.25}, {"c": "a", "x": 0.125}, {"c": "b", "x": 0.5, "y": 0.75}]
    trace = play(name, conditional_backend(), portfolio, evaluations=20)
    assert first_configs(trace, 3) == portfolio
    assert len(trace) == 20
    assert len({tuple(config.items()) for config in first_configs(trace, 20)}) > 3


def test_no_portfolio_changes_nothing(name, bench):
    backend = ReplayBackend(bench, "alpha")
    plain = OPTIMIZERS[name](backend.domain(), backend.budgets, np.random.default_rng(0))
    expected = simulate(plain, backend, workers=3, evaluations=25).results
    got = play(name, backend, [], evaluations=25).results
    assert [(r.job, r.finished) for r in got] == [(r.job, r.finished) for r in expected]


def test_hyperband_has_the_portfolio_in_its_first_bracket(bench):
    """Four trials at 12 epochs, the better two at 25, the best at 50."""
    backend = ReplayBackend(bench, "alpha")
    portfolio = [backend.table.configs[row] for row in (17, 3, 28, 11)]
    optimizer = WarmStart(OPTIMIZERS["hyperband"], portfolio)(
        backend.domain(), backend.budgets, np.random.default_rng(0)
    )
    bracket = simulate(optimizer, backend, evaluations=7).results
    assert [r.job.budget for r in bracket] == [12, 12, 12, 12, 25, 25, 50]
    assert all(r.job.config in portfolio for r in bracket)
    best = min((r for r in bracket if r.job.budget == 25), key=lambda r: r.loss)
    assert bracket[-1].job.trial == best.job.trial


def test_a_configuration_may_come_only_once():
    with pytest.raises(InputError, match=r"portfolio must hold each configuration once, got \{'x': 0.5\} a second"):
        WarmStart(OPTIMIZERS["random"], [{"x": 0.5}, {"x": 0.1}, {"x": 0.5}])


def test_a_configuration_outside_the_space_is_refused():
    backend = conditional_backend()
    warm = WarmStart(OPTIMIZERS["random"], [{"c": "a", "x": 1.5}])
    with pytest.raises(InputError, match="x must be a value of"):
        warm(backend.domain(), backend.budgets, np.random.default_rng(0))
    arrays = WarmStart(OPTIMIZERS["random"], [{"c": "a", "x": np.array([0.1, 0.5])} for _ in range(2)])
    with pytest.raises(InputError, match=r"x must be a value of .* got array"):
        arrays(backend.domain(), backend.budgets, np.random.default_rng(0))


def test_a_configuration_that_is_no_row_of_the_table_is_refused(bench):
    backend = ReplayBackend(bench, "alpha")
    other = {**backend.table.configs[0], "max_dropout": 0.123}
    with pytest.raises(InputError, match="config must be a row of the table when match='exact'"):
        play("random", backend, [other], evaluations=3)


def test_the_domain_is_the_next_of_the_portfolio_until_all_are_taken():
    space = ConfigurationSpace({"x": (0.0, 1.0)})
    domain, rng = PortfolioDomain(SpaceDomain(space), [{"x": 0.25}, {"x": 0.75}]), np.random.default_rng(0)
    assert domain.space is space
    for x in (0.25, 0.75):
        assert domain.sample(rng) == domain.sample(rng) == {"x": x}, "until it is taken"
        configs, points = domain.realize(np.array([[0.1], [0.2]]))
        assert (configs, points.tolist()) == ([{"x": x}], [[x]])
        assert domain.candidates(5, rng).tolist() == [[x]]
        domain.take({"x": 0.6})
        domain.take({"x": x})
    assert domain.realize(np.array([[0.5], [0.25]]))[0] == [{"x": 0.5}, {"x": 0.25}]
    assert domain.candidates(5, rng).shape == (5, 1)
    assert domain.sample(rng) != domain.sample(rng)
