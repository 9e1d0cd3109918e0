"""What a collection of networks would cost, before any of its data is there: runs, hours of one core, bytes.

It knows the sizes of the data sets only. Where the data are there, a dry run (:mod:`lcbench.collection.dry_run`) trains
some tasks of any problem on them instead.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from lcbench.collection.data.preparation import SHARE
from lcbench.collection.data.suite import PublishedDataset
from lcbench.collection.networks.calibration import calibrated, time_unit
from lcbench.collection.networks.cost import Extent, Sizes
from lcbench.collection.networks.problems import NetworkProblem
from lcbench.space import Config
from lcbench.table.benchmark import Benchmark
from lcbench.table.manifest import RUNS

_UNITS, _ROWS = 10, 1000  # timed whole, on so many rows of training data
_CONFIGS = 200  # of each data set, whose work is counted; the others are like them


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a collection would cost.

    Attributes:
        runs: Trained networks.
        core_hours: Hours of one core of this machine.
        error: Standard error of these hours, as far as it comes from timing few units.
        bytes: Size of the finished table.
    """

    runs: int
    core_hours: float
    error: float
    bytes: int


def extent_of(dataset: PublishedDataset) -> Extent:
    """The extent that a data set has after its preparation, from its published sizes."""
    test = round(dataset.instances * SHARE)
    valid = round((dataset.instances - test) * SHARE)
    sizes = Sizes(dataset.instances - test - valid, valid, test)
    return Extent(dataset.features, dataset.classes, sizes)


def estimated(
    problem: NetworkProblem,
    extents: Sequence[Extent],
    configs: Sequence[Config],
    budgets: Sequence[int],
    n_seeds: int,
    similar: Benchmark,
) -> Estimate:
    """Estimate the cost of a collection from a minute of timing on this machine.

    Single epochs are timed on random numbers for the cost model (:mod:`lcbench.collection.networks.cost`), which gives
    the seconds of every run alone. All runs of a configuration train together, which takes less: some of these units
    are timed whole, with few epochs and rows, and what they take of the model's seconds goes for all.

    Args:
        problem: What is to be collected.
        extents: The data sets.
        configs: The configurations.
        budgets: Epochs.
        n_seeds: Seeds of each configuration and budget.
        similar: A table that is as large, for each number in it, as the one to come.
    """
    rng = np.random.default_rng(0)
    model = calibrated(problem, extents, configs, rng)
    counted = configs[:: max(1, len(configs) // _CONFIGS)]
    pairs = list(product(extents, counted))
    alone = np.array([model.seconds_of(problem.work(*pair)) for pair in pairs])  # seconds of an epoch
    ratios = []
    for place in rng.choice(len(pairs), _UNITS, p=alone / alone.sum()):  # the mean ratio is then that of all seconds
        extent, config = pairs[place]
        extent = extent.capped(max(_ROWS, 3 * int(config["batch_size"])))
        ratios.append(time_unit(problem, extent, config, n_seeds) / model.seconds_of(problem.work(extent, config)))
    runs = len(extents) * len(configs) * n_seeds
    hours = runs * float(np.sum(budgets)) * float(alone.mean() * np.mean(ratios)) / 3600
    numbers = runs * int(np.sum(np.asarray(budgets) + 1)) * len(problem.record.ranges)
    return Estimate(
        runs=runs * len(budgets),
        core_hours=hours,
        error=hours * float(np.std(ratios, ddof=1) / np.mean(ratios)) / math.sqrt(_UNITS),
        bytes=round(numbers * bytes_per_number(similar)),
    )


def bytes_per_number(bench: Benchmark) -> float:
    """What a number of a curve takes in a table's files, its keys and the like included."""
    manifest = bench.manifest
    files = [record for path, record in manifest.files.items() if path.startswith(f"{RUNS}/")]
    steps = float(np.mean(np.asarray(manifest.budgets) + 1))
    return sum(file.bytes for file in files) / (sum(file.rows for file in files) * steps * len(manifest.record.ranges))
