"""How far configurations are from the best one on each data set: what portfolios are built from.

**Relative regret.** Section 3.6 of the paper calculates it "w.r.t. the best observed performance over the portfolio
candidates" and section 4.2.1 "with respect to the best observed validation accuracy, averaging over the 3 runs"; no
formula is printed. We take, for data set D and configurations λ of the candidates C,

    R(λ, D) = |y*(D) - y(λ, D)| / |y*(D)|,    y*(D) = best of y(λ', D) over λ' in C,

where y is the metric after the last epoch of the largest budget, averaged over the seeds. So 0.01 of an accuracy means
one percent of the best accuracy of that data set.
"""

import numpy as np
import pandas as pd

from lcbench.table.metric import get_metric


def losses(values: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Losses of a performance matrix; NaN (diverged) becomes the worst there is, infinite if there is no worst.

    Args:
        values: Rows: configurations; columns: data sets; NaN where a run diverged.
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
        values: Rows: configurations; columns: data sets; NaN where a run diverged.
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
