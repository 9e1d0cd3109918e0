"""What the figures of a study of systems share: a panel for each data set, error over time, legend, small print."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from lcbench.analysis import style

_COLUMNS = 3
_HEIGHT = 1.9  # inches, of a panel
_LEGEND_ROW = 0.16
_LEGEND_COLUMN = 2.2
_CROWDED = 500.0  # from the first to the last moment; from here on fewer ticks have room for their numbers


def draw_panels(frame: pd.DataFrame, once: frozenset[str] = frozenset()) -> Figure:
    """Test error over time in a panel for each data set: mean as a line, standard deviation over the seeds shaded.

    Args:
        frame: From :func:`lcbench.analysis.systems.trajectories`.
        once: Titles of lines that are fitted once and change no more: these are dashed.
    """
    datasets, titles = sorted(frame["dataset"].unique()), frame["line"].unique().tolist()
    across = min(_COLUMNS, len(datasets))
    down, width = -(-len(datasets) // across), (style.COLUMN * 1.2 if len(datasets) == 1 else style.PAGE)
    legend_columns = max(1, min(len(titles), int(width / _LEGEND_COLUMN)))
    height = down * _HEIGHT + 0.4 + _LEGEND_ROW * -(-len(titles) // legend_columns)
    with style.look():
        figure = Figure(figsize=(width, height), layout="constrained")
        panels = figure.subplots(down, across, squeeze=False).ravel()
        for panel, dataset in zip(panels, datasets, strict=False):
            _panel(panel, dataset, frame[frame["dataset"] == dataset], titles, once)
        for panel in panels[len(datasets) :]:
            panel.set_axis_off()
        figure.legend(*_handles(panels, titles), loc="outside upper center", ncols=legend_columns, handlelength=2.2)
        figure.supxlabel(small_print(frame), fontsize=6, color=style.GREY)
    return figure


def small_print(frame: pd.DataFrame) -> str:
    """How the runs were made: time, workers, seeds, machine."""
    limits = " and ".join(f"{limit:g} s" for limit in sorted(frame["time_limit"].unique()))
    most = int(frame["workers"].max())
    workers = " and ".join(map(str, sorted(frame["workers"].unique()))) + f" worker{'s' * (most > 1)}"
    low, high = int(frame["seeds"].min()), int(frame["seeds"].max())
    seeds = f"{low} seed{'s' * (low > 1)}" if low == high else f"{low} to {high} seeds"
    machines = "; ".join(sorted(map(str, frame["machine"].unique())))
    return f"runs of {limits}, {workers}, {seeds}, {machines}"


def _panel(panel: Axes, dataset: str, frame: pd.DataFrame, titles: list[str], once: frozenset[str]) -> None:
    for title in titles:
        rows, look = frame[frame["line"] == title], _look(title, titles, once)
        times, errors = rows["time"].to_numpy(np.float64), rows["error"].to_numpy(np.float64)
        if not len(rows):
            continue
        panel.plot(times, errors, label=title, drawstyle="steps-post", **look)
        spread = rows["std"].to_numpy(np.float64)
        if np.isfinite(spread).all() and title not in once:
            ends = np.clip(errors - spread, 0, 1), np.clip(errors + spread, 0, 1)
            panel.fill_between(times, *ends, step="post", color=look["color"], alpha=0.15, linewidth=0)
    _axes(panel, dataset, frame)


def _look(title: str, titles: list[str], once: frozenset[str]) -> dict[str, Any]:
    """Solid lines and thin dashed ones, each kind with the colours from the first on; the same in every panel."""
    index = [other for other in titles if (other in once) == (title in once)].index(title)
    if title in once:
        return {"color": style.colour(index), "linestyle": (0, (2.5, 1.2)), "linewidth": 0.8}
    return {"color": style.colour(index), "linestyle": style.dashes(index)}


def _axes(panel: Axes, dataset: str, frame: pd.DataFrame) -> None:
    """Logarithmic time in seconds, error in per cent."""
    panel.set_title(dataset)
    panel.set_xscale("log")
    last = max(float(frame["time_limit"].max()), float(frame["time"].max()))
    first = min(float(frame["time"].min()), last / 2)
    panel.set_xlim(first, last)
    panel.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if last < _CROWDED * first else (1.0, 3.0)))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.set_xlabel("wall-clock time (s)")
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}"))
    panel.set_ylabel("test error (%)")


def _handles(panels: Any, titles: list[str]) -> tuple[list[Any], list[str]]:
    """One handle for each line, from whichever panel has it."""
    found: dict[str, Any] = {}
    for panel in panels:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return [found[title] for title in titles], titles
