"""Timing single runs on this machine, for the cost model."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lcbench.collection.data.prepared import Prepared
from lcbench.collection.networks.cost import CostModel, calibrate_work
from lcbench.collection.networks.extent import Extent, work_of
from lcbench.collection.networks.tensors import Tensors, one_thread
from lcbench.collection.networks.train import train

_SAMPLES = 64
_ROWS = 1000  # rows of a part that are enough to time a data set's steps, unless batches are larger
_EPOCHS = 3  # timed one by one; the fastest counts


def calibrate_for(data: Sequence[Prepared], configs: Sequence[Mapping[str, Any]], device: str = "cpu") -> CostModel:
    """Calibrate the cost model for a collection; see :func:`calibrated`."""
    return calibrated([Extent.of(each) for each in data], configs, np.random.default_rng(0), device)


def calibrated(
    extents: Sequence[Extent], configs: Sequence[Mapping[str, Any]], rng: np.random.Generator, device: str = "cpu"
) -> CostModel:
    """Calibrate the cost model for these data sets and configurations.

    Times single runs of random pairs of the two, on random numbers and one thread: some seconds.

    Args:
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
    return calibrate_work([work_of(*pair) for pair in pairs], [time_epoch(*pair, device) for pair in pairs])


def time_epoch(extent: Extent, config: Mapping[str, Any], device: str = "cpu") -> float:
    """Measure the seconds of one epoch of a single run, on random numbers."""
    data = noise(extent, device)
    seconds = time.process_time if device == "cpu" else time.perf_counter  # the processor is shared, a card is not
    ticks: list[float] = []

    def clock() -> float:
        ticks.append(seconds())
        return ticks[-1]

    with one_thread():
        train(data, config, (_EPOCHS,), (0,), 0, clock)
    starts, ends = ticks[::2], ticks[1::2]  # train asks at the start and at the end of every epoch
    return float(np.subtract(ends, starts).min())


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
