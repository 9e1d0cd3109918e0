"""Shared parts of the figures of a study: a line for each optimizer, the bands, the axes and the legend."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import ArrayLike

from lcbench.analysis import style
from lcbench.analysis.figures.contract import NothingToDrawError, label_of
from lcbench.analysis.looks import Look, looks
from lcbench.simulate.study.objectives import names_of

MOST = 8
"""Lines that one panel holds; more optimizers have a panel each, with the others in grey."""

_ACROSS = 4  # panels in a row
_MARKS = 8  # on each line
_OTHERS = "#C8C8C8"
_LEGEND_ROW = 0.14  # inches
_AXES = {
    "seconds": "simulated time (share of the limit)",
    "epochs": "{fidelity} in all (share of the limit)",
    "evaluations": "evaluations (share of the limit)",
}


def unit_of(traces: pd.DataFrame) -> str:
    """Unit of a study's limit; traces from elsewhere are in seconds."""
    return str(traces["unit"].iloc[0]) if "unit" in traces else "seconds"


def limited(traces: pd.DataFrame) -> dict[str, Any]:
    """Columns ``unit`` and ``limit``: the seconds that all runs have, NaN if there are none such."""
    limits, unit = traces["limit"].unique(), unit_of(traces)
    return {"unit": unit, "limit": float(limits[0]) if unit == "seconds" and len(limits) == 1 else np.nan}


def need_two_optimizers(traces: pd.DataFrame) -> None:
    """Check that there is something to rank.

    Raises:
        NothingToDrawError: If there is one optimizer.
    """
    if traces["optimizer"].nunique() < 2:
        raise NothingToDrawError(f"it ranks optimizers, and this study has one ({traces['optimizer'].iloc[0]}).")


def need_one_objective(traces: pd.DataFrame) -> None:
    """Check that there is a regret.

    Raises:
        NothingToDrawError: If there are several objectives.
    """
    if names := names_of(traces):
        raise NothingToDrawError(
            f"it shows one objective, and this study has {len(names)} ({', '.join(names)}); hypervolume shows those."
        )


def need_several_objectives(traces: pd.DataFrame) -> tuple[str, ...]:
    """The names of several objectives.

    Raises:
        NothingToDrawError: If there is one.
    """
    if not (names := names_of(traces)):
        raise NothingToDrawError("it shows several objectives, and this study has one; regret shows that.")
    return names


