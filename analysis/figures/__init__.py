"""One figure per file: ``frame(...)`` gives its numbers, ``draw(frame)`` its picture, its docstring is the caption.

A new figure is one file here and one line in :data:`FIGURES`.
"""

from analysis.figures.contract import FigureSpec
from analysis.figures.contract import NothingToDrawError as NothingToDrawError

FIGURES: dict[str, FigureSpec] = {
    "curves": FigureSpec("analysis.figures.curves"),
    "fig3": FigureSpec("analysis.figures.fig3"),
    "fig4": FigureSpec("analysis.figures.fig4"),
    "fig5": FigureSpec("analysis.figures.fig5"),
    "epoch_map": FigureSpec("analysis.figures.epoch_map"),
    "overlap": FigureSpec("analysis.figures.overlap"),
    "fig14": FigureSpec("analysis.figures.fig14"),
    "baselines": FigureSpec("analysis.figures.baselines"),
    "fig6": FigureSpec("analysis.figures.fig6"),
    "fig7": FigureSpec("analysis.figures.fig7"),
    "fig8": FigureSpec("analysis.figures.fig8"),
    "marginals": FigureSpec("analysis.figures.marginals"),
    "pair": FigureSpec("analysis.figures.pair"),
    "ablation": FigureSpec("analysis.figures.ablation"),
    "regret": FigureSpec("analysis.figures.regret", needs_traces=True),
    "regret_evaluations": FigureSpec("analysis.figures.regret_evaluations", needs_traces=True),
    "rank": FigureSpec("analysis.figures.rank", needs_traces=True),
    "critical_difference": FigureSpec("analysis.figures.critical_difference", needs_traces=True),
    "time_to_target": FigureSpec("analysis.figures.time_to_target", needs_traces=True),
    "ensembles": FigureSpec("analysis.figures.ensembles", needs_traces=True),
    "fig9": FigureSpec("analysis.figures.fig9", needs_systems=True),
    "fig10": FigureSpec("analysis.figures.fig10", needs_systems=True),
    "fig11": FigureSpec("analysis.figures.fig11", needs_systems=True),
    "fig12": FigureSpec("analysis.figures.fig12", needs_systems=True),
    "fig15": FigureSpec("analysis.figures.fig15", needs_systems=True),
    "fig16": FigureSpec("analysis.figures.fig16", needs_systems=True),
    "table4": FigureSpec("analysis.figures.table4", needs_systems=True),
}
"""All figures by name, in the order in which they are drawn."""
