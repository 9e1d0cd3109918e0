"""Share of the best configurations that survive an early cut.

The best are the tenth of the configurations that is best after the last step of the largest budget. A cut after the
steps on the x axis keeps the best tenth, third or half (successive halving with eta 3 keeps a third, with eta 2 a
half). Lines: cuts along the curves of the largest budget (non-adaptive schedule), mean over data sets; bands: the
quartiles of the data sets. Marks: cuts at the end of the shorter budgets' own runs (adaptive schedule). Dotted: a
random cut.
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from lcbench.analysis import style
from lcbench.analysis.correlation import ADAPTIVE, NON_ADAPTIVE
from lcbench.analysis.figures.contract import NothingToDrawError, check_curves, label_of, labelled
from lcbench.analysis.generality import is_complete
from lcbench.analysis.survivors import FINAL, best_survivors
from lcbench.table.benchmark import Benchmark

_LEAST = round(1 / FINAL)


def frame(bench: Benchmark, metric: str | None = None) -> pd.DataFrame:
    """The shares that survive, as :func:`lcbench.analysis.survivors.best_survivors` gives them.

    Args:
        bench: The table.
        metric: Name of a metric; by default the table's objective.

    Returns:
        The columns ``dataset, schedule, epoch, keep, overlap``, and :data:`lcbench.analysis.figures.contract.LABELS`.

    Raises:
        NothingToDrawError: If there are fewer than ten configurations with all their runs on a data set, or runs
            have one step.
    """
    check_curves(bench)
    least = min(int(is_complete(bench, dataset).sum()) for dataset in bench.datasets)
    if least < _LEAST:
        raise NothingToDrawError(f"a tenth needs at least {_LEAST} configurations with all runs, there are {least}.")
    return labelled(best_survivors(bench, metric), bench, metric)


def draw(frame: pd.DataFrame) -> Figure:
    """A line with its band for each share that is kept."""
    with style.look():
        figure = style.figure(style.COLUMN, 2.9)
        panel = figure.subplots()
        for i, (keep, rows) in enumerate(frame.groupby("keep")):
            _line(panel, rows, i, float(keep))  # type: ignore[arg-type]  # pandas types group keys as objects
        cut = f"{label_of(frame, 'fidelity')} at the cut"
        panel.set(xlabel=cut, ylabel="share of the final best tenth kept", ylim=(0, 1.02))
        panel.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        panel.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        figure.legend(loc="outside upper center", ncols=3, title="the cut keeps the best")
        _kinds(figure, own_runs=bool((frame["schedule"] == ADAPTIVE).any()))
    return figure


def _kinds(figure: Figure, *, own_runs: bool) -> None:
    """What lines, marks and dots are, in black."""
    kinds: dict[str, dict[str, Any]] = {
        "on a curve": {"linestyle": "-"},
        "end of a shorter run": {"linestyle": "none", "marker": style.MARKERS[0]},
        "random cut": {"linestyle": ":", "linewidth": 0.8},
    }
    if not own_runs:
        del kinds["end of a shorter run"]
    keys = [Line2D([], [], color="black", label=name, **look) for name, look in kinds.items()]
    figure.legend(handles=keys, loc="outside lower center", ncols=len(keys), fontsize="x-small", columnspacing=1.0)


def _line(panel: Axes, rows: pd.DataFrame, index: int, keep: float) -> None:
    """One share: line, band, marks and what chance would keep."""
    colour = style.colour(index)
    groups = rows[rows["schedule"] == NON_ADAPTIVE].groupby("epoch")["overlap"]
    middle = groups.mean()
    label = f"{100 * keep:.0f} %"
    panel.plot(middle.index, middle, color=colour, linestyle=style.DASHES[index % 3], label=label)
    low, high = groups.quantile(0.25), groups.quantile(0.75)
    panel.fill_between(middle.index, low, high, color=colour, alpha=0.15, linewidth=0)
    own = rows[rows["schedule"] == ADAPTIVE].groupby("epoch")["overlap"].mean()
    panel.plot(own.index, own, style.MARKERS[index], color=colour, markeredgecolor="white", markeredgewidth=0.4)
    panel.axhline(keep, color=colour, linestyle=":", linewidth=0.8)
