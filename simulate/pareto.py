"""Several losses at once: what dominates what, in which order fronts come, and how much a set dominates.

All losses are to be minimized. A point dominates another if it is nowhere worse and somewhere better. A point
with an infinite loss diverged: it dominates nothing, and every point that did not diverge is better.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lcbench.errors import InputError

Array = NDArray[np.float64]


def non_dominated(losses: ArrayLike) -> NDArray[np.bool_]:
    """Which points no other point dominates: all of equal ones, and none that diverged.

    Args:
        losses: ``(n, objectives)``.

    Returns:
        ``(n,)`` mask.
    """
    points = _points(losses)
    finite = np.isfinite(points).all(axis=1)
    places = np.flatnonzero(finite)
    front: list[int] = []
    for place in places[np.lexsort(points[places].T[::-1])]:  # nothing is dominated by what comes later in this order
        if not front or not _dominated(points[place], points[front]):
            front.append(int(place))
    mask = np.zeros(len(points), bool)
    mask[front] = True
    return mask


def _dominated(point: Array, others: Array) -> bool:
    return bool(((others <= point).all(axis=1) & (others < point).any(axis=1)).any())


def front_numbers(losses: ArrayLike, enough: int | None = None) -> NDArray[np.intp]:
    """The front of each point: 0 if no other dominates it, 1 if only points of front 0 dominate it, and so on.

    Deb, Pratap, Agarwal and Meyarivan (2002), *A fast and elitist multiobjective genetic algorithm: NSGA-II*, IEEE TEC
    6(2), section III A; all comparisons are made at once. Points that diverged are all in one last front.

    Args:
        losses: ``(n, objectives)``.
        enough: Stop when so many points have a front; the others get the number of fronts found.

    Returns:
        ``(n,)`` numbers.
    """
    points = _points(losses)
    points = np.where(np.isfinite(points).all(axis=1, keepdims=True), points, np.inf)
    no_worse, better = (np.ones((len(points), len(points)), bool), np.zeros((len(points), len(points)), bool))
    for column in points.T:  # objective by objective, as that takes less memory
        no_worse &= column[:, None] <= column
        better |= column[:, None] < column
    dominates = no_worse & better
    dominators = dominates.sum(axis=0)
    numbers, number = np.full(len(points), -1), 0
    while (numbers < 0).any() and (enough is None or (numbers >= 0).sum() < enough):
        front = (dominators == 0) & (numbers < 0)
        numbers[front] = number
        dominators = dominators - dominates[front].sum(axis=0)
        number += 1
    return np.where(numbers < 0, number, numbers)


def crowding_distances(losses: ArrayLike) -> Array:
    """How far the neighbours of each point of a front are apart, summed over the objectives (Deb et al. 2002, III B).

    Args:
        losses: ``(n, objectives)`` of one front.

    Returns:
        ``(n,)``; infinite for the ends of an objective, 0 for all if they diverged.
    """
    points = _points(losses)
    found = np.zeros(len(points))
    if not np.isfinite(points).all():
        return found
    for column in points.T:
        order = np.argsort(column, kind="stable")
        span = column[order[-1]] - column[order[0]]
        if span > 0:
            found[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / span
            found[order[[0, -1]]] = np.inf
    return found


def hypervolume(losses: ArrayLike, reference: ArrayLike) -> float:
    """The volume between the points and a reference point: all that they dominate up to it.

    Exact, by slices: in two objectives a staircase, in more the sum over slices along the last one of the volumes in
    the others (Knowles 2002, Zitzler 2001, *Hypervolume metric calculation*).

    Args:
        losses: ``(n, objectives)``, any points; what is not better than the reference in all objectives adds nothing.
        reference: ``(objectives,)``, finite.

    Raises:
        InputError: If the shapes do not fit.
    """
    points, end = _points(losses), np.asarray(reference, np.float64)
    if end.shape != (points.shape[1],):
        raise InputError(f"reference must have one loss for each objective ({points.shape[1]}), got {end.shape}.")
    inside = points[(points < end).all(axis=1)]
    return _volume(inside[non_dominated(inside)], end) if len(inside) else 0.0


def _volume(points: Array, end: Array) -> float:
    order = np.argsort(points[:, -1], kind="stable")
    points = points[order]
    depths = np.diff(np.append(points[:, -1], end[-1]))
    if points.shape[1] == 1:
        return float(end[0] - points[0, 0])
    if points.shape[1] == 2:
        return float(((end[0] - np.minimum.accumulate(points[:, 0])) * depths).sum())
    slices = (depth * _volume(points[: i + 1, :-1], end[:-1]) for i, depth in enumerate(depths) if depth > 0)
    return float(sum(slices))


def hypervolumes(losses: ArrayLike, reference: ArrayLike) -> Array:
    """The hypervolume of the first point, of the first two, and so on.

    Args:
        losses: ``(n, objectives)`` in the order in which they come.
        reference: ``(objectives,)``.

    Returns:
        ``(n,)``; never falls.
    """
    points, end = _points(losses), np.asarray(reference, np.float64)
    found, front, volume = np.zeros(len(points)), points[:0], 0.0
    for i, point in enumerate(points):
        if (point < end).all() and not (front <= point).all(axis=1).any():
            front = np.concatenate([front[~(front >= point).all(axis=1)], point[None]])
            volume = max(volume, _volume(front, end))
        found[i] = volume
    return found


def _points(losses: ArrayLike) -> Array:
    points = np.asarray(losses, np.float64)
    if points.ndim != 2 or not points.shape[1]:
        raise InputError(f"losses must be an array of points x objectives, got the shape {points.shape}.")
    return points
