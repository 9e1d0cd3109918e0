"""Rank correlation between budgets over many data sets (Figure 7 of the paper).

Each mark is one data set and one pair of budgets: Spearman's correlation, over all configurations, between what the
runs of the two budgets reach at their ends, each with a schedule of its own. Data sets are sorted by their mean
correlation; a dashed line is the mean over them, printed in the legend. Figure 5 has the names, and the other schedule.
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis import style
from analysis.correlation import ADAPTIVE, budget_pairs
from analysis.figures import fig5
from lcbench.benchmark import Benchmark


def frame(bench: Benchmark, metric: str = "valid_accuracy") -> pd.DataFrame:
    """The correlations of the runs of each budget.

    Args:
        bench: The table.
        metric: Name of a metric.

    Returns:
        The columns ``place`` (from 1, the data set with the highest mean first), ``dataset``, ``budget_low``,
        ``budget_high`` and ``spearman``.

    Raises:
        NothingToDrawError: As in :func:`analysis.figures.fig5.frame`.
    """
    found = fig5.frame(bench, metric)
    found = found[found["schedule"] == ADAPTIVE]
    mean = found.groupby("dataset", sort=False)["spearman"].mean().sort_values(ascending=False, kind="stable")
    places = {dataset: place for place, dataset in enumerate(mean.index, start=1)}
    found = found.assign(place=found["dataset"].map(places)).sort_values("place", kind="stable", ignore_index=True)
    return found[["place", "dataset", "budget_low", "budget_high", "spearman"]]


def draw(frame: pd.DataFrame) -> Figure:
    """One panel: the data sets side by side, a colour and a shape for each pair of budgets."""
    with style.look():
        figure = Figure(figsize=(style.COLUMN, 2.6), layout="constrained")
        panel = figure.subplots()
        budgets = sorted({*frame["budget_low"].tolist(), *frame["budget_high"].tolist()})
        for i, (low, high) in enumerate(budget_pairs(budgets)):
            _pair(panel, frame[(frame["budget_low"] == low) & (frame["budget_high"] == high)], i)
        panel.set(xlabel="data sets, highest mean first", ylabel="Spearman's rank correlation")
        panel.set_ylim(top=1.02)
        panel.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        panel.grid(visible=False, axis="x")
        figure.legend(loc="outside upper center", ncols=2, title="budgets (epochs), mean", columnspacing=1.2)
    return figure


def _pair(panel: Axes, rows: pd.DataFrame, index: int) -> None:
    """The marks of one pair of budgets and their mean."""
    colour, mean = style.colour(index), float(rows["spearman"].mean())
    look: dict[str, Any] = {"linestyle": "none", "marker": style.MARKERS[index % len(style.MARKERS)], "markersize": 3.5}
    label = f"{rows['budget_low'].iloc[0]} and {rows['budget_high'].iloc[0]}, {mean:.2f}"
    panel.plot(rows["place"], rows["spearman"], color=colour, label=label, **look)
    panel.axhline(mean, color=colour, linestyle="--", linewidth=0.8)
