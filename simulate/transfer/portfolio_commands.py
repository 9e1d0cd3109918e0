"""The commands ``lcbench portfolio build`` and ``lcbench portfolio show``."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lcbench.simulate.transfer.building import Build
    from lcbench.simulate.transfer.evaluation import EvaluationTask
    from lcbench.simulate.transfer.plan import BuildPlan
    from lcbench.work import Executor

INCOMPLETE, INTERRUPTED = 3, 130

portfolio = typer.Typer(
    help="Build and show portfolios: configurations that together do well on many data sets.", no_args_is_help=True
)


@portfolio.command()
def build(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the portfolios.")],
    datasets: Annotated[
        str,
        typer.Option(
            help="Comma-separated, two at least: sklearn:wine, openml:167161 (a task), file:train.csv?target=y."
        ),
    ],
    size: Annotated[int, typer.Option(help="Size of the greedy portfolio.")] = 16,
    trials: Annotated[int, typer.Option(help="Evaluations of each data set's BOHB run.")] = 40,
    budgets: Annotated[str, typer.Option(help="Epoch budgets, increasing.")] = "12,25,50",
    seed: Annotated[int, typer.Option(help="Seed of the whole build.")] = 0,
    problem: Annotated[str, typer.Option(help="Problem whose space is searched.")] = "full",
    encoding: Annotated[str, typer.Option(help="Categories as numbers: ordinal or onehot.")] = "onehot",
    patience: Annotated[
        int | None, typer.Option(help="Epochs without a better validation accuracy after which a run stops.")
    ] = None,
    trial_seconds: Annotated[
        float | None, typer.Option(help="Processor seconds after which an evaluation is given up.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Processes on this machine.")] = 1,
    engine: Annotated[
        str | None, typer.Option(help="local or dask.", show_default="dask if there is a scheduler")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Dask's scheduler, tcp://HOST:PORT, whose workers train in place of processes.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Search on every data set with BOHB, try each incumbent on all others, and choose portfolios.

    Stopped at any time, the same command resumes where it stopped, also with more data sets at the end; OUT always
    holds the portfolios of the data sets that are finished. Exit codes: 0 the build is complete; 2 it cannot be made
    (bad input, disk full, scheduler lost); 3 some incumbents failed on other data sets, which the same command tries
    again; 130 stopped with Ctrl-C.
    """
    from datetime import UTC, datetime

    from lcbench.collection.data.sources import split_sources
    from lcbench.console import ERR, OUT
    from lcbench.errors import InputError
    from lcbench.simulate.transfer.building import executor_for, is_complete
    from lcbench.simulate.transfer.plan import BuildPlan
    from lcbench.table.manifest import parse_budgets

    if size < 1:
        raise InputError(f"size must be at least 1, got {size}.")
    sources = tuple(split_sources(datasets))
    plan = BuildPlan(sources, trials, parse_budgets(budgets), seed, problem, encoding, patience, trial_seconds)
    made = executor_for(plan, out, engine, jobs, scheduler)
    if is_complete(plan, out):
        _again(out, size)
        return
    with made as executor, _opened(plan, out, size, quiet=quiet) as building:
        try:
            _run(building, executor, quiet=quiet)
        except KeyboardInterrupt:
            building.write(datetime.now(UTC))
            kept = building.kept.count()
            said = f"\nstopped; {kept} finished evaluations are kept. The same command resumes from there."
            ERR.print(said, soft_wrap=True, highlight=False)
            raise typer.Exit(INTERRUPTED) from None
        written = building.write(datetime.now(UTC))
        _explain(building, written=written)
    OUT.print(f"portfolios written to {out}; look at them with: lcbench portfolio show {out}", soft_wrap=True)


def _again(out: Path, size: int) -> None:
    """Write a portfolio of another size from a complete build."""
    from lcbench.console import OUT
    from lcbench.simulate.transfer.folder import read_folder
    from lcbench.simulate.transfer.results import choose_again

    held = read_folder(out)
    if held.manifest["size"] == size:
        OUT.print(f"{out} holds this build already; nothing to do.", soft_wrap=True)
        return
    choose_again(held, size)
    OUT.print(f"{out} holds this build already; its greedy portfolio is now of size {size}.", soft_wrap=True)


@contextmanager
def _opened(plan: "BuildPlan", out: Path, size: int, *, quiet: bool) -> "Iterator[Build]":
    """As :func:`lcbench.simulate.transfer.building.opened`, with a bar over the data sets while they are loaded."""
    from contextlib import ExitStack

    from lcbench.simulate.transfer.building import opened
    from lcbench.work import Progress

    with ExitStack() as stack:
        with Progress("loading data sets", len(plan.sources), quiet=quiet, tenths=False) as progress:
            building = stack.enter_context(opened(plan, out, size, progress.add))
        yield building


def _run(building: "Build", executor: "Executor[EvaluationTask]", *, quiet: bool) -> None:
    """Train all that is missing under a bar, or with plain lines; the time left is counted in epochs."""
    from datetime import UTC, datetime

    from lcbench.simulate.transfer.evaluation import FAILED, TIMEOUT
    from lcbench.work import Progress

    schedule = building.schedule
    finished, before = schedule.finished(), len(schedule.everything())
    with Progress("building", schedule.total, done=before, unit="evaluations", quiet=quiet) as progress:
        for task, evaluation in building.run(executor, lambda: datetime.now(UTC)):
            if evaluation.status == FAILED:
                progress.say(f"{task} failed: {evaluation.reason}")
            for name in (done := schedule.finished()):
                if name not in finished:
                    progress.say(f"{name}: done, {len(done)} of {len(schedule.datasets)} data sets")
            finished = done
            progress.work_left = schedule.epochs_left() + task.budget
            progress.add(work=task.budget, failed=evaluation.status in (FAILED, TIMEOUT))


def _explain(building: "Build", *, written: bool) -> None:
    """Say what is missing, and end with the code for it."""
    from lcbench.console import ERR

    lines = building.complaints() if written else ["no search has an incumbent: no run reached the largest budget."]
    if lines:
        ERR.print("\n".join(lines), soft_wrap=True, highlight=False)
        raise typer.Exit(INCOMPLETE)


@portfolio.command()
def show(
    folder: Annotated[
        Path | None, typer.Argument(metavar="FOLDER", help="A portfolio's folder; by default that of the package.")
    ] = None,
    name: Annotated[str, typer.Option("--portfolio", help="Which portfolio to list: greedy or simple.")] = "greedy",
) -> None:
    """Print a portfolio, its regret by size, and its leave-one-out regret on each data set."""
    from lcbench.console import OUT, facts
    from lcbench.errors import DamagedFileError
    from lcbench.simulate.transfer import showing
    from lcbench.simulate.transfer.folder import NAME, read_folder
    from lcbench.table.benchmark import embedded_folder

    held = read_folder(folder or embedded_folder(NAME))
    problems = held.problems()
    if problems:
        raise DamagedFileError(f"{held.folder} is damaged: {problems[0]}; restore it, or run the same build again.")
    chosen = showing.portfolio_table(held, name)  # first: what cannot be shown is said before anything is
    OUT.print(facts(showing.summary(held)))
    OUT.print(chosen)
    OUT.print(*showing.config_lines(held, name), sep="\n", highlight=False)
    OUT.print(showing.size_table(held))
    if showing.can_leave_out(held):
        OUT.print(showing.left_out_table(held))
