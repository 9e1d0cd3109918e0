"""Statistics of the gradients at the end of an epoch.

As the released generator logs them: the values (signed) of the gradient that the epoch's last step used, without weight
decay, over all parameters and over each Linear layer (weights and biases). Up to 16,384 values the statistics are
exact; beyond, they are those of a fixed random subsample of that size (the norm scaled to the whole).
"""

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from collection.network import Stack
from lcbench.schema import GRADIENT_STATISTICS

SAMPLE = 16_384
_QUANTILES = {"median": 0.5, "q10": 0.1, "q25": 0.25, "q75": 0.75, "q90": 0.9}


def gradient_statistics(stack: Stack) -> dict[str, NDArray[np.float32]]:
    """Summarize the gradients that a stack holds.

    Args:
        stack: ``n`` networks of ``L`` layers, after a step.

    Returns:
        For each of ``schema.GRADIENT_STATISTICS`` an ``(n, 1 + L)`` array: of all parameters, then of each layer.
    """
    return statistics_of([layer.gradient_values() for layer in stack.layers])


def statistics_of(
    layers: Sequence[NDArray[np.float32]], others: Sequence[NDArray[np.float32]] = ()
) -> dict[str, NDArray[np.float32]]:
    """Summarize gradients of ``n`` networks.

    Args:
        layers: Of the parameters of each Linear layer, ``(n, parameters)``.
        others: Of parameters that belong to no Linear layer, alike; they count among all parameters only.

    Returns:
        As :func:`gradient_statistics`.
    """
    whole = _subsample(np.concatenate([*layers, *others], axis=1))
    columns = [_statistics(*whole), *[_statistics(*_subsample(values)) for values in layers]]
    return {name: np.stack([column[name] for column in columns], axis=1) for name in GRADIENT_STATISTICS}


def _subsample(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
    """At most :data:`SAMPLE` columns, always the same ones, and how many there were."""
    size = values.shape[1]
    return (values if size <= SAMPLE else values[:, _positions(size)]), size


@cache
def _positions(size: int) -> NDArray[np.intp]:
    return np.sort(np.random.default_rng(size).choice(size, SAMPLE, replace=False))


def _statistics(values: NDArray[np.float32], size: int) -> Mapping[str, NDArray[np.float32]]:
    """Statistics of each row; ``size`` is what the row stands for."""
    ordered = np.sort(values, axis=1)
    square = np.einsum("ij,ij->i", ordered, ordered, dtype=np.float64)
    found = {"max": ordered[:, -1], "mean": ordered.mean(axis=1), "std": ordered.std(axis=1)}
    found["norm"] = np.sqrt(square * (size / values.shape[1])).astype(np.float32)
    return found | {name: _quantile(ordered, q) for name, q in _QUANTILES.items()}


def _quantile(ordered: NDArray[np.float32], q: float) -> NDArray[np.float32]:
    """Linear interpolation between neighbours, as ``numpy.quantile``."""
    place = q * (ordered.shape[1] - 1)
    low = int(place)
    high = min(low + 1, ordered.shape[1] - 1)
    return ordered[:, low] + np.float32(place - low) * (ordered[:, high] - ordered[:, low])
