"""Ablation from the search space's default configuration to the best of each data set, at the largest budget.

Starting at the default, one hyperparameter after the other is set to the best configuration's value, each time that
which lowers the loss most; losses are predictions of a random forest. First panel: the part of the whole improvement
that is reached after so many changes; thin lines are data sets, the thick line is their median. A line falls where what
is left to change raises the predicted loss: some configuration on the way is then predicted to be better than the best
that was recorded, and more than all of the improvement is reached. Second panel: the part that the change of each
hyperparameter brings, below 0 where it costs some, as boxes over the data sets (median, quartiles, whiskers to the
farthest within 1.5 times their distance).
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lcbench.analysis import style
from lcbench.analysis.figures.contract import NothingToDrawError
from lcbench.analysis.figures.importance import boxes, nothing
from lcbench.analysis.importance.ablation import ablation_paths
from lcbench.table.benchmark import Benchmark


def frame(bench: Benchmark, metric: str | None = None) -> pd.DataFrame:
    """The paths.

    Args:
        bench: The table.
        metric: Name of a metric; by default the table's objective.

    Returns:
        One row per data set and step: ``dataset, step, hyperparameter`` ("(default)" at step 0), ``loss`` (predicted,
        after the step), ``gain`` (by how much it fell) and ``part`` (gain as a part of the whole improvement). Data
        sets on which the best configuration is not predicted to be better than the default are left out.

    Raises:
        NothingToDrawError: If no data set has enough configurations that differ, or none improves on the default.
        InputError: If scikit-learn is not installed.
    """
    found = ablation_paths(bench, metric)
    if found.empty:
        raise NothingToDrawError(nothing(bench, metric))
    losses = found.groupby("dataset", sort=False)["loss"]
    whole = losses.transform("first") - losses.transform("last")
    found = found.assign(part=found["gain"] / whole)[whole > 0]
    if found.empty:
        raise NothingToDrawError(
            f"on no data set is the best configuration predicted to beat the default in {bench.metric(metric).name}."
        )
    return found.replace({"hyperparameter": {"": "(default)"}}).reset_index(drop=True)


def draw(frame: pd.DataFrame) -> Figure:
    """Lines to the left, boxes to the right."""
    changes = frame[frame["step"] > 0]
    median = changes.groupby("hyperparameter", sort=False)["part"].median()
    names = median.sort_values(ascending=False, kind="stable").index.tolist()
    with style.look():
        across = style.across(2, style.PAGE, style.PANEL)
        figure = style.figure(style.PAGE, max(2.2, 0.9 + 0.2 * len(names)) * (2 // across))
        left, right = figure.subplots(2 // across, across)
        _lines(left, frame)
        boxes(
            right,
            [changes.loc[changes["hyperparameter"] == name, "part"].to_numpy() for name in names],
            np.arange(len(names), dtype=float),
            0,
        )
        right.set_yticks(range(len(names)), names)
        right.set_ylim(len(names) - 0.5, -0.5)
        right.tick_params(left=False)
        right.axvline(0, color=style.GREY, linewidth=0.8)
        right.set(xlabel="part of the improvement (fraction)", title="what each change brings")
    return figure


def _lines(panel: Axes, frame: pd.DataFrame) -> None:
    """The part reached after each step, data set by data set, and the median."""
    reached = frame.assign(reached=frame.groupby("dataset", sort=False)["part"].cumsum())
    paths = reached.pivot_table(index="step", columns="dataset", values="reached", sort=False).sort_index().ffill()
    steps = paths.index.to_numpy()
    alpha = float(np.clip(6 / paths.shape[1], 0.25, 0.7))
    thin = panel.plot(steps, paths.to_numpy(), color=style.GREY, linewidth=0.6, alpha=alpha)
    thin[0].set_label("a data set")
    look: dict[str, Any] = {"color": style.colour(0), "marker": "o", "markersize": 3}
    panel.plot(steps, paths.median(axis=1).to_numpy(), label="median", **look)
    panel.axhline(1, color=style.GREY, linewidth=0.8, zorder=0)
    panel.legend(loc="lower right")
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.set(
        title="from the default to the best",
        xlabel="hyperparameters changed",
        ylabel="part of the improvement reached\n(fraction)",
    )
