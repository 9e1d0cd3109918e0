"""Pareto fronts: which pairs of two objectives the optimizers attain by the end, on each data set.

Grey points: all configurations of the table at all its budgets, each with the mean of its recorded seeds; grey line:
their front, the best that there is. Coloured lines: the median attainment surface of an optimizer at the end of the
limit, the best value of the first objective that at least half of its seeds reach with that value of the second or a
better one (Fonseca and Fleming 1996). Axes show the range of the fronts; points outside are cut off. Of more than two
objectives the first two are shown.
"""

import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from lcbench.analysis import style
from lcbench.analysis.figures import _lines as lines
from lcbench.analysis.figures.contract import labelled
from lcbench.analysis.looks import looks
from lcbench.analysis.provenance import check_same_table
from lcbench.errors import DataWarning
from lcbench.simulate.replay import ReplayBackend
from lcbench.simulate.study import results
from lcbench.simulate.study.objectives import LOSSES
from lcbench.table.benchmark import Benchmark
from lcbench.table.metric import Metric

Array = NDArray[np.float64]

_POINTS, _FRONT, _ATTAINED = "table", "front of the table", "median attained"
_ACROSS = 4  # panels in a row
_LEAST = 1.4  # inches of a panel
_LOGARITHMIC = 30.0  # the range of the second objective, greatest by least, from which its axis is logarithmic
_WIDE = 300.0  # from here on powers of ten are enough ticks
_MARGIN = 0.06  # of the axes


def frame(bench: Benchmark, metric: str | None, traces: pd.DataFrame) -> pd.DataFrame:
    """The points and the fronts.

    Args:
        bench: The table on which the study was run.
        metric: Name of the first objective; by default the table's.
        traces: From :func:`lcbench.simulate.study.study`, one row per result.

    Returns:
        One row per point: ``dataset``; ``kind`` (``"table"``, ``"front of the table"`` or ``"median attained"``);
        ``optimizer`` (``-`` for the table); ``x``, the second objective, and ``y``, the first, in the units of the
        metrics, those of a front in order of the second's loss; ``x_name``, ``x_unit`` and
        :data:`lcbench.analysis.figures.contract.LABELS` of the first.

    Raises:
        NothingToDrawError: If the study has one objective.
        InputError: If the study was run on another table or metric.
    """
    check_same_table(traces, bench, metric)
    text = ",".join(lines.need_several_objectives(traces)[:2])
    first, second = bench.objectives(text)
    parts = []
    for dataset, rows in results(traces).groupby("dataset", sort=False):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # the study has said it
            every = ReplayBackend(bench, str(dataset), text, seed="mean").objective_losses.reshape(-1, 2)
        every = every[np.isfinite(every).all(axis=1)]
        parts += [_part(dataset, _POINTS, "-", every), _part(dataset, _FRONT, "-", attained([every]))]
        for optimizer, runs in rows.groupby("optimizer", sort=False):
            seeds = [np.stack(run.tolist())[:, :2] for _, run in runs.groupby("seed")[LOSSES]]
            parts.append(_part(dataset, _ATTAINED, str(optimizer), attained(seeds)))
    found = pd.concat(parts, ignore_index=True)
    found = found.assign(x=_values(second, found["x"]), y=_values(first, found["y"]))
    return labelled(found.assign(x_name=second.name, x_unit=second.unit), bench, first.name)


