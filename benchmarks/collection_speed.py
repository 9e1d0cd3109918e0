"""Run-epochs per second of the engine, of a tuned PyTorch loop and of the usual DataLoader loop, in one run.

    python benchmarks/collection_speed.py [--configs 24] [--processes 2]

Every contender trains the same configurations of space ``mlp`` on the same data, one thread per process, and computes
the same metrics every epoch. The peers train one run at a time; of each configuration they train some epochs of one
seed (all epochs cost alike), the engine all nine runs. The arithmetic rate counts the products of training and
evaluation and is held against a large float32 product, by the faster of torch and numpy, on the same number of
processes.
"""

import time
from collections.abc import Callable
from itertools import pairwise
from multiprocessing import get_context
from typing import Annotated, Any

import numpy as np
import torch
import typer
from peers import dataloader_loop, tuned_loop
from rich.console import Console
from rich.table import Table

from lcbench.collection.networks.calibration import noise
from lcbench.collection.networks.cost import Extent, Sizes
from lcbench.collection.networks.problems import MLP
from lcbench.collection.networks.tensors import one_thread
from lcbench.collection.plan import sampled_configs
from lcbench.space import paper

EXTENTS = {
    "car": Extent(6, 4, Sizes(775, 382, 571)),
    "phoneme": Extent(5, 2, Sizes(2425, 1195, 1784)),
    "mfeat-factors": Extent(216, 10, Sizes(898, 442, 660)),
}
BUDGETS, SEEDS = (12, 25, 50), (0, 1, 2)
RUN_EPOCHS = sum(BUDGETS) * len(SEEDS)
PEER_EPOCHS = 5


def engine(extent: Extent, config: dict[str, Any]) -> float:
    """Seconds per run-epoch of the engine."""
    data = noise(extent)
    started = time.perf_counter()
    MLP().train_all(data, [config], BUDGETS, SEEDS, 0, time.perf_counter)
    return (time.perf_counter() - started) / RUN_EPOCHS


def peer(loop: Callable[..., None]) -> Callable[[Extent, dict[str, Any]], float]:
    """Seconds per run-epoch of a loop that trains one run."""

    def measure(extent: Extent, config: dict[str, Any]) -> float:
        data = noise(extent)
        started = time.perf_counter()
        loop(data, config, PEER_EPOCHS)
        return (time.perf_counter() - started) / PEER_EPOCHS

    return measure


CONTENDERS = {"DataLoader loop": peer(dataloader_loop), "tuned loop": peer(tuned_loop), "engine": engine}


def measure(task: tuple[str, str, dict[str, Any]]) -> tuple[str, str, float, float]:
    """One contender on one data set and configuration: name, data set, seconds, operations of a run-epoch."""
    contender, dataset, config = task
    extent = EXTENTS[dataset]
    with one_thread():
        seconds = CONTENDERS[contender](extent, config)
    return contender, dataset, seconds, operations(extent, config)


def operations(extent: Extent, config: dict[str, Any]) -> float:
    """Floating-point operations of the products of one run-epoch."""
    sizes = list(pairwise(MLP().recipe(config, extent.features, extent.classes).shape.widths))
    forward = 2.0 * sum(a * b for a, b in sizes)
    backward = 2 * forward - 2.0 * sizes[0][0] * sizes[0][1]  # the first layer passes no gradient on
    return extent.sizes.train * (forward + backward) + (extent.sizes.valid + extent.sizes.test) * forward


def product_rate(_: object = None) -> tuple[float, float]:
    """Operations per second of a large float32 product, on one thread, by torch and by numpy."""
    a, b = np.random.default_rng(0).random((2, 2048, 2048), np.float32)
    with one_thread():
        return rate_of(torch.mm, torch.from_numpy(a), torch.from_numpy(b)), rate_of(np.matmul, a, b)


def rate_of(product: Callable[[Any, Any], object], a: Any, b: Any) -> float:
    """Operations per second of a product of square matrices: the median of some repetitions."""
    product(a, b)
    times = []
    for _ in range(8):
        started = time.perf_counter()
        product(a, b)
        times.append(time.perf_counter() - started)
    return 2 * len(a) ** 3 / float(np.median(times))


def main(
    configs: Annotated[int, typer.Option(help="Configurations per data set.")] = 24,
    processes: Annotated[int, typer.Option(help="Processes that measure at the same time.")] = 2,
) -> None:
    """Measure all contenders and print the ratios."""
    drawn = sampled_configs(paper.mlp(), configs, 1).to_dict("records")
    # contenders take turns on each configuration, so that a change of the machine's speed meets them alike
    tasks = [(c, d, config) for d in EXTENTS for config in drawn for c in CONTENDERS]
    with get_context("spawn").Pool(processes) as pool:
        rates = np.median(pool.map(product_rate, range(processes)), axis=0).tolist()
        found = pool.map(measure, tasks, chunksize=len(CONTENDERS))
    report(found, rates, processes)


def report(found: list[tuple[str, str, float, float]], rates: list[float], processes: int) -> None:
    """Print run-epochs per second, ratios and the share of the product rate."""
    total = {(c, d): sum(s for c2, d2, s, _ in found if (c2, d2) == (c, d)) for c in CONTENDERS for d in EXTENTS}
    work = {d: sum(o for c, d2, _, o in found if (c, d2) == ("engine", d)) for d in EXTENTS}
    n = len(found) // len(total)
    table = Table(title=f"Run-epochs per second, {processes} processes of one thread, {n} configurations")
    for column in ("data set", *CONTENDERS, "engine / tuned", "engine / DataLoader", "of the product rate"):
        table.add_column(column, justify="left" if column == "data set" else "right")
    ratios: list[tuple[float, float]] = []
    for d in EXTENTS:
        speeds = [processes * n / total[c, d] for c in CONTENDERS]
        ratios.append((speeds[2] / speeds[1], speeds[2] / speeds[0]))
        share = work[d] / total["engine", d] / max(rates)
        table.add_row(d, *(f"{s:.0f}" for s in speeds), *(f"{r:.2f}" for r in ratios[-1]), f"{share:.2f}")
    means = np.exp(np.log(ratios).mean(axis=0))
    table.add_row("geometric mean", "", "", "", *(f"{m:.2f}" for m in means), "")
    Console().print(table)
    by_torch, by_numpy = (f"{rate / 1e9:.0f} GFLOP/s" for rate in rates)
    print(f"a 2048 x 2048 float32 product, per process: torch {torch.__version__} {by_torch}, numpy {by_numpy}")


if __name__ == "__main__":
    typer.run(main)
