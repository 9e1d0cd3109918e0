"""Figure 9. Bayesian optimization (BO) against BOHB, by the best network of each.

Test error (1 - accuracy) of the network that is best on the validation rows so far, against wall-clock time: mean over
the seeds as a line, standard deviation shaded. BO is BOHB's model without its smaller budgets: every network is trained
for the largest. A line begins when every seed has a network. The test rows decide nothing.
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
        NothingToDrawError: If the study lacks one of both.
    """
    return trajectories(systems, map(network_of, ("bo", "bohb")))


def draw(frame: pd.DataFrame) -> Figure:
    """A panel for each data set."""
    return draw_panels(frame)
