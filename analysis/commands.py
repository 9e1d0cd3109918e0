"""The command that prints the paper's Table 3 for a table and draws its figures."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

    from lcbench.benchmark import Benchmark


def figures(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A benchmark folder.")],
    out: Annotated[Path, typer.Option(help="Folder for the PNG and CSV files.")],
    only: Annotated[str | None, typer.Option(help="Draw only these figures: fig5,regret,...")] = None,
    traces: Annotated[Path | None, typer.Option(help="Traces of a study, from 'lcbench simulate --out'.")] = None,
    metric: Annotated[str, typer.Option(help="Metric to compare configurations by.")] = "valid_accuracy",
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Print the paper's Table 3 for this table and draw its figures.

    Each figure is a PNG with its numbers as CSV beside it.
    """
    from analysis.provenance import check_same_table
    from lcbench.benchmark import load
    from lcbench.metric import get_metric
    from lcbench.output import writable_folder
    from simulate.study import read

    bench, names = load(folder), _chosen(only)
    get_metric(metric)
    study = None if traces is None else read(traces)
    if study is not None:
        check_same_table(study, bench, metric)
    writable_folder(out)
    _table3(bench, metric, out)
    _draw_all(names, bench, metric, study, out, quiet=quiet)


def _chosen(only: str | None) -> list[str]:
    """The figures asked for.

    Raises:
        UnknownNameError: If there is no such figure.
    """
    from analysis.figures import FIGURES
    from lcbench.errors import UnknownNameError

    names = list(FIGURES) if only is None else [name.strip() for name in only.split(",")]
    for name in names:
        if name not in FIGURES:
            raise UnknownNameError("figure", name, FIGURES)
    return list(dict.fromkeys(names))


def _table3(bench: "Benchmark", metric: str, out: Path) -> None:
    """Print Table 3 and write it."""
    from analysis.correlation import budget_correlation, table3
    from analysis.layout import TABLE3_HEADER, table3_frame, table3_rows
    from lcbench.console import OUT, table

    if len(bench.budgets) < 2:
        OUT.print(f"Table 3 left out: it needs at least two budgets, this table has one ({bench.budgets[0]} epochs).")
        return
    found = table3(budget_correlation(bench, metric))
    count = len(bench.datasets)
    over = f"mean ± std over {count} data sets" if count > 1 else f"data set {bench.datasets[0]}"
    title = f"Table 3. Spearman's correlation of {metric}, {over}"
    OUT.print(table(title, TABLE3_HEADER, table3_rows(found)))
    table3_frame(found).to_csv(out / "table3.csv", index=False)


def _draw_all(
    names: list[str], bench: "Benchmark", metric: str, study: "pd.DataFrame | None", out: Path, *, quiet: bool
) -> None:
    """Draw the figures under a progress bar, then say what was written and what was not."""
    from lcbench.console import OUT, progress

    said = []
    with progress(quiet=quiet) as bar:
        task = bar.add_task("figures", total=len(names), note="")
        for name in names:
            bar.update(task, note=name)
            said += list(_draw_one(name, bench, metric, study, out))
            bar.advance(task)
    for line in said:
        OUT.print(line, soft_wrap=True, highlight=False, markup=False)


def _draw_one(name: str, bench: "Benchmark", metric: str, study: "pd.DataFrame | None", out: Path) -> Iterator[str]:
    """Draw one figure and write its numbers; give the line to say about it."""
    from analysis import style
    from analysis.figures import FIGURES
    from analysis.figures.contract import NothingToDrawError

    spec, path = FIGURES[name], out / f"{name}.png"
    try:
        frame = spec.frame(bench, metric, study)
    except NothingToDrawError as error:
        yield f"{name} left out: {error}"
        return
    frame.to_csv(path.with_suffix(".csv"), index=False)
    style.save(spec.load().draw(frame), path)
    yield f"{name}: {path} and its numbers, {path.with_suffix('.csv').name}"
