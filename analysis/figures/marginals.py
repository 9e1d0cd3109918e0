"""Marginal curves: how a metric changes with each hyperparameter, averaged over all values of the others.

Each panel is one hyperparameter on its own scale, at the largest budget; each thin line is one data set, as the
difference from its mean over the whole search space. The thick line is the mean over the data sets; the band around it
is the standard deviation over the trees of a forest, averaged over the data sets, which says how sure the curves are.
Panels are sorted by how far the thick line moves.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import Locator, LogLocator, MaxNLocator
from numpy.typing import NDArray

from lcbench.analysis import style
from lcbench.analysis.figures.contract import NothingToDrawError, labelled, metric_label
from lcbench.analysis.figures.importance import nothing
from lcbench.analysis.importance.marginals import is_category, marginal_curve, values_at
from lcbench.analysis.importance.model import Model
from lcbench.analysis.importance.task import FIGURE_FOREST, fit_task, longest_tasks
from lcbench.table.benchmark import Benchmark

_COLUMNS, _LEAST = 4, 1.4  # panels in a row, and inches of each at least
FEW = 6
"""So many values of a hyperparameter are all marked."""


def frame(bench: Benchmark, metric: str | None = None) -> pd.DataFrame:
    """The curves.

    Args:
        bench: The table.
        metric: Name of a metric; by default the table's objective.

    Returns:
        One row per data set, hyperparameter and point: ``dataset, hyperparameter, category`` (whether it is one),
        ``coordinate`` (in the unit cube), ``value`` (of the hyperparameter), ``mean`` (of the metric, less its mean
        over the space) and ``spread`` (standard deviation over the trees), and
        :data:`lcbench.analysis.figures.contract.LABELS`.

    Raises:
        NothingToDrawError: If no data set has enough configurations that differ.
        InputError: If scikit-learn is not installed.
    """
    found = [
        _curves(bench, task.dataset, bench.metric(metric).sign, fit_task(task, settings=FIGURE_FOREST))
        for task in longest_tasks(bench, metric)
    ]
    if not found:
        raise NothingToDrawError(nothing(bench, metric))
    return labelled(_sorted(pd.concat(found, ignore_index=True)), bench, metric)


def _curves(bench: Benchmark, dataset: str, sign: int, model: Model) -> pd.DataFrame:
    """The rows of one data set."""
    parts = []
    centre = model.predict(np.full(len(model.axes), np.nan))
    for name in model.names:
        curve = marginal_curve(model, name)
        values = values_at(bench.space, name, curve["coordinate"].to_numpy())
        curve["mean"] = sign * (curve["mean"] - centre)
        curve.insert(1, "value", values)
        parts.append(curve.assign(dataset=dataset, hyperparameter=name, category=is_category(bench.space, name)))
    columns = ["dataset", "hyperparameter", "category", "coordinate", "value", "mean", "spread"]
    return pd.concat(parts, ignore_index=True)[columns]


def _sorted(found: pd.DataFrame) -> pd.DataFrame:
    """Hyperparameters by the range of their mean curve, largest first."""
    means = found.groupby(["hyperparameter", "coordinate"], sort=False)["mean"].mean()
    ranges = means.groupby(level=0, sort=False).agg(np.ptp).sort_values(ascending=False, kind="stable")
    rank = {name: place for place, name in enumerate(ranges.index)}
    return found.sort_values("hyperparameter", key=lambda column: column.map(rank), kind="stable", ignore_index=True)


def draw(frame: pd.DataFrame) -> Figure:
    """One panel per hyperparameter, with a common y axis."""
    names = list(dict.fromkeys(frame["hyperparameter"]))
    columns = style.across(min(_COLUMNS, len(names)), style.PAGE, _LEAST)
    rows = -(-len(names) // columns)
    with style.look():
        figure = style.figure(style.PAGE, 0.5 + 1.5 * rows)
        panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
        for panel, name in zip(panels, names, strict=False):
            _panel(panel, frame[frame["hyperparameter"] == name])
            panel.set_title(name, loc="left")
        for panel in panels[len(names) :]:
            panel.remove()
        figure.supxlabel("value of the hyperparameter, on its own scale", fontsize=8)
        figure.supylabel(metric_label(frame, more=" less its mean"), fontsize=8)
    return figure


def _panel(panel: Axes, rows: pd.DataFrame) -> None:
    """All data sets' curves of one hyperparameter; a discrete one as steps would suggest values it has not: dots."""
    datasets = rows["dataset"].nunique()
    for _, curve in rows.groupby("dataset", sort=False):
        alpha = float(np.clip(6 / datasets, 0.15, 0.6))
        panel.plot(curve["coordinate"], curve["mean"], color=style.GREY, linewidth=0.5, alpha=alpha)
    means = rows.groupby("coordinate")[["mean", "spread"]].mean()
    places, mean, spread = means.index.to_numpy(dtype=float), means["mean"].to_numpy(), means["spread"].to_numpy()
    few = len(places) <= FEW
    panel.fill_between(places, mean - spread, mean + spread, color=style.colour(0), alpha=0.25, linewidth=0)
    panel.plot(places, mean, color=style.colour(0), marker="o" if few else "", markersize=3)
    values = rows.drop_duplicates("coordinate")["value"].tolist()
    panel.set_xticks(*ticks(places, values, 4, category=bool(rows["category"].iloc[0])))
    panel.yaxis.set_major_locator(MaxNLocator(5))


