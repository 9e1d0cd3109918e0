"""The commands ``lcbench figures`` and ``lcbench paper``."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lcbench.analysis.figures import HELP
from lcbench.table.table_commands import Along, AnyFolder, At, opened

if TYPE_CHECKING:
    import pandas as pd

    from lcbench.table.benchmark import Benchmark


@dataclass(frozen=True, slots=True)
class Subject:
    """The data of the figures.

    Attributes:
        bench: The table.
        metric: Name of a metric.
        traces: The traces of a study, None without one.
        systems: The rows of a study of systems, None without one.
        searches: The rows of a study of one-shot searches, None without one.
    """

    bench: "Benchmark"
    metric: str
    traces: "pd.DataFrame | None"
    systems: "pd.DataFrame | None" = None
    searches: "pd.DataFrame | None" = None


def figures(
    folder: AnyFolder = None,
    out: Annotated[Path, typer.Option(help="Folder for the pictures and CSV files.")] = Path("figures"),
    only: Annotated[str | None, typer.Option(help=f"Draw only some of: {HELP}.")] = None,
    traces: Annotated[Path | None, typer.Option(help="Traces of a study, from 'lcbench simulate --out'.")] = None,
    systems: Annotated[
        Path | None, typer.Option(help="A study of systems: the folder of 'lcbench study', or its systems.parquet.")
    ] = None,
    one_shot: Annotated[
        Path | None, typer.Option(help="A study of one-shot searches, the file of 'lcbench one-shot'.")
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="Metric to compare configurations by; by default the table's objective.")
    ] = None,
    at: At = None,
    fidelity: Along = None,
    formats: Annotated[str, typer.Option(help="How to save pictures: png, svg, pdf, pgf.")] = "png,svg",
    width: Annotated[
        str | None, typer.Option(help="Width of every figure: 3.25in, 8.25cm, 82.5mm or TeX's 234.9pt.")
    ] = None,
    style_file: Annotated[
        Path | None, typer.Option("--style", help="A style file of matplotlib, on top of lcbench's and your own.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Print the paper's Table 3 for this table and draw its figures.

    Each figure is a PNG and an SVG, with its numbers as CSV and its caption as text beside it. Your matplotlibrc is
    respected. A figure that this table cannot have is left out with its reason. Some figures show a study of optimizers
    (--traces), others one of systems (--systems), or of both kinds by --traces alone: multi_fidelity, portfolios,
    workers; one_shot shows one-shot searches (--one-shot), with --traces beside optimizers. With --only figures of
    studies, the paper's Table 3 is not printed.
    """
    from lcbench.analysis.figures import FIGURES, figure_names
    from lcbench.analysis.figures.contract import chosen
    from lcbench.analysis.provenance import check_same_table, metric_of
    from lcbench.analysis.style import FORMATS, Style, inches
    from lcbench.analysis.style import chosen as drawn_in
    from lcbench.output import writable_folder
    from lcbench.simulate.study import by_variant, read
    from lcbench.simulate.study import one_shot as one_shot_studies
    from lcbench.simulate.study import systems as system_studies

    bench, names, kinds = opened(folder, at, fidelity), figure_names(only), chosen("format", formats.lower(), FORMATS)
    chosen_style = Style(None if width is None else inches(width), style_file)
    metric, study = metric_of(bench, metric, traces), None if traces is None else by_variant(read(traces))
    if study is not None:
        check_same_table(study, bench, metric)
    searches = None if one_shot is None else one_shot_studies.read(one_shot)
    subject = Subject(bench, metric, study, None if systems is None else system_studies.read(systems), searches)
    writable_folder(out)
    if not all(FIGURES[name].needs_a_study for name in names):
        _table3(bench, metric, out)
    with drawn_in(chosen_style):
        _draw_all(names, subject, out, kinds, quiet=quiet)
    if "system_accuracy" in names and subject.systems is not None:
        _table4(subject.systems, out)


