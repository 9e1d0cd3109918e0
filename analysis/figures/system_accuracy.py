"""Table 4. Accuracy on the test rows after the time limit, and its deviation over the seeds.

"full" is the full system (baselines, networks from the greedy portfolio by BOHB, and the ensemble of both), "networks"
the ensemble of its networks alone, "w/o ens." the best of all its models by the validation rows. Baselines are those of
the same runs. The best of what was run here, and what is without sufficient evidence of being worse (Welch's t-test at
0.05), is bold. The paper's numbers (1 hour on 6 cores) stand beside them where it has the data set; no test is made
against these.
"""

import pandas as pd
from matplotlib.figure import Figure

from lcbench.analysis import style
from lcbench.analysis.systems import HERE, header, numbers, title
from lcbench.analysis.systems import cells as cell_texts

_ROW = 0.18  # inches
_FIRST = 1.35  # inches, of the systems' names
_CELL = 0.85  # inches
_SMALL = 6.5
_SEEDS = 3  # with fewer a t-test has hardly any power
_NOTE = "bold: the best here, and what Welch's t-test at 0.05 does not find worse (no test with a single seed)"


def frame(systems: pd.DataFrame) -> pd.DataFrame:
    """The numbers.

    Args:
        systems: A study, see :mod:`lcbench.simulate.study.systems.file`.

    Returns:
        See :func:`lcbench.analysis.systems.numbers`.

    Raises:
        NothingToDrawError: If the study has no runs of the full system.
    """
    return numbers(systems)


def draw(frame: pd.DataFrame) -> Figure:
    """The table as a picture, a row for each system, with lines above and below as in a paper."""
    names, columns = header(frame), cell_texts(frame)
    width = max(style.PAGE, _FIRST + _CELL * len(columns))
    edges = [width - (width - _FIRST) * i / len(columns) for i in reversed(range(len(columns)))]
    with style.look():
        figure = Figure(figsize=(width, _ROW * (len(names) + 4)))  # a table is as wide as its text
        page = figure.add_axes((0, 0, 1, 1))
        page.set_axis_off()
        page.set_xlim(-0.1, width + 0.1)
        page.set_ylim(len(names) + 4, 0)
        page.text(0, 0.8, title(frame), fontsize=_SMALL + 0.5)
        for line in (1.1, 2.3, len(names) + 2.7):
            page.plot([0, width], [line, line], color="black", linewidth=0.6)
        for row, name in enumerate(names, start=3):
            page.text(0, row + 0.2, name, fontsize=_SMALL)
        for edge, (dataset, cells) in zip(edges, columns, strict=True):
            page.text(edge, 1.9, dataset, ha="right", fontsize=_SMALL)
            for row, (said, bold) in enumerate(cells, start=3):
                weight = "bold" if bold else "normal"
                page.text(edge, row + 0.2, said, ha="right", fontsize=_SMALL, fontweight=weight)
        few = frame.loc[frame["source"] == HERE, "seeds"].min()
        more = f"; with {few:g} seeds it finds hardly any" if 1 < few < _SEEDS else ""
        figure.supxlabel(_NOTE + more, fontsize=_SMALL - 0.5, color=style.GREY)
    return figure
