"""Regret of the optimizers over evaluations: distance of the best result so far from the best of the table.

Lines: mean over data sets and seeds after so many results, whatever their budgets and the time they took: an optimizer
that trains most configurations briefly makes many more evaluations in the same time. Bands: 95 % bootstrap interval of
the mean over the seeds, unless there are more than eight optimizers. A line ends with the run that has the fewest
evaluations, and begins when every run has a result that did not diverge (one that never has counts as the worst of the
table).
"""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from lcbench.analysis import style
from lcbench.analysis.anytime import evaluation_regret
from lcbench.analysis.figures import lines
from lcbench.analysis.figures.contract import NothingToDrawError, labelled, metric_label
from lcbench.analysis.provenance import check_same_table
from lcbench.table.benchmark import Benchmark


def frame(bench: Benchmark, metric: str | None, traces: pd.DataFrame) -> pd.DataFrame:
    """The regrets.

    Args:
        bench: The table on which the study was run.
        metric: Name of the metric that was optimized; by default the table's objective.
        traces: From :func:`lcbench.simulate.study.study`, one row per result.

    Returns:
        The columns of :func:`lcbench.analysis.anytime.evaluation_regret` and
        :data:`lcbench.analysis.figures.contract.LABELS`; no rows where there is no mean.

    Raises:
        NothingToDrawError: If no optimizer has a finite result on every data set and seed.
        InputError: If the study was run on another table or metric.
    """
    check_same_table(traces, bench, metric)
    found = labelled(evaluation_regret(traces), bench, metric).dropna(subset="regret").reset_index(drop=True)
    if not found["runs"].any():
        raise NothingToDrawError("no optimizer has a result on every data set and seed; simulate for longer.")
    return found


def draw(frame: pd.DataFrame) -> Figure:
    """One line and band per optimizer; both axes logarithmic (regret linear if it is nowhere above zero)."""
    with style.look():
        figure = lines.sized(frame["optimizer"].unique().tolist(), style.COLUMN * 1.3, 2.7)
        panel = figure.subplots()
        lines.bands(panel, "evaluations", frame)
        for i, (name, rows) in enumerate(frame.groupby("optimizer", sort=False)):
            lines.step_line(panel, i, str(name), rows["evaluations"], rows["regret"])
        panel.set_xscale("log")
        panel.set_xlim(1, max(2, int(frame["evaluations"].max())))
        panel.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        panel.xaxis.set_minor_formatter(NullFormatter())
        panel.set_xlabel("evaluations")
        lines.regret_axis(panel, frame)
        panel.set_ylabel(f"mean regret of {metric_label(frame)}")
        lines.legend(figure)
    return figure
