"""Spearman's rank correlation between any two steps of the longest runs.

Large: mean over the data sets. Small: a map for each data set with the same axes, the one with the lowest correlations
first. Dark means that the configurations rank alike after both numbers of steps; 0 is before the first, and runs that
diverged rank last. White lines mark a correlation of 0.9.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase, SubFigure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from lcbench.analysis import style
from lcbench.analysis.correlation import epoch_correlation
from lcbench.analysis.figures.contract import LABELS, NothingToDrawError, check_curves, label_of, labelled
from lcbench.analysis.generality import spent
from lcbench.table.benchmark import Benchmark

_COLUMNS, _DOWN = 5, 3  # so many rows of small maps are as high as the large one
_TITLE_LENGTH = 17
_LARGE = 3.1
"""Inches, in width and height."""
_SMALL, _HIGH = 0.81, 0.98  # inches of a small map
_MARK, _LOWEST = 0.9, 0.5
_KEYS = ("dataset", "epoch", *LABELS)


def frame(bench: Benchmark, metric: str | None = None) -> pd.DataFrame:
    """The correlations, as :func:`lcbench.analysis.correlation.epoch_correlation` gives them.

    Args:
        bench: The table.
        metric: Name of a metric; by default the table's objective.

    Returns:
        The columns ``dataset``, ``epoch``, then one column per epoch and
        :data:`lcbench.analysis.figures.contract.LABELS`; data sets sorted, lowest mean first.

    Raises:
        NothingToDrawError: If no correlation is defined, runs have one step, or data sets have different budgets.
    """
    check_curves(bench)
    ends = sorted({bench.budgets_of(dataset)[-1] for dataset in bench.datasets})
    if len(ends) > 1:
        few, most = (spent(bench, end) for end in (ends[0], ends[-1]))
        raise NothingToDrawError(f"it averages over runs of one length, those of this table have {few} to {most}.")
    found = epoch_correlation(bench, metric)
    cells = found[[column for column in found.columns if column not in _KEYS]]
    if not np.isfinite(cells.to_numpy()).any():
        raise NothingToDrawError(
            f"no correlation is defined: {bench.metric(metric).name} is the same for all configurations."
        )
    means = cells.mean(axis=1).groupby(found["dataset"], sort=False).mean().sort_values(kind="stable")
    rank = {dataset: i for i, dataset in enumerate(means.index)}
    found = found.sort_values("dataset", key=lambda column: column.map(rank), kind="stable", ignore_index=True)
    return labelled(found, bench, metric)


def draw(frame: pd.DataFrame) -> Figure:
    """The mean map, small ones beside it or, in a narrow figure, below; a single data set has the figure for itself."""
    maps = {str(name): _cells(rows) for name, rows in frame.groupby("dataset", sort=False)}
    epochs, unit = np.unique(frame["epoch"].to_numpy()), label_of(frame, "fidelity")
    if len(maps) == 1:
        with style.look():
            figure = style.figure(style.COLUMN, 2.9)
            _large(figure, maps, epochs, unit)
        return figure
    columns = min(_COLUMNS, -(-len(maps) // _DOWN))
    own = _LARGE + _SMALL * columns
    below = style.width_of(own) < own - _SMALL
    if below:
        columns = style.across(min(_COLUMNS, len(maps)), own, _SMALL)
    rows = -(-len(maps) // columns)
    with style.look():
        large, small = _parts(own, _HIGH * rows, below=below)
        _large(large, maps, epochs, unit)
        panels = small.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
        corner = panels[(rows - 1) * columns]
        for panel, (name, cells) in zip(panels, maps.items(), strict=False):
            _small(panel, name, cells, epochs)
            panel.tick_params(length=2, labelsize=5, labelbottom=panel is corner, labelleft=panel is corner)
        for panel in panels[len(maps) :]:
            panel.remove()
    return small.get_figure(root=True)


def _parts(width: float, height: float, *, below: bool) -> tuple[SubFigure, SubFigure]:
    """The places of the large map and of the small ones, so many inches high, beside it or below it."""
    figure = style.figure(width, _LARGE + height if below else max(_LARGE, height))
    figure.set_layout_engine("constrained", h_pad=0.07, w_pad=0.06)  # titles stay off the edge
    if below:
        large, small = figure.subfigures(2, 1, height_ratios=[_LARGE, height], squeeze=False).ravel()
        return large, small
    large, small = figure.subfigures(1, 2, width_ratios=[_LARGE, width - _LARGE], squeeze=False)[0]
    if height > _LARGE:  # the mean map stays at the top
        large = large.subfigures(2, 1, height_ratios=[_LARGE, height - _LARGE], squeeze=False)[0, 0]
    return large, small


def _cells(rows: pd.DataFrame) -> NDArray[np.float64]:
    """The map of one data set."""
    return rows[[column for column in rows.columns if column not in _KEYS]].to_numpy(dtype=np.float64)


def _image(panel: Axes, cells: NDArray[np.float64], epochs: NDArray[np.intp]) -> AxesImage:
    """One map, drawn as a picture; the same colours in all."""
    half = 0.5 * epochs[-1] / max(len(epochs) - 1, 1)
    extent = (-half, epochs[-1] + half, -half, epochs[-1] + half)
    panel.grid(visible=False)
    return panel.imshow(cells, origin="lower", extent=extent, vmin=_LOWEST, vmax=1.0, cmap="cividis_r")


def _large(figure: FigureBase, maps: dict[str, NDArray[np.float64]], epochs: NDArray[np.intp], unit: str) -> None:
    """The mean over data sets, with its contour and the colour bar of all maps."""
    panel, stacked = figure.subplots(), np.stack(list(maps.values()))
    defined = np.isfinite(stacked).sum(axis=0)
    mean = np.divide(np.nansum(stacked, axis=0), defined, out=np.full(defined.shape, np.nan), where=defined > 0)
    image = _image(panel, mean, epochs)
    if np.nanmin(mean) < _MARK < np.nanmax(mean) and len(epochs) > 1:
        lines = panel.contour(epochs, epochs, mean, levels=[_MARK], colors="white", linewidths=1.0)
        panel.clabel(lines, fontsize=6, fmt=f"{_MARK:g}")
    panel.set(xlabel=unit, ylabel=unit)
    panel.set_title(next(iter(maps)) if len(maps) == 1 else f"mean over {len(maps)} data sets")
    panel.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    panel.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    label = "Spearman's rank correlation"
    figure.colorbar(image, ax=panel, label=label, location="bottom", extend="min", shrink=0.8)


def _small(panel: Axes, name: str, cells: NDArray[np.float64], epochs: NDArray[np.intp]) -> None:
    """One data set's map, with ticks at its ends."""
    _image(panel, cells, epochs)
    panel.set_title(name if len(name) <= _TITLE_LENGTH else f"{name[: _TITLE_LENGTH - 1]}…", fontsize=5.5, pad=2)
    panel.set(xticks=epochs[[0, -1]], yticks=epochs[[0, -1]], xlabel=" ")
