"""One figure per file: ``frame(...)`` gives its numbers, ``draw(frame)`` its picture, its docstring is the caption.

A new figure is one file here and one line in :data:`FIGURES`.
"""

from analysis.figures.contract import FigureSpec

FIGURES: dict[str, FigureSpec] = {
    "curves": FigureSpec("analysis.figures.curves"),
    "fig5": FigureSpec("analysis.figures.fig5"),
    "regret": FigureSpec("analysis.figures.regret", needs_traces=True),
}
"""All figures by name, in the order in which they are drawn."""
