"""Answers the paper's questions on any benchmark folder, and draws its figures.

>>> import lcbench
>>> from lcbench import analysis
>>> bench = lcbench.load("DIR")
>>> analysis.table3(analysis.budget_correlation(bench))
>>> regrets = analysis.relative_regret(analysis.performance_matrix(bench), bench.metric())
>>> analysis.portfolio_frame(regrets, size=16)

It may use :mod:`lcbench` and :mod:`lcbench.simulate`, and neither trains nor simulates by itself. Names are imported
when they are first used, so that the command line answers at once.
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "anytime": ["anytime_regret", "best_losses"],
        "paper_comparison": ["paper_comparison"],
        "correlation": ["budget_correlation", "epoch_correlation", "spearman", "table3"],
        "figures": ["FIGURES"],
        "generality": ["best_configurations", "performance_matrix", "relative_regret"],
        "portfolio": ["greedy_portfolio", "leave_one_out", "portfolio_frame", "portfolio_regret", "simple_portfolio"],
        "survivors": ["best_survivors"],
    },
)

if TYPE_CHECKING:
    from lcbench.analysis.anytime import anytime_regret as anytime_regret
    from lcbench.analysis.anytime import best_losses as best_losses
    from lcbench.analysis.correlation import budget_correlation as budget_correlation
    from lcbench.analysis.correlation import epoch_correlation as epoch_correlation
    from lcbench.analysis.correlation import spearman as spearman
    from lcbench.analysis.correlation import table3 as table3
    from lcbench.analysis.figures import FIGURES as FIGURES
    from lcbench.analysis.generality import best_configurations as best_configurations
    from lcbench.analysis.generality import performance_matrix as performance_matrix
    from lcbench.analysis.generality import relative_regret as relative_regret
    from lcbench.analysis.paper_comparison import paper_comparison as paper_comparison
    from lcbench.analysis.portfolio import greedy_portfolio as greedy_portfolio
    from lcbench.analysis.portfolio import leave_one_out as leave_one_out
    from lcbench.analysis.portfolio import portfolio_frame as portfolio_frame
    from lcbench.analysis.portfolio import portfolio_regret as portfolio_regret
    from lcbench.analysis.portfolio import simple_portfolio as simple_portfolio
    from lcbench.analysis.survivors import best_survivors as best_survivors
