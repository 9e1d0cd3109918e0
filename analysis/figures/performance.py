"""Every configuration on every data set (Figure 3 of the paper).

First panel: the metric after the last step of the largest budget, averaged over the seeds. Second panel: relative
regret, the distance from the value of the data set's best configuration, divided by that value; its colours end at the
largest regret that 95 % of all cells do not exceed. Both have the same rows and columns, sorted by mean relative
regret: the best configurations stand on the left, the easiest data sets on top. Stripes from top to bottom are
configurations that are good everywhere. Runs that diverged are grey.
"""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lcbench.analysis import style
from lcbench.analysis.figures.contract import NothingToDrawError, label_of, labelled, metric_label
from lcbench.analysis.generality import performance_matrix, relative_regret
from lcbench.table.benchmark import Benchmark

_SHOWN = 0.95
_NAME_LENGTH = 24
_ROWS = 24
"""Each row is repeated so often: columns that share a pixel are averaged, and so would be the edges of the rows."""


def frame(bench: Benchmark, metric: str | None = None) -> pd.DataFrame:
    """Both matrices, a row for each cell.

    Args:
        bench: The table.
        metric: Name of a metric; by default the table's objective.

    Returns:
        The columns ``dataset, config_id, value, relative_regret``, where ``value`` is NaN where a seed diverged, and
        :data:`lcbench.analysis.figures.contract.LABELS`.

    Raises:
        InputError: If no configuration has all its runs, or the metric is not recorded.
        NothingToDrawError: If there is one configuration.
    """
    values = performance_matrix(bench, metric)
    if len(values) < 2:
        raise NothingToDrawError("it compares configurations, this table has one.")
    wide = {"value": values, "relative_regret": relative_regret(values, bench.metric(metric))}
    columns = {name: table.to_numpy().T.ravel() for name, table in wide.items()}
    datasets, configs = np.repeat(values.columns, len(values)), np.tile(values.index, len(values.columns))
    return labelled(pd.DataFrame({"dataset": datasets, "config_id": configs} | columns), bench, metric)


def draw(frame: pd.DataFrame) -> Figure:
    """Two heat maps side by side."""
    datasets = frame["dataset"].nunique()
    with style.look():
        across = style.across(2, style.PAGE, style.PANEL)
        figure = style.figure(style.PAGE, (1.5 + 0.135 * max(datasets, 6)) * (2 // across))
        left, right = figure.subplots(2 // across, across, sharey=True)
        values, regrets = _matrix(frame, "value"), _matrix(frame, "relative_regret")
        rows, columns = (_order(np.ma.masked_invalid(regrets.to_numpy()).mean(axis=axis)) for axis in (1, 0))
        high_first = label_of(frame, "goal") == "maximize"
        colours = "viridis" if high_first else "viridis_r"
        _heat_map(left, values.iloc[rows, columns], colours, metric_label(frame), high_first=high_first)
        _heat_map(right, regrets.iloc[rows, columns], "magma_r", "relative regret (share of the best value)")
        left.set_title(f"Mean {label_of(frame)}")
        right.set_title("Mean relative regret")
    return figure


def _matrix(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Data sets x configurations."""
    return frame.pivot_table(index="dataset", columns="config_id", values=column, dropna=False, sort=False)


def _order(means: np.ma.MaskedArray) -> NDArray[np.intp]:
    """Lowest first, what has no mean last."""
    return np.argsort(means.filled(np.inf), kind="stable")


def _heat_map(panel: Axes, table: pd.DataFrame, colours: str, label: str, *, high_first: bool = False) -> None:
    """One heat map with its colour bar; a picture inside the drawing, however many cells there are."""
    array = np.where(np.isfinite(table.to_numpy()), table.to_numpy(), np.nan)
    shown = np.ma.masked_invalid(array)
    low, high = _limits(array, high_first=high_first)
    colour_map = colormaps[colours].with_extremes(bad="#BBBBBB")
    picture = np.repeat(shown, _ROWS, axis=0)
    extent = (-0.5, picture.shape[1] - 0.5, len(table) - 0.5, -0.5)
    image = panel.imshow(picture, aspect="auto", extent=extent, cmap=colour_map, vmin=low, vmax=high)
    panel.grid(visible=False)
    for between in range(1, len(table)):
        panel.axhline(between - 0.5, color="white", linewidth=0.6)
    names = [str(name) for name in table.index]
    short = [name if len(name) <= _NAME_LENGTH else f"{name[: _NAME_LENGTH - 1]}…" for name in names]
    panel.set_yticks(range(len(names)), short, fontsize=5.5)
    panel.tick_params(left=False)
    panel.set_xlabel(f"{table.shape[1]} configurations, best first")
    beyond = "max" if not high_first and np.nanmax(array) > high else "neither"
    bar = panel.figure.colorbar(image, ax=panel, location="bottom", shrink=0.9, extend=beyond)
    bar.set_label(label)


def _limits(array: NDArray[np.float64], *, high_first: bool) -> tuple[float, float]:
    """Values at the ends of the colours; the far end of losses and regrets is not that of the worst few."""
    low = float(np.nanmin(array))
    high = float(np.nanmax(array)) if high_first else float(np.nanquantile(array, _SHOWN))
    return low, high if high > low else low + 1e-6
