"""Shared parts of the figures of a study: a line for each optimizer, the bands, the axes and the legend."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import ArrayLike

from lcbench.analysis import style
from lcbench.analysis.figures.contract import NothingToDrawError, label_of
from lcbench.analysis.looks import Look, looks
from lcbench.simulate.study.objectives import names_of

MOST = 8
"""Lines that one panel holds; more optimizers have a panel each, with the others in grey."""

_ACROSS, _LEAST = 4, 1.4  # panels in a row, and inches of each at least
_MARKS = 8  # on each line
_OTHERS = "#C8C8C8"
_LEGEND_ROW = 0.14  # inches
_AXES = {
    "seconds": "simulated time (% of the limit)",
    "epochs": "{fidelity} in all (% of the limit)",
    "evaluations": "evaluations (% of the limit)",
}
_CLOCKS = ((3600, "hours"), (60, "minutes"), (1, "seconds"))


def unit_of(traces: pd.DataFrame) -> str:
    """Unit of a study's limit; traces from elsewhere are in seconds."""
    return str(traces["unit"].iloc[0]) if "unit" in traces else "seconds"


def limited(traces: pd.DataFrame) -> dict[str, Any]:
    """Columns ``unit``, ``limit_low`` and ``limit_high``: unit and ends of the limits of the runs."""
    return {"unit": unit_of(traces), "limit_low": traces["limit"].min(), "limit_high": traces["limit"].max()}


def limit_note(frame: pd.DataFrame) -> str:
    """What the whole of the x axis is, and so why it is not in seconds where it is not."""
    low, high = (float(frame[name].iloc[0]) for name in ("limit_low", "limit_high"))
    unit = {"seconds": "simulated seconds", "epochs": label_of(frame, "fidelity")}.get(label_of(frame, "unit"))
    if low == high:
        return f"100 % is {_number(low)} {unit or 'evaluations'}."
    return (
        f"100 % is {_number(low)} to {_number(high)} {unit or 'evaluations'}, a limit of its own for each data set: "
        "so there is no axis of them."
    )


def _number(value: float) -> str:
    """A whole number, or one of three digits."""
    return f"{value:,.0f}" if value >= 100 or value.is_integer() else f"{value:.3g}"


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
    frame: pd.DataFrame,
    x: str,
    y: str,
    size: tuple[float, float],
    axes: Callable[[Axes, bool], None],
    bands: str = "",
) -> Figure:
    """Anytime lines of optimizers with their bands: in one panel, or in one each if there are more than :data:`MOST`.

    Args:
        frame: One row per optimizer and place on the x axis: ``optimizer``, the columns ``x`` and ``y``, and ``low``
            and ``high``, the ends of the band.
        x: A column.
        y: A column.
        size: Width and height in inches of the panel of all, without its legend.
        axes: Sets up the axes of a panel; told whether it is a narrow one.
        bands: What lines and bands are, for above the names.
    """
    lines = {str(name): rows for name, rows in frame.groupby("optimizer", sort=False)}
    if len(lines) <= MOST:
        figure = sized(list(lines), size[0], size[1] + _LEGEND_ROW)
        panel = figure.subplots()
        _lines(panel, lines, x, y)
        axes(panel, False)
        seconds_axis(panel, frame)
        legend(figure, bands)
        return figure

    def one(panel: Axes, name: str) -> None:
        for other, rows in lines.items():
            if other != name:
                grey_line(panel, rows[x], rows[y])
        found = looks(lines)[name]
        _band(panel, lines[name], x, found.colour)
        _step(panel, lines[name][x], lines[name][y], color=found.colour, label=name)
        axes(panel, True)

    figure = panel_each(list(lines), frame, one)
    figure.suptitle("; ".join([part for part in (bands, "grey: the others") if part]), fontsize="medium")
    return figure


