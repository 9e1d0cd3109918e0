"""The command ``lcbench serve``."""

from pathlib import Path
from typing import Annotated

import typer

from lcbench.table.table_commands import Along, AnyFolder, At, opened


def serve(
    context: typer.Context,
    dataset: Annotated[str, typer.Option(help="Data set.")],
    folder: AnyFolder = None,
    optimizer_name: Annotated[str, typer.Option(help="The client's name in traces, tables and figures.")] = "client",
    budget: Annotated[
        str, typer.Option(help="How long it may run: 50evals, 3600 (virtual seconds), 20x or 50x-epochs.")
    ] = "50evals",
    seed: Annotated[int, typer.Option(help="Seed of the contest; the client is told.")] = 0,
    workers: Annotated[int, typer.Option(help="Number of simulated workers.")] = 1,
    metric: Annotated[str | None, typer.Option(help="What is optimized; by default the table's objective.")] = None,
    schedule: Annotated[
        str, typer.Option(help="adaptive: each budget is a run of its own; non-adaptive: promoted trials resume.")
    ] = "adaptive",
    match: Annotated[
        str,
        typer.Option(help="exact: a configuration becomes the nearest row not yet taken; nearest: the nearest row."),
    ] = "exact",
    budgets: Annotated[
        str | None, typer.Option(help="Budgets that can be asked for.", show_default="those of the table")
    ] = None,
    at: At = None,
    fidelity: Along = None,
    recorded: Annotated[
        str, typer.Option(help="Which recorded seeds are replayed: their mean, draw, or a number.")
    ] = "mean",
    out: Annotated[
        Path, typer.Option(help="Parquet file of the study; the contest is added to one that is there.")
    ] = Path("traces.parquet"),
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing on standard error but errors.")] = False,
) -> None:
    """Hold a contest for an optimizer that is another program, by JSON lines on standard input and output.

    We write lines with what there is to optimize and results; the client writes one line after each line of type "ask":
    {"config": {...}, "budget": 50}. Time is virtual, and the budget is kept here. The protocol is in docs/serve.md.
    """
    import sys
    from datetime import UTC, datetime

    from lcbench.console import ERR
    from lcbench.output import writable_file
    from lcbench.simulate.serve.contest import Client, Line, Serving
    from lcbench.simulate.study.description import command_line
    from lcbench.simulate.study.keeping import Keep, kept_study
    from lcbench.simulate.study.limit import parse_budget
    from lcbench.simulate.study.plan import StudyPlan
    from lcbench.table.manifest import parse_budgets

    bench = opened(folder, at, fidelity)
    out = writable_file(out)
    client = Client(Line(sys.stdin, sys.stdout), {"fidelity": bench.fidelity.label, "match": match})
    plan = StudyPlan(
        (dataset,),
        {optimizer_name: client},  # type: ignore[arg-type]  # the plan reads it
        (seed,),
        (workers,),
        parse_budget(budget),
        bench.metric(metric).name,
        int(recorded) if recorded.isdecimal() else recorded,  # type: ignore[arg-type]  # checked where it is used
        schedule,  # type: ignore[arg-type]  # as above
        match,  # type: ignore[arg-type]  # as above
        None if budgets is None else parse_budgets(budgets),
    )
    plan.check_datasets(bench)

    def say(line: str) -> None:
        if not quiet:
            ERR.print(line, soft_wrap=True, highlight=False)

    keep = Keep(out, command_line(context.obj), lambda: datetime.now(UTC), say=say)
    traces = kept_study(keep, bench, plan, budget, Serving(bench, optimizer_name, client))
    own = traces[(traces["optimizer"] == optimizer_name) & (traces["budget"] > 0)]
    say(f"{len(own)} results of {optimizer_name} written to {out}")
