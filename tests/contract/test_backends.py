"""The laws of the trace for every optimizer on every other kind of backend: surrogates, drawn seeds, nearest rows.

On tables and functions they are held in ``test_optimizers.py``, live in ``tests/simulate/test_live.py``.
"""

from itertools import pairwise

import numpy as np
import pytest
from ConfigSpace import Configuration, ConfigurationSpace, EqualsCondition, ForbiddenEqualsClause, InCondition
from ConfigSpace.hyperparameters import (
    CategoricalHyperparameter,
    Constant,
    OrdinalHyperparameter,
    UniformFloatHyperparameter,
    UniformIntegerHyperparameter,
)

from lcbench.simulate import OPTIMIZERS, FunctionBackend, ReplayBackend, SurrogateBackend, simulate
from lcbench.space import paper
from lcbench.space.spaces import from_json, to_json
from lcbench.table.curve import Curve

JOBS = 18  # some after the first model of eight results


@pytest.fixture(params=list(OPTIMIZERS))
def name(request):
    return request.param


@pytest.fixture(scope="module")
def surrogate(bench):
    pytest.importorskip("sklearn", reason="fitting needs the extra 'models'")
    return SurrogateBackend.fit(bench, "alpha", model="forest", folds=2).surrogate


@pytest.fixture(
    params=["surrogate", "surrogate with noise", "surrogate, exact", "drawn seeds", "mean of seeds", "nearest"]
)
def backend(request, bench, surrogate):
    exact = ReplayBackend(bench, "alpha")
    return {
        "surrogate": lambda: SurrogateBackend(surrogate),
        "surrogate with noise": lambda: SurrogateBackend(surrogate, noise="residual"),
        "surrogate, exact": lambda: SurrogateBackend(surrogate, exact_on_table=True),
        "drawn seeds": lambda: ReplayBackend(bench, "alpha", seed="draw"),
        "mean of seeds": lambda: ReplayBackend(bench, "alpha", seed="mean", schedule="non-adaptive"),
        "nearest": lambda: ReplayBackend(exact.bench, "alpha", match="nearest"),
    }[request.param]()


class Spy:
    """Passes everything on, and keeps what was told when a job was asked for."""

    def __init__(self, optimizer):
        self.optimizer, self.told, self.known = optimizer, [], {}

    def ask(self):
        job = self.optimizer.ask()
        self.known[id(job)] = len(self.told)
        return job

    def tell(self, result):
        self.told.append(result)
        self.optimizer.tell(result)


def play(name, backend, seed=0):
    spy = Spy(OPTIMIZERS[name](backend.domain(), backend.budgets, np.random.default_rng(seed)))
    return simulate(spy, backend, workers=3, evaluations=JOBS), spy


def steps(trace):
    return [(r.job.trial, dict(r.job.config), r.job.budget, r.loss, r.finished, r.worker) for r in trace.results]


def test_laws_of_the_trace(name, backend):
    trace, spy = play(name, backend)
    assert len(trace) == JOBS
    assert {r.job.budget for r in trace.results} <= set(backend.budgets)
    for result in trace.results:
        told_before = spy.told[: spy.known[id(result.job)]]
        assert all(each.finished <= result.started for each in told_before), "nothing told before it finished"
    ends = sorted(r.finished for r in trace.results)
    incumbents = [trace.incumbent(end).loss for end in ends]
    assert all(after <= before for before, after in pairwise(incumbents)), "the incumbent never worsens"
    assert steps(trace) == steps(play(name, backend)[0]), "same seed, same trace"
    for result in trace.results:
        Configuration(backend.domain().space, values=dict(result.job.config))  # raises if it is not legal
        assert result.loss == backend.metric.loss(backend.curve(result.job.config, result.job.budget).values[-1])


def test_every_backend_is_a_plain_function_of_a_configuration(backend):
    config = backend.domain().sample(np.random.default_rng(0))
    for budget in (None, *backend.budgets):
        last = backend.curve(config, budget or backend.budgets[-1]).values[-1]
        assert backend.objective(budget)(Configuration(backend.domain().space, values=config)) == pytest.approx(
            float(backend.metric.loss(last)), abs=1e-9
        )


def conditional():
    """A choice with children, a grandchild, an ordinal, a constant, a log scale, and a value that is forbidden."""
    space = ConfigurationSpace()
    kind = CategoricalHyperparameter("kind", ["plain", "deep", "wide", "never"])
    layers = UniformIntegerHyperparameter("layers", 1, 100, log=True)
    dropout = CategoricalHyperparameter("dropout", [True, False])
    rate = UniformFloatHyperparameter("dropout_rate", 0.0, 0.8)
    space.add(kind, layers, dropout, rate, UniformFloatHyperparameter("learning_rate", 1e-4, 1.0, log=True))
    space.add(OrdinalHyperparameter("size", ["small", "middle", "large"]), Constant("fixed", 7))
    space.add(InCondition(layers, kind, ["deep", "wide"]), EqualsCondition(dropout, kind, "deep"))
    space.add(EqualsCondition(rate, dropout, True), ForbiddenEqualsClause(kind, "never"))
    return space


def legal(space):
    """A loss for any configuration of a space, which raises if it is not legal; and what it was asked."""
    asked, seen = from_json(to_json(space)), []

    def curve(config, budget):
        point = Configuration(asked, values=dict(config)).get_array()
        seen.append(dict(config))
        return Curve(np.full(budget + 1, np.nanmean(point)), np.arange(budget + 1.0))

    return curve, seen


@pytest.mark.parametrize("space", [conditional(), paper.full()], ids=["made up", "full"])
def test_a_conditional_space_is_searched_lawfully(name, space):
    """Every configuration is legal, what is inactive is absent, and both sides of each condition are tried."""
    curve, seen = legal(space)
    backend = FunctionBackend(space, (1, 3), curve)
    optimizer = OPTIMIZERS[name](backend.domain(), backend.budgets, np.random.default_rng(0))
    simulate(optimizer, backend, workers=2, evaluations=80)
    for part in space.conditional_hyperparameters:
        assert {part in config for config in seen} == {True, False}, part