def panel_each(names: Sequence[str], frame: pd.DataFrame, draw: Callable[[Axes, str], None]) -> Figure:
    """Small panels, one for each optimizer, with common axes whose labels stand once.

    Args:
        names: The optimizers.
        frame: What is drawn; see :func:`seconds_axis`.
        draw: Draws one of them into a panel and sets up its axes.
    """
    across = style.across(_ACROSS, style.PAGE, _LEAST)
    down = -(-len(names) // across)
    figure = style.figure(style.PAGE, 0.8 + 1.25 * down)
    panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for place, panel in enumerate(panels.ravel()):
        if place >= len(names):
            panel.set_axis_off()
            continue
        draw(panel, names[place])
        panel.set_title(names[place])
        panel.tick_params(labelbottom=place + across >= len(names), labelleft=place % across == 0)
        if place < across:
            seconds_axis(panel, frame)
    figure.supxlabel(panels[0, 0].get_xlabel(), fontsize="medium")
    figure.supylabel(panels[0, 0].get_ylabel(), fontsize="medium")
    for panel in panels.ravel():
        panel.set(xlabel="", ylabel="")
    return figure


def parts_over_time(
    frame: pd.DataFrame, columns: tuple[str, str, str], better: str, axes: Callable[[Axes, str], None]
) -> Figure:
    """Several values of each optimizer over time.

    Up to :data:`MOST` optimizers have a panel for each value, side by side. More have a panel each, where every value
    has its dash, and the best of all optimizers at each time is grey.

    Args:
        frame: As for :func:`over_time`, with one row for each value; bands are drawn where ``low`` and ``high`` are.
        columns: On the x axis, on the y axis, and the column that says which value it is.
        better: ``"min"`` or ``"max"``: which values are better.
        axes: Sets up the axes of a panel of one value, or of all of them where that is empty.
    """
    x, y, part = columns
    names = [str(name) for name in frame["optimizer"].unique()]
    parts = {str(name): rows for name, rows in frame.groupby(part, sort=False)}
    if len(names) > MOST:
        return _parts_in_each(names, frame, (x, y, part), better, axes)
    across = style.across(len(parts), style.PAGE, style.PANEL)
    down = -(-len(parts) // across)
    figure = sized(names, style.PAGE, 0.3 + 2.2 * down)
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for panel in panels[len(parts) :]:
        panel.set_axis_off()
    for panel, (title, rows) in zip(panels, parts.items(), strict=False):
        _lines(panel, {str(name): each for name, each in rows.groupby("optimizer", sort=False)}, x, y)
        axes(panel, title)
        seconds_axis(panel, frame)
        panel.set_title(title)
    legend(figure)
    return figure


def _parts_in_each(
    names: Sequence[str],
    frame: pd.DataFrame,
    columns: tuple[str, str, str],
    better: str,
    axes: Callable[[Axes, str], None],
) -> Figure:
    """A panel for each optimizer with all its values, before the best ones in grey."""
    x, y, part = columns
    parts, found = frame[part].unique().tolist(), looks(names)
    best = {which: rows.groupby(x)[y].agg(better) for which, rows in frame.groupby(part, sort=False)}

    def one(panel: Axes, name: str) -> None:
        own = frame[frame["optimizer"] == name]
        for place, which in enumerate(parts):
            line, others = own[own[part] == which], best[which]
            grey_line(panel, others.index, others, linestyle=style.DASHES[place])
            look = {"color": found[name].colour, "linestyle": style.DASHES[place], "label": str(which)}
            _step(panel, line[x], line[y], **look)
        axes(panel, "")

    figure = panel_each(names, frame, one)
    keys = [Line2D([], [], color="black", linestyle=style.DASHES[place]) for place in range(len(parts))]
    write_legend(figure, keys, list(map(str, parts)), title="grey: the best of all")
    return figure


def grey_line(panel: Axes, x: ArrayLike, y: ArrayLike, **look: Any) -> None:
    """A line of another optimizer, behind the one that a panel is about."""
    _step(panel, x, y, color=_OTHERS, linewidth=0.6, **look)


def _step(panel: Axes, x: ArrayLike, y: ArrayLike, **look: Any) -> None:
    panel.plot(np.asarray(x), np.asarray(y, np.float64), drawstyle="steps-post", **look)


def _lines(panel: Axes, lines: Mapping[str, pd.DataFrame], x: str, y: str) -> None:
    """All lines in one panel, with their bands where they have some."""
    found = looks(lines)
    for place, (name, rows) in enumerate(lines.items()):
        if "low" in rows:
            _band(panel, rows, x, found[name].colour)
        step_line(panel, found[name], name, rows[x], rows[y], place / max(1, len(lines)))


def step_line(panel: Axes, look: Look, label: str, x: ArrayLike, y: ArrayLike, start: float = 0.0, **more: Any) -> None:
    """An optimizer's line, a step function, in its look.

    Args:
        panel: The panel.
        look: Of the optimizer.
        label: In the legend.
        x: ``(n,)`` places.
        y: ``(n,)`` values.
        start: Where its markers begin, as a share of the distance between two, so that those of several lines stand
            beside each other.
        more: Further properties of the line.
    """
    xs, ys = np.asarray(x), np.asarray(y, np.float64)
    there = np.flatnonzero(np.isfinite(ys))
    every = max(1, len(there) // _MARKS)
    marks = there[int(start * every) :: every].tolist()
    panel.plot(xs, ys, drawstyle="steps-post", label=label, marker=look.marker, markevery=marks, **look.line, **more)


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
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}"))
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.set_xlabel(_AXES[label_of(frame, "unit")].format(fidelity=label_of(frame, "fidelity")))


def seconds_axis(panel: Axes, frame: pd.DataFrame) -> None:
    """The axis of shares in seconds, minutes or hours above the panel, where every run has one limit of time."""
    if "limit_low" not in frame or label_of(frame, "unit") != "seconds":
        return
    limit = float(frame["limit_low"].iloc[0])
    if limit != float(frame["limit_high"].iloc[0]):
        return
    divisor, word = next((d, w) for d, w in _CLOCKS if limit >= d or d == 1)
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
    rows = -(-len(names) // _columns(names, style.width_of(width)))
    return style.figure(width, height + _LEGEND_ROW * rows)


def legend(figure: Figure, title: str = "") -> None:
    """The optimizers of the first panel above the picture, in as many columns as their names leave room for."""
    handles = figure.axes[0].get_lines()
    write_legend(figure, handles, [str(line.get_label()) for line in handles], title=title)


def write_legend(figure: Figure, handles: Sequence[Any], names: Sequence[str], **more: Any) -> None:
    """A legend above the picture that has every name, also one that begins with an underscore.

    Args:
        figure: The picture.
        handles: The artists.
        names: Their names; matplotlib leaves out labels that begin with an underscore, so they are written afterwards.
        more: Further arguments of matplotlib's legend.
    """
    ncols = _columns(names, figure.get_figwidth())
    look = {"ncols": ncols, "columnspacing": 1.0, "handlelength": 2.2, "title_fontsize": "x-small"} | more
    made = figure.legend(handles, list(map(str, range(len(names)))), loc="outside upper center", **look)
    for text, name in zip(made.get_texts(), names, strict=True):
        text.set_text(name)


def _columns(names: Sequence[str], width: float) -> int:
    """Columns of a legend in so many inches."""
    return max(1, min(len(names), int(width / (0.45 + 0.055 * max(map(len, names))))))
