"""Numbers as the models see them: on a scale without bounds that matter, and back into range.

What an exponential gives on the way back is cut short, see :mod:`lcbench.space.rounding`.
"""

import numpy as np
from numpy.typing import NDArray

from lcbench.space.encoding import Encoding
from lcbench.space.rounding import significant
from lcbench.table.metric import Metric

_SMALLEST = 1e-6  # nats
_NO_TIME = 1e-9  # seconds: of an epoch of a run that took none
_LARGEST_LOG = 600.0  # exp() of more is not finite


def to_scale(metric: Metric, values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Bounded metrics stay as they are; of those without an upper bound the logarithm is taken."""
    array = np.asarray(values, np.float64)
    return array if np.isfinite(metric.high) else np.log(np.maximum(array - metric.low, _SMALLEST))


def from_scale(metric: Metric, scaled: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse; always in the metric's range and finite."""
    if np.isfinite(metric.high):
        return np.clip(scaled, metric.low, metric.high)
    return metric.low + significant(np.exp(np.minimum(scaled, _LARGEST_LOG)))


def to_pace(seconds: NDArray[np.floating]) -> NDArray[np.float64]:
    """Logarithm of the seconds of each epoch.

    Args:
        seconds: ``(..., budget + 1)``, cumulative, from 0 on.

    Returns:
        ``(..., budget)``. An epoch that took no time, or less than a thousandth of the run's mean epoch, counts as
        such a thousandth; in a run that took none every epoch counts as a nanosecond.
    """
    epochs = np.diff(np.asarray(seconds, np.float64), axis=-1)
    mean = epochs.mean(axis=-1, keepdims=True)
    return np.log(np.maximum(epochs, np.maximum(1e-3 * mean, _NO_TIME)))


def from_pace(level: NDArray[np.float64], shape: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cumulative seconds.

    Args:
        level: ``(n,)``: logarithm of the mean epoch's seconds.
        shape: ``(n, budget)``: logarithm of each epoch's share; only differences within a row matter.

    Returns:
        ``(n, budget + 1)``: 0 at the beginning, strictly increasing, ``budget * exp(level)`` at the end; all 0 where
        that is no time.
    """
    centred = shape - shape.mean(axis=1, keepdims=True)
    share = significant(np.exp(np.clip(centred, -15.0, 15.0)))  # a share too small would be lost in the sum
    seconds = np.zeros((len(shape), shape.shape[1] + 1))
    np.cumsum(share, axis=1, out=seconds[:, 1:])
    epoch = significant(np.exp(level))
    seconds *= (shape.shape[1] * np.where(epoch > _NO_TIME, epoch, 0.0) / seconds[:, -1])[:, None]
    return seconds


# What a model sees of a configuration: finite numbers.

_INACTIVE = -1.0  # below every active number: one test of a tree tells it from all of them


def features(encoding: Encoding, cube: NDArray[np.float64]) -> NDArray[np.float32]:
    """Turn points of the unit cube into features.

    A number keeps its coordinate in [0, 1], a category becomes one column of 0 and 1 per level. An inactive number is
    -1, an inactive category all zeros.

    Args:
        encoding: Of the search space.
        cube: ``(n, dimensions)``; NaN where inactive.

    Returns:
        ``(n, features)``, finite.
    """
    columns = [
        np.where(np.isnan(cube[:, j]), _INACTIVE, cube[:, j])[:, None] if n == 0 else cube[:, j, None] == np.arange(n)
        for j, n in enumerate(encoding.levels)
    ]
    return np.concatenate(columns, axis=1, dtype=np.float32)


def n_features(encoding: Encoding) -> int:
    """Number of features."""
    return sum(max(n, 1) for n in encoding.levels)
