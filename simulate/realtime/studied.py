"""A live run in the format of a study, so that whatever shows studies shows it.

What a table would say is not known here. Nobody knows the best configuration, so losses are held against what the
metric allows: a regret of 0 is the best possible value, which leaves runs of other optimizers comparable. No row of a
table was evaluated: ``config_id`` is -1, and the hyperparameters follow in columns of their own.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lcbench.simulate.realtime.result import live_frame
from lcbench.simulate.study.file import COLUMNS, LATER
from lcbench.simulate.study.limit import Unit
from lcbench.simulate.trace import Trace
from lcbench.table.metric import Metric

NO_ROW = -1
"""The ``config_id`` of a configuration that is no row of a table."""


@dataclass(frozen=True, slots=True)
class LiveRun:
    """Facts of a run beside its results, as a study has them.

    Attributes:
        optimizer: Its name.
        dataset: Name of the data set.
        seed: Seed of the optimizer.
        wallclock: Time limit in seconds, None without one.
        trials: Limit on the jobs, None without one.
    """

    optimizer: str
    dataset: str
    seed: int
    wallclock: float | None
    trials: int | None

    @property
    def unit(self) -> Unit:
        """The unit of its limit: seconds if there are two limits."""
        return "evaluations" if self.wallclock is None else "seconds"


def studied(trace: Trace, run: LiveRun) -> pd.DataFrame:
    """A live run as a study.

    Args:
        trace: At least one result.
        run: What it is a trace of.

    Returns:
        One row per result: the columns :data:`lcbench.simulate.study.file.COLUMNS`, with real seconds; one for each
        hyperparameter; and ``reason``, null or why the job failed. A run that has used more than its limit (an earlier
        call had a larger one) has that as its limit.
    """
    made = live_frame(trace)
    used = made["finished"] if run.unit == "seconds" else pd.Series(np.arange(1.0, len(made) + 1))
    limit = max(float(used.iloc[-1]), float((run.trials if run.wallclock is None else run.wallclock) or 0))
    losses = made["loss"].to_numpy(np.float64)
    known = made.assign(optimizer=run.optimizer, dataset=run.dataset, seed=run.seed, config_id=NO_ROW)
    known = known.assign(used=used, limit=limit, unit=run.unit)
    known = known.assign(workers=trace.workers, **{name: value for name, value in LATER.items() if name != "workers"})
    known = known.assign(best_loss=min(0.0, float(losses.min())), worst_loss=_worst(trace.metric, losses))
    return known[[*COLUMNS, *(name for name in made if name not in COLUMNS)]]


def _worst(metric: Metric, losses: np.ndarray) -> float:
    """The worst that the metric allows, or if there is no end to that, the worst that was seen and did not diverge."""
    worst = metric.high - metric.low
    return worst if math.isfinite(worst) else float(losses[np.isfinite(losses)].max(initial=0.0))
