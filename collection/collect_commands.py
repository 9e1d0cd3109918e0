"""The command ``lcbench collect``."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

if TYPE_CHECKING:
    from lcbench.collection.collecting import Collection
    from lcbench.collection.plan import Plan
    from lcbench.collection.tasks import RunsTask
    from lcbench.work import Executor

INCOMPLETE, INTERRUPTED = 3, 130


def collect(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for the benchmark.")],
    datasets: Annotated[
        str | None,
        typer.Option(
            help="Comma-separated: sklearn:wine, openml:167161 (a task), file:train.csv?target=y, lcbench (its 35), "
            "or names of the problem's own tasks.",
            show_default="the problem's tasks",
        ),
    ] = None,
    problem: Annotated[
        str | None,
        typer.Option(
            help="mlp or full (the paper's two), mlp-released, or your own: ./file.py:Class, package.module:Class.",
            show_default="mlp",
        ),
    ] = None,
    space: Annotated[
        Path | None, typer.Option(help="Search space in place of the problem's: a JSON file that ConfigSpace wrote.")
    ] = None,
    configs: Annotated[
        str | None,
        typer.Option(help="Number of configurations to sample, or a CSV or Parquet file of them.", show_default="200"),
    ] = None,
    budgets: Annotated[
        str | None, typer.Option(help="Budgets in steps, increasing.", show_default="the problem's; 12,25,50")
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(help="Number of seeds, or a range such as 2-4.", show_default="3")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Processes on this machine.")] = 1,
    plan_seed: Annotated[int | None, typer.Option(help="Seed of the whole collection.", show_default="0")] = None,
    encoding: Annotated[
        str | None,
        typer.Option(help="Categories as numbers: ordinal or onehot.", show_default="the problem's; onehot for full"),
    ] = None,
    gradients: Annotated[bool, typer.Option("--gradients", help="Log gradient statistics every epoch.")] = False,
    predictions: Annotated[
        bool, typer.Option("--predictions", help="Keep class probabilities after the last epoch, for ensembles.")
    ] = False,
    device: Annotated[str, typer.Option(help="cpu; experimental, never run on a GPU yet: cuda, cuda:1 ...")] = "cpu",
    grow: Annotated[
        bool,
        typer.Option(
            "--grow",
            help="Add the configurations, seeds, budgets and data sets that are asked for to a finished table.",
        ),
    ] = False,
    run_limit: Annotated[
        float | None,
        typer.Option(help="Seconds that a run may take; a task that takes longer for all its runs has failed."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Time a few steps, and say how long and how large it would be.")
    ] = False,
    engine: Annotated[
        str | None, typer.Option(help="local or dask.", show_default="dask if there is a scheduler")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Dask's scheduler, tcp://HOST:PORT, whose workers train in place of processes.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Train configurations on data sets and write their learning curves as a benchmark folder.

    Stopped at any time, the same command resumes where it stopped. Exit codes: 0 the benchmark is complete; 2 it cannot
    be made (bad input, disk full, scheduler lost); 3 some tasks failed; 130 stopped with Ctrl-C.
    """
    from lcbench.collection.asked import Asked
    from lcbench.collection.collecting import table_plan
    from lcbench.collection.data.encodings import get_encoding
    from lcbench.console import OUT
    from lcbench.table.benchmark import load

    asked = Asked(
        problem, space, datasets, configs, budgets, seeds, plan_seed, encoding, gradients, predictions, device
    )
    plan = asked.larger_plan(load(folder), table_plan(folder)) if grow else asked.plan()
    get_encoding(plan.encoding)
    plan.problem.check_ready()
    limit = _limit(run_limit)
    if dry_run:
        from lcbench.collection.dry_run import estimate

        for line in estimate(plan, folder, jobs, grow=grow, quiet=quiet):
            OUT.print(line, soft_wrap=True, highlight=False)
        return
    _collect(plan, folder, _Engine(engine, jobs, scheduler, limit), grow=grow, quiet=quiet)


def _limit(run_limit: float | None) -> float:
    from lcbench.errors import InputError

    if run_limit is not None and not run_limit > 0:
        raise InputError(f"run limit must be more than 0 seconds, got {run_limit:g}.")
    return math.inf if run_limit is None else run_limit


class _Engine(NamedTuple):
    """Where tasks are trained, and how many seconds a run may take."""

    name: str | None
    jobs: int
    scheduler: str | None
    limit: float


def _collect(plan: "Plan", folder: Path, engine: _Engine, *, grow: bool, quiet: bool) -> None:
    """Open the folder, train what is missing, and say what came of it."""
    from lcbench.collection.collecting import executor_for, opened
    from lcbench.collection.reporting import opened_with_progress
    from lcbench.collection.shards import Shards
    from lcbench.console import ERR, OUT
    from lcbench.table.manifest import MANIFEST

    executor_for(plan, folder, engine.name, engine.jobs, engine.scheduler)  # says what cannot be before all else
    if (folder / MANIFEST).is_file() and not grow:
        with opened(plan, folder):
            OUT.print(f"{folder} holds this benchmark already; nothing to do.", soft_wrap=True)
        return
    try:
        with opened_with_progress(plan, folder, grow=grow, quiet=quiet) as collection:
            if collection.complete():
                OUT.print(f"{folder} holds all of this already; nothing to do.", soft_wrap=True)
                return
            blocks, limit = collection.blocks, engine.limit * max(map(collection.trainings, collection.tasks))
            made = executor_for(plan, folder, engine.name, engine.jobs, engine.scheduler, blocks=blocks, limit=limit)
            with made as executor:
                _run(collection, executor, quiet=quiet)
    except KeyboardInterrupt:
        kept = Shards(folder).count()
        said = f"\nstopped; {kept} finished tasks are kept. The same command resumes from there."
        ERR.print(said, soft_wrap=True, highlight=False)
        raise typer.Exit(INTERRUPTED) from None
    runs = sum(collection.runs(task) for task in collection.tasks)
    OUT.print(f"{runs} runs written to {folder}; look at it with: lcbench info {folder}", soft_wrap=True)


def _run(collection: "Collection", executor: "Executor[RunsTask]", *, quiet: bool) -> None:
    """Train all tasks under a report, then write the benchmark, or say what is missing."""
    import time
    from contextlib import nullcontext
    from datetime import UTC, datetime

    from lcbench.collection.reporting import Log, Report
    from lcbench.console import ERR
    from lcbench.errors import StoppedError

    timed = collection.plan.problem.record.seconds == "modelled" and not quiet
    with ERR.status("timing single runs on this machine, for the seconds of the table") if timed else nullcontext():
        collection.calibrate()
    if not quiet:
        ahead = f"{len(collection.pending())} of {len(collection.tasks)} tasks to train: {executor.describe()}"
        ERR.print(ahead, soft_wrap=True, highlight=False)
    log = Log(collection.folder, lambda: datetime.now(UTC))
    with log.following(collection, executor):
        with Report(collection, log, time.monotonic, quiet=quiet) as report:
            for outcome in collection.run(executor):
                report.add(outcome)
                if outcome.refused:  # no other run can be better
                    raise StoppedError(f"{outcome.reason}\nWhat is finished is kept.")
        missing = collection.pending()
        if not missing:
            collection.finish(datetime.now(UTC))
    if missing:
        ERR.print(collection.missing(missing), soft_wrap=True, highlight=False)
        raise typer.Exit(INCOMPLETE)
