"""The command ``lcbench live``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lcbench.table.table_commands import At

if TYPE_CHECKING:
    from lcbench.simulate.trace import Trace
    from lcbench.simulate.training import TrainingBackend

INTERRUPTED = 130


def live(
    source: Annotated[
        str,
        typer.Argument(
            metavar="DATASET",
            help="sklearn:wine, openml:167161 (a task), file:train.csv?target=y, or a task of the problem.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the record and the results.")],
    optimizer: Annotated[
        str,
        typer.Option(
            help="Optimizer: a name, with arguments or without, bohb(eta=3), or your own, ./mine.py:Class. Listed by: "
            "lcbench optimizers."
        ),
    ] = "bohb",
    workers: Annotated[int, typer.Option(help="How many jobs train at once, each in a process.")] = 1,
    scheduler: Annotated[
        str | None, typer.Option(help="Dask's scheduler, tcp://HOST:PORT, whose workers train in place of processes.")
    ] = None,
    wallclock: Annotated[float | None, typer.Option(help="Time limit in seconds.")] = None,
    trials: Annotated[int | None, typer.Option(help="Largest number of jobs to train.")] = None,
    budgets: Annotated[
        str | None,
        typer.Option(help="Budgets that can be asked for, increasing.", show_default="the problem's; 12,25,50"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the optimizer.")] = 0,
    metric: Annotated[
        str | None, typer.Option(help="What is optimized.", show_default="the problem's objective")
    ] = None,
    problem: Annotated[
        str, typer.Option(help="mlp, full, mlp-released, or your own: ./file.py:Class, package.module:Class.")
    ] = "mlp",
    space: Annotated[
        Path | None, typer.Option(help="Search space in place of the problem's: a JSON file that ConfigSpace wrote.")
    ] = None,
    at: At = None,
    train_seeds: Annotated[int, typer.Option(help="Runs of each job, seeds 0, 1, ...; their mean counts.")] = 1,
    plan_seed: Annotated[int, typer.Option(help="Seed of the collection that the runs are to agree with.")] = 0,
    encoding: Annotated[
        str | None,
        typer.Option(help="Categories as numbers: ordinal or onehot.", show_default="the problem's; onehot for full"),
    ] = None,
    device: Annotated[str, typer.Option(help="cpu; experimental, never run on a GPU yet: cuda, cuda:1 ...")] = "cpu",
    quiet: Annotated[bool, typer.Option("--quiet", help="Print neither progress nor result.")] = False,
) -> None:
    """Run an optimizer on a data set for real: train in real time.

    Stopped at any time, the same command resumes where it stopped, also with a larger limit or other workers. Exit
    codes: 0 done; 2 it cannot be done; 130 stopped with Ctrl-C.
    """
    from lcbench.collection.plan import read_space
    from lcbench.collection.problem import get_problem
    from lcbench.console import ERR, OUT
    from lcbench.errors import InputError
    from lcbench.simulate.optimizers.spec import blamed, parse, said_without_prior
    from lcbench.simulate.realtime.result import LiveInterrupted
    from lcbench.simulate.realtime.run import check_limits
    from lcbench.simulate.realtime.run import live as run
    from lcbench.simulate.study import cell_rng
    from lcbench.simulate.training import TrainingBackend
    from lcbench.table.manifest import parse_budgets
    from lcbench.table.view import parse_at

    check_limits(workers, wallclock, trials)
    spec = parse(optimizer)
    for name, number, least in (("seed", seed, 0), ("train-seeds", train_seeds, 1)):
        if number < least:
            raise InputError(f"{name} must be at least {least}, got {number}.")
    backend = TrainingBackend(
        source,
        metric,
        problem=problem,
        space=None if space is None else read_space(space, get_problem(problem)),
        at=parse_at(at or ()),
        budgets=None if budgets is None else parse_budgets(budgets),
        seed=range(train_seeds),
        plan_seed=plan_seed,
        encoding=encoding,
        device=device,
    )
    if not quiet and (without := said_without_prior([spec])):
        ERR.print(f"{without}; lcbench live has no priors.", soft_wrap=True, highlight=False)
    try:
        with blamed(spec, f"on {backend.dataset}"):
            trace = run(
                spec.factory(backend.domain(), backend.budgets, cell_rng(seed, spec.label, backend.dataset)),
                backend,
                workers=workers,
                scheduler=scheduler,
                wallclock=wallclock,
                trials=trials,
                record=out,
                quiet=quiet,
                name=spec.label,
                seed=seed,
            )
    except LiveInterrupted as stopped:
        said = f"\nstopped; {len(stopped.trace)} results are kept in {out}. The same command resumes from there."
        ERR.print(said, soft_wrap=True, highlight=False)
        raise typer.Exit(INTERRUPTED) from None
    if not quiet:
        OUT.print(*summary(trace, backend, out), sep="\n", soft_wrap=True, highlight=False)


def summary(trace: "Trace", backend: "TrainingBackend", out: Path) -> list[str]:
    """Describe a finished live run: the incumbent, the files, and how to make a table of it."""
    from math import inf
    from shlex import join

    from lcbench.simulate.realtime.record import TRACE
    from lcbench.simulate.study.report import drawing_line

    best = trace.incumbent(inf)
    assert best is not None  # noqa: S101  # `live` gives at least one result
    failed = sum(getattr(result, "reason", None) is not None for result in trace.results)
    trials = len({result.job.trial for result in trace.results})
    values = ", ".join(f"{name} {_word(value)}" for name, value in best.job.config.items())
    return [
        f"best {backend.metric.name}: {float(best.curve.values[-1]):.4f} at {best.job.budget} "
        f"{backend.fidelity.label}, found after {best.finished:.1f} s (trial {best.job.trial})",
        f"  {values}",
        f"{len(trace)} results of {trials} trials in {trace.results[-1].finished:.1f} s"
        + (f", {failed} of them failed" if failed else "")
        + f", written to {out} (trace.parquet)",
        f"draw it with: {drawing_line(None, out / TRACE, out / 'figures')}",
        f"A benchmark of all configurations that were tried: {join(_collect(backend, out))}",
    ]


def _word(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _collect(backend: "TrainingBackend", out: Path) -> list[str]:
    """Write out the command that collects the tried configurations."""
    trainer = backend.trainer
    options = {
        "datasets": backend.source,
        "problem": backend.problem_name,
        "configs": out / "configs.parquet",
        "budgets": ",".join(map(str, backend.budgets)),
        "seeds": max(trainer.seeds) + 1,
        "plan-seed": trainer.plan_seed,
        "encoding": backend.encoding,
        "device": trainer.device,
    }
    return [
        "lcbench",
        "collect",
        "DIR",
        *(word for name, value in options.items() for word in (f"--{name}", str(value))),
    ]
