"""What is measured of a network, and how a value becomes a loss."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lcbench.errors import UnknownNameError

Goal = Literal["maximize", "minimize"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One recorded quantity of a network.

    Attributes:
        name: Column name in the table.
        unit: ``"fraction"`` or ``"nats"``.
        goal: Whether large or small values are good.
        low: Smallest possible value.
        high: Largest possible value.
    """

    name: str
    unit: str
    goal: Goal
    low: float
    high: float

    def loss(self, values: ArrayLike) -> NDArray[np.float64]:
        """Turn values into losses: smaller is better, and 0 is the best possible.

        ``high - value`` for metrics to maximize, ``value - low`` for metrics to minimize. NaN (a run that
        diverged) gives infinity, the worst loss.

        Args:
            values: Array of any shape.

        Returns:
            Array of the same shape, float64.
        """
        array = np.asarray(values, dtype=np.float64)
        loss = self.high - array if self.goal == "maximize" else array - self.low
        return np.where(np.isnan(loss), np.inf, loss)

    def value(self, loss: float) -> float:
        """The value that has a finite loss: the inverse of :meth:`loss`."""
        return self.high - loss if self.goal == "maximize" else loss + self.low


def _metrics() -> dict[str, Metric]:
    """List the metrics in the order of their columns."""
    inf = float("inf")
    found = [Metric("train_loss", "nats", "minimize", 0.0, inf)]
    for part in ("train", "valid", "test"):
        found += [
            Metric(f"{part}_accuracy", "fraction", "maximize", 0.0, 1.0),
            Metric(f"{part}_balanced_accuracy", "fraction", "maximize", 0.0, 1.0),
            Metric(f"{part}_cross_entropy", "nats", "minimize", 0.0, inf),
        ]
    return {metric.name: metric for metric in found}


METRICS: dict[str, Metric] = _metrics()
"""All metrics by name. ``train_*`` are averages over an epoch's batches in training mode, ``valid_*`` and
``test_*`` are in evaluation mode after the epoch; cross-entropies are unweighted, ``train_loss`` is the
class-weighted loss that was optimized."""


def get_metric(name: str) -> Metric:
    """Look up a metric.

    Raises:
        UnknownNameError: If there is no such metric.
    """
    if name not in METRICS:
        raise UnknownNameError("metric", name, METRICS)
    return METRICS[name]
