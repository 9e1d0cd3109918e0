"""Figure 11. Ensembles: baselines alone, networks alone, and both, beside the best network by itself.

Test error (1 - accuracy) against wall-clock time: mean over the seeds as a line, standard deviation shaded. "BOHB +
greedy PF" is its best network, "+ Ens." the greedy ensemble of its networks, "+ Ens. (div.)" the full system: baselines
first, then networks, and an ensemble of both. The baselines' ensemble and the best of them (by the validation rows) are
those of the full system's runs. A line begins when every seed has a model.
"""

import pandas as pd
from matplotlib.figure import Figure

from lcbench.analysis.figures.panels import draw_panels
from lcbench.analysis.systems import FULL, NETWORKS, Line, network_of, trajectories

LINES = (
    network_of("bohb-greedy"),
    NETWORKS,
    FULL,
    Line("Ensemble of baselines", "full", "baselines"),
    Line("Best baseline", "full", "baseline"),
)


def frame(systems: pd.DataFrame) -> pd.DataFrame:
    """The errors.

    Args:
        systems: A study, see :mod:`lcbench.simulate.study.systems.file`.

    Returns:
        The columns of :func:`lcbench.analysis.systems.trajectories`.

    Raises:
        NothingToDrawError: If the study has fewer than two of them.
    """
    return trajectories(systems, LINES)


def draw(frame: pd.DataFrame) -> Figure:
    """A panel for each data set."""
    return draw_panels(frame, frozenset({LINES[-1].title}))
