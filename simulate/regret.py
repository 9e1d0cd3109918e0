"""Regret: how far the best result so far is from the best of the table, run by run.

Starts from the traces of a study, one row per result. The regret of one run (one optimizer, data set and seed) at time
t is

    r(t) = incumbent(t) - best,    incumbent(t) = min {loss of a result | finished <= t},

a step function that never interpolates, in the unit of the metric; best is the lowest loss in the table of the data set
(over all configurations and budgets), so 0 can be reached and nothing is below. Times are fractions of each data set's
time limit, so that data sets on which training takes seconds and data sets on which it takes hours can be averaged.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.errors import InputError
from simulate.trace import incumbent_losses

FRACTIONS: tuple[float, ...] = (0.1, 0.25, 0.5, 1.0)
"""Fractions of the time limit at which a study is summed up."""

TRACE_COLUMNS = ("optimizer", "dataset", "seed", "loss", "finished", "limit", "best_loss")
"""What is read of a study: ``loss`` is smaller the better, ``finished`` and the time ``limit`` are virtual seconds,
``best_loss`` is the smallest loss that could be reached on the data set."""

RUN = ["optimizer", "dataset", "seed"]
"""What names a run of a study."""

_DECIMALS = 9
"""What a regret differs from zero by less comes from rounding."""


def run_regrets(traces: pd.DataFrame, times: Sequence[float]) -> pd.DataFrame:
    """Regret of every single run of a study.

    Args:
        traces: From :func:`simulate.study.study`, or any DataFrame with the columns :data:`TRACE_COLUMNS`.
        times: Fractions of the time limit.

    Returns:
        Index (``optimizer``, ``dataset``, ``seed``), all combinations in the order in which each first comes; one
        column per time. Infinite until there is a result that did not diverge, NaN if everything in the table diverged.

    Raises:
        InputError: If there are no results, columns are lacking, or a loss is below the best.
    """
    _check(traces)
    found = {}
    for key, run in traces.groupby(RUN, sort=False):
        losses = incumbent_losses(run["finished"] / run["limit"], run["loss"], times)
        found[key] = _regret(losses, float(run["best_loss"].iloc[0]), key)
    regrets = pd.DataFrame(list(found.values()), pd.MultiIndex.from_tuples(list(found), names=RUN), list(times))
    every = pd.MultiIndex.from_product([traces[name].unique() for name in RUN], names=RUN)
    return regrets.reindex(every, fill_value=np.inf)


def _check(traces: pd.DataFrame) -> None:
    """Check that there is something to work on."""
    lacking = [name for name in TRACE_COLUMNS if name not in traces.columns]
    if lacking:
        raise InputError(f"traces must have the columns {', '.join(TRACE_COLUMNS)}, got no {', '.join(lacking)}.")
    if traces.empty:
        raise InputError("traces must hold at least one result, got none; simulate with a longer time limit.")


def _regret(losses: NDArray[np.float64], best: float, run: object) -> NDArray[np.float64]:
    """Distance from the best; NaN where the best is infinite, that is, everything in the table diverged."""
    if not np.isfinite(best):
        return np.full(len(losses), np.nan)
    regret = np.round(losses - best, _DECIMALS)
    if (regret < 0).any():
        raise InputError(
            f"loss must not be below best_loss, {best:.9g}, got {losses.min():.9g} in {run}; take the best of the "
            "table, metric, seed and schedule that the study was run with."
        )
    return regret


def regrets(traces: pd.DataFrame, fractions: Sequence[float] = FRACTIONS) -> pd.DataFrame:
    """Regret, normalized regret and rank of every run of a study.

    An optimizer without a result that did not diverge is counted as holding the worst configuration of the table, so
    that means over runs are defined at all times and never worsen.

    ``normalized_regret = regret / (worst - best)``, in [0, 1], where worst is the highest finite loss in the table.
    Averaged over data sets this is the "average distance to the minimum" of Wistuba, Schilling and Schmidt-Thieme
    (2015), *Hyperparameter search space pruning*, ECML PKDD. 0 if all configurations are equally good.

    Args:
        traces: From :func:`simulate.study.study`.
        fractions: Fractions of the time limit.

    Returns:
        One row per optimizer, data set, seed and fraction: ``optimizer``, ``dataset``, ``seed``, ``fraction``,
        ``regret``, ``normalized_regret`` and ``rank`` (among the optimizers, 1 is best, equal ones share the mean).
    """
    table = run_regrets(traces, fractions).rename_axis(columns="fraction")
    stacked = cast("pd.Series[float]", table.stack())  # noqa: PD013  # melt would not keep the order of the runs
    found = stacked.rename("regret").reset_index()
    ends = traces.groupby(["dataset", "seed"])[["best_loss", "worst_loss"]].first()  # drawn seeds differ in them
    joined = found.join(ends, on=["dataset", "seed"])
    span = joined["worst_loss"] - joined["best_loss"]
    found["regret"] = np.minimum(found["regret"], span)
    found["normalized_regret"] = (found["regret"] / span).where(span > 0, 0.0)
    found["rank"] = found.groupby(["dataset", "seed", "fraction"])["regret"].rank(method="average")
    return found


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """Means over data sets and seeds.

    Args:
        found: From :func:`regrets`.

    Returns:
        Index ``optimizer``, in the order in which they first come; one column per fraction with the mean regret, and
        ``rank``, the mean rank at the last fraction.
    """
    table = found.pivot_table(index="optimizer", columns="fraction", values="regret", aggfunc="mean", sort=False)
    last = found[found["fraction"] == found["fraction"].max()]
    return table.assign(rank=last.groupby("optimizer")["rank"].mean())
