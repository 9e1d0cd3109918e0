"""The command ``lcbench simulate``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from lcbench.metric import Metric


def simulate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A benchmark folder.")],
    dataset: Annotated[
        list[str] | None, typer.Option(help="Data sets, comma-separated or given again; all by default.")
    ] = None,
    optimizers: Annotated[
        str, typer.Option(help="Optimizers, comma-separated.")
    ] = "random,successive-halving,hyperband,bohb",
    workers: Annotated[int, typer.Option(help="Number of workers.")] = 4,
    seeds: Annotated[int, typer.Option(help="Number of repetitions.")] = 10,
    budget: Annotated[
        str, typer.Option(help="Time limit: seconds (3600), or mean runs at the largest budget (20x).")
    ] = "20x",
    metric: Annotated[str, typer.Option(help="What is optimized.")] = "valid_accuracy",
    schedule: Annotated[
        str, typer.Option(help="adaptive: each budget is a run of its own; non-adaptive: promoted trials go on.")
    ] = "adaptive",
    match: Annotated[
        str, typer.Option(help="exact: choose among the table's rows; nearest: choose anywhere, get the nearest row.")
    ] = "exact",
    out: Annotated[Path, typer.Option(help="Parquet file for the traces, one row per result.")] = Path(
        "traces.parquet"
    ),
    quiet: Annotated[bool, typer.Option("--quiet", help="Print neither progress nor table.")] = False,
) -> None:
    """Replay optimizers on a benchmark in virtual time."""
    from lcbench.benchmark import load
    from lcbench.console import OUT, progress
    from lcbench.errors import InputError
    from lcbench.metric import get_metric
    from lcbench.output import writable_file
    from simulate.study import study, write

    if seeds < 1:
        raise InputError(f"seeds must be at least 1, got {seeds}.")
    bench, names = load(folder), _names(optimizers)
    writable_file(out)
    datasets = [name for text in dataset or [",".join(bench.datasets)] for name in _names(text)]
    with progress(quiet=quiet) as bar:
        task = bar.add_task("simulate", total=len(datasets) * len(names) * seeds, note="")
        traces = study(
            bench,
            datasets,
            names,
            range(seeds),
            workers=workers,
            budget=budget,
            metric=metric,
            schedule=schedule,  # type: ignore[arg-type]  # any string: checked where it is used
            match=match,  # type: ignore[arg-type]  # as above
            done=lambda cell: bar.update(task, advance=1, note=cell),
        )
    write(out, traces)
    if not quiet:
        OUT.print(regret_table(traces, get_metric(metric)))
        OUT.print(f"{len(traces)} results written to {out}", soft_wrap=True)


def regret_table(traces: "pd.DataFrame", metric: "Metric") -> "Table":
    """Mean regret of each optimizer at fractions of the time limit, in points (percent) or in the metric's unit."""
    from lcbench.console import table
    from simulate.regret import regrets, summary

    scale, unit, digits = (100, "points", 2) if metric.unit == "fraction" else (1, metric.unit, 4)
    means = summary(regrets(traces))
    columns = ["optimizer", *(f"{fraction:.0%}" for fraction in means.columns[:-1]), "rank"]
    rows = [
        [name, *(f"{scale * value:.{digits}f}" for value in row[:-1]), f"{row[-1]:.2f}"]
        for name, row in zip(means.index, means.to_numpy().tolist(), strict=True)
    ]
    cells = f"{traces['dataset'].nunique()} data sets, {traces['seed'].nunique()} seeds"
    title = f"Regret of {metric.name} in {unit} at fractions of the time limit, rank at its end\nmeans over {cells}"
    return table(title, columns, rows)


def _names(text: str) -> list[str]:
    """The names in a comma-separated list."""
    return [name.strip() for name in text.split(",") if name.strip()]
