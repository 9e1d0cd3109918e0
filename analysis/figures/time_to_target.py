"""Time to target: the share of runs that have come within a distance of the best of the table, over time.

Each panel is one target, a normalized regret (distance from the best as a part of the distance between best and worst
of the table). Lines: empirical distribution of the time at which a run, one data set and one seed, reaches it; runs
that never do are missing at the right end.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from lcbench.analysis import style
from lcbench.analysis.anytime import target_shares
from lcbench.analysis.figures import lines
from lcbench.analysis.figures.contract import NothingToDrawError, labelled
from lcbench.analysis.provenance import check_same_table
from lcbench.table.benchmark import Benchmark


def frame(bench: Benchmark, metric: str | None, traces: pd.DataFrame) -> pd.DataFrame:
    """The shares.

    Args:
        bench: The table on which the study was run.
        metric: Name of the metric that was optimized; by default the table's objective.
        traces: From :func:`lcbench.simulate.study.study`, one row per result.

    Returns:
        The columns of :func:`lcbench.analysis.anytime.target_shares`, ``unit`` (of the limit) and
        :data:`lcbench.analysis.figures.contract.LABELS`.

    Raises:
        NothingToDrawError: If no run has reached any target.
        InputError: If the study was run on another table or metric.
    """
    check_same_table(traces, bench, metric)
    found = labelled(target_shares(traces).assign(unit=lines.unit_of(traces)), bench, metric)
    if (found["share"] == 0).all():
        raise NothingToDrawError("no run has reached any of its targets; simulate for longer.")
    return found


def draw(frame: pd.DataFrame) -> Figure:
    """One panel per target, from the widest to the closest; one line per optimizer."""
    reached = frame[frame["share"] > 0]
    with style.look():
        figure = lines.sized(frame["optimizer"].unique().tolist(), style.PAGE, 2.3)
        panels = figure.subplots(1, frame["target"].nunique(), sharey=True, squeeze=False)[0]
        for panel, (target, rows) in zip(panels, frame.groupby("target", sort=False), strict=True):
            _target(panel, rows)
            lines.share_axis(panel, frame, float(reached["time"].min()), narrow=True)
            panel.set_title(f"normalized regret of at most {100 * float(str(target)):g} %")
        panels[0].set_ylim(0, 1)
        panels[0].set_ylabel("share of runs")
        panels[0].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        lines.legend(figure)
    return figure


def _target(panel: Axes, rows: pd.DataFrame) -> None:
    """The lines of one target."""
    for i, (name, each) in enumerate(rows.groupby("optimizer", sort=False)):
        lines.step_line(panel, i, str(name), each["time"], each["share"])
