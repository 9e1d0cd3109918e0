"""Figure 10. What a portfolio brings: BOHB without one, with the simple and with the greedy one.

Test error (1 - accuracy) of the network that is best on the validation rows so far, against wall-clock time: mean over
the seeds as a line, standard deviation shaded. The simple portfolio is all incumbents of the meta-training data sets,
the greedy one 16 of them that together do well (section 3.6). A line begins when every seed has a network.
"""

import pandas as pd
from matplotlib.figure import Figure

from lcbench.analysis.figures.panels import draw_panels
from lcbench.analysis.systems import network_of, trajectories


def frame(systems: pd.DataFrame) -> pd.DataFrame:
    """The errors.

    Args:
        systems: A study, see :mod:`lcbench.simulate.study.systems.file`.

    Returns:
        The columns of :func:`lcbench.analysis.systems.trajectories`.

    Raises:
        NothingToDrawError: If the study has fewer than two of the three.
    """
    return trajectories(systems, map(network_of, ("bohb", "bohb-simple", "bohb-greedy")))


def draw(frame: pd.DataFrame) -> Figure:
    """A panel for each data set."""
    return draw_panels(frame)
