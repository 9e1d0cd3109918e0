"""Anytime regret of the optimizers: distance of the best result so far from the best of the table.

Lines: mean over data sets and seeds, against the share of each data set's limit that was used (virtual seconds on the
simulated workers, or epochs or evaluations if the study's limit counts these). Bands: 95 % bootstrap interval of the
mean over the seeds, unless there are more than eight optimizers. A line begins when every run of the optimizer has a
result that did not diverge (one that never has counts as the worst of the table); a line that leaves at the bottom has
reached the best of the table on every data set and seed.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lcbench.analysis import style
from lcbench.analysis.anytime import anytime_regret
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
        The columns of :func:`lcbench.analysis.anytime.anytime_regret`, ``unit`` (of the limit) and
        :data:`lcbench.analysis.figures.contract.LABELS`.

    Raises:
        NothingToDrawError: If no optimizer has a finite result on every data set and seed.
        InputError: If the study was run on another table or metric.
    """
    check_same_table(traces, bench, metric)
    found = labelled(anytime_regret(traces).assign(unit=lines.unit_of(traces)), bench, metric)
    if found["regret"].isna().all() or not found["runs"].any():
        raise NothingToDrawError("no optimizer has a result on every data set and seed; simulate for longer.")
    return found


def draw(frame: pd.DataFrame) -> Figure:
    """One line and band per optimizer; both axes logarithmic (regret linear if it is nowhere above zero)."""
    drawn = frame[frame["regret"].notna()]
    with style.look():
        figure = lines.sized(frame["optimizer"].unique().tolist(), style.COLUMN * 1.3, 2.7)
        panel = figure.subplots()
        lines.bands(panel, "time", frame)
        for i, (name, rows) in enumerate(frame.groupby("optimizer", sort=False)):
            label = str(name) if np.isfinite(rows["regret"]).any() else f"{name} (some runs without a result)"
            lines.step_line(panel, i, label, rows["time"], rows["regret"])
        lines.share_axis(panel, frame, float(drawn["time"].min()))
        lines.regret_axis(panel, drawn)
        panel.set_ylabel(f"mean regret of {metric_label(frame)}")
        lines.legend(figure)
    return figure
