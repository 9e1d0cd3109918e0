"""Importance of each hyperparameter by epoch budget, over the data sets (Figure 6 of the paper).

First panel: fANOVA, the share of the variance of performance over the whole search space that a hyperparameter explains
on its own. Second panel: local importance (LPI), its share of the sum of the variances along each hyperparameter
through the best configuration of the data set. Budgets of a table of one budget are points on its curves. Each box is
one hyperparameter and budget over all data sets: median, quartiles, whiskers to the farthest data set within 1.5 times
their distance, and the others as dots. Both come from one random forest per data set and budget; hyperparameters are
sorted by their median fANOVA importance.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from lcbench.analysis import style
from lcbench.analysis.figures.contract import NothingToDrawError, label_of, labelled
from lcbench.analysis.importance.task import importance
from lcbench.table.benchmark import Benchmark

_TITLES = {"fanova": "fANOVA (whole space)", "lpi": "LPI (around the best)"}
NOTHING = "it needs a data set with at least {least} configurations run at one budget that differ in {metric}."


def frame(bench: Benchmark, metric: str | None = None) -> pd.DataFrame:
    """The importances.

    Args:
        bench: The table.
        metric: Name of a metric; by default the table's objective.

    Returns:
        The columns of :func:`lcbench.analysis.importance.task.importance`, hyperparameters sorted by their median
        ``fanova``, largest first, and :data:`lcbench.analysis.figures.contract.LABELS`.

    Raises:
        NothingToDrawError: If no data set has enough configurations that differ.
        InputError: If scikit-learn is not installed.
    """
    found = importance(bench, metric)
    if found.empty:
        raise NothingToDrawError(nothing(bench, metric))
    median = found.groupby("hyperparameter", sort=False)["fanova"].median().sort_values(ascending=False, kind="stable")
    rank = {name: place for place, name in enumerate(median.index)}
    found = found.sort_values("hyperparameter", key=lambda column: column.map(rank), kind="stable", ignore_index=True)
    return labelled(found, bench, metric)


def nothing(bench: Benchmark, metric: str | None) -> str:
    """The message of a figure of importance without data."""
    from lcbench.analysis.importance.model import FEWEST_CONFIGS

    return NOTHING.format(least=FEWEST_CONFIGS, metric=bench.metric(metric).name)


def draw(frame: pd.DataFrame) -> Figure:
    """Two panels of horizontal boxes, one row per hyperparameter."""
    names, budgets = list(dict.fromkeys(frame["hyperparameter"])), sorted(set(frame["budget"].tolist()))
    with style.look():
        height = 1.0 + len(names) * (0.12 + 0.12 * len(budgets))
        across = style.across(2, style.PAGE, style.PANEL)
        figure = style.figure(style.PAGE, height * (2 // across))
        panels = figure.subplots(2 // across, across, sharex=True, sharey=True).ravel()
        for panel, (column, title) in zip(panels, _TITLES.items(), strict=True):
            for i, budget in enumerate(budgets):
                rows = frame[frame["budget"] == budget]
                values = [rows.loc[rows["hyperparameter"] == name, column].dropna().to_numpy() for name in names]
                boxes(panel, values, np.arange(len(names)) + 0.8 * ((i + 0.5) / len(budgets) - 0.5), i, len(budgets))
            panel.set(title=title, xlabel="importance (share of the variance)")
            panel.tick_params(left=False)
        panels[0].set_xlim(0, None)
        panels[0].set_yticks(range(len(names)), names)
        panels[0].set_ylim(len(names) - 0.5, -0.5)
        keys = [
            Patch(facecolor=style.shade(i, len(budgets)) if len(budgets) > 1 else style.colour(i), label=f"{budget}")
            for i, budget in enumerate(budgets)
        ]
        title = f"budget ({label_of(frame, 'fidelity')})"
        figure.legend(handles=keys, loc="outside upper center", ncols=min(len(keys), 8), title=title)
    return figure


def boxes(panel: Axes, values: list[np.ndarray], places: np.ndarray, index: int, of: int = 1) -> None:
    """One box per row, in the shade of ``index``, narrow enough for ``of`` of them side by side.

    A box of one value is its median alone, and has the colour.
    """
    colour = _colour(index, of)
    alone = all(len(each) < 2 for each in values)
    panel.boxplot(
        values,
        positions=places,
        widths=0.62 / of,
        orientation="horizontal",
        manage_ticks=False,
        patch_artist=True,
        boxprops={"facecolor": colour, "alpha": 0.55, "linewidth": 0.5},
        medianprops={"color": colour if alone else "black", "linewidth": 2.2 if alone else 1.1},
        whiskerprops={"color": colour, "linewidth": 0.7},
        capprops={"color": colour, "linewidth": 0.7},
        flierprops={"marker": "o", "markersize": 1.8, "markerfacecolor": colour, "markeredgewidth": 0},
    )


def _colour(index: int, of: int) -> Any:
    """The shade of one of several budgets, or the colour of a single one."""
    return style.shade(index, of) if of > 1 else style.colour(index)
