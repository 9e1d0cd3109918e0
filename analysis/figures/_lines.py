"""Shared parts of the figures of a study: a line for each optimizer, the bands, the axes and the legend."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import ArrayLike

from lcbench.analysis import style
from lcbench.analysis.figures.contract import NothingToDrawError, label_of

MOST_BANDS = 8
"""Bands of more optimizers would hide each other."""

_LEGEND_ROW = 0.14  # inches
_AXES = {
    "seconds": "simulated time (share of the limit)",
    "epochs": "{fidelity} in all (share of the limit)",
    "evaluations": "evaluations (share of the limit)",
}


def unit_of(traces: pd.DataFrame) -> str:
    """Unit of a study's limit; traces from elsewhere are in seconds."""
    return str(traces["unit"].iloc[0]) if "unit" in traces else "seconds"


def need_two_optimizers(traces: pd.DataFrame) -> None:
    """Check that there is something to rank.

    Raises:
        NothingToDrawError: If there is one optimizer.
    """
    if traces["optimizer"].nunique() < 2:
        raise NothingToDrawError(f"it ranks optimizers, and this study has one ({traces['optimizer'].iloc[0]}).")


def step_line(panel: Axes, index: int, label: str, x: ArrayLike, y: ArrayLike) -> None:
    """An optimizer's line, a step function, in the look of the ``index``-th."""
    look: dict[str, Any] = {"color": style.colour(index), "linestyle": style.dashes(index)}
    panel.plot(np.asarray(x), np.asarray(y), drawstyle="steps-post", label=label, **look)


def bands(panel: Axes, x: str, frame: pd.DataFrame) -> None:
    """The optimizers' bands, from ``low`` to ``high``; none if there are more than :data:`MOST_BANDS`."""
    if frame["optimizer"].nunique() > MOST_BANDS:
        return
    for i, (_, rows) in enumerate(frame.groupby("optimizer", sort=False)):
        ends = rows["low"].to_numpy(np.float64), rows["high"].to_numpy(np.float64)
        panel.fill_between(rows[x].to_numpy(), *ends, step="post", color=style.colour(i), alpha=0.15, linewidth=0)


def share_axis(panel: Axes, frame: pd.DataFrame, first: float, *, narrow: bool = False) -> None:
    """A logarithmic x axis of shares of the limit, in per cent, with fewer ticks in a narrow panel.

    Args:
        panel: The panel.
        frame: What is drawn; its columns ``unit`` (of the limit) and ``fidelity`` name the axis.
        first: The smallest share.
        narrow: Whether there is room for few ticks.
    """
    panel.set_xscale("log")
    panel.set_xlim(min(first, 0.5), 1.0)
    panel.xaxis.set_major_locator(LogLocator(subs=_subs(first, narrow=narrow)))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.set_xlabel(_AXES[label_of(frame, "unit")].format(fidelity=label_of(frame, "fidelity")))


def _subs(first: float, *, narrow: bool) -> tuple[float, ...]:
    """Ticks in each power of ten of an axis of shares from ``first`` to 1."""
    if first <= 5e-3:
        return (1.0,)
    return (1.0, 3.0) if narrow else (1.0, 2.0, 5.0)


def regret_axis(panel: Axes, drawn: pd.DataFrame) -> None:
    """A y axis that holds every mean above zero and the tops of the bands; linear if no mean is above zero."""
    positive = drawn.loc[drawn["regret"] > 0, "regret"]
    if positive.empty:
        panel.set_ylim(bottom=0.0)
        return
    panel.set_yscale("log")
    panel.set_ylim(0.7 * float(positive.min()), 1.4 * float(drawn[["regret", "high"]].max().max()))


def sized(names: Sequence[str], width: float, height: float) -> Figure:
    """An empty figure whose height leaves room for the legend of these optimizers."""
    rows = -(-len(names) // _columns(names, width))
    return Figure(figsize=(width, height + _LEGEND_ROW * rows), layout="constrained")


def legend(figure: Figure) -> None:
    """The optimizers above the picture, in as many columns as their names leave room for."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    ncols = _columns(labels, figure.get_figwidth())
    figure.legend(handles, labels, loc="outside upper center", ncols=ncols, columnspacing=1.0, handlelength=1.8)


def _columns(names: Sequence[str], width: float) -> int:
    """Columns of a legend in so many inches."""
    return max(1, min(len(names), int(width / (0.4 + 0.055 * max(map(len, names))))))
