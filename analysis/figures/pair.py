"""The two most important hyperparameters together: how a metric changes over both, averaged over all others.

The pair is that with the largest main effects (fANOVA), averaged over the data sets, at the largest budget. Colour is
the joint marginal as the difference from the mean over the whole search space, averaged over the data sets; both axes
are on the scale of the search space. A main effect alone would show as stripes; where the best value of one changes
with the other, they interact. The star is the best cell.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lcbench.analysis import style
from lcbench.analysis.figures.contract import NothingToDrawError, label_of, labelled, metric_label
from lcbench.analysis.figures.importance import nothing
from lcbench.analysis.figures.marginals import ticks
from lcbench.analysis.importance.fanova import main_effects
from lcbench.analysis.importance.marginals import is_category, marginal_map, values_at
from lcbench.analysis.importance.model import Model
from lcbench.analysis.importance.task import FIGURE_FOREST, fit_task, longest_tasks
from lcbench.space.encoding import Encoding
from lcbench.table.benchmark import Benchmark

_COLOURS = "PuOr"  # diverging, and told apart with any kind of colour blindness


def frame(bench: Benchmark, metric: str | None = None) -> pd.DataFrame:
    """The map.

    Args:
        bench: The table.
        metric: Name of a metric; by default the table's objective.

    Returns:
        One row per point of the grid: ``datasets`` (how many), ``x_name``, ``y_name`` (the hyperparameters),
        ``x``, ``y`` (coordinates in the unit cube), ``x_category``, ``y_category`` (whether they are categories),
        ``x_value``, ``y_value``, ``mean`` (of the metric, less its mean
        over the space, averaged over the data sets) and ``spread`` (over the trees, averaged likewise), and
        :data:`lcbench.analysis.figures.contract.LABELS`.

    Raises:
        NothingToDrawError: If no data set has enough configurations that differ, or there is one hyperparameter.
        InputError: If scikit-learn is not installed.
    """
    if len(Encoding(bench.space).names) < 2:
        raise NothingToDrawError("it needs at least two hyperparameters of more than one value, this table has one.")
    models = [fit_task(task, settings=FIGURE_FOREST) for task in longest_tasks(bench, metric)]
    if not models:
        raise NothingToDrawError(nothing(bench, metric))
    x, y = strongest(models)
    found = [_map(model, x, y, bench.metric(metric).sign) for model in models]
    frame = found[0][["x", "y"]].assign(
        mean=np.mean([each["mean"] for each in found], axis=0),
        spread=np.mean([each["spread"] for each in found], axis=0),
    )
    frame = frame.assign(datasets=len(models), x_name=x, y_name=y)
    for side, name in (("x", x), ("y", y)):
        frame[f"{side}_value"] = pd.Series(values_at(bench.space, name, frame[side].to_numpy()))
        frame[f"{side}_category"] = is_category(bench.space, name)
    sides = [f"{side}_{what}" for what in ("category", "value") for side in ("x", "y")]
    order = ["datasets", "x_name", "y_name", "x", "y", *sides, "mean", "spread"]
    return labelled(frame[order], bench, metric)


def strongest(models: list[Model]) -> tuple[str, str]:
    """The two hyperparameters with the largest main effect, averaged over the models."""
    mean = np.nanmean([main_effects(model)["importance"] for model in models], axis=0)
    first, second = np.argsort(-mean, kind="stable")[:2]
    return models[0].names[first], models[0].names[second]


def _map(model: Model, x: str, y: str, sign: int) -> pd.DataFrame:
    """The joint marginal on one data set."""
    found = marginal_map(model, x, y).rename(columns={"first": "x", "second": "y"})
    centre = model.predict(np.full(len(model.axes), np.nan))
    return found.assign(mean=sign * (found["mean"] - centre))


def draw(frame: pd.DataFrame) -> Figure:
    """One heat map with its colour bar."""
    x, y = frame["x"].unique(), frame["y"].unique()
    cells = frame["mean"].to_numpy().reshape(len(x), len(y)).T
    most = float(np.abs(cells).max()) or 1.0
    with style.look():
        figure = style.figure(style.COLUMN, 3.5)
        panel = figure.subplots()
        panel.grid(visible=False)
        image = panel.pcolormesh(x, y, cells, shading="nearest", cmap=_COLOURS, vmin=-most, vmax=most)
        high = label_of(frame, "goal") == "maximize"
        best = frame.iloc[int(frame["mean"].argmax() if high else frame["mean"].argmin())]
        look: dict[str, Any] = {"color": "black", "markeredgecolor": "white", "markersize": 9, "linestyle": "none"}
        panel.plot(best["x"], best["y"], marker="*", label="best on average", **look)
        _ticks(panel, frame, x, y)
        panel.legend(loc="lower right", bbox_to_anchor=(1, 1), borderpad=0)
        panel.set(xlabel=str(frame["x_name"].iloc[0]), ylabel=str(frame["y_name"].iloc[0]))
        label = metric_label(frame, more=" less its mean")
        figure.colorbar(image, ax=panel, label=label, orientation="horizontal", aspect=30)
        count = int(frame["datasets"].iloc[0])
        panel.set_title(f"mean over {count} data sets" if count > 1 else "one data set", loc="left")
    return figure


def _ticks(panel: Axes, frame: pd.DataFrame, x: np.ndarray, y: np.ndarray) -> None:
    """Values of both hyperparameters."""
    for side, points, axis in (("x", x, panel.xaxis), ("y", y, panel.yaxis)):
        values = frame.drop_duplicates(side)[f"{side}_value"].tolist()
        axis.set_ticks(*ticks(points, values, 5, category=bool(frame[f"{side}_category"].iloc[0])))