def _table3(bench: "Benchmark", metric: str, out: Path) -> None:
    """Print Table 3 and write it."""
    from lcbench.analysis.correlation import budget_correlation, table3
    from lcbench.analysis.generality import nothing_compared
    from lcbench.analysis.tables import csv_text, table3_frame, table3_header, table3_rows
    from lcbench.console import OUT, table
    from lcbench.writing import write_text

    correlations = budget_correlation(bench, metric)
    if correlations.empty:
        OUT.print(f"Table 3 left out: {nothing_compared(bench)}", soft_wrap=True, highlight=False)
        return
    found = table3(correlations)
    count = len(bench.datasets)
    over = f"mean ± std over {count} data sets" if count > 1 else f"data set {bench.datasets[0]}"
    title = f"Table 3. Spearman's correlation of {metric}, {over}"
    OUT.print(table(title, table3_header(bench.fidelity.label), table3_rows(found)))
    write_text(out / "correlation_table.csv", csv_text(table3_frame(found)))


def _table4(systems: "pd.DataFrame", out: Path) -> None:
    """Print Table 4 and write it as Markdown; its CSV is the figure's."""
    from lcbench.analysis.figures import NothingToDrawError
    from lcbench.analysis.systems import markdown, numbers, rich_table
    from lcbench.console import OUT
    from lcbench.writing import write_text

    try:
        found = numbers(systems)
    except NothingToDrawError:
        return  # said where it was to be drawn
    OUT.print(rich_table(found))
    write_text(out / "system_accuracy.md", markdown(found))


def _draw_all(names: list[str], subject: "Subject", out: Path, kinds: list[str], *, quiet: bool) -> None:
    """Draw the figures under a progress bar, then say what was written and what was not."""
    from lcbench.console import OUT, progress

    said = []
    with progress(quiet=quiet) as bar:
        task = bar.add_task("figures", total=len(names), note="")
        for name in names:
            bar.update(task, note=name)
            said.append(_draw_one(name, subject, out, kinds))
            bar.advance(task)
    for line in said:
        OUT.print(line, soft_wrap=True, highlight=False)


def _draw_one(name: str, subject: "Subject", out: Path, kinds: list[str]) -> str:
    """Draw one figure and write its numbers; give the line to say about it."""
    from lcbench.analysis import style
    from lcbench.analysis.figures import FIGURES
    from lcbench.analysis.figures.contract import caption
    from lcbench.analysis.tables import csv_text
    from lcbench.errors import InputError
    from lcbench.writing import write_text

    try:
        spec = FIGURES[name].shown(subject.traces, subject.systems)
        frame = spec.frame(subject.bench, subject.metric, subject.traces, subject.systems, subject.searches)
    except InputError as error:
        return f"{name} left out: {error}"
    path = out / f"{name}.csv"
    write_text(path, csv_text(frame))
    drawable = spec.load()
    write_text(path.with_suffix(".txt"), "\n\n".join(caption(drawable, frame)) + "\n")
    figure = drawable.draw(frame)
    for kind in kinds:
        style.save(figure, path.with_suffix(f".{kind}"))
    ends = kinds[0] if len(kinds) == 1 else f"{{{','.join(kinds)}}}"
    return f"{name}: {out / name}.{ends}, its numbers in {path.name}, its caption in {name}.txt"


def paper(
    folder: AnyFolder = None,
    out: Annotated[Path | None, typer.Option(help="Also write the table to this .csv or .md file.")] = None,
    metric: Annotated[
        str | None,
        typer.Option(help="Metric in place of the paper's validation accuracy; by default the table's objective."),
    ] = None,
    at: At = None,
    fidelity: Along = None,
) -> None:
    """Set every number of the paper's section 4 beside this table's.

    Where the table cannot say a number, the reason stands in its place.
    """
    from lcbench.analysis.paper_comparison import markdown, paper_comparison
    from lcbench.analysis.tables import comparison_table, csv_text
    from lcbench.console import OUT
    from lcbench.errors import UnknownNameError
    from lcbench.output import writable_file
    from lcbench.writing import write_text

    if out is not None and out.suffix not in (".csv", ".md"):
        raise UnknownNameError("format", out.suffix or out.name, (".csv", ".md"))
    bench = opened(folder, at, fidelity)
    if out is not None:
        out = writable_file(out)
    found = paper_comparison(bench, metric)
    OUT.print(comparison_table(found, f"The paper's section 4 against {bench.manifest.title}"))
    if out is not None:
        text = markdown(found) if out.suffix == ".md" else csv_text(found)
        write_text(out, text)
