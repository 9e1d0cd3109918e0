"""Anytime regret of the optimizers: distance of the best result so far from the best of the table.

Lines: mean over data sets and seeds, against the fraction of each data set's time (virtual seconds on the simulated
workers, up to the time limit). Bands: one standard error of the mean over the seeds. A line begins when
every run of the optimizer has a result that did not diverge; a line that leaves at the bottom has reached the best of
the table on every data set and seed.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from analysis import style
from analysis.figures.contract import NothingToDrawError
from analysis.provenance import check_same_table
from analysis.regret import anytime_regret
from lcbench.benchmark import Benchmark
from lcbench.metric import get_metric


def frame(bench: Benchmark, metric: str, traces: pd.DataFrame) -> pd.DataFrame:
    """The regrets.

    Args:
        bench: The table on which the study was run.
        metric: Name of the metric that was optimized.
        traces: From :func:`simulate.study.study`, one row per result.

    Returns:
        The columns of :func:`analysis.regret.anytime_regret` and ``metric``.

    Raises:
        NothingToDrawError: If no optimizer has a finite result on every data set and seed.
        InputError: If the study was run on another table or metric.
    """
    check_same_table(traces, bench, metric)
    found = anytime_regret(traces).assign(metric=metric)
    if found["regret"].isna().all():
        raise NothingToDrawError("no optimizer has a result on every data set and seed; simulate for longer.")
    return found


def draw(frame: pd.DataFrame) -> Figure:
    """One line and band per optimizer; both axes logarithmic (regret linear if it is nowhere above zero)."""
    with style.look():
        figure = Figure(figsize=(style.COLUMN * 1.3, 2.9), layout="constrained")
        panel = figure.subplots()
        for i, optimizer in enumerate(dict.fromkeys(frame["optimizer"])):
            _line(panel, frame[frame["optimizer"] == optimizer], i, str(optimizer))
        _axes(panel, frame)
        figure.legend(loc="outside upper center", ncols=4)
    return figure


def _line(panel: Axes, rows: pd.DataFrame, index: int, optimizer: str) -> None:
    """One optimizer's mean as a step function, with its band."""
    time, regret = rows["time"].to_numpy(), rows["regret"].to_numpy()
    error = rows["standard_error"].fillna(0.0).to_numpy()
    label = optimizer if np.isfinite(regret).any() else f"{optimizer} (some runs without a result)"
    line = {"color": style.colour(index), "linestyle": style.dashes(index)}
    panel.plot(time, regret, drawstyle="steps-post", label=label, **line)  # type: ignore[arg-type]
    panel.fill_between(
        time, regret - error, regret + error, step="post", color=style.colour(index), alpha=0.18, linewidth=0
    )


def _axes(panel: Axes, frame: pd.DataFrame) -> None:
    """Scales, limits and labels."""
    drawn = frame[frame["regret"].notna()]
    panel.set_xscale("log")
    panel.set_xlim(float(drawn["time"].min()), float(frame["time"].max()))
    panel.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.set_xlabel("simulated time (share of the time limit)")
    metric = str(frame["metric"].iloc[0])
    panel.set_ylabel(f"mean regret of {metric.replace('_', ' ')} ({get_metric(metric).unit})")
    _height(panel, drawn["regret"], drawn["regret"] + drawn["standard_error"].fillna(0.0))


def _height(panel: Axes, regrets: "pd.Series[float]", tops: "pd.Series[float]") -> None:
    """The y axis holds every mean above zero and the tops of the bands."""
    positive = regrets[regrets > 0]
    if positive.empty:
        panel.set_ylim(bottom=0.0)
        return
    panel.set_yscale("log")
    panel.set_ylim(0.7 * float(positive.min()), 1.4 * float(tops.max()))
