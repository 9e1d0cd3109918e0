"""Spearman's rank correlation between budgets on each data set (Figure 5 of the paper).

Each mark is one data set and one pair of budgets: the correlation, over all configurations that have the runs, between
the losses reached at the two budgets. First panel: one course over the largest budget, its curve read at both. Second
panel: a course of its own for each budget; missing where the table has one budget, whose curves are then read at a
quarter, a half and all of it. Data sets are sorted by their mean correlation; 1 means that both budgets rank the
configurations alike.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lcbench.analysis import style
from lcbench.analysis.correlation import ADAPTIVE, NON_ADAPTIVE, budget_correlation, budget_pairs
from lcbench.analysis.figures.contract import NothingToDrawError, label_of, labelled
from lcbench.analysis.generality import nothing_compared
from lcbench.table.benchmark import Benchmark

_TITLES = {NON_ADAPTIVE: "Non-adaptive scheduling", ADAPTIVE: "Adaptive scheduling"}


def frame(bench: Benchmark, metric: str | None = None) -> pd.DataFrame:
    """The correlations of both schedules.

    Args:
        bench: The table.
        metric: Name of a metric; by default the table's objective.

    Returns:
        The columns ``dataset, budget_low, budget_high, schedule, spearman, configs``, data sets sorted, highest mean
        first, and :data:`lcbench.analysis.figures.contract.LABELS`.

    Raises:
        NothingToDrawError: If data sets share no two budgets, or no correlation is defined.
    """
    found = budget_correlation(bench, metric)
    if found.empty:
        raise NothingToDrawError(nothing_compared(bench))
    found = found[found["schedule"].isin(_TITLES)]
    if found["spearman"].isna().all():
        raise NothingToDrawError(
            f"no correlation is defined: {bench.metric(metric).name} is the same for all configurations."
        )
    return labelled(_sorted(found), bench, metric)


def _sorted(found: pd.DataFrame) -> pd.DataFrame:
    """Data sets by falling mean correlation; those without one come last."""
    mean = found.groupby("dataset", sort=False)["spearman"].mean().sort_values(ascending=False, kind="stable")
    rank = {dataset: i for i, dataset in enumerate(mean.index)}
    return found.sort_values("dataset", key=lambda column: column.map(rank), kind="stable", ignore_index=True)


def draw(frame: pd.DataFrame) -> Figure:
    """A panel of dots for each schedule, one row per data set."""
    datasets = list(dict.fromkeys(frame["dataset"]))
    with style.look():
        schedules = [schedule for schedule in _TITLES if schedule in set(frame["schedule"])]
        width = style.PAGE * (0.65 if len(schedules) == 1 else 1)
        figure = style.figure(width, 1.3 + 0.25 * len(datasets))
        panels = figure.subplots(1, len(schedules), sharex=True, sharey=True, squeeze=False)[0]
        for panel, schedule in zip(panels, schedules, strict=True):
            _dots(panel, frame[frame["schedule"] == schedule], datasets)
            panel.set(title=_TITLES[schedule], xlabel="Spearman's rank correlation")
            panel.tick_params(left=False)
        _rows(panels[0], frame, datasets)
        handles, labels = panels[0].get_legend_handles_labels()
        title = f"budgets ({label_of(frame, 'fidelity')})"
        figure.legend(handles, labels, loc="outside upper center", ncols=min(len(labels), 6), title=title)
    return figure


def _dots(panel: Axes, rows: pd.DataFrame, datasets: list[str]) -> None:
    """The marks of one schedule: a colour and a shape for each pair of budgets, set apart a little in height."""
    budgets = sorted({*rows["budget_low"].tolist(), *rows["budget_high"].tolist()})
    pairs = budget_pairs(budgets)
    for i, (low, high) in enumerate(pairs):
        values = rows[(rows["budget_low"] == low) & (rows["budget_high"] == high)].set_index("dataset")["spearman"]
        height = np.arange(len(datasets)) + 0.29 * (i - (len(pairs) - 1) / 2) * 3 / len(pairs)
        panel.plot(
            values.reindex(datasets).to_numpy(),
            height,
            linestyle="none",
            marker=style.MARKERS[i % len(style.MARKERS)],
            color=style.colour(i),
            markeredgecolor="white",
            markeredgewidth=0.4,
            markersize=3.5,
            label=f"{low} and {high}",
        )


def _rows(panel: Axes, frame: pd.DataFrame, datasets: list[str]) -> None:
    """Name the rows, the highest correlation on top, and keep 1 in sight."""
    panel.set_yticks(range(len(datasets)), datasets)
    panel.set_ylim(len(datasets) - 0.4, -0.6)
    least = float(frame["spearman"].min())
    panel.set_xlim(least - 0.06 * (1.02 - least) - 0.01, 1.02)
