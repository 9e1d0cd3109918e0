"""Laws that every wrapper keeps around every backend, and around each other."""

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from lcbench.simulate import OPTIMIZERS, FunctionBackend, ReplayBackend, simulate
from lcbench.simulate.wrappers import WRAPPERS, Folded, Negated, Noise, ScaledCost, Subset
from lcbench.table.curve import Curve


def function_backend(resumes):
    def curve(config, budget):
        epochs = np.arange(budget + 1.0)
        values = np.full(budget + 1, np.nan) if config["x"] > 0.9 else config["x"] + 1 / (1 + epochs)
        return Curve(values, (1 + config["x"]) * epochs)

    return FunctionBackend(ConfigurationSpace({"x": (0.0, 1.0)}), (12, 25, 50), curve, resumes=resumes)


BACKENDS = {
    "replay": lambda bench: ReplayBackend(bench, "alpha"),
    "replay resumes": lambda bench: ReplayBackend(bench, "alpha", schedule="non-adaptive"),
    "replay nearest": lambda bench: ReplayBackend(bench, "alpha", "valid_cross_entropy", match="nearest", seed="draw"),
    "function": lambda bench: function_backend(False),
    "function resumes": lambda bench: function_backend(True),
}

WRAP = {
    "folded": lambda backend: Folded([backend, Negated(backend)], [1.0, 3.0]),
    "negated": Negated,
    "noise": lambda backend: Noise(backend, 0.05, seed=3),
    "scaled-cost": lambda backend: ScaledCost(backend, 2.5),
    "subset": lambda backend: Subset(backend, (12, 50)),
}


def test_every_wrapper_is_tested_here():
    assert WRAP.keys() == WRAPPERS.keys()


@pytest.fixture(params=list(BACKENDS))
def backend(request, bench):
    return BACKENDS[request.param](bench)


@pytest.fixture(params=[*((name,) for name in WRAP), tuple(WRAP), tuple(reversed(WRAP))], ids="+".join)
def wrapped(request, backend):
    for name in request.param:
        backend = WRAP[name](backend)
    return backend


def configs_of(backend, n=5):
    domain, rng = backend.domain(), np.random.default_rng(0)
    found = []
    for _ in range(n):
        found.append(domain.sample(rng))
        domain.take(found[-1])
    return found


def test_laws_of_a_backend(wrapped):
    assert all(isinstance(budget, int) for budget in wrapped.budgets)
    for config in configs_of(wrapped):
        for budget in wrapped.budgets:
            curve, again = wrapped.curve(config, budget), wrapped.curve(dict(reversed(config.items())), budget)
            assert np.array_equal(curve.values, again.values, equal_nan=True), "same arguments, same curve"
            assert curve.seconds.tolist() == again.seconds.tolist()
            assert curve.epochs == budget
            assert curve.seconds[0] == 0
            assert (np.diff(curve.seconds) > 0).all()
            metric, finite = wrapped.metric, curve.values[np.isfinite(curve.values)]
            assert (finite >= metric.low - 1e-9).all()
            assert (finite <= metric.high + 1e-9).all()


@pytest.mark.parametrize("backend", [name for name in BACKENDS if "resumes" in name], indirect=True)
def test_budgets_of_one_run_agree_where_trials_are_resumed(wrapped):
    assert wrapped.resumes
    for config in configs_of(wrapped):
        long = wrapped.curve(config, wrapped.budgets[-1])
        for budget in wrapped.budgets:
            short = wrapped.curve(config, budget)
            assert np.array_equal(short.values, long.values[: budget + 1], equal_nan=True)
            assert short.seconds.tolist() == long.seconds[: budget + 1].tolist()


@pytest.mark.parametrize("name", ["hyperband", "pbt"])
def test_optimizers_run_on_it(wrapped, name):
    def run():
        optimizer = OPTIMIZERS[name](wrapped.domain(), wrapped.budgets, np.random.default_rng(0))
        return [(r.job, r.loss, r.finished) for r in simulate(optimizer, wrapped, workers=2, evaluations=12).results]

    assert run() == run()
