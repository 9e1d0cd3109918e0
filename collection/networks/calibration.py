"""Timing single runs on this machine, for the cost model."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from lcbench.collection.data.prepared import Prepared
from lcbench.collection.networks.cost import CostModel, Extent, calibrate
from lcbench.collection.networks.problems import NetworkProblem
from lcbench.collection.networks.tensors import Tensors, one_thread
from lcbench.space import Config

_SAMPLES = 64
_ROWS = 1000  # rows of a part that are enough to time a data set's steps, unless batches are larger
_EPOCHS = 3  # timed one by one; the fastest counts
_BUDGETS = (3, 6, 12)  # of a unit


def calibrated(
    problem: NetworkProblem,
    extents: Sequence[Extent],
    configs: Sequence[Config],
    rng: np.random.Generator,
    device: str = "cpu",
) -> CostModel:
    """Calibrate the cost model for these data sets and configurations.

    Times single runs of random pairs of the two, on random numbers and one thread: some seconds.

    Args:
        problem: What is to be collected.
        extents: The data sets to be collected.
        configs: The configurations to be trained.
        rng: Picks the pairs.
        device: Where the runs compute.
    """
    pairs = []
    for _ in range(_SAMPLES):
        config = configs[int(rng.integers(len(configs)))]
        rows = max(_ROWS, 3 * int(config["batch_size"]))
        pairs.append((extents[int(rng.integers(len(extents)))].capped(rows), config))
    work = [problem.work(*pair) for pair in pairs]
    return calibrate(work, [time_epoch(problem, *pair, device) for pair in pairs])


def time_epoch(problem: NetworkProblem, extent: Extent, config: Config, device: str = "cpu") -> float:
    """Measure the seconds of one epoch of a single run, on random numbers and one thread."""
    ticks = _ticks(problem, extent, config, (_EPOCHS,), 1, device)
    starts, ends = ticks[::2], ticks[1::2]  # the clock is asked at the start and at the end of every epoch
    return float(np.subtract(ends, starts).min())


def time_unit(problem: NetworkProblem, extent: Extent, config: Config, n_seeds: int, device: str = "cpu") -> float:
    """Measure the seconds that an epoch of one run takes where all runs of a configuration train together.

    Args:
        problem: What is to be collected.
        extent: The data set's.
        config: The configuration.
        n_seeds: Seeds; budgets are few epochs, in proportions as of 12, 25 and 50.
        device: Where the runs compute.
    """
    ticks = _ticks(problem, extent, config, _BUDGETS, n_seeds, device)
    return (ticks[-1] - ticks[0]) / (sum(_BUDGETS) * n_seeds)


def _ticks(
    problem: NetworkProblem, extent: Extent, config: Config, budgets: Sequence[int], n_seeds: int, device: str
) -> list[float]:
    """When the clock was asked while a configuration trained on random numbers and one thread."""
    data = noise(extent, device)
    seconds = time.process_time if device == "cpu" else time.perf_counter  # the processor is shared, a card is not
    ticks: list[float] = []

    def clock() -> float:
        ticks.append(seconds())
        return ticks[-1]

    with one_thread():
        problem.train_all(data, [config], budgets, tuple(range(n_seeds)), 0, clock)
    return ticks


def noise(extent: Extent, device: str = "cpu") -> Tensors:
    """A data set of random numbers."""
    rng = np.random.default_rng(0)
    rows = {"train": extent.sizes.train, "valid": extent.sizes.valid, "test": extent.sizes.test}
    arrays: dict[str, Any] = {}
    for part, n in rows.items():
        arrays[f"x_{part}"] = rng.random((n, extent.features), dtype=np.float32) - 0.5
        arrays[f"y_{part}"] = rng.integers(0, extent.classes, n)
    classes = tuple(map(str, range(extent.classes)))
    counts = (0,) * extent.classes
    made = Prepared("noise", **arrays, classes=classes, class_counts=counts, encoding="ordinal", dropped=())
    return Tensors(made, device)
