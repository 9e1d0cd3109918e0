"""Trace of a simulation: its results, and the incumbent as a step function of virtual time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lcbench.simulate.contract import Result
from lcbench.space import Config
from lcbench.table.metric import Metric


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """Results in the order in which the optimizer was told them.

    Attributes:
        results: The results; ``finished`` never decreases.
        metric: What was optimized.
        workers: Number of workers.
    """

    results: tuple[Result, ...]
    metric: Metric
    workers: int

    def __len__(self) -> int:
        return len(self.results)

    def incumbent(self, t: float, budget: int | None = None) -> Result | None:
        """The best result so far: the lowest loss among those finished by a time, the earliest of equal ones.

        Never interpolates and never worsens. A result of a diverged run is an incumbent only while there is no other.

        Args:
            t: Virtual seconds; a result that finishes at ``t`` counts.
            budget: Consider results of this budget only.

        Returns:
            The result, or None if there is none yet.
        """
        known = (r for r in self.results if r.finished <= t and budget in (None, r.job.budget))
        return min(known, key=lambda r: r.loss, default=None)

    def losses_at(self, times: ArrayLike, budget: int | None = None) -> NDArray[np.float64]:
        """Loss of :meth:`incumbent` at many times.

        Args:
            times: Virtual seconds, any shape.
            budget: Consider results of this budget only.

        Returns:
            Array of the same shape; infinite before the first result.
        """
        known = [r for r in self.results if budget in (None, r.job.budget)]
        return incumbent_losses([r.finished for r in known], [r.loss for r in known], times)

    def to_frame(self, config_id: Callable[[Config], int] | None = None) -> pd.DataFrame:
        """One row per result.

        Args:
            config_id: Names a configuration's row in the table, such as
                :meth:`lcbench.simulate.replay.ReplayBackend.config_id`; None to write the hyperparameters instead.

        Returns:
            DataFrame with ``trial``, then ``config_id`` or one column per hyperparameter, then ``budget`` (epochs),
            ``loss``, ``value`` (of the metric), ``started`` and ``finished`` (virtual seconds) and ``worker``.
        """
        configs = [r.job.config for r in self.results]
        named = (
            pd.DataFrame({"config_id": np.array([config_id(c) for c in configs], np.int64)})
            if config_id is not None
            else pd.DataFrame(configs, index=range(len(configs)))
        )
        named.insert(0, "trial", [r.job.trial for r in self.results])
        return named.assign(
            budget=np.array([r.job.budget for r in self.results], np.int64),
            loss=np.array([r.loss for r in self.results], np.float64),
            value=np.array([r.curve.values[-1] for r in self.results], np.float64),  # noqa: PD011  # no DataFrame
            started=np.array([r.started for r in self.results], np.float64),
            finished=np.array([r.finished for r in self.results], np.float64),
            worker=np.array([r.worker for r in self.results], np.int64),
        )


def incumbent_losses(finished: ArrayLike, losses: ArrayLike, times: ArrayLike) -> NDArray[np.float64]:
    """The lowest loss so far at each time, a step function.

    Args:
        finished: ``(results,)`` virtual seconds, in any order.
        losses: ``(results,)`` losses; infinite if the run diverged.
        times: Virtual seconds, any shape; what finishes at a time counts at that time.

    Returns:
        Array of the shape of ``times``; infinite before the first result that did not diverge.
    """
    ends = np.asarray(finished, np.float64)
    order = np.argsort(ends, kind="stable")
    best = np.minimum.accumulate(np.concatenate([[np.inf], np.asarray(losses, np.float64)[order]]))
    return np.asarray(best[np.searchsorted(ends[order], np.asarray(times), side="right")])
