"""The command ``lcbench baselines``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lcbench.collection.baseline_recording import BaselineTask, Recording
    from lcbench.work import Executor

INCOMPLETE, INTERRUPTED = 3, 130
_SHOWN = 5


def baselines(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A finished benchmark folder.")],
    only: Annotated[
        str | None, typer.Option(help="Only these: lightgbm,catboost,random_forest,extra_trees,knn.")
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
    """Train LightGBM, CatBoost, forests and nearest neighbours on a table's data sets and record them in it.

    They use the networks' splits, fixed settings, and the table's seeds. Data sets that can no longer be loaded are
    named and left out. Stopped at any time, the same command resumes where it stopped. Exit codes: 0 all are recorded;
    2 nothing can be done; 3 some are missing; 130 stopped with Ctrl-C.
    """
    from lcbench.collection.baseline_recording import executor_for, held
    from lcbench.collection.models.baselines import choose
    from lcbench.console import ERR, OUT
    from lcbench.errors import InputError

    names = choose(only)
    made = executor_for(folder, engine, jobs, scheduler)
    try:
        with held(folder, names) as recording:
            if not recording.wanted:
                OUT.print(f"{folder} holds these baselines already; nothing to do.", soft_wrap=True)
                return
            with made as executor:
                failed = _run(recording, executor, quiet=quiet)
    except KeyboardInterrupt:
        said = "\nstopped; finished baselines are kept. The same command resumes from there."
        ERR.print(said, soft_wrap=True, highlight=False)
        raise typer.Exit(INTERRUPTED) from None
    if not recording.loaded:
        raise InputError(next(iter(recording.refused.values())))
    OUT.print(f"{recording.recorded} baselines written to {folder}", soft_wrap=True)
    if recording.recorded < len(recording.wanted):
        _complain([f"{task}: {reason}" for task, reason in failed.items()] + list(recording.refused.values()))
        raise typer.Exit(INCOMPLETE)


def _run(recording: "Recording", executor: "Executor[BaselineTask]", *, quiet: bool) -> "dict[BaselineTask, str]":
    """Load, train and write, under a bar or with plain lines; give what failed."""
    from lcbench.work import Progress

    with Progress("loading data sets", len(recording.datasets), quiet=quiet, tenths=False) as progress:
        for dataset in recording.datasets:
            recording.load(dataset)
            progress.add(dataset)
            if dataset in recording.refused:  # said at once: it may have taken a while to find out
                progress.say(f"{dataset}: left out")
    pending, failed = recording.pending(), {}
    left = {name: sum(task.dataset == name for task in pending) for name in recording.loaded}
    for name in [name for name, count in left.items() if not count]:
        recording.finish(name)
    with Progress("baselines", len(pending), unit="baselines", quiet=quiet) as progress:
        for outcome in recording.run(pending, executor):
            task = outcome.task
            if outcome.reason is not None:
                failed[task] = outcome.reason
            progress.add(str(task), failed=outcome.reason is not None)
            left[task.dataset] -= 1
            if not left[task.dataset]:
                recording.finish(task.dataset)
    return failed


def _complain(reasons: list[str]) -> None:
    """Say what is missing and why, in a few lines."""
    from lcbench.console import ERR

    lines = ["some baselines are missing:", *[f"  {reason}" for reason in reasons[:_SHOWN]]]
    lines += [f"  and {len(reasons) - _SHOWN} more"] if len(reasons) > _SHOWN else []
    lines.append("All others are kept. Mend the cause and repeat the command: it tries what is missing again.")
    ERR.print("\n".join(lines), soft_wrap=True, highlight=False)
