"""The command that writes the report."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lcbench.analysis.figures import HELP
from lcbench.table.table_commands import Along, AnyFolder, At, opened

if TYPE_CHECKING:
    from lcbench.analysis.report.page import Contents


def report(
    folder: AnyFolder = None,
    out: Annotated[Path, typer.Option(help="The page, an .html file.")] = Path("report.html"),
    traces: Annotated[Path | None, typer.Option(help="Traces of a study, from 'lcbench simulate --out'.")] = None,
    metric: Annotated[
        str | None, typer.Option(help="Metric to compare configurations by; by default the table's objective.")
    ] = None,
    only: Annotated[str | None, typer.Option(help=f"Draw only some of: {HELP}.")] = None,
    explore: Annotated[str | None, typer.Option(help="Metrics in the explorer: test_accuracy,... (all)")] = None,
    at: At = None,
    fidelity: Along = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Write one page: what the table holds, an explorer, the figures, and the paper's numbers beside its own.

    Everything is inside the file; it opens in any browser, without a network.
    """
    from lcbench.analysis.figures import FIGURES, figure_names
    from lcbench.analysis.figures.contract import chosen
    from lcbench.analysis.provenance import check_same_table, metric_of
    from lcbench.analysis.report.markup import plotly_js
    from lcbench.analysis.report.page import Contents
    from lcbench.console import OUT
    from lcbench.output import writable_file
    from lcbench.simulate.study import by_variant, read
    from lcbench.simulate.study.description import read_description

    chosen("format", out.suffix.lower() or out.name, (".html",))
    known = [name for name, spec in FIGURES.items() if spec.is_of_table]
    bench, drawn = opened(folder, at, fidelity), figure_names(only, known)
    recorded = [each.name for each in bench.manifest.record.metrics]
    metrics = None if explore is None else tuple(chosen("metric", explore, recorded))
    metric, study = metric_of(bench, metric, traces), None if traces is None else by_variant(read(traces))
    if study is not None:
        check_same_table(study, bench, metric)
    plotly_js()
    out = writable_file(out)
    described = None if traces is None else read_description(traces)
    size = _write(out, Contents(bench, metric, tuple(drawn), study, metrics, described), quiet=quiet)
    OUT.print(f"{out}: {size / 1e6:.1f} MB, opens in any browser", soft_wrap=True, highlight=False)


def _write(out: Path, contents: "Contents", *, quiet: bool) -> int:
    """Make the page under a progress bar and write it; its bytes."""
    from lcbench.analysis.report.page import build, steps
    from lcbench.console import progress
    from lcbench.writing import write_text

    with progress(quiet=quiet) as bar:
        task = bar.add_task("report", total=steps(contents), note="")

        def say(note: str) -> None:
            bar.update(task, note=note, advance=1)

        page = build(contents, say)
    write_text(out, page)
    return out.stat().st_size
