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
from playing import NAMES, assert_nothing_known_early, play, steps

from lcbench.simulate import OPTIMIZERS, FunctionBackend, ReplayBackend, SurrogateBackend, simulate
from lcbench.space import paper
from lcbench.space.spaces import from_json, to_json
from lcbench.table.curve import Curve

JOBS = 18  # some after the first model of eight results


LIMITS = {"workers": 3, "evaluations": JOBS}


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def surrogate(bench):
    pytest.importorskip("sklearn", reason="fitting needs the extra 'models'")
    return SurrogateBackend.fit(bench, "alpha", model="forest", folds=2).surrogate


@pytest.fixture(scope="module")
def backend_of(bench, surrogate):
    backends = {
        "surrogate": lambda: SurrogateBackend(surrogate),
        "surrogate with noise": lambda: SurrogateBackend(surrogate, noise="residual"),
        "surrogate, exact": lambda: SurrogateBackend(surrogate, exact_on_table=True),
        "drawn seeds": lambda: ReplayBackend(bench, "alpha", seed="draw"),
        "mean of seeds": lambda: ReplayBackend(bench, "alpha", seed="mean", schedule="non-adaptive"),
        "nearest": lambda: ReplayBackend(bench, "alpha", match="nearest"),
    }
    return lambda kind: backends[kind]()


@pytest.fixture(
    scope="module",  # a backend is pure, and what it has looked up once it need not look up for every optimizer
    params=["surrogate", "surrogate with noise", "surrogate, exact", "drawn seeds", "mean of seeds", "nearest"],
)
def backend(request, backend_of):
    return backend_of(request.param)


def test_laws_of_the_trace(name, backend):
    trace, spy = play(OPTIMIZERS[name], backend, **LIMITS)
    assert len(trace) == JOBS
    assert {r.job.budget for r in trace.results} <= set(backend.budgets)
    assert_nothing_known_early(spy, trace)
    ends = sorted(r.finished for r in trace.results)
    incumbents = [trace.incumbent(end).loss for end in ends]
    assert all(after <= before for before, after in pairwise(incumbents)), "the incumbent never worsens"
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


class Sated:
    """Asks for some jobs, and then until something is so."""

    def __init__(self, optimizer, done) -> None:
        self.optimizer, self.done, self.left = optimizer, done, JOBS

    def ask(self):
        self.left -= 1
        return self.optimizer.ask() if self.left >= 0 or not self.done() else None

    def tell(self, result) -> None:
        self.optimizer.tell(result)


@pytest.mark.parametrize("kind", ["drawn seeds", "surrogate with noise"])
def test_the_same_seed_gives_the_same_trace(kind, backend_of):
    """Where a backend draws; on tables and functions every optimizer is held to it in ``test_optimizers.py``."""
    first, again, other = (steps(play(OPTIMIZERS["bohb"], backend_of(kind), seed, **LIMITS)[0]) for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize("space", [conditional(), paper.full()], ids=["made up", "full"])
def test_a_conditional_space_is_searched_lawfully(name, space):
    """Every configuration is legal, what is inactive is absent, and both sides of each condition are tried."""
    curve, seen = legal(space)
    backend = FunctionBackend(space, (1, 3), curve)
    optimizer = OPTIMIZERS[name](backend.domain(), backend.budgets, np.random.default_rng(0))

    def one_sided() -> list[str]:
        tried = {part: {part in config for config in seen} for part in space.conditional_hyperparameters}
        return [part for part, sides in tried.items() if sides != {True, False}]

    simulate(Sated(optimizer, lambda: not one_sided()), backend, workers=2, evaluations=50)
    assert one_sided() == []
