"""The plan of a study: its simulations, and the settings of their numbers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from itertools import product
from typing import Any

from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate.domain import ConfigTable
from lcbench.simulate.optimizers.spec import Spec, parse, source_digests, specs_of
from lcbench.simulate.portfolios import NONE, Portfolio
from lcbench.simulate.priors import said
from lcbench.simulate.replay import Match, ReplayBackend, Schedule, Seed
from lcbench.simulate.study.limit import Limit
from lcbench.table.benchmark import Benchmark
from lcbench.table.manifest import MANIFEST, check_budgets
from lcbench.whole import whole
from lcbench.work import Task


@dataclass(frozen=True, slots=True, order=True)
class SimulationTask(Task):
    """One simulation of a study."""

    optimizer: str
    dataset: str
    seed: int
    workers: int
    portfolio: str = NONE

    def __str__(self) -> str:
        return f"{self.optimizer} on {self.dataset}"

    @property
    def key(self) -> tuple[str, str, int, int, str]:
        """Its values in the columns :data:`lcbench.simulate.study.file.KEY`."""
        return self.optimizer, self.dataset, self.seed, self.workers, self.portfolio


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """A study.

    Attributes:
        datasets: Names of data sets.
        optimizers: Labels of optimizers, made of whatever :func:`lcbench.simulate.optimizers.spec.specs_of` reads.
        seeds: Seeds of the optimizers.
        workers: Numbers of simulated workers, each of which is a simulation of its own.
        limit: How long each optimizer may run.
        metric: What is optimized.
        recorded: Which recorded seeds are replayed.
        schedule: See :class:`lcbench.simulate.replay.ReplayBackend`.
        match: See :class:`lcbench.simulate.replay.ReplayBackend`.
        budgets: Epochs that optimizers can ask for; None for those that each data set has.
        prior: What optimizers are told to believe, from :func:`lcbench.simulate.priors.parse_prior`; None for nothing.
        portfolios: What every optimizer begins with, from :func:`lcbench.simulate.portfolios.parse_portfolios`; each of
            several is a simulation of its own.
        specs: What makes the optimizers, and maybe others; by default what the labels say.
    """

    datasets: tuple[str, ...]
    optimizers: tuple[str, ...]
    seeds: tuple[int, ...]
    workers: tuple[int, ...]
    limit: Limit
    metric: str
    recorded: Seed
    schedule: Schedule
    match: Match
    budgets: tuple[int, ...] | None = None
    prior: str | None = None
    portfolios: tuple[Portfolio, ...] = (Portfolio(),)
    specs: tuple[Spec, ...] = ()

    def __post_init__(self) -> None:
        known = {spec.label: spec for spec in self.specs}
        asked = specs_of([_known(label, known) for label in self.optimizers] if known else self.optimizers)
        object.__setattr__(self, "optimizers", tuple(spec.label for spec in asked))
        object.__setattr__(self, "specs", tuple((known | {spec.label: spec for spec in asked}).values()))
        object.__setattr__(self, "seeds", tuple(whole("seeds", seed, least=0) for seed in self.seeds))
        object.__setattr__(self, "workers", tuple(whole("workers", each, least=1) for each in self.workers))
        for name, names in self.names.items():
            kind = name.replace("datasets", "data sets")
            if not names or len(set(names)) < len(names):
                raise InputError(
                    f"{kind} must be at least one, each named once, got {', '.join(map(str, names)) or 'none'}."
                )
        if self.budgets is not None:
            check_budgets(self.budgets)

    @property
    def names(self) -> dict[str, tuple[Any, ...]]:
        """What its simulations are named by, see :data:`NAMED`."""
        found = {name: getattr(self, name) for name in NAMED}
        return found | {"portfolios": tuple(each.name for each in self.portfolios)}

    def check_datasets(self, bench: Benchmark) -> None:
        """Check that the table has them all.

        Raises:
            UnknownNameError: If it lacks one.
            InputError: If each is to be left out of a portfolio, and there is but one.
        """
        for dataset in self.datasets:
            if dataset not in bench.datasets:
                raise UnknownNameError("data set", dataset, bench.datasets)
        if any(each.leave_one_out for each in self.portfolios) and len(bench.datasets) < 2:
            raise InputError("leaving one data set out needs at least two data sets; add another to the table.")

    def replay(
        self, bench: Benchmark, dataset: str, draw_seed: int = 0, table: ConfigTable | None = None
    ) -> ReplayBackend:
        """What is replayed on a data set.

        Raises:
            InputError: If it cannot be replayed.
        """
        return ReplayBackend(
            bench,
            dataset,
            self.metric,
            seed=self.recorded,
            schedule=self.schedule,
            match=self.match,
            draw_seed=draw_seed,
            budgets=self.budgets,
            table=table,
        )

    def tasks(self) -> Iterator[SimulationTask]:
        """Every simulation, data set by data set."""
        return simulations(self.names)

    def optimizer(self, label: str) -> Spec:
        """What makes the optimizer of a label.

        Raises:
            UnknownNameError: If the plan has none.
        """
        for spec in self.specs:
            if spec.label == label:
                return spec
        raise UnknownNameError("optimizer", label, self.optimizers)

    def portfolio(self, name: str) -> Portfolio:
        """The portfolio of a name; the plan has it."""
        return next(each for each in self.portfolios if each.name == name)

    def settings(self, bench: Benchmark) -> dict[str, Any]:
        """The settings that the numbers of a simulation depend on, beside its own names."""
        return {
            "lcbench": version("lcbench"),
            "benchmark": sha256((bench.folder / MANIFEST).read_bytes()).hexdigest(),
            "budget": str(self.limit),
            "metric": self.metric,
            "recorded": self.recorded,
            "schedule": self.schedule,
            "match": self.match,
            "budgets": "of the table" if self.budgets in (None, bench.budgets) else _written(self.budgets or ()),
            "runs": bench.view.text or "all of the table",
            "prior": said(self.prior),
            **source_digests(map(self.optimizer, self.optimizers)),
        }


def _known(label: str, known: Mapping[str, Spec]) -> Spec:
    """What makes an optimizer of a study that grows.

    Raises:
        InputError: If it was somebody's own, and nobody says now where it is.
    """
    try:
        return known[label] if label in known else parse(label)
    except UnknownNameError as error:
        raise InputError(
            f"unknown optimizer {label!r}: the study has it, so it must run on what is new; name it as before, such as "
            "./mine.py:Mine, among the optimizers."
        ) from error


NAMED = ("optimizers", "datasets", "seeds", "workers", "portfolios")
"""What the simulations of a study are named by: each of these with each of the others."""


def simulations(names: Mapping[str, Sequence[Any]]) -> Iterator[SimulationTask]:
    """Every simulation of some names (:data:`NAMED`), data set by data set."""
    outer = ("datasets", "workers", "portfolios", "seeds", "optimizers")
    for dataset, workers, portfolio, seed, optimizer in product(*(names[name] for name in outer)):
        yield SimulationTask(optimizer, dataset, seed, workers, portfolio)


def _written(budgets: tuple[int, ...]) -> str:
    """Budgets as :func:`lcbench.table.manifest.parse_budgets` reads them, every epoch of a range as ``first-last``."""
    if len(budgets) > 2 and budgets[-1] - budgets[0] == len(budgets) - 1:
        return f"{budgets[0]}-{budgets[-1]}"
    return ",".join(map(str, budgets))
