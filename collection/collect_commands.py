"""The command ``lcbench collect``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

    from lcbench.collection.collecting import Collection
    from lcbench.collection.tasks import RunsTask
    from lcbench.work import Executor

INCOMPLETE, INTERRUPTED = 3, 130


def collect(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for the benchmark.")],
    datasets: Annotated[
        str,
        typer.Option(
            help="Comma-separated: sklearn:wine, openml:167161 (a task), file:train.csv?target=y, lcbench (its 35)."
        ),
    ],
    space: Annotated[str, typer.Option(help="Search space: mlp or full (the paper's two), or mlp-released.")] = "mlp",
    configs: Annotated[
        str, typer.Option(help="Number of configurations to sample, or a CSV or Parquet file of them.")
    ] = "200",
    budgets: Annotated[str, typer.Option(help="Epoch budgets, increasing.")] = "12,25,50",
    seeds: Annotated[int, typer.Option(help="Seeds per configuration and budget.")] = 3,
    jobs: Annotated[int, typer.Option(help="Processes on this machine.")] = 1,
    plan_seed: Annotated[int, typer.Option(help="Seed of the whole collection.")] = 0,
    encoding: Annotated[
        str | None, typer.Option(help="Categories as numbers: ordinal or onehot.", show_default="onehot for full")
    ] = None,
    gradients: Annotated[bool, typer.Option("--gradients", help="Log gradient statistics every epoch.")] = False,
    predictions: Annotated[
        bool, typer.Option("--predictions", help="Keep class probabilities after the last epoch, for ensembles.")
    ] = False,
    device: Annotated[str, typer.Option(help="cpu; experimental, never run on a GPU yet: cuda, cuda:1 ...")] = "cpu",
    engine: Annotated[
        str | None, typer.Option(help="local or dask.", show_default="dask if there is a scheduler")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Dask's scheduler, tcp://HOST:PORT, whose workers train in place of processes.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Train configurations on data sets and write their learning curves as a benchmark folder.

    Stopped at any time, the same command resumes where it stopped. Exit codes: 0 the benchmark is complete; 2 it cannot
    be made (bad input, disk full, scheduler lost); 3 some tasks failed; 130 stopped with Ctrl-C.
    """
    from lcbench.collection.collecting import executor_for, opened
    from lcbench.collection.data.encodings import get_encoding
    from lcbench.collection.data.sources import split_sources
    from lcbench.collection.plan import Plan, check_device
    from lcbench.collection.problem import get_problem
    from lcbench.collection.reporting import opened_with_progress
    from lcbench.collection.shards import Shards
    from lcbench.collection.tasks import Extras
    from lcbench.console import ERR, OUT
    from lcbench.table.manifest import MANIFEST, parse_budgets

    encoding = encoding or get_problem(space).encoding
    get_encoding(encoding)
    plan = Plan(
        sources=tuple(split_sources(datasets)),
        space_name=space,
        configs=_configs(space, configs, plan_seed),
        budgets=parse_budgets(budgets),
        n_seeds=seeds,
        encoding=encoding,
        plan_seed=plan_seed,
        extras=Extras(gradients, predictions),
        device=check_device(device),
    )
    made = executor_for(plan, folder, engine, jobs, scheduler)
    if (folder / MANIFEST).is_file():
        with opened(plan, folder):
            OUT.print(f"{folder} holds this benchmark already; nothing to do.", soft_wrap=True)
        return
    try:
        with made as executor, opened_with_progress(plan, folder, quiet=quiet) as collection:
            _run(collection, executor, quiet=quiet)
    except KeyboardInterrupt:
        kept = Shards(folder).count()
        said = f"\nstopped; {kept} finished tasks are kept. The same command resumes from there."
        ERR.print(said, soft_wrap=True, highlight=False)
        raise typer.Exit(INTERRUPTED) from None
    runs = len(collection.tasks) * len(plan.budgets) * plan.n_seeds
    OUT.print(f"{runs} runs written to {folder}; look at it with: lcbench info {folder}", soft_wrap=True)


def _configs(space: str, configs: str, plan_seed: int) -> "pd.DataFrame":
    """Sample configurations, or read them from a file."""
    from lcbench.collection.data.table_file import READERS, read_table, suffix_of
    from lcbench.collection.plan import given_configs, sampled_configs
    from lcbench.collection.problem import get_problem
    from lcbench.errors import InputError
    from lcbench.space.spaces import categories

    if configs.lstrip("-").isdecimal():
        return sampled_configs(space, int(configs), plan_seed)
    if suffix_of(Path(configs)) not in READERS and not Path(configs).exists():
        raise InputError(f"configs must be a whole number or a CSV or Parquet file of configurations, got {configs!r}.")
    as_text = categories(get_problem(space).space)  # whose levels may look like numbers
    return given_configs(space, read_table(Path(configs), as_text=as_text))


def _run(collection: "Collection", executor: "Executor[RunsTask]", *, quiet: bool) -> None:
    """Train all tasks under a report, then write the benchmark, or say what is missing."""
    import time
    from contextlib import nullcontext
    from datetime import UTC, datetime

    from lcbench.collection.reporting import Log, Report
    from lcbench.console import ERR

    with ERR.status("timing single runs on this machine, for the seconds of the table") if not quiet else nullcontext():
        collection.calibrate()
    if not quiet:
        ahead = f"{len(collection.pending())} of {len(collection.tasks)} tasks to train: {executor.describe()}"
        ERR.print(ahead, soft_wrap=True, highlight=False)
    log = Log(collection.folder, lambda: datetime.now(UTC))
    with log.following(collection, executor):
        with Report(collection, log, time.monotonic, quiet=quiet) as report:
            for outcome in collection.run(executor):
                report.add(outcome)
        missing = collection.pending()
        if not missing:
            collection.finish(datetime.now(UTC))
    if missing:
        ERR.print(collection.missing(missing), soft_wrap=True, highlight=False)
        raise typer.Exit(INCOMPLETE)
