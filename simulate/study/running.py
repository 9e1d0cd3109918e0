"""Plays all cells of a study and puts them together."""

import math
import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path

import pandas as pd
import pyarrow as pa

from lcbench.errors import InputError
from lcbench.simulate.optimizers import get_optimizer
from lcbench.simulate.replay import Match, Schedule, Seed
from lcbench.simulate.study.cell import Player
from lcbench.simulate.study.empty import check_not_all_empty
from lcbench.simulate.study.limit import parse_budget
from lcbench.simulate.study.parts import Parts, remove_parts
from lcbench.simulate.study.plan import Cell, Plan
from lcbench.simulate.study.processes import play_in_processes
from lcbench.table.benchmark import Benchmark
from lcbench.whole import whole

CLASSICAL = ("random", "successive-halving", "hyperband", "bohb")
"""The optimizers that are compared if none are named."""

_SECONDS_BETWEEN_PARTS = 2.0  # what a kill can cost; Ctrl-C costs nothing
_SECONDS_ALONE = 2.0  # about what it takes to start processes: a study that is done by then needs none


def study(
    bench: Benchmark,
    datasets: Sequence[str] | None = None,
    optimizers: Sequence[str] | None = None,
    seeds: Sequence[int] = tuple(range(10)),
    *,
    workers: int = 4,
    budget: str = "20x",
    metric: str | None = None,
    recorded: Seed = "mean",
    schedule: Schedule = "adaptive",
    match: Match = "exact",
    budgets: Iterable[int] | None = None,
    jobs: int | None = 1,
    parts: Path | None = None,
    begun: Callable[[int, int], None] | None = None,
    done: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Replay optimizers on a benchmark.

    Args:
        bench: The table.
        datasets: Names of data sets; all by default.
        optimizers: Names in :data:`lcbench.simulate.optimizers.OPTIMIZERS`; :data:`CLASSICAL` by default (some others
            take long).
        seeds: Seeds of the optimizers.
        workers: Number of simulated workers.
        budget: How long each optimizer may go on, see :func:`lcbench.simulate.study.limit.parse_budget`.
        metric: What is optimized; by default the table's objective.
        recorded: Which recorded seeds are replayed, see :class:`lcbench.simulate.replay.ReplayBackend`; for ``"draw"``
            the optimizer's seed picks.
        schedule: See :class:`lcbench.simulate.replay.ReplayBackend`.
        match: See :class:`lcbench.simulate.replay.ReplayBackend`.
        budgets: Epochs that optimizers can ask for; by default those of the table. On the non-adaptive schedule any
            epochs of its longest run, such as ``range(1, 51)``.
        jobs: Processes that play cells; 1: this one. None: this one, and if that takes long and all optimizers are
            of this package, one for each core. Other processes see an optimizer only if importing
            :mod:`lcbench.simulate.optimizers` puts it in the registry.
        parts: Folder for finished cells. If the study is interrupted, the same call goes on from there, with more
            seeds, data sets or optimizers if you like. It stays until you remove it: write the traces first.
        begun: Called once, with the number of cells that are there already and of all cells.
        done: Called after each cell with its name, to show progress.

    Returns:
        One row per result, with the columns :data:`lcbench.simulate.study.file.COLUMNS`. Same arguments, same numbers,
        whatever ``jobs`` is and however often it was interrupted. A run in which nothing finished is there as
        :mod:`lcbench.simulate.study.empty` says.

    Raises:
        InputError: If an argument cannot be used, or nothing finished in any run; ``parts`` is then removed, so that
            another budget finds nothing in its way.
        PlanConflictError: If ``parts`` holds cells of a study with other settings.
        StoppedError: If a process was killed; what is finished is in ``parts``.
    """
    plan = Plan(
        tuple(bench.datasets if datasets is None else datasets),
        CLASSICAL if optimizers is None else tuple(optimizers),
        tuple(seeds),
        workers,
        parse_budget(budget),
        bench.metric(metric).name,
        recorded,
        schedule,
        match,
        None if budgets is None else tuple(budgets),
    )
    plan.check_datasets(bench)
    jobs = None if jobs is None else whole("jobs", jobs, least=1)
    kept = None if parts is None else Parts(parts, plan.settings(bench))
    found = {} if kept is None else kept.read()
    cells = list(plan.cells())
    missing = [cell for cell in cells if cell not in found]
    if begun is not None:
        begun(len(cells) - len(missing), len(cells))
    with closing(_played(bench, plan, missing, jobs)) as played, closing(_kept(played, kept)) as results:
        for cell, table in results:
            found[cell] = table
            if done is not None:
                done(str(cell))
    traces = pa.concat_tables([found[cell] for cell in cells]).to_pandas()
    _check_anything(traces, budget, parts)
    return traces


def _check_anything(traces: pd.DataFrame, budget: str, parts: Path | None) -> None:
    """Check that something finished; what was kept is else of no use to anybody."""
    try:
        check_not_all_empty(traces, budget)
    except InputError:
        if parts is not None:
            remove_parts(parts)
        raise


def _played(
    bench: Benchmark, plan: Plan, cells: list[Cell], jobs: int | None
) -> Generator[tuple[Cell, pa.Table], None, None]:
    """Play cells here or elsewhere; in any order."""
    here = 0
    if jobs is None or min(jobs, len(cells)) <= 1:
        helped = jobs is None and cores() > 1 and all(map(_is_ours, plan.optimizers))
        for table in _played_here(bench, plan, cells, _SECONDS_ALONE if helped else math.inf):
            yield cells[here], table
            here += 1
    if here < len(cells):
        yield from play_in_processes(bench.folder, plan, cells[here:], min(jobs or cores(), len(cells) - here))


def _played_here(bench: Benchmark, plan: Plan, cells: list[Cell], patience: float) -> Iterator[pa.Table]:
    """Play cells in order, until as many seconds have passed and less than half of them are played."""
    if not cells:
        return
    player, start = Player(bench, plan), time.monotonic()
    with _one_thread():
        for number, cell in enumerate(cells):
            if time.monotonic() - start > patience and number < len(cells) / 2:
                return
            yield player.play(cell)


def _is_ours(optimizer: str) -> bool:
    """Whether any process that imports :mod:`lcbench.simulate.optimizers` has it in the registry."""
    factory = get_optimizer(optimizer)
    return str(getattr(factory, "func", factory).__module__).startswith("lcbench.simulate.")


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _kept(played: Iterable[tuple[Cell, pa.Table]], parts: Parts | None) -> Generator[tuple[Cell, pa.Table], None, None]:
    """Pass on cells and keep them, some seconds' worth at a time; whatever interrupts, all that came is kept."""
    waiting: list[pa.Table] = []
    last = time.monotonic()
    try:
        for cell, table in played:
            if parts is not None:
                waiting.append(table)
                if time.monotonic() - last > _SECONDS_BETWEEN_PARTS:
                    parts.add(waiting)
                    waiting, last = [], time.monotonic()
            yield cell, table
    finally:
        if parts is not None:
            parts.add(waiting)


def _one_thread() -> AbstractContextManager[object]:
    """Linear algebra in one thread, as in the processes: the number of threads can change a last digit.

    Where threadpoolctl (which scikit-learn brings) is missing, it has as many threads as it likes.
    """
    try:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped,unused-ignore]
    except ModuleNotFoundError:
        return nullcontext()
    return threadpool_limits(1)  # type: ignore[no-any-return,unused-ignore]
