"""The best network of the table against other models, on each data set.

A mark is the test value of a model at fixed settings, less that of the best network, in the metric's own unit (for
accuracies in percentage points); right of the line is better than the network. Beside each data set's name stands the
network's own test value. The network is the configuration with the best validation value after the largest budget, so
nothing is chosen by the test part. Values are means over seeds, bars one standard deviation over the model's seeds.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lcbench.analysis import style
from lcbench.analysis.baselines import NETWORK, against_baselines
from lcbench.analysis.figures.contract import NothingToDrawError, label_of, labelled
from lcbench.table.benchmark import Benchmark

_ROW = 0.34  # inches


def frame(bench: Benchmark, metric: str | None = None) -> pd.DataFrame:
    """Each model's values.

    Args:
        bench: The table.
        metric: A metric of the validation part; by default the table's objective.

    Returns:
        The columns of :func:`lcbench.analysis.baselines.against_baselines`; ``gain``, how much better than the network
        a model is on the test part (positive: better, whatever the metric's goal); and
        :data:`lcbench.analysis.figures.contract.LABELS`.

    Raises:
        NothingToDrawError: If no data set has baselines.
        InputError: If the metric is none of the validation part.
    """
    found = against_baselines(bench, metric)
    if found.empty:
        raise NothingToDrawError("no data set of this table has baselines; record them with 'lcbench baselines DIR'.")
    network = found[found["model"] == NETWORK].set_index("dataset")["test"]
    gain = -bench.metric(metric).sign * (found["test"] - found["dataset"].map(network))
    return labelled(found.assign(gain=gain), bench, metric)


def draw(frame: pd.DataFrame) -> Figure:
    """A row for each data set, the one where the network leads most at the top."""
    known = label_of(frame, "metric_unit")
    scale = 100 if known == "fraction" else 1
    others = frame[frame["model"] != NETWORK]
    order = others.groupby("dataset")["gain"].max().sort_values(ascending=False, kind="stable").index.tolist()
    with style.look():
        figure = style.figure(style.COLUMN * 1.3, 1.1 + _ROW * max(3, len(order)))
        panel = figure.subplots()
        panel.axvline(0, color=style.GREY, linewidth=0.9)
        models = others["model"].unique().tolist()
        for i, model in enumerate(models):
            _marks(panel, others[others["model"] == model], i, len(models), order, scale)
        network = frame[frame["model"] == NETWORK].set_index("dataset")["test"]
        labels = [f"{name[:28]}  {scale * network[name]:.{1 if scale > 1 else 3}f}" for name in order]
        panel.set_yticks(range(len(order)), labels)
        panel.set_ylim(-0.6, len(order) - 0.4)
        panel.grid(visible=False, axis="y")
        unit = "percentage points" if scale > 1 else known
        name = label_of(frame).partition(" ")[2]
        panel.set_xlabel(f"gain in {name} on the test part ({unit})")
        panel.set_ylabel(f"data set\n{name} of its best network ({'%' if scale > 1 else known})")
        figure.legend(loc="outside upper center", ncols=3)
    return figure


def _marks(panel: Axes, rows: pd.DataFrame, index: int, count: int, order: list[str], scale: int) -> None:
    """One model's marks, a little above or below each other's."""
    shift = 0.8 * (index - (count - 1) / 2) / max(1, count)
    places = np.array([order.index(name) for name in rows["dataset"]]) - shift
    look: dict[str, Any] = {
        "color": style.colour(index),
        "marker": style.MARKERS[index % len(style.MARKERS)],
        "markersize": 3,
    }
    name = str(rows["model"].iloc[0]).replace("_", " ")
    bars = scale * rows["deviation"].fillna(0.0)
    panel.errorbar(scale * rows["gain"], places, xerr=bars, linestyle="none", elinewidth=0.7, label=name, **look)
