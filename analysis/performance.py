"""What every configuration reaches on every data set: the matrix of RQ1 and RQ2.

How far that is from the best, the relative regret, is in :mod:`lcbench.simulate.portfolio.regret`.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.analysis.losses import DECIMALS, has_runs
from lcbench.benchmark import Benchmark
from lcbench.errors import InputError
from lcbench.metric import get_metric
from lcbench.simulate.portfolio.regret import losses as losses
from lcbench.simulate.portfolio.regret import relative_regret as relative_regret


def performance_matrix(bench: Benchmark, metric: str = "valid_accuracy", budget: int | None = None) -> pd.DataFrame:
    """The metric of every configuration on every data set after the last epoch, averaged over the seeds.

    A configuration that lacks a run of this budget on any data set (of a collection that was stopped) is left out.

    Args:
        bench: The table.
        metric: Name of a metric.
        budget: Epochs of the runs; the largest budget by default.

    Returns:
        Rows: configurations, index ``config_id``. Columns: data sets. Rounded to 1e-6, so that equal
        means are ties; NaN where a seed diverged.

    Raises:
        UnknownNameError: If the metric or the budget is not in the table.
        InputError: If no configuration has these runs on all data sets, or the metric is NaN throughout on a data set.
    """
    get_metric(metric)
    needed = bench.budgets[-1] if budget is None else budget
    kept = np.logical_and.reduce([has_runs(bench, dataset, [needed]) for dataset in bench.datasets])
    if not kept.any():
        raise InputError(
            f"the table must hold a configuration with its runs of {needed} epochs on all data sets, got none; "
            "finish the collection."
        )
    columns = {dataset: _last(bench, dataset, metric, budget)[kept] for dataset in bench.datasets}
    for dataset, values in columns.items():
        if np.isnan(values).all():
            raise InputError(f"{metric} must be recorded, got NaN for every run on {dataset}; choose another metric.")
    return pd.DataFrame(columns, index=bench.configs.index[kept])


def _last(bench: Benchmark, dataset: str, metric: str, budget: int | None) -> NDArray[np.float64]:
    """``(configs,)`` values after the last epoch, mean over the seeds."""
    return np.round(bench.array(dataset, metric, budget)[:, :, -1].mean(axis=1, dtype=np.float64), DECIMALS)
