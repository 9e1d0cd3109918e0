"""Rank correlation between budgets over many data sets (Figure 7 of the paper).

Each mark is one data set and one pair of budgets: Spearman's correlation, over all configurations that were run at
both, between what these runs reach at their ends, each with a schedule of its own (where the table has one budget:
between points on its curves, which the legend says). Data sets are sorted by their mean
correlation; a line across is the mean over them, printed in the legend with its standard error, and with the number of
configurations where it is not the same everywhere. Of more than 40 data sets, Figure 5 (``budget_correlation``) has
the names; it also has the other schedule.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lcbench.analysis import style
from lcbench.analysis.correlation import ADAPTIVE, NON_ADAPTIVE, budget_pairs
from lcbench.analysis.figures import budget_correlation
from lcbench.analysis.figures.contract import LABELS, label_of
from lcbench.analysis.tables import extent, mean_and_spread
from lcbench.table.benchmark import Benchmark

_MOST_NAMES, _NAME_LENGTH = 40, 24
_SMALL = 0.005  # an error that two digits would call 0.00
_APART = 0.5
"""Room that the marks of one data set take, of the distance to the next."""


def frame(bench: Benchmark, metric: str | None = None) -> pd.DataFrame:
    """The correlations of the runs of each budget.

    Args:
        bench: The table.
        metric: Name of a metric; by default the table's objective.

    Returns:
        The columns ``place`` (from 1, the data set with the highest mean first), ``dataset``, ``schedule``,
        ``budget_low``, ``budget_high``, ``spearman``, ``configs`` (how many were run at both), and
        :data:`lcbench.analysis.figures.contract.LABELS`.

    Raises:
        NothingToDrawError: As in :func:`lcbench.analysis.figures.budget_correlation.frame`.
    """
    found = budget_correlation.frame(bench, metric)
    found = found[found["schedule"] == (ADAPTIVE if len(bench.budgets) > 1 else NON_ADAPTIVE)]
    mean = found.groupby("dataset", sort=False)["spearman"].mean().sort_values(ascending=False, kind="stable")
    places = {dataset: place for place, dataset in enumerate(mean.index, start=1)}
    found = found.assign(place=found["dataset"].map(places)).sort_values("place", kind="stable", ignore_index=True)
    return found[["place", "dataset", "schedule", "budget_low", "budget_high", "spearman", "configs", *LABELS]]


def draw(frame: pd.DataFrame) -> Figure:
    """One panel: the data sets side by side, a colour and a shape for each pair of budgets."""
    pairs = budget_pairs(sorted({*frame["budget_low"].tolist(), *frame["budget_high"].tolist()}))
    with style.look():
        names = frame.drop_duplicates("place").set_index("place")["dataset"]
        named = len(names) <= _MOST_NAMES
        figure = style.figure(style.COLUMN * 1.3, 2.4 + 0.5 * named + 0.1 * len(pairs))
        panel = figure.subplots()
        for i, (low, high) in enumerate(pairs):
            rows = frame[(frame["budget_low"] == low) & (frame["budget_high"] == high)]
            counted = frame["configs"].min() < frame["configs"].max()
            _pair(panel, rows, i, _APART * ((i + 0.5) / len(pairs) - 0.5), counted=counted)
        panel.set(xlabel="data sets, highest mean first", ylabel="Spearman's rank correlation")
        panel.set_ylim(top=1.0 + 0.03 * (1.0 - panel.get_ylim()[0]))
        panel.set_xlim(0.2, frame["place"].max() + 0.8)
        panel.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
        if named:
            panel.set_xticks(names.index, [name[:_NAME_LENGTH] for name in names], rotation=90, fontsize="x-small")
        panel.grid(visible=False, axis="x")
        columns = 1 if len(pairs) <= 3 else 2
        points = ", on one run's curve" if (frame["schedule"] == NON_ADAPTIVE).all() else ""
        title = f"budgets ({label_of(frame, 'fidelity')}){points}: mean"
        figure.legend(loc="outside upper center", ncols=columns, title=title, columnspacing=1.2)
    return figure


def _pair(panel: Axes, rows: pd.DataFrame, index: int, aside: float, *, counted: bool) -> None:
    """The marks of one pair of budgets and their mean."""
    colour, found, sizes = style.colour(index), rows["spearman"], rows["configs"]
    mean, error = float(found.mean()), float(found.std() / np.sqrt(found.count()))
    look: dict[str, Any] = {"linestyle": "none", "marker": style.MARKERS[index % len(style.MARKERS)], "markersize": 3.5}
    look |= {"markeredgecolor": "white", "markeredgewidth": 0.3, "clip_on": False}
    said = mean_and_spread(mean, error, 3 if error < _SMALL else 2)
    label = f"{rows['budget_low'].iloc[0]} and {rows['budget_high'].iloc[0]}: {said}"
    if counted:
        label += f" ({extent(sizes.min(), sizes.max())} configurations)"
    panel.plot(rows["place"] + aside, found, color=colour, label=label, **look)
    panel.axhline(mean, color=colour, linestyle=style.DASHES[1 + index % 3], linewidth=0.8)