def over_time(
    frame: pd.DataFrame, x: str, y: str, size: tuple[float, float], axes: Callable[[Axes, bool], None]
) -> Figure:
    """Anytime lines of optimizers with their bands: in one panel, or in one each if there are more than :data:`MOST`.

    Args:
        frame: One row per optimizer and place on the x axis: ``optimizer``, the columns ``x`` and ``y``, and ``low``
            and ``high``, the ends of the band.
        x: A column.
        y: A column.
        size: Width and height in inches of the panel of all, without its legend.
        axes: Sets up the axes of a panel; told whether it is a narrow one.
    """
    names = list(dict.fromkeys(frame["optimizer"]))
    lines = {str(name): rows for name, rows in frame.groupby("optimizer", sort=False)}
    if len(names) <= MOST:
        figure = sized(names, *size)
        panel = figure.subplots()
        _lines(panel, lines, x, y)
        axes(panel, False)
        legend(figure)
        return figure
    down = -(-len(names) // _ACROSS)
    figure = style.figure(style.PAGE, 0.5 + 1.25 * down)
    panels = figure.subplots(down, _ACROSS, sharex=True, sharey=True)
    for place, panel in enumerate(panels.ravel()):
        if place >= len(names):
            panel.set_axis_off()
            continue
        _one_of_many(panel, lines, names[place], x, y)
        axes(panel, True)
        _outer_labels(panel, last=place + _ACROSS >= len(names), first=place % _ACROSS == 0)
    figure.supxlabel(panels[0, 0].get_xlabel(), fontsize="medium")
    figure.supylabel(panels[0, 0].get_ylabel(), fontsize="medium")
    for panel in panels.ravel():
        panel.set(xlabel="", ylabel="")
    return figure


def _lines(panel: Axes, lines: Mapping[str, pd.DataFrame], x: str, y: str) -> None:
    """All lines in one panel."""
    found = looks(lines)
    for place, (name, rows) in enumerate(lines.items()):
        _band(panel, rows, x, found[name].colour)
        step_line(panel, found[name], name, rows[x], rows[y], place / max(1, len(lines)))


def _one_of_many(panel: Axes, lines: Mapping[str, pd.DataFrame], name: str, x: str, y: str) -> None:
    """One optimizer's line and band before the others in grey."""
    for other, rows in lines.items():
        if other != name:
            panel.plot(rows[x].to_numpy(), rows[y].to_numpy(), color=_OTHERS, linewidth=0.6, drawstyle="steps-post")
    found = looks(lines)[name]
    _band(panel, lines[name], x, found.colour)
    panel.plot(
        lines[name][x].to_numpy(), lines[name][y].to_numpy(), color=found.colour, drawstyle="steps-post", label=name
    )
    panel.set_title(name)


def _outer_labels(panel: Axes, *, last: bool, first: bool) -> None:
    panel.tick_params(labelbottom=last, labelleft=first)


def step_line(panel: Axes, look: Look, label: str, x: ArrayLike, y: ArrayLike, start: float = 0.0) -> None:
    """An optimizer's line, a step function, in its look.

    Args:
        panel: The panel.
        look: Of the optimizer.
        label: In the legend.
        x: ``(n,)`` places.
        y: ``(n,)`` values.
        start: Where its markers begin, as a share of the distance between two, so that those of several lines stand
            beside each other.
    """
    xs, ys = np.asarray(x), np.asarray(y, np.float64)
    there = np.flatnonzero(np.isfinite(ys))
    every = max(1, len(there) // _MARKS)
    marks = there[int(start * every) :: every].tolist()
    panel.plot(xs, ys, drawstyle="steps-post", label=label, marker=look.marker, markevery=marks, **look.line)


def _band(panel: Axes, rows: pd.DataFrame, x: str, colour: str) -> None:
    """An optimizer's band, from ``low`` to ``high``."""
    ends = rows["low"].to_numpy(np.float64), rows["high"].to_numpy(np.float64)
    panel.fill_between(rows[x].to_numpy(), *ends, step="post", color=colour, alpha=0.15, linewidth=0)


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
    if not narrow:
        _seconds_axis(panel, frame)


def _seconds_axis(panel: Axes, frame: pd.DataFrame) -> None:
    """The same axis in seconds, minutes or hours above the panel, where every run has one limit of time."""
    limit = float(frame["limit"].iloc[0]) if "limit" in frame else np.nan
    if np.isnan(limit):
        return
    divisor, word = next((d, w) for d, w in ((3600, "hours"), (60, "minutes"), (1, "seconds")) if limit >= d or d == 1)
    scale = limit / divisor
    above = panel.secondary_xaxis("top", functions=(lambda x: np.multiply(x, scale), lambda x: np.divide(x, scale)))
    above.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    above.xaxis.set_minor_formatter(NullFormatter())
    above.set_xlabel(f"simulated time ({word})")


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
    return style.figure(width, height + _LEGEND_ROW * rows)


def legend(figure: Figure) -> None:
    """The optimizers above the picture, in as many columns as their names leave room for."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    ncols = _columns(labels, figure.get_figwidth())
    figure.legend(handles, labels, loc="outside upper center", ncols=ncols, columnspacing=1.0, handlelength=1.8)


def _columns(names: Sequence[str], width: float) -> int:
    """Columns of a legend in so many inches."""
    return max(1, min(len(names), int(width / (0.4 + 0.055 * max(map(len, names))))))
