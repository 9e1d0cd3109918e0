"""Marginal curves: the mean loss at each value of a hyperparameter, or of two, over all values of the others.

The curve of a tree is exact, as in :mod:`lcbench.analysis.importance.fanova`, and read at given points. The mean over
the trees is the model's marginal; their standard deviation says how sure it is (Hutter, Hoos, Leyton-Brown 2014, figure
2).
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.analysis.importance.axes import place_of
from lcbench.analysis.importance.fanova import block_sums
from lcbench.analysis.importance.model import Model
from lcbench.errors import InputError
from lcbench.space.encoding import Encoding

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


def marginal_curve(model: Model, name: str, points: NDArray[np.float64] | None = None) -> pd.DataFrame:
    """Mean loss along one hyperparameter.

    Args:
        model: The model.
        name: Name of the hyperparameter.
        points: Coordinates in the unit cube; :meth:`lcbench.analysis.importance.axes.Axis.grid` by default.

    Returns:
        One row per point: ``coordinate``, ``mean`` over the trees (a loss) and ``spread`` (standard deviation over the
        trees, ``ddof=0``).

    Raises:
        UnknownNameError: If there is no such hyperparameter.
    """
    j = place_of(model.axes, name)
    coordinates = model.axes[j].grid() if points is None else np.asarray(points, dtype=np.float64)
    weight = model.boxes.value * _volume_without(model, (j,))
    begin, end = _spans(model, j, coordinates)
    rows = (model.boxes.tree, model.boxes.tree + 1)
    curves = block_sums(rows, (begin, end), weight, (model.boxes.trees + 1, len(coordinates) + 1))[:-1, :-1]
    return pd.DataFrame({"coordinate": coordinates, "mean": curves.mean(axis=0), "spread": curves.std(axis=0)})


def marginal_map(model: Model, first: str, second: str, most: int = 41) -> pd.DataFrame:
    """Mean loss over a grid of two hyperparameters.

    Args:
        model: The model.
        first: Name of a hyperparameter.
        second: Name of another one.
        most: Points along each axis at most.

    Returns:
        One row per pair of points, the second's points running fastest: ``first`` and ``second`` (coordinates),
        ``mean`` and ``spread`` over the trees.

    Raises:
        UnknownNameError: If there is no such hyperparameter.
        InputError: If both are the same.
    """
    i, j = place_of(model.axes, first), place_of(model.axes, second)
    if i == j:
        raise InputError(f"second must be another hyperparameter than {first!r}, got the same.")
    x, y = model.axes[i].grid(most), model.axes[j].grid(most)
    weight = model.boxes.value * _volume_without(model, (i, j))
    rows, columns = _spans(model, i, x), _spans(model, j, y)
    maps = _maps(model, rows, columns, weight, (len(x), len(y)))
    keys = {"first": np.repeat(x, len(y)), "second": np.tile(y, len(x))}
    return pd.DataFrame(keys | {"mean": maps.mean(axis=0).ravel(), "spread": maps.std(axis=0).ravel()})


def values_at(space: "ConfigurationSpace", name: str, coordinates: NDArray[np.float64]) -> list[object]:
    """The hyperparameter's values at coordinates of the unit cube: numbers, or the text of categories."""
    values: list[object] = np.asarray(space[name].to_value(coordinates)).tolist()
    return [str(value) for value in values] if is_category(space, name) else values


def is_category(space: "ConfigurationSpace", name: str) -> bool:
    """Whether a hyperparameter's values are no numbers on a scale, even if they look like numbers."""
    encoding = Encoding(space)
    return encoding.levels[encoding.names.index(name)] > 0


def _maps(
    model: Model,
    rows: tuple[NDArray[np.intp], NDArray[np.intp]],
    columns: tuple[NDArray[np.intp], NDArray[np.intp]],
    weight: NDArray[np.float64],
    shape: tuple[int, int],
) -> NDArray[np.float64]:
    """The joint marginal of every tree, ``(trees, rows, columns)``: the trees' grids lie below one another."""
    tall = shape[0] + 1
    below = model.boxes.tree * tall
    grid = (model.boxes.trees * tall, shape[1] + 1)
    return block_sums((below + rows[0], below + rows[1]), columns, weight, grid).reshape(-1, tall, shape[1] + 1)[
        :, :-1, :-1
    ]


def _volume_without(model: Model, axes: tuple[int, ...]) -> NDArray[np.float64]:
    """Probability of each leaf in all dimensions but these."""
    widths = np.delete(model.shares.high - model.shares.low, axes, axis=0)
    return np.asarray(widths.prod(axis=0))


def _spans(model: Model, axis: int, points: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first of the increasing points in each leaf, and the one after the last."""
    seen = points.astype(np.float32).astype(np.float64)  # as trees see them
    begin, end = (np.searchsorted(seen, bounds[axis], side="right") for bounds in (model.boxes.low, model.boxes.high))
    return begin, end
