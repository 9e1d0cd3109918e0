"""Table 4. Accuracy on the test rows after the time limit, and its deviation over the seeds.

"full" is the full system (baselines, networks from the greedy portfolio by BOHB, and the ensemble of both), "networks"
the ensemble of its networks alone, "w/o ens." the best of all its models by the validation rows. Baselines are those of
the same runs. The best of what was run here, and what is without sufficient evidence of being worse (Welch's t-test at
0.05), is bold. The paper's numbers (1 hour on 6 cores) stand beside them where it has the data set; no test is made
against these.
"""

import re

import pandas as pd
from matplotlib.figure import Figure

from analysis import style, table4

_ROW = 0.2  # inches
_FIRST = 0.11  # of the width
_SMALL = 5.5
_NOTE = "bold: the best here, and what Welch's t-test at 0.05 does not find worse (no test with a single seed)"


def frame(systems: pd.DataFrame) -> pd.DataFrame:
    """The numbers.

    Args:
        systems: A study, see :mod:`simulate.ablation.file`.

    Returns:
        See :func:`analysis.table4.numbers`.

    Raises:
        NothingToDrawError: If the study has no runs of the full system.
    """
    return table4.numbers(systems)


def draw(frame: pd.DataFrame) -> Figure:
    """The table as a picture, with lines above and below as in a paper."""
    names, rows = table4.header(frame), table4.cells(frame)
    with style.look():
        figure = Figure(figsize=(style.PAGE, _ROW * (len(rows) + 4)))
        page = figure.add_axes((0, 0, 1, 1))
        page.set_axis_off()
        page.set_ylim(len(rows) + 4, 0)
        page.set_xlim(0, 1)
        page.text(0.01, 0.7, table4.title(frame), fontsize=_SMALL + 1)
        edges = [_FIRST + (0.99 - _FIRST) * (i + 1) / len(names) for i in range(len(names))]
        for edge, name in zip(edges, names, strict=True):
            page.text(edge, 2.3, _folded(name), ha="right", va="bottom", fontsize=_SMALL, linespacing=1.0)
        for line in (1.0, 2.45, len(rows) + 2.7):
            page.plot([0.01, 0.99], [line, line], color="black", linewidth=0.6)
        for number, (dataset, cells) in enumerate(rows, start=3):
            page.text(0.01, number + 0.2, dataset, fontsize=_SMALL)
            for edge, (said, bold) in zip(edges, cells, strict=True):
                weight = "bold" if bold else "normal"
                page.text(edge, number + 0.2, said, ha="right", fontsize=_SMALL, fontweight=weight)
        figure.supxlabel(_NOTE, fontsize=_SMALL, color=style.GREY)
    return figure


def _folded(name: str) -> str:
    """A long name on two lines."""
    for cut in (": ", " "):
        if len(name) > 9 and cut in name:
            return name.replace(cut, cut.rstrip() + "\n", 1)
    return re.sub(r"(?<=[a-z])(?=[A-Z][a-z]+$)", "-\n", name) if len(name) > 13 else name
