"""Data sets by their rows and features (Figure 14 of the paper, its group "LCBench").

Each mark is a data set of this table, with its name; colour and shape say how many classes it has. Small grey crosses
are the 35 data sets of the published LCBench. Both axes are logarithmic; features are counted without the target.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from lcbench.analysis import style
from lcbench.analysis.figures.contract import NothingToDrawError
from lcbench.collection.data.suite import LCBENCH_DATASETS
from lcbench.table.benchmark import Benchmark

THIS, PUBLISHED = "this table", "LCBench"
_CLASSES = {"2 classes": (2, 2), "3 to 9 classes": (3, 9), "10 or more classes": (10, np.inf), "real target": (0, 0)}
_MOST_NAMES = 40
_NAME_LENGTH = 24
_FAR = [(side, side * 0.05, sign * height) for height in (0.09, 0.18, 0.27) for sign in (1, -1) for side in (1, -1)]
_PLACES = ((1, 0.06, 0.0), (-1, -0.06, 0.0), (0, 0.0, 0.1), (0, 0.0, -0.1), *_FAR)
"""Places of a name: the side of its mark, and the distance in inches; the best place first."""


def frame(bench: Benchmark, metric: str | None = None) -> pd.DataFrame:  # noqa: ARG001  # sizes have no metric
    """Sizes of the table's data sets, and of the published ones.

    Args:
        bench: The table.
        metric: Not used: sizes have none.

    Returns:
        The columns ``group`` (``this table`` or ``LCBench``), ``dataset, instances, features, classes``.

    Raises:
        NothingToDrawError: If the table does not say how large its data sets are.
    """
    table = bench.dataset_table
    here = table.loc[[name for name in bench.datasets if name in table.index]]
    here = here.reindex(columns=["instances", "features", "classes"]).dropna()
    if here.empty:
        raise NothingToDrawError("the table does not say how large its data sets are.")
    rows = [(THIS, str(name), *map(int, sizes)) for name, sizes in zip(here.index, here.to_numpy(), strict=True)]
    rows += [(PUBLISHED, each.name, each.instances, each.features, each.classes) for each in LCBENCH_DATASETS]
    return pd.DataFrame(rows, columns=["group", "dataset", "instances", "features", "classes"])


def draw(frame: pd.DataFrame) -> Figure:
    """A scatter plot with names."""
    here = frame[frame["group"] == THIS]
    with style.look():
        figure = style.figure(style.PAGE if len(here) > 15 else style.COLUMN * 1.4, 3.6)
        panel = figure.subplots()
        published = frame[frame["group"] == PUBLISHED]
        label = f"published LCBench ({len(published)})"
        panel.plot(published["instances"], published["features"], "x", color=style.GREY, markersize=3, label=label)
        for i, (name, (least, most)) in enumerate(_CLASSES.items()):
            some = here[(here["classes"] >= least) & (here["classes"] <= most)]
            if len(some):
                marks: dict[str, Any] = {"marker": style.MARKERS[i], "color": style.colour(i), "linestyle": "none"}
                panel.plot(
                    some["instances"],
                    some["features"],
                    **marks,
                    label=name,
                    markersize=4.5,
                    markeredgecolor="white",
                    markeredgewidth=0.5,
                )
        _axes(panel, frame)
        if len(here) <= _MOST_NAMES:
            _names(panel, here, published, *figure.get_size_inches())
        figure.legend(loc="outside upper center", ncols=4 if figure.get_figwidth() > 4 else 2)
    return figure


def _axes(panel: Axes, frame: pd.DataFrame) -> None:
    """Logarithmic, with whole numbers, and room for names on the right."""
    panel.set(xscale="log", yscale="log", xlabel="rows (instances)", ylabel="features")
    panel.set_xlim(0.7 * frame["instances"].min(), 4.0 * frame["instances"].max())
    panel.set_ylim(0.7 * frame["features"].min(), 1.6 * frame["features"].max())
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def _names(panel: Axes, here: pd.DataFrame, others: pd.DataFrame, width: float, height: float) -> None:
    """A name beside each mark, where it covers no mark and no other name if there is such a place."""
    spots, crosses = (_inches(panel, each, width - 0.65, height - 0.8) for each in (here, others))
    taken = [(x, y, 0.08, 0.08) for x, y in (*spots, *crosses)]
    for name, (x, y) in zip(here["dataset"], spots, strict=True):
        short = name if len(name) <= _NAME_LENGTH else f"{name[: _NAME_LENGTH - 1]}…"
        wide = 0.04 * len(short)
        boxes = [(x + dx + side * wide / 2, y + dy, wide, 0.085) for side, dx, dy in _PLACES]
        best = min(range(len(boxes)), key=lambda i: sum(_covers(boxes[i], other) for other in taken))
        taken.append(boxes[best])
        side, dx, dy = _PLACES[best]
        sizes = here.loc[here["dataset"] == name, ["instances", "features"]].to_numpy()[0]
        arrow = {"arrowstyle": "-", "linewidth": 0.4, "color": style.GREY, "shrinkA": 0, "shrinkB": 1}
        where: dict[str, Any] = {"arrowprops": arrow if _PLACES[best] in _FAR else None}
        where |= {"xytext": (72 * dx, 72 * dy), "textcoords": "offset points", "va": "center"}
        panel.annotate(short, tuple(sizes), ha=("right", "center", "left")[side + 1], fontsize=5.5, **where)


def _inches(panel: Axes, here: pd.DataFrame, width: float, height: float) -> list[tuple[float, float]]:
    """Roughly where the marks are in a panel of that size."""
    found = []
    for name, limits, size in (("instances", panel.get_xlim(), width), ("features", panel.get_ylim(), height)):
        low, high = np.log(limits)
        found.append((size * (np.log(here[name].to_numpy(dtype=np.float64)) - low) / (high - low)).tolist())
    return list(zip(*found, strict=True))


def _covers(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether two boxes (centre and size) overlap."""
    return abs(one[0] - other[0]) * 2 < one[2] + other[2] and abs(one[1] - other[1]) * 2 < one[3] + other[3]
