"""Figure 12. Several workers against one.

Test error (1 - accuracy) against wall-clock time of the same system with different numbers of workers: mean over the
seeds as a line, standard deviation shaded. Shown is plain BOHB, as in the paper, by its best network; where a study has
only another system with several numbers of workers, that one. A line begins when every seed has a model.
"""

import pandas as pd
from matplotlib.figure import Figure

from lcbench.analysis.figures.contract import NothingToDrawError
from lcbench.analysis.figures.panels import draw_panels
from lcbench.analysis.systems import FULL, Line, network_of, trajectories

_ORDER = (network_of("bohb"), network_of("bohb-greedy"), FULL, network_of("bohb-simple"), network_of("bo"))


def frame(systems: pd.DataFrame) -> pd.DataFrame:
    """The errors.

    Args:
        systems: A study, see :mod:`lcbench.simulate.study.systems.file`.

    Returns:
        The columns of :func:`lcbench.analysis.systems.trajectories`, on the data sets that have been run with each
        number.

    Raises:
        NothingToDrawError: If no system was run with more than one number of workers.
    """
    for line in _ORDER:
        own = systems[systems["system"] == line.system]
        each = own.groupby("dataset")["workers"].unique()
        numbers = sorted(own["workers"].unique())
        shared = each.index[each.map(len) == len(numbers)]
        if len(numbers) > 1 and len(shared):
            there = systems[systems["dataset"].isin(shared)]
            return trajectories(there, [_with(line, int(number)) for number in numbers])
    raise NothingToDrawError(
        "it compares numbers of workers, and no system of this study has been run with two on one data set; run "
        "'lcbench study' with --systems bohb --workers 1,3."
    )


def _with(line: Line, workers: int) -> Line:
    return Line(f"{line.title}, {workers} worker{'s' * (workers > 1)}", line.system, line.view, workers)


def draw(frame: pd.DataFrame) -> Figure:
    """A panel for each data set."""
    return draw_panels(frame)
