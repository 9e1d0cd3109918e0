"""What a table says of its configurations: one loss per configuration and epoch, averaged over the seeds."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from lcbench.benchmark import Benchmark
from lcbench.metric import get_metric

DECIMALS = 6
"""Losses are compared after rounding to 1e-6, so that equal means of numbers stored as float32 are ties. The smallest
step of an accuracy averaged over three seeds is larger on every data set of the paper (2.8e-6 on airlines)."""


def mean_losses(bench: Benchmark, dataset: str, metric: str, budget: int) -> NDArray[np.float64]:
    """Loss of every configuration after every epoch, with its metric averaged over the seeds.

    A run that diverged is a result, the worst one: from that epoch on its configuration has an infinite loss, even if
    its other seeds did not diverge.

    Args:
        bench: The table.
        dataset: Name of a data set.
        metric: Name of a metric.
        budget: Epochs of the runs.

    Returns:
        ``(configs, budget + 1)`` array; configurations in the table's order, index = epochs trained.

    Raises:
        UnknownNameError: If a name or the budget is not in the table.
    """
    return get_metric(metric).loss(bench.array(dataset, metric, budget).mean(axis=1, dtype=np.float64))


def comparable_losses(bench: Benchmark, dataset: str, metric: str, budget: int) -> NDArray[np.float64]:
    """:func:`mean_losses` with equal means made ties: ``(configs, budget + 1)``."""
    return np.round(mean_losses(bench, dataset, metric, budget), DECIMALS)


def has_runs(bench: Benchmark, dataset: str, budgets: Iterable[int]) -> NDArray[np.bool_]:
    """Which configurations have all seeds' runs of these budgets, diverged ones included.

    The metrics of a missing run are NaN like those of one that diverged, but a run that took place has seconds. A
    folder may have gaps: a collection that was stopped, or what optimizers tried, most of it at a few budgets.

    Args:
        bench: The table.
        dataset: Name of a data set.
        budgets: Epochs of the runs that are needed.

    Returns:
        ``(configs,)`` array.
    """
    present = [~np.isnan(bench.array(dataset, "seconds", budget)[:, :, 0]) for budget in budgets]
    return np.all(present, axis=(0, 2))


def is_complete(bench: Benchmark, dataset: str) -> NDArray[np.bool_]:
    """Which configurations have all their runs, at every budget and seed; ``(configs,)``."""
    return has_runs(bench, dataset, bench.budgets)
