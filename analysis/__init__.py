"""Answers the paper's questions on any benchmark folder, and draws its figures.

>>> import analysis, lcbench
>>> bench = lcbench.load("DIR")
>>> analysis.table3(analysis.budget_correlation(bench))
>>> regrets = analysis.relative_regret(analysis.performance_matrix(bench), "valid_accuracy")
>>> analysis.portfolio_frame(regrets, size=16)

Names are imported when they are first used, so that the command line answers at once.
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "comparison": ["compare"],
        "correlation": ["budget_correlation", "spearman", "table3"],
        "epochs": ["epoch_correlation"],
        "figures": ["FIGURES"],
        "generality": ["best_configurations"],
        "performance": ["performance_matrix", "relative_regret"],
        "portfolio": ["greedy_portfolio", "leave_one_out", "portfolio_frame", "portfolio_regret", "simple_portfolio"],
        "regret": ["anytime_regret", "best_losses"],
        "survivors": ["best_survivors"],
    },
)

if TYPE_CHECKING:
    from analysis.comparison import compare as compare
    from analysis.correlation import budget_correlation as budget_correlation
    from analysis.correlation import spearman as spearman
    from analysis.correlation import table3 as table3
    from analysis.epochs import epoch_correlation as epoch_correlation
    from analysis.figures import FIGURES as FIGURES
    from analysis.generality import best_configurations as best_configurations
    from analysis.performance import performance_matrix as performance_matrix
    from analysis.performance import relative_regret as relative_regret
    from analysis.portfolio import greedy_portfolio as greedy_portfolio
    from analysis.portfolio import leave_one_out as leave_one_out
    from analysis.portfolio import portfolio_frame as portfolio_frame
    from analysis.portfolio import portfolio_regret as portfolio_regret
    from analysis.portfolio import simple_portfolio as simple_portfolio
    from analysis.regret import anytime_regret as anytime_regret
    from analysis.regret import best_losses as best_losses
    from analysis.survivors import best_survivors as best_survivors
