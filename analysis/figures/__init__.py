"""One figure per file: ``frame(...)`` gives its numbers, ``draw(frame)`` its picture, its docstring is the caption.

A new figure is one file here and one line in :data:`FIGURES`.
"""

from lcbench.analysis.figures.contract import FigureSpec
from lcbench.analysis.figures.contract import NothingToDrawError as NothingToDrawError

FIGURES: dict[str, FigureSpec] = {
    "curves": FigureSpec("lcbench.analysis.figures.curves"),
    "fig3": FigureSpec("lcbench.analysis.figures.performance"),
    "fig4": FigureSpec("lcbench.analysis.figures.portfolio_size"),
    "fig5": FigureSpec("lcbench.analysis.figures.budget_correlation"),
    "epoch_map": FigureSpec("lcbench.analysis.figures.epoch_map"),
    "overlap": FigureSpec("lcbench.analysis.figures.overlap"),
    "fig14": FigureSpec("lcbench.analysis.figures.dataset_sizes"),
    "baselines": FigureSpec("lcbench.analysis.figures.baselines"),
    "fig6": FigureSpec("lcbench.analysis.figures.importance"),
    "fig7": FigureSpec("lcbench.analysis.figures.pooled_correlation"),
    "fig8": FigureSpec("lcbench.analysis.figures.importance_ranking"),
    "marginals": FigureSpec("lcbench.analysis.figures.marginals"),
    "pair": FigureSpec("lcbench.analysis.figures.pair"),
    "ablation": FigureSpec("lcbench.analysis.figures.ablation"),
    "regret": FigureSpec("lcbench.analysis.figures.regret", needs_traces=True),
    "regret_evaluations": FigureSpec("lcbench.analysis.figures.regret_evaluations", needs_traces=True),
    "rank": FigureSpec("lcbench.analysis.figures.rank", needs_traces=True),
    "critical_difference": FigureSpec("lcbench.analysis.figures.critical_difference", needs_traces=True),
    "time_to_target": FigureSpec("lcbench.analysis.figures.time_to_target", needs_traces=True),
    "ensembles": FigureSpec("lcbench.analysis.figures.ensembles", needs_traces=True),
    "fig9": FigureSpec("lcbench.analysis.figures.fig9", needs_systems=True),
    "fig10": FigureSpec("lcbench.analysis.figures.fig10", needs_systems=True),
    "fig11": FigureSpec("lcbench.analysis.figures.fig11", needs_systems=True),
    "fig12": FigureSpec("lcbench.analysis.figures.fig12", needs_systems=True),
    "fig15": FigureSpec("lcbench.analysis.figures.fig15", needs_systems=True),
    "fig16": FigureSpec("lcbench.analysis.figures.fig16", needs_systems=True),
    "table4": FigureSpec("lcbench.analysis.figures.table4", needs_systems=True),
}
"""All figures by name, in the order in which they are drawn."""
