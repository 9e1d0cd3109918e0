"""Regret of portfolios by their size (Figure 4 of the paper).

A portfolio's regret on a data set is that of its best configuration there, relative to the best of the table; lines are
means over data sets. Greedy: built on all data sets; its line ends where its regret is zero. Left out: built without
the data set it is tried on, which is what a new data set would get; the diamond is the simple portfolio, the best
configurations of all other data sets, which has one size. Random: expected regret of so many random configurations.
Dotted: a tenth of a percent, which the paper's portfolio of ten is below.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from lcbench.analysis import style
from lcbench.analysis.figures.contract import NothingToDrawError
from lcbench.analysis.generality import performance_matrix, relative_regret
from lcbench.simulate.transfer.greedy import (
    greedy_portfolio,
    leave_one_out,
    leave_one_out_simple,
    portfolio_regret,
    random_regret,
    simple_portfolio,
)
from lcbench.table.benchmark import Benchmark

GREEDY, LEFT_OUT, RANDOM, SIMPLE = "greedy", "greedy, data set left out", "random", "simple, data set left out"
_SIZE = 32
_PAPER = 0.001


def frame(bench: Benchmark, metric: str | None = None) -> pd.DataFrame:
    """Mean regret of each kind of portfolio.

    Args:
        bench: The table.
        metric: Name of a metric; by default the table's objective.

    Returns:
        The columns ``portfolio`` (its kind), ``size``, ``config_id`` (what the greedy one took, -1 for the others) and
        ``regret``, the mean relative regret over data sets. Sizes 1 to 32; the simple portfolio has one row.

    Raises:
        NothingToDrawError: If there is one data set, or a single configuration is best on all.
        InputError: If no configuration has all its runs, or the metric is not recorded.
    """
    if len(bench.datasets) < 2:
        raise NothingToDrawError(f"a portfolio needs at least two data sets, this table has one ({bench.datasets[0]}).")
    regrets = relative_regret(performance_matrix(bench, metric), bench.metric(metric))
    table = regrets.to_numpy()
    rows = greedy_portfolio(table, _SIZE)
    curves = {
        GREEDY: portfolio_regret(table, rows).mean(axis=1),
        LEFT_OUT: leave_one_out(table, _SIZE).mean(axis=1),
        RANDOM: random_regret(table, _SIZE).mean(axis=1),
    }
    if not np.any(curves[LEFT_OUT] > 0):
        raise NothingToDrawError("a single configuration is the best on all data sets, there is no regret to show.")
    size = np.arange(1, len(rows) + 1)
    columns = {"config_id": -1}
    frames = [pd.DataFrame({"portfolio": name, "size": size} | columns | {"regret": y}) for name, y in curves.items()]
    frames[0]["config_id"] = regrets.index[rows]
    simple = {"portfolio": SIMPLE, "size": len(simple_portfolio(table)), "config_id": -1}
    frames.append(pd.DataFrame([simple | {"regret": leave_one_out_simple(table).mean()}]))
    return pd.concat(frames, ignore_index=True)


def draw(frame: pd.DataFrame) -> Figure:
    """One line per kind; regret logarithmic."""
    with style.look():
        figure = style.figure(style.COLUMN * 1.3, 2.8)
        panel = figure.subplots()
        for i, name in enumerate((GREEDY, LEFT_OUT, RANDOM)):
            rows = frame[(frame["portfolio"] == name) & (frame["regret"] > 0) & np.isfinite(frame["regret"])]
            mark: dict[str, Any] = {
                "marker": style.MARKERS[i],
                "markevery": 1 if len(rows) <= 16 else 2,
                "markersize": 3,
            }
            nothing = frame.loc[(frame["portfolio"] == name) & (frame["regret"] == 0), "size"]
            label = f"{name} (0 from {nothing.min()} on)" if len(nothing) else name
            look = {"color": style.colour(i), "linestyle": style.DASHES[i]}
            panel.plot(rows["size"], rows["regret"], label=label, **look, **mark)
        simple = frame[(frame["portfolio"] == SIMPLE) & (frame["regret"] > 0)]
        panel.plot(simple["size"], simple["regret"], "D", color=style.colour(3), label=SIMPLE, markersize=5)
        _axes(panel, frame)
        figure.legend(loc="outside upper center", ncols=2)
    return figure


def _axes(panel: Axes, frame: pd.DataFrame) -> None:
    """Scales, labels, and the paper's tenth of a percent."""
    positive = frame.loc[(frame["regret"] > 0) & np.isfinite(frame["regret"]), "regret"]
    panel.set_yscale("log")
    low, high = min(float(positive.min()), _PAPER), float(positive.max())
    panel.set_ylim(max(0.7 * low, 1e-6), 1.4 * high)
    label = f"{100 * _PAPER:g} %: the paper, size 10"
    panel.axhline(_PAPER, color=style.GREY, linestyle=":", linewidth=1.0, label=label)
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    panel.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    panel.set_xlabel("portfolio size (configurations)")
    panel.set_ylabel("mean relative regret")
