"""Answers the paper's questions on any benchmark folder, and draws its figures.

>>> import analysis, lcbench
>>> bench = lcbench.load("DIR")
>>> analysis.table3(analysis.budget_correlation(bench))

Names are imported when they are first used, so that the command line answers at once.
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "correlation": ["budget_correlation", "spearman", "table3"],
        "figures": ["FIGURES"],
        "regret": ["anytime_regret", "best_losses"],
    },
)

if TYPE_CHECKING:
    from analysis.correlation import budget_correlation as budget_correlation
    from analysis.correlation import spearman as spearman
    from analysis.correlation import table3 as table3
    from analysis.figures import FIGURES as FIGURES
    from analysis.regret import anytime_regret as anytime_regret
    from analysis.regret import best_losses as best_losses
