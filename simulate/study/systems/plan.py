"""The plan of a study of systems: its runs, and the settings of their numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from itertools import product
from typing import Any

from lcbench.errors import InputError
from lcbench.simulate.study.systems.systems import SYSTEMS, check_system
from lcbench.simulate.transfer.shipped import load_portfolio, portfolio_digest
from lcbench.table.manifest import check_budgets
from lcbench.work import Task


@dataclass(frozen=True, slots=True, order=True)
class SystemTask(Task):
    """One run of a system on a data set."""

    dataset: str
    system: str
    workers: int
    seed: int

    def __str__(self) -> str:
        return f"{self.system} on {self.dataset}, {self.workers} worker{'s' * (self.workers > 1)}, seed {self.seed}"

    @property
    def key(self) -> tuple[str, str, int, int]:
        """Its values in the columns :data:`lcbench.simulate.study.systems.file.KEY`."""
        return self.dataset, self.system, self.workers, self.seed

    @property
    def path(self) -> str:
        """Its name in the folder."""
        return f"{self.dataset}/{self.system}-{self.workers}w-{self.seed}"


@dataclass(frozen=True, slots=True)
class SystemsPlan:
    """A study of systems.

    Attributes:
        sources: Data sets, as ``lcbench collect`` takes them.
        systems: Names of :data:`lcbench.simulate.study.systems.systems.NAMES`.
        seeds: Seeds of the runs; splits do not depend on them.
        workers: Numbers of processes, each of which is a run of its own.
        time_limit: Seconds of each run.
        budgets: Epochs of the optimizers' rungs.
        baselines: Names of baselines, or None for all.
        trials: How many models a search fits at most; None for no limit.
        folds: In how many stratified folds all rows outside the test part validate; 0 for the paper's hold-out.
    """

    sources: tuple[str, ...]
    systems: tuple[str, ...]
    seeds: tuple[int, ...]
    workers: tuple[int, ...]
    time_limit: float
    budgets: tuple[int, ...] = (12, 25, 50)
    baselines: tuple[str, ...] | None = None
    trials: int | None = None
    folds: int = 0

    def __post_init__(self) -> None:
        for kind, names in (("systems", self.systems), ("seeds", self.seeds), ("workers", self.workers)):
            if not names or len(set(names)) < len(names):
                told = ", ".join(map(str, names)) or "none"
                raise InputError(f"{kind} must be at least one, each named once, got {told}.")
        for name in self.systems:
            check_system(name)
        if min(self.workers) < 1:
            raise InputError(f"workers must be at least 1, got {min(self.workers)}.")
        if self.trials is not None and self.trials < 1:
            raise InputError(f"trials must be at least 1, got {self.trials}.")
        if self.folds != 0 and self.folds < 2:
            raise InputError(f"folds must be 0 for a hold-out, or at least 2, got {self.folds}.")
        check_budgets(self.budgets)

    def tasks(self, datasets: tuple[str, ...]) -> Iterator[SystemTask]:
        """Every run, seed by seed: whenever a study is stopped, its systems have had about as many."""
        for seed, workers, dataset, system in product(self.seeds, self.workers, datasets, self.systems):
            yield SystemTask(dataset, system, workers, seed)

    def settings(self) -> dict[str, Any]:
        """The settings that the numbers of all runs depend on; they may not change when runs are added."""
        portfolios = {SYSTEMS[name].portfolio for name in self.systems if name in SYSTEMS}
        return {
            "lcbench": version("lcbench"),
            "time": f"{self.time_limit:g} s",
            "budgets": list(self.budgets),
            "baselines": "all" if self.baselines is None else list(self.baselines),
            "trials": self.trials,
            "folds": self.folds,
        } | {
            f"{name} portfolio": portfolio_digest(load_portfolio(name))
            for name in ("greedy", "simple")
            if name in portfolios
        }
