"""The command ``lcbench plan``: the collections of publications by name."""

from typing import Annotated

import typer


def plan(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="paper: the 35 data sets of LCBench as the paper had them.")
    ],
    jobs: Annotated[int | None, typer.Option(help="Processes that would train; by default one for each core.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the command only, and time nothing.")] = False,
) -> None:
    """Print the command that collects a published table, and what it would cost on this machine.

    The hours come from a minute of timing: single epochs and some whole units on random numbers.
    """
    import os

    from lcbench.collection.plans import get_plan
    from lcbench.console import ERR, OUT, facts
    from lcbench.whole import whole

    chosen = get_plan(name)
    jobs = (os.cpu_count() or 1) if jobs is None else whole("jobs", jobs, least=1)
    typer.echo(chosen.command(jobs))
    if quiet:
        return
    with ERR.status("timing single epochs and some units on this machine"):
        found = chosen.estimate()
    sizes = (f"{len(chosen.datasets)} data sets", f"{chosen.configs} configurations")
    more = (f"{len(chosen.budgets)} budgets", f"{chosen.seeds} seeds")
    hours = f"about {_rounded(found.core_hours)} ± {_rounded(found.error)}"
    lines = [
        ("runs", f"{found.runs:,}: {' x '.join((*sizes, *more))}"),
        ("core hours", f"{hours}, from epochs and units timed on this machine just now; {chosen.published}"),
        ("days", f"about {_rounded(found.core_hours / jobs / 24)} with --jobs {jobs}"),
        ("size", f"about {_rounded(found.bytes / 1e6)} MB"),
    ]
    OUT.print(facts(lines))


def _rounded(number: float) -> str:
    """Two digits: no more are known."""
    return f"{float(f'{number:.2g}'):,.0f}"
