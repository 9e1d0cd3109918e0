"""Critical-difference diagram: which optimizers differ significantly in their mean rank over the data sets.

After Demšar (2006), Figure 1, with the best on the left. On each data set the optimizers are ranked by their mean
normalized regret over the seeds at the end of the budget; an optimizer stands at its mean rank. Thick bars join those
that do not differ at the 5 % level by Nemenyi's test: their mean ranks are less than the critical difference apart,
whose length stands above the axis between two stops. The test is meant for where Friedman's test, whose p value stands
below, finds that not all rank alike. Of two optimizers, the p value is that of Wilcoxon's signed-rank test.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lcbench.analysis import style
from lcbench.analysis.figures import _lines as lines
from lcbench.analysis.figures.contract import NothingToDrawError
from lcbench.analysis.provenance import check_same_table
from lcbench.simulate.study import statistics
from lcbench.simulate.study.regret import scores
from lcbench.table.benchmark import Benchmark

_ROW = 0.17  # inches
_LEAST = 0.001


def frame(bench: Benchmark, metric: str | None, traces: pd.DataFrame) -> pd.DataFrame:
    """The mean ranks.

    Args:
        bench: The table on which the study was run.
        metric: Name of the metric that was optimized; by default the table's objective.
        traces: From :func:`lcbench.simulate.study.study`, one row per result.

    Returns:
        One row per optimizer, best first: ``optimizer``, ``rank``, ``critical_difference``, ``friedman_p`` (NaN for two
        optimizers, for which there is no such test), ``wilcoxon_p`` (NaN for more than two) and ``datasets``.

    Raises:
        NothingToDrawError: If there is one optimizer or one data set.
        InputError: If the study was run on another table or metric.
    """
    check_same_table(traces, bench, metric)
    lines.need_two_optimizers(traces)
    last = scores(traces)
    datasets, optimizers = last.shape
    if datasets < 2:
        raise NothingToDrawError(f"it tests over data sets, and this study has one ({last.index[0]}).")
    mean = statistics.ranks(last).mean().sort_values(kind="stable")
    return pd.DataFrame({"optimizer": mean.index, "rank": mean.to_numpy()}).assign(
        critical_difference=statistics.critical_difference(optimizers, datasets),
        friedman_p=statistics.friedman(last) if optimizers > 2 else np.nan,
        wilcoxon_p=np.nan if optimizers > 2 else statistics.signed_rank(*last.to_numpy().T),
        datasets=datasets,
    )


def draw(frame: pd.DataFrame) -> Figure:
    """An axis of ranks, wider for many; the better half of the names on its left, the others on its right."""
    mean, difference = frame.set_index("optimizer")["rank"], float(frame["critical_difference"].iloc[0])
    bars = statistics.cliques(mean, difference)
    half = -(-len(mean) // 2)
    rows = 0.9 + 0.6 * len(bars) + half
    with style.look():
        figure = style.figure(style.PAGE if len(mean) > lines.MOST else style.COLUMN * 1.4, 0.5 + _ROW * (rows + 2.0))
        panel = figure.subplots()
        _axis(panel, len(mean), rows)
        _difference(panel, difference, len(mean))
        for i, (low, high) in enumerate(bars):
            panel.plot(
                [low - 0.03, high + 0.03], [0.8 + 0.6 * i] * 2, color="black", linewidth=2.4, solid_capstyle="butt"
            )
        for i, (name, rank) in enumerate(mean.items()):
            left = i < half
            row = 1.2 + 0.6 * len(bars) + (i if left else len(mean) - 1 - i)
            _name(panel, str(name), float(rank), row, (0.6 if left else len(mean) + 0.4))
        panel.set_xlabel(_text(frame), fontsize=7)
    return figure


def _axis(panel: Axes, optimizers: int, rows: float) -> None:
    """Ranks along the top, nothing else."""
    panel.set_xlim(0.6, optimizers + 0.4)
    panel.set_ylim(rows, -2.0)
    panel.spines[["left", "bottom"]].set_visible(False)
    panel.grid(visible=False)
    panel.set_yticks([])
    panel.set_xticks([])
    panel.plot([1, optimizers], [0, 0], color="black", linewidth=0.8)
    for rank in range(1, optimizers + 1):
        panel.plot([rank, rank], [0, -0.25], color="black", linewidth=0.8)
        panel.text(rank, -0.35, str(rank), ha="center", va="bottom", fontsize=7)


def _difference(panel: Axes, difference: float, optimizers: int) -> None:
    """The critical difference as a length, from rank 1; one longer than the axis is only named."""
    shown = min(difference, optimizers - 1.0)
    panel.plot([1, 1 + shown], [-1.3, -1.3], color="black", linewidth=0.8, marker="|", markersize=6)
    text = f"critical difference {difference:.2f}"
    panel.text(1, -1.6, text, ha="left", va="bottom", fontsize=7)


def _name(panel: Axes, name: str, rank: float, row: float, side: float) -> None:
    """An optimizer: from its place on the axis down, then out to its name."""
    panel.plot([rank, rank, side], [0, row, row], color=style.GREY, linewidth=0.7, zorder=0)
    left = side < rank
    text = f"{name}  {rank:.2f} " if left else f" {rank:.2f}  {name}"
    panel.text(side, row, text, ha="right" if left else "left", va="center", fontsize=7, clip_on=False)


def _text(frame: pd.DataFrame) -> str:
    """Write the text below the axis."""
    test = "wilcoxon" if len(frame) == 2 else "friedman"
    p = float(frame[f"{test}_p"].iloc[0])
    said = f"{test.capitalize()}'s p {'< 0.001' if p < _LEAST else f'= {p:.3f}'}"
    return f"mean rank over {int(frame['datasets'].iloc[0])} data sets (1 is best)\n{said}"
