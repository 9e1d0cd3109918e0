"""Learning curves of all configurations at the largest budget, one panel per data set.

Each thin line is one configuration, the mean over its seeds after each step (0 is before the first); a
configuration that diverged ends where it did. Of more than 500 configurations, 500 are drawn, evenly spaced in the
order of their last values. The thick line is the configuration that is best after the last step, whose number and
final value stand above the panel. Each panel has a y axis of its own.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from lcbench.analysis import style
from lcbench.analysis.figures.contract import (
    LABELS,
    NothingToDrawError,
    check_curves,
    label_of,
    labelled,
    metric_label,
)
from lcbench.analysis.generality import has_runs, seed_means
from lcbench.table.benchmark import Benchmark

_KEYS = ("dataset", "config_id", "best", "bounded", *LABELS)
_COLUMNS, _LEAST = 5, 1.3  # panels in a row, and inches of each at least
_TITLE_LENGTH = 20
_MOST_CURVES = 500
_MOST_PATHS = 100
"""More curves in a panel than these are a picture inside an SVG or PDF, which would be too large to open otherwise."""


def frame(bench: Benchmark, metric: str | None = None) -> pd.DataFrame:
    """The curves, one row each.

    Args:
        bench: The table.
        metric: Name of a metric; by default the table's objective.

    Returns:
        The columns ``dataset``, ``config_id``, ``best`` (whether it is the best of its data set after the last step),
        ``bounded`` (whether the metric is at both ends), one column per step, ``0`` to the largest budget: the mean
        over the seeds, NaN from where a seed diverged; then :data:`lcbench.analysis.figures.contract.LABELS`.

    Raises:
        NothingToDrawError: If every run diverged, or runs have one step.
    """
    check_curves(bench)
    found = pd.concat([_curves(bench, dataset, metric) for dataset in bench.datasets], ignore_index=True)
    if not np.isfinite(found[_epochs(found)].to_numpy()[:, 1:]).any():
        raise NothingToDrawError(f"{bench.metric(metric).name} is not finite for any run after the first step.")
    return labelled(found, bench, metric)


def _curves(bench: Benchmark, dataset: str, metric: str | None) -> pd.DataFrame:
    """The rows of one data set."""
    longest = bench.budgets_of(dataset)[-1]
    means = seed_means(bench, dataset, metric, longest)
    means[~has_runs(bench, dataset, [longest])] = np.nan
    known = bench.metric(metric)
    losses = known.loss(means[:, -1])
    best = np.arange(len(losses)) == losses.argmin() if np.isfinite(losses).any() else np.zeros(len(losses), bool)
    keys = pd.DataFrame({"dataset": dataset, "config_id": bench.configs.index, "best": best})
    keys["bounded"] = bool(np.isfinite(known.low) and np.isfinite(known.high))
    return pd.concat([keys, pd.DataFrame(means.astype(np.float32))], axis=1)


def _epochs(frame: pd.DataFrame) -> list[Any]:
    """The columns that hold the curves."""
    return [column for column in frame.columns if column not in _KEYS]


def draw(frame: pd.DataFrame) -> Figure:
    """Small panels, up to five in a row."""
    datasets = list(dict.fromkeys(frame["dataset"]))
    columns = style.across(min(_COLUMNS, len(datasets)), style.PAGE, _LEAST)
    rows = -(-len(datasets) // columns)
    with style.look():
        width = style.COLUMN if columns == 1 else style.PAGE
        figure = style.figure(width, 0.6 + (1.35 if columns > 2 else 2.0) * rows)
        panels = figure.subplots(rows, columns, sharex=True, squeeze=False).ravel()
        for panel, dataset in zip(panels, datasets, strict=False):
            _panel(panel, frame[frame["dataset"] == dataset], dataset)
        for panel in panels:  # all, so that rows are evenly apart
            panel.tick_params(labelbottom=True)
        for panel in panels[len(datasets) :]:
            panel.remove()
        figure.supxlabel(label_of(frame, "fidelity"), fontsize=8)
        figure.supylabel(metric_label(frame), fontsize=8)
        _legend(figure, label_of(frame))
    return figure


def _legend(figure: Figure, metric: str) -> None:
    keys = [Line2D([], [], color=style.colour(0), linewidth=0.5), Line2D([], [], color=style.colour(1), linewidth=1.4)]
    texts = ["a configuration", f"the best one: its number and last {metric}"]
    figure.legend(keys, texts, loc="outside upper center", ncols=1 if figure.get_figwidth() < style.PAGE else 2)


def _panel(panel: Axes, rows: pd.DataFrame, dataset: str) -> None:
    """All curves of one data set, the best on top."""
    curves = rows[_epochs(rows)].to_numpy(dtype=np.float32)  # as in the table, whether or not it was read from CSV
    last = curves.shape[1] - 1
    curves = curves[:, : np.flatnonzero(np.isfinite(curves).any(axis=0)).max(initial=0) + 1]  # others may be longer
    epochs = np.arange(curves.shape[1])
    shown = _some(curves)
    alpha = float(np.clip(12 / len(shown), 0.06, 0.5))
    lines = LineCollection(
        [np.column_stack([epochs, curve]) for curve in shown],
        linewidths=0.5,
        colors=style.colour(0),
        alpha=alpha,
        rasterized=len(shown) > _MOST_PATHS,
    )
    panel.add_collection(lines)
    best = rows["best"].to_numpy(dtype=bool)
    title = dataset if len(dataset) <= _TITLE_LENGTH else f"{dataset[: _TITLE_LENGTH - 1]}…"
    if best.any():
        panel.plot(epochs, curves[best][0], color=style.colour(1), linewidth=1.4)
        title += f"\nno. {rows['config_id'].to_numpy()[best][0]}, {curves[best][0, -1]:.3f}"
    panel.set_title(title, fontsize=6.5, loc="left")
    panel.set_xlim(0, last)
    panel.set_ylim(*_range(curves, fenced=not rows["bounded"].iloc[0]))
    panel.xaxis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]))
    panel.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))


def _some(curves: NDArray[np.float32]) -> NDArray[np.float32]:
    """At most 500 curves, evenly spaced in the order of their last values, both ends among them."""
    if len(curves) <= _MOST_CURVES:
        return curves
    order = np.argsort(curves[:, -1], kind="stable")  # those that diverged come last
    return curves[order[np.linspace(0, len(order) - 1, _MOST_CURVES).round().astype(np.intp)]]


def _range(curves: NDArray[np.float32], *, fenced: bool) -> tuple[float, float]:
    """Range of the y axis: all finite values and a little more.

    Cross-entropies of a network that is about to diverge are huge; of a metric without an upper bound, what lies above
    Tukey's outer fence (three times the distance of the quartiles above the upper one) is left outside.
    """
    finite = curves[np.isfinite(curves)].astype(np.float64)
    if finite.size == 0:
        return 0.0, 1.0
    lower, upper = np.quantile(finite, (0.25, 0.75))
    fence = upper + 3 * (upper - lower) if fenced else np.inf
    low, high = float(finite.min()), float(finite[finite <= fence].max())
    margin = 0.04 * (high - low) or 0.01
    return low - margin, high + margin
