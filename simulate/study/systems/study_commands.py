"""The command ``lcbench study``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lcbench.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from lcbench.simulate.study.systems.plan import SystemTask

INCOMPLETE, INTERRUPTED = 3, 130


def study(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of the study.")],
    datasets: Annotated[
        str, typer.Option(help="Comma-separated: sklearn:wine, openml:189905 (a task), file:train.csv?target=y.")
    ],
    systems: Annotated[
        str,
        typer.Option(help="Comma-separated: bo, bohb, bohb-simple, bohb-greedy, full, hist-gradient-boosting."),
    ] = "bo,bohb,bohb-simple,bohb-greedy,full,hist-gradient-boosting",
    seeds: Annotated[int, typer.Option(help="Number of seeds.")] = 5,
    limit: Annotated[str, typer.Option("--time", help="How long each run may take, such as 90s, 10m or 1h.")] = "10m",
    workers: Annotated[
        str, typer.Option(help="Processes of each run, one core each; several numbers compare them: 1,3.")
    ] = "2",
    budgets: Annotated[str, typer.Option(help="Epoch budgets, increasing.")] = "12,25,50",
    baselines: Annotated[
        str, typer.Option(help="Baselines of the full system: all, or names: lightgbm,catboost,...")
    ] = "all",
    trials: Annotated[int | None, typer.Option(help="Largest number of models that a search fits.")] = None,
    folds: Annotated[
        int,
        typer.Option(
            help="Stratified folds in which all rows outside the test part validate; 0: the paper's hold-out."
        ),
    ] = 0,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Dask's scheduler, tcp://HOST:PORT, with one worker (--nthreads 1 --no-nanny) on each machine."
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Remove the runs that are there, after saying what they are.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print neither progress nor tables.")] = False,
) -> None:
    """Run systems (searches and peers) on data sets and compare their accuracy over time (section 5 of the paper).

    OUT/systems.parquet holds all finished runs; draw it with 'lcbench figures --systems OUT'. Stopped at any time, the
    same command resumes where it stopped. With more data sets, systems, seeds or workers it adds to the study that is
    there: finished runs stay, and every system is completed on every data set with every seed and number of workers.
    Other settings, a longer --time too, are another study, for another folder. Runs take real time on real cores: let
    nothing else run. Exit codes: 0 done; 2 it cannot be done; 3 some runs failed, which the same command tries again;
    130 stopped with Ctrl-C.
    """
    from functools import partial

    from lcbench.collection.data.sources import split_sources
    from lcbench.simulate.autotabular.settings import choose_baselines, seconds_of
    from lcbench.simulate.study.description import command_line
    from lcbench.simulate.study.systems.plan import SystemsPlan
    from lcbench.simulate.study.systems.running import study as run
    from lcbench.table.manifest import parse_budgets
    from lcbench.whole import numbers

    if seeds < 1:
        raise InputError(f"seeds must be at least 1, got {seeds}.")
    chosen = None if baselines == "all" else choose_baselines([name.strip() for name in baselines.split(",")])
    plan = SystemsPlan(
        tuple(split_sources(datasets)),
        _names(systems),
        tuple(range(seeds)),
        numbers("workers", workers),
        seconds_of(limit),
        parse_budgets(budgets),
        chosen,
        trials,
        folds,
    )
    play = partial(run, plan, out, scheduler=scheduler, command=command_line(context.obj or ()), overwrite=overwrite)
    _play(play, out, quiet=quiet, overwrite=overwrite)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _play(play: "Callable[..., pd.DataFrame]", out: Path, *, quiet: bool, overwrite: bool) -> None:
    """Run a study with progress, and print its results."""
    from datetime import UTC, datetime

    from lcbench.console import ERR, OUT
    from lcbench.simulate.study.systems.report import tables
    from lcbench.work import Progress

    failed: list[str] = []
    with Progress("runs", 0, unit="runs", quiet=quiet) as progress:

        def done(task: "SystemTask", reason: str | None) -> None:
            if reason is not None:
                failed.append(str(task))
                progress.say(f"{task} failed: {reason}")
            progress.add(str(task), failed=reason is not None)

        try:
            found = play(
                now=lambda: datetime.now(UTC),
                say=lambda line: None if quiet and not overwrite else ERR.print(line, soft_wrap=True, highlight=False),
                begun=progress.begin,
                starting=lambda task: progress.show(progress.done + progress.failed, str(task)),
                done=done,
            )
        except KeyboardInterrupt:
            said = f"\nstopped; {progress.done} finished runs are kept. The same command resumes from there."
            ERR.print(said, soft_wrap=True, highlight=False)
            raise typer.Exit(INTERRUPTED) from None
    if len(found) and not quiet:
        OUT.print(*tables(found))
        OUT.print(f"draw it with: lcbench figures --systems {out}", soft_wrap=True, highlight=False)
    if failed:
        ERR.print(f"{len(failed)} runs failed; the same command tries them again.", soft_wrap=True, highlight=False)
        raise typer.Exit(INCOMPLETE)
