"""What the models of one run are fitted to: means over the recorded seeds, with diverged and missing runs apart."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcbench.metric import Metric, get_metric
from lcbench.simulate.surrogate.recorded import Recorded
from lcbench.simulate.surrogate.scale import to_pace, to_scale


@dataclass(frozen=True, slots=True)
class Targets:
    """Per configuration, means over those seeds for which they mean something.

    Attributes:
        survived: ``(configs,)`` bool: at least one seed reached the end; only these have ``values``.
        values: ``(configs, budget + 1)``: mean curve of the seeds that reached the end, on the metric's scale; NaN
            where there are none.
        ran: ``(configs,)`` bool: at least one seed was recorded.
        pace: ``(configs, budget)``: logarithm of the seconds of each epoch of the mean over the recorded seeds.
        alive: ``(configs,)``: the share of the recorded seeds that reached the end.
        lifetime: ``(configs,)``: mean share of the epochs that a recorded seed had before it diverged.
    """

    survived: NDArray[np.bool_]
    values: NDArray[np.float64]
    ran: NDArray[np.bool_]
    pace: NDArray[np.float64]
    alive: NDArray[np.float64]
    lifetime: NDArray[np.float64]

    @property
    def diverges(self) -> bool:
        """Whether any recorded run diverged."""
        return bool((self.alive[self.ran] < 1).any())

    def take(self, rows: NDArray[np.bool_]) -> "Targets":
        """Those of some configurations."""
        return Targets(*(getattr(self, part.name)[rows] for part in fields(self)))


def make_targets(metric: Metric, values: NDArray[np.float32], seconds: NDArray[np.float32]) -> Targets:
    """Average ``(configs, seeds, budget + 1)`` values and seconds; a value that is not finite is a diverged run's."""
    recorded: NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(seconds), axis=2)
    finite: NDArray[np.bool_] = np.isfinite(values) & recorded[..., None]
    ended: NDArray[np.bool_] = np.logical_and.reduce(finite, axis=2)
    epochs = np.minimum.accumulate(finite, axis=2).sum(axis=2) - 1.0  # index 0 is the untrained network
    return Targets(
        np.logical_or.reduce(ended, axis=1),
        to_scale(metric, _mean(values, ended)),
        np.logical_or.reduce(recorded, axis=1),
        to_pace(_mean(seconds, recorded)),
        _mean(ended, recorded),
        _mean(np.maximum(epochs, 0) / (values.shape[2] - 1), recorded),
    )


def recorded_targets(recorded: Recorded, run: int) -> Targets:
    """The targets of one run (a budget) of a table."""
    metric = get_metric(recorded.metric)
    return make_targets(metric, recorded.values[run], recorded.seconds[run])


def _mean(values: NDArray[Any], which: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean over the seeds (axis 1) that are chosen; NaN where none is."""
    chosen = which.reshape(which.shape + (1,) * (values.ndim - 2))
    total = np.where(chosen, values, 0).sum(axis=1, dtype=np.float64)
    count = chosen.sum(axis=1)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
