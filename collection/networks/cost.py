"""How long a run alone would take one worker: a model, calibrated on this machine.

Runs train in stacks, so the time of a single run cannot be read off a clock. An epoch of a run is a known amount of
work of a few kinds (steps, layers, arithmetic in small and in large products, parameters to update, activations, masks
to draw ...). :func:`calibrate` times single-run epochs of random shapes and batch sizes and finds the seconds that one
unit of each kind takes, by non-negative least squares on relative errors. More work never takes less time, and a run's
seconds grow by the same amount every epoch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from lcbench.collection.networks.measures import chunk_rows
from lcbench.collection.networks.network import Shape
from lcbench.collection.networks.products import one_by_one_sizes

KINDS = (
    "epoch",
    "step",
    "layer and step",
    "small products",
    "large products",
    "calls of large products",
    "parameter updates",
    "activations",
    "dropped activations",
    "masks",
    "inputs",
    "outputs",
    "evaluation, small products",
    "evaluation, large products",
    "evaluated activations",
    "evaluated outputs",
    "evaluation chunks and layers",
)
"""Kinds of work, in the order of :func:`epoch_work`."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Rows of a data set's parts, as far as they matter for time.

    Attributes:
        train: Rows that are trained on.
        valid: Rows that are evaluated after each epoch.
        test: As ``valid``.
    """

    train: int
    valid: int
    test: int


@dataclass(frozen=True, slots=True)
class CostModel:
    """Seconds per unit of work.

    Attributes:
        seconds: One number per kind of work, not negative.
        kinds: The kinds; those of search space 1 by default, see :mod:`lcbench.collection.networks.full.cost` for space
            2.
    """

    seconds: tuple[float, ...]
    kinds: tuple[str, ...] = KINDS

    def epoch_seconds(self, shape: Shape, batch_size: int, sizes: Sizes) -> float:
        """Seconds that one epoch of a run alone takes one worker, training and evaluation (search space 1)."""
        return self.seconds_of(dict(zip(KINDS, epoch_work(shape, batch_size, sizes), strict=True)))

    def seconds_of(self, work: Mapping[str, float]) -> float:
        """Seconds of so much work of each kind."""
        return float(sum(work[kind] * each for kind, each in zip(self.kinds, self.seconds, strict=True)))

    def to_json(self) -> dict[str, float]:
        """Seconds by kind of work."""
        return dict(zip(self.kinds, self.seconds, strict=True))

    @classmethod
    def from_json(cls, document: Mapping[str, float]) -> "CostModel":
        """Read what :meth:`to_json` wrote."""
        return cls(tuple(map(float, document.values())), tuple(document))


def epoch_work(shape: Shape, batch_size: int, sizes: Sizes) -> NDArray[np.float64]:
    """Count the work of one epoch of a run alone.

    Args:
        shape: Its network.
        batch_size: Rows in a batch.
        sizes: Rows of the data set.

    Returns:
        ``(len(KINDS),)`` array.
    """
    steps = ceil(sizes.train / batch_size)
    batch = min(batch_size, sizes.train)
    layers, hidden = len(shape.widths) - 1, sum(shape.widths[1:-1])
    dropped = [width for width, rate in zip(shape.widths[1:-1], shape.dropout, strict=True) if rate > 0]
    training = [
        1,
        steps,
        steps * layers,
        *_products(shape, batch, sizes.train, backward=True),
        steps * shape.n_parameters,
        sizes.train * hidden,
        sizes.train * sum(dropped),
        steps * len(dropped),
        sizes.train * shape.widths[0],
        sizes.train * shape.widths[-1],
    ]
    return np.array(training + _evaluation(shape, sizes), np.float64)


def _evaluation(shape: Shape, sizes: Sizes) -> list[float]:
    rows, chunk = sizes.valid + sizes.test, chunk_rows(shape, 1)
    chunks = ceil(sizes.valid / chunk) + ceil(sizes.test / chunk)
    small, large, _ = _products(shape, min(chunk, sizes.valid), rows, backward=False)
    return [
        small,
        large,
        rows * sum(shape.widths[1:-1]),
        rows * shape.widths[-1],
        chunks * (len(shape.widths) - 1),
    ]


def _products(shape: Shape, batch: int, rows: int, *, backward: bool) -> tuple[float, float, float]:
    """Operations in small and in large products, and the number of large products."""
    small = large = calls = 0.0
    for number, (fan_in, fan_out) in enumerate(pairwise(shape.widths)):
        times = 1 if not backward else 3 if number else 2  # the first layer passes no gradient on
        operations = times * 2.0 * rows * fan_in * fan_out
        if one_by_one_sizes(batch, fan_in, fan_out):
            large, calls = large + operations, calls + times * ceil(rows / batch)
        else:
            small += operations
    return small, large, calls


def calibrate(samples: Sequence[tuple[Shape, int, Sizes]], measured: Sequence[float]) -> CostModel:
    """Fit the model to measured epochs.

    Args:
        samples: Shape, batch size and rows of each.
        measured: Seconds of one epoch of each, run alone.

    Returns:
        The model with the least squared relative error among those without negative seconds.
    """
    return calibrate_work([dict(zip(KINDS, epoch_work(*sample), strict=True)) for sample in samples], measured)


def calibrate_work(samples: Sequence[Mapping[str, float]], measured: Sequence[float]) -> CostModel:
    """Fit the model to measured epochs of known work; see :func:`calibrate`.

    Args:
        samples: Work by kind, the same kinds in each.
        measured: Seconds of each.
    """
    work = np.array([list(sample.values()) for sample in samples]) / np.array(measured)[:, None]
    scale = work.max(axis=0)
    scale[scale == 0] = 1.0
    seconds, _ = nnls(work / scale, np.ones(len(samples)))
    return CostModel(tuple((seconds / scale).tolist()), tuple(samples[0]))
