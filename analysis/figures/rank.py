"""Mean rank of the optimizers over time: who is ahead, and when.

On each data set and at each time, optimizers are ranked by their mean normalized regret over the seeds; 1 is best,
equal ones share the mean of their ranks. Lines: mean over data sets, against the share of the limit that was used; all
begin with the mean rank. Bands: 95 % bootstrap interval of the mean over the data sets (none for a single one, nor for
more than eight optimizers).
"""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lcbench.analysis import style
from lcbench.analysis.anytime import anytime_ranks
from lcbench.analysis.figures import lines
from lcbench.analysis.figures.contract import labelled
from lcbench.analysis.provenance import check_same_table
from lcbench.table.benchmark import Benchmark

_FIRST = 0.01


def frame(bench: Benchmark, metric: str | None, traces: pd.DataFrame) -> pd.DataFrame:
    """The ranks.

    Args:
        bench: The table on which the study was run.
        metric: Name of the metric that was optimized; by default the table's objective.
        traces: From :func:`lcbench.simulate.study.study`, one row per result.

    Returns:
        The columns of :func:`lcbench.analysis.anytime.anytime_ranks`, ``unit`` (of the limit) and
        :data:`lcbench.analysis.figures.contract.LABELS`.

    Raises:
        NothingToDrawError: If there is one optimizer.
        InputError: If the study was run on another table or metric.
    """
    check_same_table(traces, bench, metric)
    lines.need_two_optimizers(traces)
    return labelled(anytime_ranks(traces).assign(unit=lines.unit_of(traces)), bench, metric)


def draw(frame: pd.DataFrame) -> Figure:
    """One line and band per optimizer, the best on top."""
    optimizers = frame["optimizer"].nunique()
    with style.look():
        figure = lines.sized(frame["optimizer"].unique().tolist(), style.COLUMN * 1.3, 2.7)
        panel = figure.subplots()
        lines.bands(panel, "time", frame)
        for i, (name, rows) in enumerate(frame.groupby("optimizer", sort=False)):
            lines.step_line(panel, i, str(name), rows["time"], rows["rank"])
        lines.share_axis(panel, frame, _FIRST)
        panel.set_ylim(optimizers + 0.1, 0.9)
        panel.yaxis.set_major_locator(MaxNLocator(8, integer=True))
        panel.set_ylabel("mean rank over data sets")
        lines.legend(figure)
    return figure
