"""The most important hyperparameters on average over the data sets, by epoch budget (Figure 8 of the paper).

Bars: fANOVA, the share of the variance of performance over the whole search space that a hyperparameter explains on its
own, mean over the data sets; lines: one standard error of that mean. Up to ten hyperparameters are shown, those with
the largest mean over budgets. Figure 6 has all of them, with the spread of the data sets.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis import style
from analysis.figures.contract import NothingToDrawError
from analysis.figures.fig6 import nothing
from analysis.importance.table import importance
from lcbench.benchmark import Benchmark

MOST = 10
"""How many hyperparameters the paper shows."""


def frame(bench: Benchmark, metric: str = "valid_accuracy") -> pd.DataFrame:
    """The mean importances, of all hyperparameters.

    Args:
        bench: The table.
        metric: Name of a metric.

    Returns:
        One row per hyperparameter and budget, the most important first: ``hyperparameter``, ``budget``, ``fanova``
        (mean over data sets, a fraction), ``error`` (standard error of the mean, NaN for one data set), ``datasets``.

    Raises:
        NothingToDrawError: If no data set has enough configurations that differ.
        InputError: If scikit-learn is not installed.
    """
    found = importance(bench, metric)
    if found.empty:
        raise NothingToDrawError(nothing(metric))
    groups = found.groupby(["hyperparameter", "budget"], sort=False)["fanova"]
    mean = groups.agg(fanova="mean", error="sem", datasets="count").reset_index()
    order = mean.groupby("hyperparameter", sort=False)["fanova"].mean().sort_values(ascending=False, kind="stable")
    rank = {name: place for place, name in enumerate(order.index)}
    return mean.sort_values("hyperparameter", key=lambda column: column.map(rank), kind="stable", ignore_index=True)


def draw(frame: pd.DataFrame) -> Figure:
    """Horizontal bars, a colour for each budget."""
    names, budgets = frame["hyperparameter"].unique().tolist()[:MOST], sorted(set(frame["budget"].tolist()))
    with style.look():
        height = 0.9 + len(names) * (0.1 + 0.07 * len(budgets))
        figure = Figure(figsize=(style.COLUMN, height), layout="constrained")
        panel = figure.subplots()
        for i, budget in enumerate(budgets):
            rows = frame[frame["budget"] == budget].set_index("hyperparameter").reindex(names)
            _bars(panel, rows, np.arange(len(names)) + 0.8 * ((i + 0.5) / len(budgets) - 0.5), 0.8 / len(budgets), i)
        panel.set_yticks(range(len(names)), [name[:28] for name in names])
        panel.set_ylim(len(names) - 0.4, -0.6)
        panel.set_xlim(0, None)
        panel.set_xlabel("fANOVA importance (fraction)")
        panel.xaxis.set_major_locator(MaxNLocator(5))
        panel.tick_params(left=False)
        panel.grid(visible=False, axis="y")
        figure.legend(loc="outside upper center", ncols=min(len(budgets), 6), title="budget (epochs)")
    return figure


def _bars(panel: Axes, rows: pd.DataFrame, places: np.ndarray, thick: float, index: int) -> None:
    """The bars of one budget."""
    error = rows["error"].fillna(0.0)
    bars = {"elinewidth": 0.7, "ecolor": "black"}
    label = str(int(rows["budget"].dropna().iloc[0]))
    panel.barh(places, rows["fanova"], thick, xerr=error, color=style.colour(index), label=label, error_kw=bars)
