"""The laws of the contract as a function, for optimizers of your own and for ours.

>>> from lcbench.testing import check_optimizer
>>> check_optimizer("./mine.py:Mine")

Each law is tried on small synthetic backends: spaces that are continuous, mixed, categorical and conditional, and a
table; one and several budgets; trials that resume and trials that begin from scratch; runs that diverge; several
workers; other tasks, for optimizers that transfer.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from random import Random, getstate, setstate
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random import RandomState, get_state, set_state

from lcbench.errors import InputError, LcbenchError, UnknownNameError
from lcbench.simulate.contract import Domain, Job, Optimizer, OptimizerFactory, Result
from lcbench.simulate.domain import ConfigTable, SpaceDomain, TableDomain
from lcbench.simulate.function import FunctionBackend
from lcbench.simulate.optimizers.spec import Spec, is_multi_fidelity, place_of, specs_of
from lcbench.simulate.run import simulate
from lcbench.simulate.sources import Sources
from lcbench.simulate.trace import Trace
from lcbench.space import Config
from lcbench.table.curve import Curve
from lcbench.table.metric import Metric
from lcbench.work.task import describe

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

EVALUATIONS = 30
"""Jobs of a play; a law takes up to eight plays."""

_ROWS = 24


class BrokenLawError(InputError, AssertionError):
    """An optimizer breaks a law of the contract; an ``AssertionError`` too, for those who test."""


def check_optimizer(
    optimizer: str | OptimizerFactory | Spec,
    *,
    laws: Iterable[str] | None = None,
    evaluations: int = EVALUATIONS,
    seed: int = 0,
) -> None:
    """Check that an optimizer keeps the contract.

    Args:
        optimizer: A text such as ``"./mine.py:Mine(alpha=0.1)"``, or what makes an optimizer from a domain, budgets
            and a generator.
        laws: Names in :data:`LAWS`; all by default.
        evaluations: How many jobs an optimizer is asked for in each play.
        seed: Seed of its generator.

    Raises:
        BrokenLawError: If it breaks a law; the message says which, and where.
        InputError: If there is no such optimizer, or it cannot be used.
    """
    for _, broken in laws_of(optimizer, laws=laws, evaluations=evaluations, seed=seed):
        if broken is not None:
            raise broken


def laws_of(
    optimizer: str | OptimizerFactory | Spec,
    *,
    laws: Iterable[str] | None = None,
    evaluations: int = EVALUATIONS,
    seed: int = 0,
) -> Iterator[tuple[str, BrokenLawError | None]]:
    """Try law after law, as :func:`check_optimizer` does.

    Yields:
        The name of each law, and how it was broken; None if it was kept.

    Raises:
        UnknownNameError: If there is no such law.
    """
    (spec,) = specs_of([optimizer])
    for name in LAWS if laws is None else laws:
        if name not in LAWS:
            raise UnknownNameError("law", name, LAWS)
        try:
            LAWS[name](_Tried(spec, evaluations, seed))
        except BrokenLawError as error:
            broken = BrokenLawError(f"optimizer {spec} breaks the law {name!r}: {error}")
            broken.__cause__ = error.__cause__
            yield name, broken
        else:
            yield name, None


# Grounds -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ground:
    """A synthetic backend: its curves are computed from the point of a configuration in the unit cube.

    Attributes:
        name: What it is, for messages.
        space: The search space.
        budgets: Epochs that can be asked for.
        resumes: As :class:`lcbench.simulate.contract.Backend` has it.
        table: Whether only some configurations of the space are there, the rows of a table.
        hopeless: Whether every run diverges.
    """

    name: str
    space: "ConfigurationSpace"
    budgets: tuple[int, ...] = (1, 3, 9)
    resumes: bool = False
    table: bool = False
    hopeless: bool = False

    def __str__(self) -> str:
        budgets = f"budget{'s' * (len(self.budgets) > 1)} {', '.join(map(str, self.budgets))}"
        return f"{self.name}, {budgets}, {'trials resume' if self.resumes else 'from scratch'}"

    @property
    def metric(self) -> Metric:
        """A loss."""
        return self._backend.metric

    @cached_property
    def _backend(self) -> FunctionBackend:
        return FunctionBackend(self.space, self.budgets, self._curve, self.resumes)

    @cached_property
    def rows(self) -> ConfigTable:
        """Different configurations of the space."""
        import pandas as pd

        domain, rng = SpaceDomain(self.space), np.random.default_rng(0)
        drawn: dict[tuple[Any, ...], Config] = {}
        for _ in range(20 * _ROWS):
            config = domain.sample(rng)
            drawn.setdefault(tuple(sorted(config.items())), config)
            if len(drawn) == _ROWS:
                break
        frame = pd.DataFrame(list(drawn.values()), columns=list(self.space))
        return ConfigTable(self.space, frame)

    def domain(self) -> Domain:
        """A fresh domain, with other tasks to learn from."""
        return TableDomain(self.rows, None, self._others) if self.table else SpaceDomain(self.space, None, self._others)

    @cached_property
    def _others(self) -> Sources:
        """Three synthetic tasks, one of them like this one; one configuration has no run, another diverged."""
        points = self._domain.candidates(_ROWS, np.random.default_rng(1))
        places = np.nan_to_num(points, nan=0.5)
        losses = np.stack([((places - centre) ** 2).sum(axis=1) for centre in (0.3, 0.5, 0.9)], axis=1)
        losses[0], losses[1, 1] = (0.5, np.nan, 0.5), np.inf
        features, own = np.array([[0.0], [1.0], [2.0]]), np.array([0.1])
        return Sources(("like", "between", "unlike"), points, losses, self.metric, features, own)

    def curve(self, config: Config, budget: int) -> Curve:
        """The learning curve.

        Raises:
            InputError: If the configuration is none of the space, or none of the table's rows.
        """
        if self.table and self.rows.row(config) is None:
            raise InputError(f"config of a job must be one of the table's rows, got {dict(config)}; ask its domain.")
        return self._backend.curve(config, budget)

    def _curve(self, config: Config, budget: int) -> Curve:
        """Better with more epochs; about one run in seven diverges; an epoch takes 1 to 3 s."""
        point = np.nan_to_num(self._domain.encode(config), nan=0.5)
        epochs = np.arange(budget + 1.0)
        values = ((point - 0.3) ** 2).sum() + 1 / (1 + epochs)
        if self.hopeless or point[0] > 0.85:
            values[1:] = np.nan
        return Curve(values, (1 + 2 * point[0]) * epochs)

    @cached_property
    def _domain(self) -> Domain:
        return self._backend.domain()


def _spaces() -> Mapping[str, "ConfigurationSpace"]:
    from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float

    conditional = ConfigurationSpace({"x": (0.0, 1.0), "kind": ["a", "b"]})
    conditional.add(width := Float("width", (1e-4, 1.0), log=True))
    conditional.add(EqualsCondition(width, conditional["kind"], "a"))
    return {
        "a continuous space": ConfigurationSpace({"x": (0.0, 1.0), "y": Float("y", (1e-4, 1.0), log=True)}),
        "a mixed space": ConfigurationSpace({"x": (0.0, 1.0), "n": (1, 9), "c": ["a", "b", "d"]}),
        "a categorical space": ConfigurationSpace({"c": Categorical("c", list("abcdefg")), "d": ["x", "y", "z"]}),
        "a conditional space": conditional,
    }


def grounds() -> Iterator[Ground]:
    """Every kind of space, and a table, under different budgets."""
    spaces = _spaces()
    for (name, space), budgets in zip(spaces.items(), ((1, 3, 9), (2, 9), (7,), tuple(range(1, 6))), strict=True):
        yield Ground(name, space, budgets)
    yield Ground("a mixed space", spaces["a mixed space"], resumes=True)
    yield Ground("a table", spaces["a mixed space"], table=True)


# Laws ----------------------------------------------------------------------------------------------------------------


class _Watched:
    """Passes everything on and says of an error in the optimizer where it is."""

    def __init__(self, optimizer: Optimizer, ground: Ground) -> None:
        self._optimizer, self._ground = optimizer, ground

    def ask(self) -> Job | None:
        return _guarded(self._ground, "ask", self._optimizer.ask)

    def tell(self, result: Result) -> None:
        _guarded(self._ground, "tell", lambda: self._optimizer.tell(result))


def _guarded(ground: Ground, doing: str, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except LcbenchError as error:
        raise BrokenLawError(f"on {ground}: {doing} is refused: {error}") from error
    except Exception as error:
        raise BrokenLawError(f"on {ground}: {doing} fails with {describe(error)} ({place_of(error)}).") from error


@dataclass(frozen=True)
class _Tried:
    """An optimizer that is tried."""

    spec: Spec
    evaluations: int
    seed: int

    def made(self, ground: Ground) -> Optimizer:
        rng = np.random.default_rng(self.seed)
        found = _guarded(ground, "making it", lambda: self.spec.factory(ground.domain(), ground.budgets, rng))
        return _Watched(found, ground)

    def play(self, ground: Ground, workers: int = 3, evaluations: int | None = None) -> Trace:
        try:
            return simulate(self.made(ground), ground, workers=workers, evaluations=evaluations or self.evaluations)
        except BrokenLawError:
            raise
        except LcbenchError as error:
            raise BrokenLawError(f"on {ground}, with {workers} worker{'s' * (workers > 1)}: {error}") from error


def _steps(trace: Trace) -> list[tuple[Any, ...]]:
    return [(r.job.trial, tuple(sorted(r.job.config.items())), r.job.budget, r.job.parent) for r in trace.results]


def _asks_for_what_there_is(tried: _Tried) -> None:
    """On every ground, with one worker and with several, each job is one that the backend has."""
    for ground, workers in zip(grounds(), (1, 4, 2, 7, 3, 4), strict=True):
        tried.play(ground, workers)


def _same_seed_same_jobs(tried: _Tried) -> None:
    for ground in (Ground("a mixed space", _spaces()["a mixed space"]), *list(grounds())[-1:]):
        first, again = _steps(tried.play(ground)), _steps(tried.play(ground))
        for number, (one, other) in enumerate(zip(first, again, strict=False)):
            if one != other:
                raise BrokenLawError(
                    f"on {ground}, result {number} is of {one[1:3]}, then of {other[1:3]}; draw from the generator "
                    "that it is given, and keep nothing on the class or in the module."
                )
        if len(first) != len(again):
            raise BrokenLawError(f"on {ground}, it gave {len(first)} results, then {len(again)}.")


def _leaves_global_randomness_alone(tried: _Tried) -> None:
    """Numpy's and Python's global random states are neither read nor changed."""
    ground = next(grounds())
    before, plain = get_state(), getstate()  # noqa: NPY002  # the states that must not matter
    try:
        steps = []
        for seed in (1, 2):
            state = RandomState(seed).get_state()
            other = Random(seed).getstate()  # noqa: S311  # not for secrets
            set_state(state)  # noqa: NPY002
            setstate(other)
            steps.append(_steps(tried.play(ground)))
            if getstate() != other or str(get_state()) != str(state):  # noqa: NPY002
                raise BrokenLawError(f"on {ground}, it draws from a global random state; draw from its generator.")
        if steps[0] != steps[1]:
            raise BrokenLawError(f"on {ground}, its jobs depend on a global random state; draw from its generator.")
    finally:
        set_state(before)  # noqa: NPY002
        setstate(plain)


def _survives_diverged_runs(tried: _Tried) -> None:
    """A loss may be infinite and a curve NaN, even of every run."""
    for resumes in (False, True):
        space = _spaces()["a mixed space"]
        tried.play(Ground("a space where every run diverges", space, (1, 3), resumes, hopeless=True))


def _ends_with_the_table(tried: _Tried) -> None:
    """Each row is one trial, and when all are taken ask gives None, however often it is asked."""
    for ground in (
        Ground("a table", _spaces()["a mixed space"], table=True),
        Ground("a table", _spaces()["a mixed space"], (5,), resumes=True, table=True),
    ):
        rows = len(ground.rows.frame)
        most = rows * len(ground.budgets)
        optimizer = tried.made(ground)
        trace = simulate(optimizer, ground, workers=4, evaluations=most + 1)
        seen: dict[int, int] = {}
        for trial, config in {r.job.trial: r.job.config for r in trace.results}.items():
            row = ground.rows.row(config)
            assert row is not None  # noqa: S101  # the ground has checked it
            if row in seen:
                raise BrokenLawError(
                    f"on {ground}, trials {seen[row]} and {trial} have the same row; call domain.take(config) for each."
                )
            seen[row] = trial
        if len(trace) > most or any(optimizer.ask() is not None for _ in range(2)):
            raise BrokenLawError(f"on {ground}, it asks for more after its {rows} rows are used; ask must give None.")


def _says_its_fidelity(tried: _Tried) -> None:
    """An optimizer says ``multi_fidelity = True`` if it asks for budgets below the largest, and only then."""
    ground = Ground("a mixed space", _spaces()["a mixed space"])
    short = any(result.job.budget < ground.budgets[-1] for result in tried.play(ground).results)
    said = is_multi_fidelity(tried.spec.factory)
    if short != said:
        asks = "budgets below the largest" if short else "the largest budget only"
        raise BrokenLawError(f"on {ground}, it asks for {asks}; its class must say multi_fidelity = {short}.")


LAWS: Mapping[str, Callable[[_Tried], None]] = {
    "asks for what there is": _asks_for_what_there_is,
    "same seed, same jobs": _same_seed_same_jobs,
    "leaves global random states alone": _leaves_global_randomness_alone,
    "survives diverged runs": _survives_diverged_runs,
    "ends with the table": _ends_with_the_table,
    "says whether it is multi-fidelity": _says_its_fidelity,
}
"""What every optimizer must keep, by name."""
