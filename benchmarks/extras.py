"""Time that ``--gradients`` and ``--predictions`` add to a collection: processor seconds with each over without.

    python benchmarks/extras.py [--configs 12] [--rounds 3] [--budgets 12,25,50]

Configurations of space ``mlp`` train with three seeds on data of random numbers, and are written as a collection
writes them, one after the other on one thread, each way in turn. What counts is the sum over configurations, and of
several rounds the median of their ratios.
"""

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Annotated

import numpy as np
import typer

from lcbench.collection.networks.calibration import noise
from lcbench.collection.networks.cost import Extent, Sizes
from lcbench.collection.networks.problems import MLP
from lcbench.collection.networks.tensors import one_thread
from lcbench.collection.provenance import processor
from lcbench.collection.shards import Shards
from lcbench.collection.tasks import NO_EXTRAS, Extras, RunsTask
from lcbench.space import paper
from lcbench.space.spaces import sample
from lcbench.table.manifest import parse_budgets

DATA = {
    "credit-g, 449 x 20 x 2": Extent(20, 2, Sizes(449, 221, 330)),
    "phoneme, 2425 x 5 x 2": Extent(5, 2, Sizes(2425, 1195, 1784)),
    "mfeat-factors, 898 x 216 x 10": Extent(216, 10, Sizes(898, 442, 660)),
}
WAYS = {"without": NO_EXTRAS, "gradients": Extras(gradients=True), "predictions": Extras(predictions=True)}
SEEDS = (0, 1, 2)


def seconds(extent: Extent, configs: list[dict], budgets: tuple[int, ...]) -> dict[str, float]:
    """Processor seconds of all configurations, each way."""
    data, spent = noise(extent), dict.fromkeys(WAYS, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        for number, config in enumerate(configs):
            for way, extras in WAYS.items():
                started = time.process_time()
                (runs,) = MLP().train_all(data, [config], budgets, SEEDS, 0, time.process_time, None, extras)
                Shards(Path(folder)).write(RunsTask(way, number), runs, MLP().record)
                spent[way] += time.process_time() - started
    return spent


def main(
    configs: Annotated[int, typer.Option(help="Configurations.")] = 12,
    rounds: Annotated[int, typer.Option(help="Repetitions.")] = 3,
    budgets: Annotated[str, typer.Option(help="Epoch budgets.")] = "12,25,50",
) -> None:
    """Print the table."""
    drawn = sample(paper.mlp(), configs, np.random.default_rng(0)).to_dict("records")
    print(f"{processor()}, {configs} configurations, budgets {budgets}, {rounds} rounds: medians (and range)\n")
    print("| data set | seconds | with gradients | with predictions |\n|---|---:|---:|---:|")
    with one_thread():
        for name, extent in DATA.items():
            found = [seconds(extent, drawn, parse_budgets(budgets)) for _ in range(rounds)]
            more = " | ".join(spread([each[way] / each["without"] - 1 for each in found]) for way in list(WAYS)[1:])
            print(f"| {name} | {median(each['without'] for each in found):.1f} | {more} |", flush=True)


def spread(shares: list[float]) -> str:
    """Median, smallest and largest of several rounds."""
    return f"{median(shares):+.1%} ({min(shares):+.1%} to {max(shares):+.1%})"


if __name__ == "__main__":
    typer.run(main)
