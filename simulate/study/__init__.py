"""Studies: optimizers x data sets x seeds, each simulated by itself.

:func:`study` plays all simulations, in this process or in several, and resumes where an interrupted one stopped. Its
traces, one row per result, are what :mod:`lcbench.simulate.study.regret` and the figures of :mod:`analysis` start from;
:func:`write` and :func:`read` keep them as one Parquet file.
"""

from lcbench.simulate.study.file import COLUMNS, is_empty, optimized, read, results, write
from lcbench.simulate.study.limit import Limit, parse_budget
from lcbench.simulate.study.plan import SimulationTask, StudyPlan
from lcbench.simulate.study.player import cell_rng
from lcbench.simulate.study.running import study

__all__ = [
    "COLUMNS",
    "Limit",
    "SimulationTask",
    "StudyPlan",
    "cell_rng",
    "is_empty",
    "optimized",
    "parse_budget",
    "read",
    "results",
    "study",
    "write",
]
