"""Figure 16. The full system against other systems and the baselines.

Test error (1 - accuracy) against wall-clock time: mean over the seeds as a line, standard deviation shaded. Baselines
are those of the full system's runs, dashed from when they are done; they and the peers are fitted once, so their lines
are flat. The paper's competitors are Auto-Keras, auto-sklearn, hyperopt-sklearn, Auto-Net 2.0 and AutoGluon.
"""

import pandas as pd
from matplotlib.figure import Figure

from lcbench.analysis.figures.panels import draw_panels
from lcbench.analysis.systems import BASELINES, FULL, baseline_lines, peer_lines, trajectories


def frame(systems: pd.DataFrame) -> pd.DataFrame:
    """The errors.

    Args:
        systems: A study, see :mod:`lcbench.simulate.study.systems.file`.

    Returns:
        The columns of :func:`lcbench.analysis.systems.trajectories`.

    Raises:
        NothingToDrawError: If the study has fewer than two of them.
    """
    return trajectories(systems, [FULL, *peer_lines(systems), *baseline_lines()])


def draw(frame: pd.DataFrame) -> Figure:
    """A panel for each data set."""
    return draw_panels(frame, frozenset(BASELINES.values()))
