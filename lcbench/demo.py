"""The demonstration: collect a small benchmark, then replay and draw on it and on the embedded one."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

DATASETS = "sklearn:breast_cancer,sklearn:digits,sklearn:wine"
OPTIMIZERS = "random,successive-halving,hyperband,bohb"
STUDY = "--workers 4 --seeds 10 --budget 20x"
DRAWN = "regret,rank,critical_difference"


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the benchmark, the traces and the figures.")] = Path("demo"),
    configs: Annotated[int, typer.Option(help="Configurations to train on each data set.")] = 64,
    jobs: Annotated[int, typer.Option(help="Processes.")] = 2,
) -> None:
    """Collect a small benchmark and draw it; replay optimizers on the embedded one and draw the study."""
    from lcbench.cli import run
    from lcbench.console import OUT

    for line in command_lines(out, configs, jobs):
        OUT.print(f"\n$ lcbench {shlex.join(line)}", style="bold", soft_wrap=True, highlight=False)
        code = run(line)
        if code:
            raise typer.Exit(code)
    OUT.print(
        f"\nWritten: your benchmark in {out / 'bench'} with figures in {out / 'figures'}; traces of optimizers on the "
        f"embedded benchmark in {out / 'study.parquet'} with figures in {out / 'study'}.\n"
        "Next: lcbench collect mine --datasets file:train.csv?target=y --configs 100 --jobs 2",
        soft_wrap=True,
        highlight=False,
    )


def command_lines(out: Path, configs: int, jobs: int) -> list[list[str]]:
    """The commands of the demonstration, in order."""
    bench, study = str(out / "bench"), str(out / "study.parquet")
    return [
        ["collect", bench, "--datasets", DATASETS, "--configs", str(configs), "--jobs", str(jobs)],
        ["info", bench],
        ["figures", bench, "--only", "curves,budget_correlation", "--formats", "png", "--out", str(out / "figures")],
        ["simulate", "--optimizers", OPTIMIZERS, *STUDY.split(), "--out", study],
        ["figures", "--only", DRAWN, "--formats", "png", "--traces", study, "--out", str(out / "study")],
    ]
