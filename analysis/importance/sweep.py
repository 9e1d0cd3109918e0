"""The variance of a sum of steps: all that fANOVA and LPI compute along one hyperparameter."""

import numpy as np
from numpy.typing import NDArray


def step_variances(
    group: NDArray[np.intp],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    height: NDArray[np.float64],
    groups: int,
) -> NDArray[np.float64]:
    """Variance over x uniform in [0, 1] of f(x) = sum of the heights of the intervals that hold x, group by group.

    One sorted sweep over the ends of all intervals of all groups: group g has the room from g to g + 1, an interval
    adds its height where it begins and takes it away where it ends, a running sum gives f between neighbouring ends.

    Args:
        group: ``(intervals,)`` the group of each interval.
        low: ``(intervals,)`` where it begins, in [0, 1].
        high: ``(intervals,)`` where it ends, in [low, 1].
        height: ``(intervals,)`` what it adds.
        groups: Number of groups.

    Returns:
        ``(groups,)`` variances.
    """
    ends = np.concatenate([group + low, group + high])
    order = np.argsort(ends)
    ends = ends[order]
    function = np.cumsum(np.concatenate([height, -height])[order])[:-1]
    width = np.diff(ends)
    where = np.minimum((0.5 * (ends[1:] + ends[:-1])).astype(np.intp), groups - 1)
    mean = np.bincount(where, width * function, groups)
    return np.asarray(np.bincount(where, width * (function - mean[where]) ** 2, groups), dtype=np.float64)
