"""The command that records other models beside a table's networks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lcbench.collection.baseline_session import Fit, Session

INCOMPLETE, INTERRUPTED = 3, 130
_SHOWN = 5


def baselines(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A finished benchmark folder.")],
    only: Annotated[
        str | None, typer.Option(help="Only these: lightgbm,catboost,random_forest,extra_trees,knn.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Processes on this machine.")] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Train LightGBM, CatBoost, forests and nearest neighbours on a table's data sets and record them in it.

    They get the networks' own splits, fixed settings, and the table's seeds. Data sets that cannot be had any more are
    named and left out. Stopped at any moment, the same command goes on where it stopped. Exit codes: 0 all is there; 2
    nothing can be done; 3 some are missing; 130 stopped with Ctrl-C.
    """
    from lcbench.collection.full_disk import clear_if_full

    from lcbench.collection.baseline_session import held
    from lcbench.collection.models.baselines import choose
    from lcbench.console import ERR, OUT
    from lcbench.errors import InputError

    names = choose(only)
    if jobs < 1:
        raise InputError(f"number of processes (--jobs) must be at least 1, got {jobs}.")
    try:
        with clear_if_full(folder), held(folder, names) as session:
            if not session.wanted:
                OUT.print(f"{folder} holds these baselines already; nothing to do.", soft_wrap=True)
                return
            failed = _run(session, jobs, quiet=quiet)
    except KeyboardInterrupt:
        said = "\nstopped; finished baselines are kept. The same command goes on from there."
        ERR.print(said, soft_wrap=True, highlight=False)
        raise typer.Exit(INTERRUPTED) from None
    if not session.loaded:
        raise InputError(next(iter(session.refused.values())))
    OUT.print(f"{session.recorded} baselines written to {folder}", soft_wrap=True)
    if session.recorded < len(session.wanted):
        _complain([f"{fit}: {reason}" for fit, reason in failed.items()] + list(session.refused.values()))
        raise typer.Exit(INCOMPLETE)


def _run(session: "Session", jobs: int, *, quiet: bool) -> "dict[Fit, str]":
    """Load, train and write, under a bar or with plain lines; give what failed."""
    import time

    from lcbench.console import ERR, Pace, progress

    _load(session, quiet=quiet)
    pending, failed = session.pending(), {}
    left = {name: sum(fit.dataset == name for fit in pending) for name in session.loaded}
    for name in [name for name, count in left.items() if not count]:
        session.finish(name)
    plain, pace = not quiet and not ERR.is_terminal, Pace(time.monotonic())
    with progress(quiet=quiet) as bar:
        task = bar.add_task("baselines", total=len(pending), note="")
        for done, (fit, reason) in enumerate(session.run(pending, jobs), start=1):
            if reason:
                failed[fit] = reason
            bar.update(task, advance=1, note=str(fit))
            left[fit.dataset] -= 1
            if not left[fit.dataset]:
                session.finish(fit.dataset)
            if plain and pace.due(done / len(pending), time.monotonic()):
                ERR.print(f"{done} of {len(pending)} baselines, {fit}", soft_wrap=True, highlight=False)
    return failed


def _load(session: "Session", *, quiet: bool) -> None:
    """Load the data sets under a bar; what cannot be had is said at once, it may have taken a while to find out."""
    from lcbench.console import ERR, progress

    with progress(quiet=quiet) as bar:
        task = bar.add_task("loading data sets", total=len(session.datasets), note="")
        for dataset in session.datasets:
            bar.update(task, note=dataset)
            session.load(dataset)
            bar.advance(task)
            if dataset in session.refused and not quiet and not ERR.is_terminal:
                ERR.print(f"{dataset}: left out", soft_wrap=True, highlight=False, markup=False)


def _complain(reasons: list[str]) -> None:
    """Say what is missing and why, in a few lines."""
    from lcbench.console import ERR

    lines = ["some baselines are missing:", *[f"  {reason}" for reason in reasons[:_SHOWN]]]
    lines += [f"  and {len(reasons) - _SHOWN} more"] if len(reasons) > _SHOWN else []
    lines.append("All others are kept. Mend the cause and repeat the command: it tries what is missing again.")
    ERR.print("\n".join(lines), soft_wrap=True, highlight=False, markup=False)
