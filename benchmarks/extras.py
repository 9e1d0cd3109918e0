"""What ``--gradients`` and ``--predictions`` add to a collection's time: processor seconds with each over without.

    python benchmarks/extras.py [--configs 12] [--rounds 3]

Configurations of space ``mlp`` train at budgets 3, 6 and 12 with three seeds on data of random numbers, one after the
other on one thread, each way in turn; what counts is the sum over configurations, and of several rounds the median.
"""

import time
from statistics import median
from typing import Annotated

import numpy as np
import typer

from collection.calibration import noise
from collection.cost import Sizes
from collection.extent import Extent
from collection.provenance import processor
from collection.threads import one_thread
from collection.train import train
from collection.unit import NO_EXTRAS, Extras
from lcbench.space import get_space, sample

DATA = {
    "credit-g, 449 x 20 x 2": Extent(20, 2, Sizes(449, 221, 330)),
    "phoneme, 2425 x 5 x 2": Extent(5, 2, Sizes(2425, 1195, 1784)),
    "mfeat-factors, 898 x 216 x 10": Extent(216, 10, Sizes(898, 442, 660)),
}
WAYS = {"without": NO_EXTRAS, "gradients": Extras(gradients=True), "predictions": Extras(predictions=True)}
BUDGETS, SEEDS = (3, 6, 12), (0, 1, 2)


def seconds(extent: Extent, configs: list[dict], rounds: int) -> dict[str, float]:
    """Processor seconds of all configurations, each way: medians over rounds."""
    data, found = noise(extent), {way: [] for way in WAYS}
    for _ in range(rounds):
        spent = dict.fromkeys(WAYS, 0.0)
        for config in configs:
            for way, extras in WAYS.items():
                started = time.process_time()
                train(data, config, BUDGETS, SEEDS, 0, time.process_time, None, extras)
                spent[way] += time.process_time() - started
        for way, total in spent.items():
            found[way].append(total)
    return {way: median(totals) for way, totals in found.items()}


def main(
    configs: Annotated[int, typer.Option(help="Configurations.")] = 12,
    rounds: Annotated[int, typer.Option(help="Repetitions.")] = 3,
) -> None:
    """Print the table."""
    drawn = sample(get_space("mlp"), configs, np.random.default_rng(0)).to_dict("records")
    print(f"{processor()}, {configs} configurations, {rounds} rounds\n")
    print("| data set | seconds | with gradients | with predictions |\n|---|---:|---:|---:|")
    with one_thread():
        for name, extent in DATA.items():
            found = seconds(extent, drawn, rounds)
            more = " | ".join(f"{found[way] / found['without'] - 1:+.1%}" for way in ("gradients", "predictions"))
            print(f"| {name} | {found['without']:.1f} | {more} |")


if __name__ == "__main__":
    typer.run(main)
