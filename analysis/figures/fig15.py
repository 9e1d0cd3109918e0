"""Figure 15. All components together, on every data set.

Test error (1 - accuracy) against wall-clock time: mean over the seeds as a line, standard deviation shaded. From BO one
component after the other is added: smaller budgets (BOHB), a portfolio, an ensemble of networks, baselines among them
("div.", the full system). The baselines by themselves, as the full system has fitted them, are dashed. A line
begins when every seed has a model.
"""

import pandas as pd
from matplotlib.figure import Figure

from lcbench.analysis.figures.panels import draw_panels
from lcbench.analysis.systems import BASELINES, FULL, NETWORKS, baseline_lines, network_of, trajectories


def frame(systems: pd.DataFrame) -> pd.DataFrame:
    """The errors.

    Args:
        systems: A study, see :mod:`lcbench.simulate.study.systems.file`.

    Returns:
        The columns of :func:`lcbench.analysis.systems.trajectories`.

    Raises:
        NothingToDrawError: If the study has fewer than two of them.
    """
    searches = map(network_of, ("bo", "bohb", "bohb-simple", "bohb-greedy"))
    return trajectories(systems, [*searches, NETWORKS, FULL, *baseline_lines()])


def draw(frame: pd.DataFrame) -> Figure:
    """A panel for each data set."""
    return draw_panels(frame, frozenset(BASELINES.values()))
