"""The figures: each gives its numbers with ``frame(...)``, its picture with ``draw(frame)``, its caption as docstring.

A figure is a module of this folder, or a class in one where several figures share their lines and axes, and one line in
:data:`FIGURES`. It may use :mod:`lcbench.analysis`, studies of :mod:`lcbench.simulate` and :mod:`lcbench.table`.
"""

from collections.abc import Iterable

from lcbench.analysis.figures.contract import FigureSpec, NothingToDrawError, chosen

__all__ = ["ALIASES", "FIGURES", "FigureSpec", "NothingToDrawError", "figure_names"]

FIGURES: dict[str, FigureSpec] = {
    "curves": FigureSpec("curves"),
    "performance": FigureSpec("performance"),
    "portfolio_size": FigureSpec("portfolio_size"),
    "budget_correlation": FigureSpec("budget_correlation"),
    "epoch_map": FigureSpec("epoch_map"),
    "overlap": FigureSpec("overlap"),
    "dataset_sizes": FigureSpec("dataset_sizes"),
    "baselines": FigureSpec("baselines"),
    "importance": FigureSpec("importance"),
    "pooled_correlation": FigureSpec("pooled_correlation"),
    "importance_ranking": FigureSpec("importance_ranking"),
    "marginals": FigureSpec("marginals"),
    "pair": FigureSpec("pair"),
    "ablation": FigureSpec("ablation"),
    "regret": FigureSpec("optimizers:Regret", needs_traces=True),
    "test_regret": FigureSpec("optimizers:TestedRegret", needs_traces=True),
    "regret_evaluations": FigureSpec("optimizers:RegretOverEvaluations", needs_traces=True),
    "hypervolume": FigureSpec("hypervolume", needs_traces=True),
    "pareto_front": FigureSpec("pareto_front", needs_traces=True),
    "rank": FigureSpec("optimizers:Rank", needs_traces=True),
    "critical_difference": FigureSpec("critical_difference", needs_traces=True),
    "time_to_target": FigureSpec("optimizers:TimeToTarget", needs_traces=True),
    "ensembles": FigureSpec("ensembles", needs_traces=True),
    "one_shot": FigureSpec("one_shot", needs_searches=True),
    "multi_fidelity": FigureSpec("systems:MultiFidelity", needs_systems=True, replayed="replayed:MultiFidelity"),
    "portfolios": FigureSpec("systems:Portfolios", needs_systems=True, replayed="replayed:Portfolios"),
    "system_ensembles": FigureSpec("systems:Ensembles", needs_systems=True),
    "workers": FigureSpec("systems:Workers", needs_systems=True, replayed="replayed:Workers"),
    "multi_fidelity_portfolios": FigureSpec("replayed:MultiFidelityPortfolios", needs_traces=True),
    "components": FigureSpec("systems:Components", needs_systems=True),
    "competitors": FigureSpec("systems:Competitors", needs_systems=True),
    "system_accuracy": FigureSpec("system_accuracy", needs_systems=True),
}
"""All figures by name, in the order in which they are drawn."""

ALIASES = {
    "fig3": "performance",
    "fig4": "portfolio_size",
    "fig5": "budget_correlation",
    "fig6": "importance",
    "fig7": "pooled_correlation",
    "fig8": "importance_ranking",
    "fig9": "multi_fidelity",
    "fig10": "portfolios",
    "fig11": "system_ensembles",
    "fig12": "workers",
    "fig13": "one_shot",
    "fig14": "dataset_sizes",
    "fig15": "components",
    "fig16": "competitors",
    "fig17": "multi_fidelity_portfolios",
    "table4": "system_accuracy",
}
"""The paper's numbers for some of them, understood wherever a figure is named."""

_NUMBERS = {name: alias for alias, name in ALIASES.items()}
HELP = ", ".join(f"{name} ({_NUMBERS[name]})" if name in _NUMBERS else name for name in FIGURES)
"""All names, with their aliases in brackets, for the help of commands."""


def figure_names(text: str | None, known: Iterable[str] = FIGURES) -> list[str]:
    """The names in a list such as ``"fig5, regret"``, each once, aliases replaced; all known ones if None.

    Raises:
        UnknownNameError: If there is no such figure.
    """
    own = {name: name for name in known}
    every = own | {alias: name for alias, name in ALIASES.items() if name in own}
    names = chosen("figure", text, every) if text is not None else own
    return list(dict.fromkeys(every[name] for name in names))
