"""What every configuration reaches on every data set, and how far that is from the best: the matrices of RQ1 and RQ2.

**Relative regret.** Section 3.6 of the paper calculates it "w.r.t. the best observed performance over the portfolio
candidates" and section 4.2.1 "with respect to the best observed validation accuracy, averaging over the 3 runs"; no
formula is printed. We take, for data set D and configurations λ of the candidates C,

    R(λ, D) = |y*(D) - y(λ, D)| / |y*(D)|,    y*(D) = best of y(λ', D) over λ' in C,

where y is the metric after the last epoch of the largest budget, averaged over the seeds. So 0.01 of an accuracy means
one percent of the best accuracy of that data set.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.losses import DECIMALS, is_complete
from lcbench.benchmark import Benchmark
from lcbench.errors import InputError
from lcbench.metric import get_metric


def performance_matrix(bench: Benchmark, metric: str = "valid_accuracy", budget: int | None = None) -> pd.DataFrame:
    """The metric of every configuration on every data set after the last epoch, averaged over the seeds.

    A configuration that lacks a run on any data set (of a collection that was stopped) is left out.

    Args:
        bench: The table.
        metric: Name of a metric.
        budget: Epochs of the runs; the largest budget by default.

    Returns:
        Rows: configurations, index ``config_id``. Columns: data sets. Rounded to 1e-6, so that equal
        means are ties; NaN where a seed diverged.

    Raises:
        UnknownNameError: If the metric or the budget is not in the table.
        InputError: If no configuration has all its runs, or the metric is NaN throughout on a data set.
    """
    get_metric(metric)
    kept = np.logical_and.reduce([is_complete(bench, dataset) for dataset in bench.datasets])
    if not kept.any():
        raise InputError("the table must hold a configuration with all its runs, got none; finish the collection.")
    columns = {dataset: _last(bench, dataset, metric, budget)[kept] for dataset in bench.datasets}
    for dataset, values in columns.items():
        if np.isnan(values).all():
            raise InputError(f"{metric} must be recorded, got NaN for every run on {dataset}; choose another metric.")
    return pd.DataFrame(columns, index=bench.configs.index[kept])


def _last(bench: Benchmark, dataset: str, metric: str, budget: int | None) -> NDArray[np.float64]:
    """``(configs,)`` values after the last epoch, mean over the seeds."""
    return np.round(bench.array(dataset, metric, budget)[:, :, -1].mean(axis=1, dtype=np.float64), DECIMALS)


def losses(values: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Losses of a performance matrix; NaN (diverged) becomes the worst there is, infinite if there is no worst.

    Args:
        values: From :func:`performance_matrix`.
        metric: Name of its metric.
    """
    known = get_metric(metric)
    worst = known.high - known.low
    found = known.loss(values.to_numpy())
    return pd.DataFrame(np.where(np.isinf(found), worst, found), index=values.index, columns=values.columns)


def relative_regret(values: pd.DataFrame, metric: str) -> pd.DataFrame:
    """R(λ, D) of the module's docstring for every configuration and data set.

    A configuration that diverged has the worst value of the metric: relative regret 1 of an accuracy, infinite of a
    cross-entropy. Where the best value is 0, only what reaches it has relative regret 0 and all else infinite.

    Args:
        values: From :func:`performance_matrix`.
        metric: Name of its metric.

    Returns:
        A frame of the same shape, 0 at the best of each column, nowhere negative.
    """
    known, lost = get_metric(metric), losses(values, metric).to_numpy()
    best = lost.min(axis=0)
    scale = np.abs(known.high - best if known.goal == "maximize" else known.low + best)
    distance = np.where(lost == best, 0.0, lost - np.where(np.isinf(best), 0.0, best))
    scale = np.broadcast_to(scale, lost.shape)
    regret = np.divide(distance, scale, out=np.where(distance == 0, 0.0, np.inf), where=(scale > 0) & (distance > 0))
    return pd.DataFrame(regret, index=values.index, columns=values.columns)
