"""Studies: optimizers x data sets x seeds, each cell simulated by itself.

:func:`study` plays all cells, in this process or in several, and goes on where an interrupted one stopped. Its traces,
one row per result, are what :mod:`lcbench.simulate.study.regret` and the figures of :mod:`analysis` start from;
:func:`write` and :func:`read` keep them as one Parquet file.
"""

from lcbench.simulate.study.cell import cell_rng
from lcbench.simulate.study.empty import is_empty, results
from lcbench.simulate.study.file import COLUMNS, optimized, read, write
from lcbench.simulate.study.limit import Limit, parse_budget
from lcbench.simulate.study.plan import Cell, Plan
from lcbench.simulate.study.running import study

__all__ = [
    "COLUMNS",
    "Cell",
    "Limit",
    "Plan",
    "cell_rng",
    "is_empty",
    "optimized",
    "parse_budget",
    "read",
    "results",
    "study",
    "write",
]
