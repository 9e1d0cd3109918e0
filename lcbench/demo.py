"""The whole line in one command: collect, look, replay, draw."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

DATASETS = "sklearn:breast_cancer,sklearn:digits,sklearn:wine"
OPTIMIZERS = "random,successive-halving,hyperband,bohb"
STUDY = "--workers 4 --seeds 10 --budget 8x"


def demo(
    out: Annotated[Path, typer.Option(help="Where to write the benchmark, the traces and the figures.")] = Path("demo"),
    configs: Annotated[int, typer.Option(help="Configurations to train on each data set.")] = 64,
    jobs: Annotated[int, typer.Option(help="Processes.")] = 2,
) -> None:
    """Collect a small benchmark by really training, replay four optimizers on it and draw the figures."""
    from lcbench.cli import run
    from lcbench.console import OUT

    for line in command_lines(out, configs, jobs):
        OUT.print(f"\n[bold]$ lcbench {shlex.join(line)}[/bold]", soft_wrap=True, highlight=False)
        code = run(line)
        if code:
            raise typer.Exit(code)
    OUT.print(
        f"\nWritten: the benchmark in {out / 'bench'}, the optimizers' traces in {out / 'traces.parquet'}, "
        f"figures and their numbers in {out / 'figures'}.\n"
        "Next: lcbench collect mine --datasets file:train.csv?target=y --configs 100 --jobs 2",
        soft_wrap=True,
        highlight=False,
    )


def command_lines(out: Path, configs: int, jobs: int) -> list[list[str]]:
    """What the demonstration types, in order."""
    bench, traces = str(out / "bench"), str(out / "traces.parquet")
    return [
        ["collect", bench, "--datasets", DATASETS, "--configs", str(configs), "--jobs", str(jobs)],
        ["info", bench],
        ["simulate", bench, "--optimizers", OPTIMIZERS, *STUDY.split(), "--out", traces],
        ["figures", bench, "--traces", traces, "--out", str(out / "figures")],
    ]
