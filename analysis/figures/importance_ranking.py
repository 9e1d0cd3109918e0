"""The most important hyperparameters on average over the data sets, by epoch budget (Figure 8 of the paper).

Bars: fANOVA, the share of the variance of performance over the whole search space that a hyperparameter explains on its
own, mean over the data sets; lines: one standard error of that mean. Up to ten hyperparameters are shown, those with
the largest mean over budgets. How many configurations a data set has at each budget stands in the legend where it is
not the same everywhere: few of them make all hyperparameters look alike. Figure 6 has all of them, with the spread of
the data sets.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lcbench.analysis import style
from lcbench.analysis.figures.contract import NothingToDrawError, label_of, labelled
from lcbench.analysis.figures.importance import nothing
from lcbench.analysis.importance.task import importance
from lcbench.analysis.tables import extent
from lcbench.table.benchmark import Benchmark

MOST = 10
"""Number of hyperparameters that the paper shows."""


def frame(bench: Benchmark, metric: str | None = None) -> pd.DataFrame:
    """The mean importances, of all hyperparameters.

    Args:
        bench: The table.
        metric: Name of a metric; by default the table's objective.

    Returns:
        One row per hyperparameter and budget, the most important first: ``hyperparameter``, ``budget``, ``fanova``
        (mean over data sets, a fraction), ``error`` (standard error of the mean, NaN for one data set), ``datasets``,
        ``configs_min`` and ``configs_max`` (over how many configurations of a data set), and
        :data:`lcbench.analysis.figures.contract.LABELS`.

    Raises:
        NothingToDrawError: If no data set has enough configurations that differ.
        InputError: If scikit-learn is not installed.
    """
    found = importance(bench, metric)
    if found.empty:
        raise NothingToDrawError(nothing(bench, metric))
    mean = (
        found.groupby(["hyperparameter", "budget"], sort=False)
        .agg(
            fanova=("fanova", "mean"),
            error=("fanova", "sem"),
            datasets=("fanova", "count"),
            configs_min=("configs", "min"),
            configs_max=("configs", "max"),
        )
        .reset_index()
    )
    order = mean.groupby("hyperparameter", sort=False)["fanova"].mean().sort_values(ascending=False, kind="stable")
    rank = {name: place for place, name in enumerate(order.index)}
    mean = mean.sort_values("hyperparameter", key=lambda column: column.map(rank), kind="stable", ignore_index=True)
    return labelled(mean, bench, metric)


def draw(frame: pd.DataFrame) -> Figure:
    """Horizontal bars, a colour for each budget."""
    names, budgets = frame["hyperparameter"].unique().tolist()[:MOST], sorted(set(frame["budget"].tolist()))
    counted = frame["configs_min"].min() < frame["configs_max"].max()
    with style.look():
        height = 0.9 + len(names) * (0.1 + 0.07 * len(budgets)) + 0.3 * counted
        figure = style.figure(style.COLUMN, height)
        panel = figure.subplots()
        for i, budget in enumerate(budgets):
            rows = frame[frame["budget"] == budget]
            places = np.arange(len(names)) + 0.8 * ((i + 0.5) / len(budgets) - 0.5)
            label = _label(rows, counted=counted)
            _bars(
                panel,
                rows.set_index("hyperparameter").reindex(names),
                places,
                0.8 / len(budgets),
                i,
                len(budgets),
                label,
            )
        panel.set_yticks(range(len(names)), [name[:28] for name in names])
        panel.set_ylim(len(names) - 0.4, -0.6)
        panel.set_xlim(0, None)
        panel.set_xlabel("fANOVA importance (share of the variance)\nmean over data sets ± its standard error")
        panel.xaxis.set_major_locator(MaxNLocator(5))
        panel.tick_params(left=False)
        panel.grid(visible=False, axis="y")
        columns = 1 if counted else min(len(budgets), 6)
        figure.legend(loc="outside upper center", ncols=columns, title=f"budget ({label_of(frame, 'fidelity')})")
    return figure


def _label(rows: pd.DataFrame, *, counted: bool) -> str:
    """The budget, and how many configurations a data set has at it."""
    budget = str(rows["budget"].iloc[0])
    return (
        budget
        if not counted
        else f"{budget} ({extent(rows['configs_min'].min(), rows['configs_max'].max())} configurations)"
    )


def _bars(panel: Axes, rows: pd.DataFrame, places: np.ndarray, thick: float, index: int, of: int, label: str) -> None:
    """The bars of one budget."""
    error = rows["error"].fillna(0.0)
    bars = {"elinewidth": 0.7, "ecolor": "black", "capsize": 1.5}
    panel.barh(places, rows["fanova"], thick, xerr=error, color=style.shade(index, of), label=label, error_kw=bars)
