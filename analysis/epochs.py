"""RQ3 for every pair of epochs: how well the ranking after few epochs predicts the ranking after more.

Along the curves of one budget, by default the largest: the non-adaptive schedule of
:mod:`lcbench.analysis.correlation`.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from lcbench.analysis.losses import comparable_losses, has_runs
from lcbench.benchmark import Benchmark

MOST_EPOCHS = 201
"""Of longer curves, so many epochs are compared, evenly spaced, the first and the last among them."""


def spearman_matrix(losses: ArrayLike) -> NDArray[np.float64]:
    """Spearman's rank correlation between all columns: ranked once, then one matrix product.

    Args:
        losses: ``(configs, columns)`` array. NaN counts as infinite, as in
            :func:`lcbench.analysis.correlation.spearman`: what diverged ranks last, and all that diverged share a rank.

    Returns:
        ``(columns, columns)`` symmetric array in [-1, 1] with ones on the diagonal; NaN in the rows and columns of a
        constant column.
    """
    array = np.asarray(losses, dtype=np.float64)
    ranks = rankdata(np.where(np.isnan(array), np.inf, array), axis=0) - (len(array) + 1) / 2
    norm = np.sqrt((ranks**2).sum(axis=0))
    unit = np.divide(ranks, norm, out=np.full(ranks.shape, np.nan), where=norm > 0)
    found = np.clip(unit.T @ unit, -1.0, 1.0)
    np.fill_diagonal(found, np.where(norm > 0, 1.0, np.nan))
    return found


def epoch_correlation(bench: Benchmark, metric: str = "valid_accuracy", budget: int | None = None) -> pd.DataFrame:
    """Correlation between every two epochs of the runs of one budget, on every data set.

    Values are averaged over the seeds first; a configuration that lacks a run of this budget is left out, one that
    diverged ranks last from the epoch on at which it did.

    Args:
        bench: The table.
        metric: Name of a metric.
        budget: Epochs of the runs; the largest budget by default.

    Returns:
        One row per data set and epoch: ``dataset``, ``epoch``, then a column per epoch, ``0`` to the budget (of budgets
        above 200 epochs only :data:`MOST_EPOCHS` of them).

    Raises:
        UnknownNameError: If the metric or the budget is not in the table.
    """
    longest = bench.budgets[-1] if budget is None else budget
    epochs = some_epochs(longest)
    frames = []
    for dataset in bench.datasets:
        losses = comparable_losses(bench, dataset, metric, longest)[has_runs(bench, dataset, [longest])][:, epochs]
        found = pd.DataFrame(spearman_matrix(losses), columns=epochs)
        keys = pd.DataFrame({"dataset": dataset, "epoch": epochs})
        frames.append(pd.concat([keys, found], axis=1))
    return pd.concat(frames, ignore_index=True)


def some_epochs(longest: int) -> NDArray[np.intp]:
    """Epochs 0 to the longest: all, or :data:`MOST_EPOCHS` evenly spaced ones."""
    return np.unique(np.linspace(0, longest, min(longest + 1, MOST_EPOCHS)).round().astype(np.intp))
