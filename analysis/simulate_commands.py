"""The command ``lcbench simulate``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lcbench.table.table_commands import Along, AnyFolder, At, opened

if TYPE_CHECKING:
    import pandas as pd

    from lcbench.table.benchmark import Benchmark

_ALL = "all"


def simulate(
    context: typer.Context,
    folder: AnyFolder = None,
    datasets: Annotated[
        list[str] | None,
        typer.Option("--datasets", "--dataset", help="Data sets, comma-separated or given again; all by default."),
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option(
            help="In place of --datasets: small or dev to develop on, test to report on, halves of the table."
        ),
    ] = None,
    optimizers: Annotated[
        str,
        typer.Option(
            help="Optimizers, comma-separated: names, names with arguments, bohb(eta=3), your own, ./mine.py:Class or "
            "package.module:Class; or 'all' of ours (some of them take long). Listed by: lcbench optimizers."
        ),
    ] = "random,successive-halving,hyperband,bohb",
    workers: Annotated[
        str, typer.Option(help="Number of simulated workers; several numbers compare them: 1,4,16.")
    ] = "4",
    seeds: Annotated[int, typer.Option(help="Number of repetitions.")] = 10,
    budget: Annotated[
        str,
        typer.Option(
            help="How long each optimizer may run: virtual seconds (3600), the time of mean runs at the largest "
            "budget (20x), the epochs of so many runs, by all workers together (50x-epochs), or evaluations (500evals)."
        ),
    ] = "20x",
    metric: Annotated[
        str | None,
        typer.Option(
            help="What is optimized; by default the table's objective. Several objectives are compared by hypervolume: "
            "valid_accuracy,seconds (a run's seconds). Optimizers of one objective take the first."
        ),
    ] = None,
    schedule: Annotated[
        str, typer.Option(help="adaptive: each budget is a run of its own; non-adaptive: promoted trials resume.")
    ] = "adaptive",
    match: Annotated[
        str, typer.Option(help="exact: choose among the table's rows; nearest: choose anywhere, get the nearest row.")
    ] = "exact",
    budgets: Annotated[
        str | None,
        typer.Option(
            help="Budgets that optimizers can ask for: 12,25,50, or every step, 1-50, on the non-adaptive schedule.",
            show_default="those of the table",
        ),
    ] = None,
    prior: Annotated[
        str | None,
        typer.Option(
            help="What optimizers are told to believe: good, medium or bad (made from the table), or a JSON file of a "
            "ConfigSpace with distributions."
        ),
    ] = None,
    portfolio: Annotated[
        str | None,
        typer.Option(
            help="Configurations that every optimizer begins with: greedy[:SIZE], simple[:SIZE] or best:SIZE (of each "
            "data set), chosen from the table, or a JSON file of a list of them; several compare them: "
            "none,greedy:16,simple."
        ),
    ] = None,
    leave_one_out: Annotated[
        bool,
        typer.Option("--leave-one-out", help="Choose portfolios from all data sets but the one at hand."),
    ] = False,
    at: At = None,
    fidelity: Along = None,
    recorded: Annotated[
        str, typer.Option(help="Which recorded seeds are replayed: their mean, draw (one for each run), or a number.")
    ] = "mean",
    jobs: Annotated[
        int | None, typer.Option(help="Processes; by default one, and one per core if it takes more than seconds.")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(help="Dask's scheduler, tcp://HOST:PORT, whose workers simulate in place of processes."),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Parquet file of the study, one row per result; a study that is there is added to.")
    ] = Path("traces.parquet"),
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what is there by this study, after saying what that is.")
    ] = False,
    figures: Annotated[Path | None, typer.Option(help="Folder in which to draw the study.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print neither progress nor tables.")] = False,
) -> None:
    """Replay optimizers on a benchmark in virtual time and compare them.

    Stopped at any time, the same command resumes where it stopped. With more optimizers, data sets, seeds, workers,
    portfolios or a longer budget it adds to the study that is there: what has been simulated stays, and every optimizer
    is completed on every data set with every seed, number of workers and portfolio. Other settings are another study,
    for another file.
    """
    from datetime import UTC, datetime

    from lcbench.console import ERR, OUT, progress
    from lcbench.errors import InputError
    from lcbench.output import writable_file, writable_folder
    from lcbench.simulate.optimizers.spec import said_without_prior, specs_of
    from lcbench.simulate.portfolios import is_rule, parse_portfolios
    from lcbench.simulate.study import Keep, study
    from lcbench.simulate.study.description import command_line
    from lcbench.simulate.study.report import figures_of
    from lcbench.table.manifest import parse_budgets
    from lcbench.whole import numbers

    if seeds < 1:
        raise InputError(f"seeds must be at least 1, got {seeds}.")
    bench = opened(folder, at, fidelity)
    out = writable_file(out)
    if figures is not None:
        writable_folder(figures)
    chosen = _datasets(datasets, suite, bench, metric)
    if budgets is None and not quiet:
        _say_one_rung(bench, chosen, _optimizers(optimizers))
    if prior is None and not quiet and (without := said_without_prior(specs_of(_optimizers(optimizers)))):
        ERR.print(f"{without}; give one with --prior good, medium, bad or FILE.json.", soft_wrap=True, highlight=False)
    begun = parse_portfolios(portfolio, bench.space, leave_one_out=leave_one_out)
    if not quiet and any(each.source is not None and is_rule(each.source) and not each.leave_one_out for each in begun):
        said = "the portfolio has seen the data sets that it is tried on; --leave-one-out chooses it from the others."
        OUT.print(said, soft_wrap=True)
    keep = Keep(
        out,
        command_line(context.obj or ()),
        lambda: datetime.now(UTC),
        overwrite=overwrite,
        say=lambda line: None if quiet and not overwrite else ERR.print(line, soft_wrap=True, highlight=False),
    )
    with progress(quiet=quiet) as bar:
        task = bar.add_task("simulate", total=None, note="")
        traces = study(
            bench,
            chosen,
            _optimizers(optimizers),
            range(seeds),
            workers=numbers("workers", workers),
            budget=budget,
            metric=metric,
            schedule=schedule,  # type: ignore[arg-type]  # any string: checked where it is used
            match=match,  # type: ignore[arg-type]  # as above
            budgets=None if budgets is None else parse_budgets(budgets),
            recorded=int(recorded) if recorded.isdecimal() else recorded,  # type: ignore[arg-type]  # as above
            prior=prior,
            portfolio=portfolio,
            leave_one_out=leave_one_out,
            jobs=jobs,
            scheduler=scheduler,
            keep=keep,
            begun=lambda kept, cells: bar.reset(task, completed=kept, total=cells),
            done=lambda cell: bar.update(task, advance=1, note=cell),
        )
    if not quiet:
        _report(traces, bench.objectives(metric)[0].name, out)
    _draw(folder, out, figures_of(traces), figures, at, fidelity, quiet=quiet)


def _say_one_rung(bench: "Benchmark", datasets: list[str], optimizers: list[str]) -> None:
    """Say which of these optimizers have one rung only, because data sets have one budget, and what gives them more."""
    from lcbench.analysis.generality import compared_budgets, spent
    from lcbench.console import OUT
    from lcbench.simulate.optimizers.spec import is_multi_fidelity, specs_of

    idle = [spec.label for spec in specs_of(optimizers) if is_multi_fidelity(spec.factory)]
    own = {bench.budgets_of(dataset) for dataset in datasets if dataset in bench.datasets} if idle else set()
    if not own or any(len(budgets) > 1 for budgets in own):
        return
    if len(own) > 1:
        ends = f"{spent(bench, min(own)[0])} to {spent(bench, max(own)[0])}"
        remedy = "name --datasets with long curves and read these with --schedule non-adaptive --budgets"
        said = f"{', '.join(idle)}: one rung, since each data set has one budget ({ends}); {remedy}."
        OUT.print(said, soft_wrap=True, highlight=False)
        return
    points = compared_budgets(bench)
    more = f"read its curves with --schedule non-adaptive --budgets {','.join(map(str, points))}"
    remedy = more if len(points) > 1 else "there is nothing between the start and the end of its runs"
    said = f"{', '.join(idle)}: one rung, since this table has one budget ({spent(bench, bench.budgets[0])})"
    OUT.print(f"{said}; {remedy}.", soft_wrap=True, highlight=False)


def _report(traces: "pd.DataFrame", metric: str, out: Path) -> None:
    """Print what came out."""
    import numpy as np

    from lcbench.console import OUT
    from lcbench.simulate.study import by_variant, report, results
    from lcbench.simulate.study.file import said
    from lcbench.simulate.study.tested import is_tested

    traces = by_variant(traces)
    OUT.print(report.summary_table(traces, metric, np.random.default_rng(0)))
    if is_tested(traces):
        OUT.print(report.tested_table(traces))
    for part in report.tests(traces):
        OUT.print(part)
    if nothing := said(traces):
        OUT.print(nothing, soft_wrap=True)
    OUT.print(f"{len(results(traces))} results in {out}", soft_wrap=True)


def _draw(
    folder: Path | None,
    out: Path,
    names: Sequence[str],
    place: Path | None,
    at: list[str] | None,
    fidelity: str | None,
    *,
    quiet: bool,
) -> None:
    """Draw the study if there is a folder for its figures; otherwise say how it is drawn."""
    from lcbench.analysis.analysis_commands import figures
    from lcbench.console import OUT
    from lcbench.simulate.study.report import drawing_line

    if place is not None:
        figures(folder, place, ",".join(names), out, at=at, fidelity=fidelity, quiet=quiet)
    elif not quiet:
        shown = [part for each in at or () for part in ("--at", each)]
        shown += ["--fidelity", fidelity] if fidelity else []
        line = drawing_line(folder, out, out.with_name(f"{out.stem}-figures"), shown, names)
        OUT.print(f"draw it with: {line}", soft_wrap=True, highlight=False)


def _datasets(given: list[str] | None, suite: str | None, bench: "Benchmark", metric: str | None) -> list[str]:
    """The data sets asked for.

    Raises:
        InputError: If they are asked for in both ways, or the table has no suites.
    """
    from lcbench.errors import InputError
    from lcbench.simulate.suites import suite as suite_of

    if suite is not None:
        if given is not None:
            raise InputError(
                f"data sets must be given once, got --datasets and --suite {suite}; leave one of them out."
            )
        return list(suite_of(bench, suite, bench.objectives(metric)[0].name))
    return list(bench.datasets) if given is None else [name for text in given for name in _names(text)]


def _optimizers(text: str) -> list[str]:
    """The optimizers asked for."""
    from lcbench.simulate.optimizers import OPTIMIZERS
    from lcbench.simulate.optimizers.spec import split

    return list(OPTIMIZERS) if text.strip() == _ALL else split(text)


def _names(text: str) -> list[str]:
    """The names in a comma-separated list."""
    return [name.strip() for name in text.split(",") if name.strip()]
