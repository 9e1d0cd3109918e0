"""Optimizers that learn from other data sets against those that do not, each data set left out in turn.

    python benchmarks/transfer_contests.py [--table lcbench] [--seeds 10] [--budget 10evals] [--speed]

On the 13 data sets that come with lcbench, or (``--table lcbench``) on the final values of the 35 of the published
LCBench in ../shared/reference, whose data sets are known by their sizes alone. One worker; regret is normalized. Tests
are Wilcoxon's over data sets, as ``lcbench compare`` has them, against each control by Holm's method.
"""

import tempfile
import time
import warnings
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

import lcbench
from lcbench.errors import InputError
from lcbench.simulate import OPTIMIZERS, ReplayBackend, simulate
from lcbench.simulate.study import study
from lcbench.simulate.study.comparison import compare
from lcbench.simulate.transfer.knowledge import knowledge_of
from lcbench.table.benchmark import Benchmark
from lcbench.table.doors.official.lite import import_lite

FINALS = Path(__file__).parents[2] / "shared" / "reference" / "lcbench_final.parquet"
CONTROLS = ("bohb", "gp-ei")
OPTIMIZERS_COMPARED = (
    "random,bohb,gp-ei,portfolio,bohb after a portfolio=portfolio(optimizer='bohb'),"
    "gp after a portfolio=portfolio(optimizer='gp-ei'),simple portfolio=portfolio(rule='simple'),"
    "nearest-task,relative-landmarks,meta-model,rgpe,quantile-transfer,bounding-box"
)


def table_of(name: str, folder: Path) -> Benchmark:
    """The table of a name; the published one is imported into the folder.

    Raises:
        InputError: If the published data are not there, or there is no such table.
    """
    if name == "embedded":
        return lcbench.load()
    if name != "lcbench":
        raise InputError(f"table must be embedded or lcbench, got {name}.")
    if not FINALS.is_file():
        raise InputError(f"the published data must be in {FINALS}, got none.")
    import_lite(FINALS, folder / "lcbench")
    return lcbench.load(folder / "lcbench")


def contest(bench: Benchmark, optimizers: str, seeds: int, budget: str) -> None:
    """Print a row for each optimizer, the best first."""
    traces = study(bench, None, optimizers, range(seeds), workers=1, budget=budget, jobs=None)
    found = {name: compare(traces, name, np.random.default_rng(0)).frame for name in CONTROLS}
    heads = [f"p against {name} (Holm)" for name in CONTROLS]
    print(f"\n{len(bench.datasets)} data sets, {seeds} seeds, {budget}\n")
    print(f"| optimizer | normalized regret | 95 % | rank | {' | '.join(heads)} |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, row in found[CONTROLS[0]].iterrows():
        tests = [found[control]["p_holm"][name] for control in CONTROLS]
        shown = " | ".join("" if np.isnan(p) else f"{p:.2g}" for p in tests)
        interval = f"{row['low']:.2%}-{row['high']:.2%}"
        print(f"| {name} | {row['regret']:.2%} | {interval} | {row['rank']:.1f} | {shown} |", flush=True)


def speed(bench: Benchmark, evaluations: int = 100, repeats: int = 3) -> None:
    """Print the processor seconds of each transferring optimizer for as many evaluations, the least of some repeats."""
    known, dataset = knowledge_of(bench), bench.datasets[0]
    assert known is not None  # noqa: S101
    others, backend = known.without(dataset), ReplayBackend(bench, dataset, seed="mean")
    names = ["gp-ei", *(name for name, made in OPTIMIZERS.items() if getattr(made, "transfers", False))]
    for name in names:
        seconds = []
        for seed in range(repeats):
            start = time.process_time()
            optimizer = OPTIMIZERS[name](backend.domain(None, others), backend.budgets, np.random.default_rng(seed))
            simulate(optimizer, backend, evaluations=evaluations)
            seconds.append(time.process_time() - start)
        print(
            f"{name}: {min(seconds):.2f} s for {evaluations} evaluations, {len(known.names) - 1} other tasks",
            flush=True,
        )


def main(
    table: Annotated[str, typer.Option(help="embedded or lcbench.")] = "embedded",
    seeds: Annotated[int, typer.Option(help="Seeds of each optimizer.")] = 10,
    budget: Annotated[str, typer.Option(help="As of lcbench simulate.")] = "10evals",
    optimizers: Annotated[str, typer.Option(help="As of lcbench simulate.")] = OPTIMIZERS_COMPARED,
    speed_only: Annotated[bool, typer.Option("--speed", help="Time them instead.")] = False,
) -> None:
    """Print the comparison."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        bench = table_of(table, Path(folder))
        if speed_only:
            speed(bench)
        else:
            contest(bench, optimizers, seeds, budget)


if __name__ == "__main__":
    typer.run(main)
