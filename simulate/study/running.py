"""Runs all simulations of a study and combines them."""

import math
import os
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped,unused-ignore]

from lcbench.errors import DataWarning, InputError, StoppedError
from lcbench.simulate.contract import OptimizerFactory
from lcbench.simulate.domain import ConfigTable
from lcbench.simulate.portfolios import PortfoliosLike, parse_portfolios
from lcbench.simulate.priors import parse_prior, stated
from lcbench.simulate.replay import Match, Schedule, Seed
from lcbench.simulate.study.file import check_not_all_empty
from lcbench.simulate.study.keeping import Keep, Tables, kept_study
from lcbench.simulate.study.limit import parse_budget
from lcbench.simulate.study.plan import SimulationTask, StudyPlan
from lcbench.simulate.study.player import Player, Simulate
from lcbench.simulate.study.storage import Finished
from lcbench.table.benchmark import Benchmark
from lcbench.whole import whole
from lcbench.work import KILLED, InlineExecutor, Outcome, get_executor, run

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

CLASSICAL = ("random", "successive-halving", "hyperband", "bohb")
"""The optimizers that are compared if none are named."""

_SECONDS_BETWEEN_PARTS = 2.0  # what a kill can cost; Ctrl-C costs nothing
_NOTES = 3  # data sets of which is said how many configurations they lack
_SECONDS_ALONE = 2.0  # about what it takes to start processes: a study that is done by then needs none


def study(
    bench: Benchmark,
    datasets: Sequence[str] | None = None,
    optimizers: str | Sequence[str | OptimizerFactory] | Mapping[str, str | OptimizerFactory] | None = None,
    seeds: Sequence[int] = tuple(range(10)),
    *,
    workers: int | Iterable[int] = 4,
    budget: str = "20x",
    metric: str | None = None,
    recorded: Seed = "mean",
    schedule: Schedule = "adaptive",
    match: Match = "exact",
    budgets: Iterable[int] | None = None,
    prior: "str | Path | ConfigurationSpace | None" = None,
    portfolio: PortfoliosLike = None,
    leave_one_out: bool = False,
    jobs: int | None = 1,
    scheduler: str | None = None,
    keep: Keep | Path | None = None,
    begun: Callable[[int, int], None] | None = None,
    done: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Replay optimizers on a benchmark.

    Args:
        bench: The table.
        datasets: Names of data sets; all by default.
        optimizers: Names, import strings (with arguments or without), classes and other factories, or a mapping from
            labels to them, see :mod:`lcbench.simulate.optimizers.spec`; :data:`CLASSICAL` by default (some others take
            long).
        seeds: Seeds of the optimizers.
        workers: Number of simulated workers; several numbers are simulations of their own.
        budget: How long each optimizer may run, see :func:`lcbench.simulate.study.limit.parse_budget`.
        metric: What is optimized; by default the table's objective. Several objectives are separated by commas,
            ``"valid_accuracy,seconds"``, and runs are judged as :mod:`lcbench.simulate.study.objectives` says.
        recorded: Which recorded seeds are replayed, see :class:`lcbench.simulate.replay.ReplayBackend`; for ``"draw"``
            the optimizer's seed picks.
        schedule: See :class:`lcbench.simulate.replay.ReplayBackend`.
        match: See :class:`lcbench.simulate.replay.ReplayBackend`.
        budgets: Epochs that optimizers can ask for; by default those that each data set has runs at. On the
            non-adaptive schedule any epochs of its longest run, such as ``range(1, 51)``.
        prior: Where optimizers are told that good configurations lie: ``"good"``, ``"medium"`` or ``"bad"`` (made from
            the table, see :mod:`lcbench.simulate.priors`), a ConfigSpace with distributions, or a JSON file of one.
        portfolio: What every optimizer begins with: ``"greedy:16"`` or ``"simple"``, chosen from the table, given
            configurations, or a JSON file of them, see :mod:`lcbench.simulate.portfolios`; several,
            ``"none,greedy:16"`` or a list, are simulations of their own.
        leave_one_out: Whether a portfolio is chosen from all data sets of the table but the one at hand, as for a new
            task. Otherwise it has seen what it is tried on.
        jobs: Processes that simulate; 1: this one. None: this one, and if that takes long and all optimizers can be
            sent to other processes, one for each core.
        scheduler: Address of a Dask scheduler, whose workers simulate; they must see the table under the same path.
        keep: File in which the study is kept, see :mod:`lcbench.simulate.study.keeping`: what is there already is not
            simulated again, and what is asked for is added to it. If the study is interrupted, the same call resumes.
        begun: Called once, with the number of simulations that are there already and of all of them.
        done: Called after each simulation with its name, to show progress.

    Returns:
        One row per result, with the columns :data:`lcbench.simulate.study.file.COLUMNS`. Same arguments, same numbers,
        whatever ``jobs`` is and however often it was interrupted. A run in which nothing finished is there as
        :mod:`lcbench.simulate.study.file` says. If the study is kept, all that its file holds.

    Raises:
        InputError: If an argument cannot be used, another process writes to the file, it is no study that can be added
            to, or nothing finished in any run.
        PlanConflictError: If the file, or what an interrupted study left beside it, has other settings.
        StoppedError: If the process of a simulation was killed twice; what is finished is kept beside the file.
    """
    several = isinstance(workers, Iterable) and not isinstance(workers, str)
    plan = StudyPlan(
        tuple(bench.datasets if datasets is None else datasets),
        CLASSICAL if optimizers is None else optimizers,  # type: ignore[arg-type]  # the plan reads them
        tuple(seeds),
        tuple(workers) if several else (workers,),  # type: ignore[arg-type]  # mypy does not follow
        parse_budget(budget),
        ",".join(each.name for each in bench.objectives(metric)),
        recorded,
        schedule,
        match,
        None if budgets is None else tuple(budgets),
        parse_prior(prior),
        parse_portfolios(portfolio, bench.space, leave_one_out=leave_one_out),
    )
    plan.check_datasets(bench)
    if plan.prior is not None:
        stated(plan.prior, bench.space)  # refused before anything is simulated
    if bench.manifest.missing:
        _say_gaps(bench, plan)
    play = Playing(bench, None if jobs is None else whole("jobs", jobs, least=1), scheduler, begun, done)
    if keep is not None:
        return kept_study(keep if isinstance(keep, Keep) else Keep(keep), bench, plan, budget, play)
    found: Tables = {}
    play(plan, list(plan.tasks()), found, None)
    traces: pd.DataFrame = pa.concat_tables(found[task.key] for task in plan.tasks()).to_pandas()
    check_not_all_empty(traces, budget)
    return traces


@dataclass(frozen=True, slots=True)
class Playing:
    """Simulates what is missing, see :data:`lcbench.simulate.study.keeping.Play`.

    Attributes:
        bench: The table.
        jobs: See :func:`study`.
        scheduler: See :func:`study`.
        begun: See :func:`study`.
        done: See :func:`study`.
    """

    bench: Benchmark
    jobs: int | None
    scheduler: str | None
    begun: Callable[[int, int], None] | None
    done: Callable[[str], None] | None

    def __call__(
        self, plan: StudyPlan, tasks: Sequence[SimulationTask], found: Tables, storage: Finished | None
    ) -> None:
        """Simulate those tasks that are not found and add them, also to the storage."""
        missing = [task for task in tasks if task.key not in found]
        if self.begun is not None:
            self.begun(len(tasks) - len(missing), len(tasks))
        with (
            closing(_simulated(self.bench, plan, missing, self.jobs, self.scheduler)) as simulated,
            closing(_kept(simulated, storage)) as kept,
        ):
            for task, table in kept:
                found[task.key] = table
                if self.done is not None:
                    self.done(str(task))


def _say_gaps(bench: Benchmark, plan: StudyPlan) -> None:
    """Warn in one line of all data sets where not every configuration is offered."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", DataWarning)
        table = ConfigTable(bench.space, bench.configs)
        for dataset in plan.datasets:
            plan.replay(bench, dataset, table=table)
    notes = [str(each.message).removesuffix(".") for each in said if issubclass(each.category, DataWarning)]
    if notes:
        more = f"; and likewise on {len(notes) - _NOTES} more data sets" if len(notes) > _NOTES else ""
        warnings.warn(f"{'; '.join(notes[:_NOTES])}{more}.", DataWarning, stacklevel=3)


