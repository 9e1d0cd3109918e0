"""Survivors of early stopping: how many of the finally best configurations are among the best early on.

Successive halving depends on this: it keeps the best 1/eta after a rung, so what counts is not the order of all
configurations but whether the best survive.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lcbench.analysis.correlation import ADAPTIVE, NON_ADAPTIVE, some_epochs
from lcbench.analysis.generality import comparable_losses, is_complete
from lcbench.errors import InputError
from lcbench.table.benchmark import Benchmark

FINAL = 0.1
"""Share of the configurations that count as the best at the end."""

KEPT = (0.1, 1 / 3, 0.5)
"""Shares that are kept early on: the same tenth, and what successive halving keeps with eta 3 and 2."""


def among_best(losses: ArrayLike, share: float) -> NDArray[np.float64]:
    """Share of each configuration that is among the best, in each column.

    The best are the ``ceil(share * configs)`` smallest losses of a column. Those that tie at the cut share the places
    left: the chance of each to be among the best when ties are broken at random.

    Args:
        losses: ``(configs, columns)`` array; NaN counts as infinite.
        share: In (0, 1].

    Returns:
        Array of the same shape in [0, 1]; each column sums to ``ceil(share * configs)``.

    Raises:
        InputError: If the share is not in (0, 1], or there are no configurations.
    """
    array = np.asarray(losses, dtype=np.float64)
    array = np.where(np.isnan(array), np.inf, array)
    if not 0 < share <= 1:
        raise InputError(f"share must be above 0 and at most 1, got {share}.")
    if len(array) == 0:
        raise InputError("losses must be of at least one configuration, got none.")
    places = int(np.ceil(share * len(array) - 1e-9))
    cut = np.partition(array, places - 1, axis=0)[places - 1]
    better, tied = array < cut, array == cut
    return better + tied * ((places - better.sum(axis=0)) / tied.sum(axis=0))


def overlap(early: ArrayLike, final: ArrayLike, keep: float, share: float = FINAL) -> NDArray[np.float64]:
    """Share of the configurations that end among the best that an early cut keeps.

    Args:
        early: ``(configs, columns)`` losses at which the cut is made.
        final: ``(configs,)`` losses at the end.
        keep: Share that the cut keeps.
        share: Share that counts as the best at the end.

    Returns:
        ``(columns,)`` array in [0, 1]; a random cut keeps ``keep``. Ties are broken at random on both sides
        independently (the expected overlap), so that a table full of ties does not look like agreement.
    """
    best = among_best(np.asarray(final, dtype=np.float64)[:, None], share)[:, 0]
    return np.asarray(best @ among_best(early, keep) / best.sum(), dtype=np.float64)


def best_survivors(
    bench: Benchmark, metric: str | None = None, share: float = FINAL, keep: Sequence[float] = KEPT
) -> pd.DataFrame:
    """Share of the best configurations that an early cut keeps, on every data set, by the epoch of the cut.

    Only configurations with all their runs count: a best tenth is one of the same configurations at every cut.

    Args:
        bench: The table.
        metric: Name of a metric; by default the table's objective.
        share: Share that counts as the best after the last epoch of the largest budget.
        keep: Shares that the cut keeps.

    Returns:
        The columns ``dataset, schedule, epoch, keep, overlap``. Schedule ``non-adaptive``: the cut is along the curves
        of the largest budget, after every epoch before its last; ``adaptive``: at the end of the runs of each smaller
        budget, with a schedule of their own.
    """
    frames = []
    for dataset in bench.datasets:
        *shorter, longest = bench.budgets_of(dataset)
        epochs = some_epochs(longest)[:-1]
        whole = is_complete(bench, dataset)
        curves = comparable_losses(bench, dataset, metric, longest)[whole]
        own = [comparable_losses(bench, dataset, metric, budget)[whole, -1] for budget in shorter]
        for schedule, early, places in (
            (NON_ADAPTIVE, curves[:, epochs], epochs),
            (ADAPTIVE, np.array(own).T.reshape(len(curves), -1), shorter),
        ):
            for kept in keep:
                columns = {"epoch": places, "keep": kept, "overlap": overlap(early, curves[:, -1], kept, share)}
                frames.append(pd.DataFrame({"dataset": dataset, "schedule": schedule} | columns))
    return pd.concat(frames, ignore_index=True)