def attained(seeds: list[Array]) -> Array:
    """The losses that at least half of some runs attain: corners of their median attainment surface.

    Args:
        seeds: For each run the losses of its results, ``(results, 2)``.

    Returns:
        ``(corners, 2)`` losses of the first and the second objective, the second increasing; none where fewer than
        half of the runs have a finite result.
    """
    finite = [losses[np.isfinite(losses).all(axis=1)] for losses in seeds]
    places = np.unique(np.concatenate(finite)[:, 1])
    best = np.full((len(seeds), len(places)), np.inf)
    for levels, losses in zip(best, finite, strict=True):
        np.minimum.at(levels, np.searchsorted(places, losses[:, 1]), losses[:, 0])
    level = np.sort(np.minimum.accumulate(best, axis=1), axis=0)[(len(seeds) - 1) // 2]
    corners = np.flatnonzero(level < np.concatenate([[np.inf], level[:-1]]))
    return np.stack([level[corners], places[corners]], axis=1)


def _part(dataset: object, kind: str, optimizer: str, losses: Array) -> pd.DataFrame:
    return pd.DataFrame(
        {"dataset": dataset, "kind": kind, "optimizer": optimizer, "x": losses[:, 1], "y": losses[:, 0]}
    )


def _values(metric: Metric, losses: "pd.Series[float]") -> "pd.Series[float]":
    return metric.best + metric.sign * losses


def draw(frame: pd.DataFrame) -> Figure:
    """A panel per data set."""
    datasets = frame["dataset"].unique().tolist()
    names = frame.loc[frame["kind"] == _ATTAINED, "optimizer"].unique().tolist()
    width = style.COLUMN * 1.3 if len(datasets) == 1 else style.PAGE
    across = style.across(min(_ACROSS, len(datasets)), width, _LEAST)
    down = -(-len(datasets) // across)
    with style.look():
        figure = lines.sized([*names, _FRONT], width, 0.5 + (2.4 if across == 1 else 1.75) * down)
        panels = figure.subplots(down, across, squeeze=False).ravel()
        for panel, dataset in zip(panels, datasets, strict=False):
            _panel(panel, frame[frame["dataset"] == dataset], names)
            panel.set_title(dataset)
        for panel in panels[len(datasets) :]:
            panel.set_axis_off()
        figure.supxlabel(_label(frame, "x_name", "x_unit"), fontsize="medium")
        figure.supylabel(_label(frame, "metric", "metric_unit"), fontsize="medium")
        lines.legend(figure)
    return figure


def _panel(panel: Axes, rows: pd.DataFrame, names: list[str]) -> None:
    points, fronts = rows[rows["kind"] == _POINTS], rows[rows["kind"] != _POINTS]
    panel.scatter(points["x"], points["y"], s=3, color="#D0D0D0", linewidths=0, rasterized=True)
    table = rows[rows["kind"] == _FRONT]
    panel.plot(
        table["x"], table["y"], drawstyle="steps-post", color=style.GREY, linewidth=2.4, label=_FRONT, zorder=1.5
    )
    found = looks(names)
    for i, name in enumerate(names):
        each = fronts[fronts["optimizer"] == name]
        lines.step_line(panel, found[name], name, each["x"], each["y"], i / len(names))
    least, most = fronts["x"].min(), fronts["x"].max()
    if least > 0 and most > _LOGARITHMIC * least:
        panel.set_xscale("log")
        panel.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0) if most < _WIDE * least else (1.0,)))
        panel.xaxis.set_minor_formatter(NullFormatter())
        panel.set_xlim(least * (most / least) ** -_MARGIN, most * (most / least) ** _MARGIN)
    else:
        panel.set_xlim(*_ends(fronts["x"]))
        panel.xaxis.set_major_locator(MaxNLocator(4))
    panel.set_ylim(*_ends(fronts["y"]))


def _ends(values: "pd.Series[float]") -> tuple[float, float]:
    """The range of values with a margin."""
    low, high = float(values.min()), float(values.max())
    margin = _MARGIN * ((high - low) or 1.0)
    return low - margin, high + margin


def _label(frame: pd.DataFrame, name: str, unit: str) -> str:
    return f"{str(frame[name].iloc[0]).replace('_', ' ')} ({frame[unit].iloc[0]})"


def notes(frame: pd.DataFrame) -> Iterator[str]:
    """Optimizers without a front."""
    attained = frame[frame["kind"] == _ATTAINED]
    lacking = frame["dataset"].nunique() - attained.groupby("optimizer")["dataset"].nunique()
    if (lacking > 0).any():
        shown = ", ".join(f"{name} on {count}" for name, count in lacking[lacking > 0].items())
        yield f"Without a front, since more than half of the seeds have no result, are on some data sets: {shown}."