def _simulated(
    bench: Benchmark, plan: StudyPlan, tasks: list[SimulationTask], jobs: int | None, scheduler: str | None
) -> Generator[tuple[SimulationTask, pa.Table], None, None]:
    """Simulate here or elsewhere; in any order."""
    waiting = deque(tasks)
    if scheduler is None and (jobs is None or min(jobs, len(tasks)) <= 1):
        helped = jobs is None and cores() > 1 and all(spec.travels() for spec in plan.specs)
        patience = _SECONDS_ALONE if helped else math.inf
        with InlineExecutor(Player(bench, plan).play) as here, threadpool_limits(1):
            yield from _successful(run(here, _until(patience, waiting, len(tasks)), attempts=1))
    if waiting:
        count = min(jobs or cores(), len(waiting))
        packed = replace(plan, specs=tuple(spec.packed() for spec in plan.specs))
        function = Simulate(bench.folder.resolve(), bench.view, packed)
        with get_executor(None, count, scheduler, function, "lcbench.simulate.study.player") as elsewhere:
            yield from _successful(run(elsewhere, waiting))


def _until(patience: float, waiting: deque[SimulationTask], count: int) -> Callable[[], SimulationTask | None]:
    """Take tasks in order, until as many seconds have passed and less than half of them are begun."""
    start = time.monotonic()

    def take() -> SimulationTask | None:
        late = time.monotonic() - start > patience and len(waiting) > count / 2
        return None if late or not waiting else waiting.popleft()

    return take


def _successful(outcomes: Iterator[Outcome[SimulationTask]]) -> Iterator[tuple[SimulationTask, pa.Table]]:
    """The rows of each simulation; the first that fails ends the study."""
    for outcome in outcomes:
        task = outcome.task
        if outcome.error is not None:
            raise outcome.error
        if outcome.refused:
            raise InputError(outcome.reason)
        if outcome.reason == KILLED:
            raise StoppedError(
                f"a process was killed twice at {task}, seed {task.seed} (is there enough memory?); fewer --jobs need "
                "less, and with an output file the finished runs are kept: the same command resumes from there."
            )
        if outcome.reason is not None:
            raise RuntimeError(f"{task}, seed {task.seed}, failed in its process:\n{outcome.traceback}")
        yield task, outcome.value


def cores() -> int:
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _kept(
    simulated: Iterable[tuple[SimulationTask, pa.Table]], storage: Finished | None
) -> Generator[tuple[SimulationTask, pa.Table], None, None]:
    """Pass on simulations and keep them, some seconds' worth at a time; whatever interrupts, all that came is kept."""
    waiting: list[pa.Table] = []
    last = time.monotonic()
    try:
        for task, table in simulated:
            if storage is not None:
                waiting.append(table)
                if time.monotonic() - last > _SECONDS_BETWEEN_PARTS:
                    storage.add(waiting)
                    waiting, last = [], time.monotonic()
            yield task, table
    finally:
        if storage is not None:
            storage.add(waiting)