def ticks(
    points: NDArray[np.float64], values: list[Any], count: int, *, category: bool
) -> tuple[NDArray[np.float64], list[str]]:
    """Places of ticks and their labels: all of a few values or categories, else about ``count`` round numbers.

    Args:
        points: ``(n,)`` coordinates in the unit cube, rising.
        values: Those of the hyperparameter there; numbers may be texts, as a CSV file has them.
        count: How many there is room for.
        category: Whether they are names.
    """
    if category or len(points) <= FEW:
        shown = evenly(points, FEW)
        return points[shown], [str(values[i]) if category else written(values[i]) for i in shown]
    numbers = np.array([float(value) for value in values])
    low, high = numbers[0], numbers[-1]
    middle = np.interp(points[[0, -1]].mean(), points, numbers)
    if low > 0 and abs(np.log(middle / np.sqrt(low * high))) < abs(np.log(middle / (low + high) * 2)):
        found = next(
            (t for t in (_round(LogLocator(subs=s), low, high) for s in _SUBS) if len(t) > 2), numbers[[0, -1]]
        )
        places = np.interp(np.log(found), np.log(numbers), points)
    else:
        found = _round(MaxNLocator(count, steps=[1, 2, 5, 10]), low, high)
        places = np.interp(found, numbers, points)
    every = -(-len(found) // (count + 1))
    return places[::every], [written(value) for value in found[::every]]


_SUBS = ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), tuple(map(float, range(1, 10))))


def _round(locator: Locator, low: float, high: float) -> NDArray[np.float64]:
    """The ticks of a locator between two numbers."""
    found = np.asarray(locator.tick_values(low, high), np.float64)
    return found[(found >= low - 1e-9 * abs(low)) & (found <= high + 1e-9 * abs(high))]


def evenly(points: NDArray[np.float64], count: int) -> list[int]:
    """Indices of the increasing points to mark: all if they are no more than ``count``, else those nearest to even."""
    if len(points) <= count:
        return list(range(len(points)))
    even = np.linspace(points[0], points[-1], count)
    return np.unique(np.abs(even[:, None] - points).argmin(axis=1)).tolist()


def written(value: object) -> str:
    """A number for a tick, short, and without an exponent unless it is far from one; also of a text."""
    number = float(value)  # type: ignore[arg-type]  # a number, or its text
    if number and not _SMALLEST <= abs(number) < _LARGEST:
        return f"{number:.3g}"
    return np.format_float_positional(number, precision=3, fractional=False, trim="-")


_SMALLEST, _LARGEST = 1e-6, 1e7
