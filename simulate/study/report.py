"""Tables of a study, for people."""

from collections.abc import Iterator, Sequence
from math import floor, isnan, log10
from pathlib import Path
from shlex import join

import numpy as np
import pandas as pd
from rich.table import Table

from lcbench.console import table
from lcbench.simulate.study import statistics
from lcbench.simulate.study.objectives import measure_of, names_of
from lcbench.simulate.study.regret import FRACTIONS, normalized_regrets, scores
from lcbench.simulate.study.tested import overtuning, test_regrets

_WIDEST = 8  # more optimizers than this are not set against each other but all against the best
_SHORTER = 9.995  # per cent from which one digit after the point is enough
_SHORT_NAME = 20  # with these the table fits into 80 columns
_LEAST = 0.001
_NOISE = 1e-9  # shares below come from rounding
_FIXED = 0.0995  # per cent from which two decimals are two digits


def summary(traces: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Each optimizer in numbers.

    Args:
        traces: From :func:`lcbench.simulate.study.running.study`.
        rng: For the bootstrap.

    Returns:
        Index ``optimizer``, best mean rank first; a column for each of :data:`lcbench.simulate.study.regret.FRACTIONS`,
        the normalized regret at that fraction of the limit, mean over data sets and seeds; ``low`` and ``high``, the 95
        % bootstrap interval of the last of these over data sets (of a single one, over its seeds); ``rank``, the mean
        over data sets of the rank by mean regret over the seeds; and ``wins``, on how many data sets it is best.
    """
    regrets = normalized_regrets(traces, FRACTIONS)
    found = regrets.groupby("optimizer", sort=False).mean()
    for name, runs in regrets[FRACTIONS[-1]].groupby("optimizer", sort=False):
        low, high = statistics.bootstrap_interval(_units(runs), rng)
        found.loc[name, ["low", "high"]] = float(low), float(high)
    last = scores(traces)
    found = found.assign(rank=statistics.ranks(last).mean(), wins=statistics.wins(last))
    return found.sort_values("rank", kind="stable")


def _units(regrets: "pd.Series[float]") -> "pd.Series[float]":
    """The values of an optimizer's mean: those of its data sets, or of the seeds of the only one."""
    datasets = regrets.groupby("dataset", sort=False).mean()
    return datasets if len(datasets) > 1 else regrets


def summary_table(traces: pd.DataFrame, metric: str, rng: np.random.Generator) -> Table:
    """The study in one table; ``metric`` names what is optimized where there is one objective."""
    found = summary(traces, rng)
    datasets, seeds = traces["dataset"].nunique(), traces["seed"].nunique()
    over = f"{datasets} data sets" if datasets > 1 else f"{seeds} seed{'s' * (seeds > 1)}"
    columns = ["optimizer", *(f"{fraction:.0%}" for fraction in FRACTIONS), "interval", "rank", "wins"]
    rows = [
        [str(name), *map(_percent, row[:-4]), _interval(row[-4], row[-3]), f"{row[-2]:.2f}", f"{row[-1]:.1f}"]
        for name, row in zip(found.index, found.to_numpy().tolist(), strict=True)
    ]
    cells = f"{datasets} data set{'s' * (datasets > 1)} x {seeds} seed{'s' * (seeds > 1)}"
    objectives = " and ".join(names_of(traces))
    subject = f"{objectives}\n" if objectives else f"{metric} "
    title = (
        f"{measure_of(traces).capitalize()} of {subject}(0 best, 100 worst)\n"
        f"at shares of the budget, mean of {cells}; at its end:\n"
        f"95% bootstrap interval over {over}, mean rank, wins"
    )
    return whole_names(table(title, columns, rows))


def tested_table(traces: pd.DataFrame) -> Table:
    """What validation chose by the end, on the test part: test regret and overtuning beside the validation regret."""
    end = FRACTIONS[-1]
    views = {"validation": normalized_regrets, "test": test_regrets, "overtuning": overtuning}
    runs = pd.DataFrame({name: view(traces, (end,))[end] for name, view in views.items()})
    found = runs.groupby("optimizer", sort=False).mean().sort_values("validation", kind="stable")
    rows = [[str(name), *map(_percent, row)] for name, row in zip(found.index, found.to_numpy().tolist(), strict=True)]
    title = (
        "What validation chose, at the end: regret on\n"
        "validation and test part, overtuning (test\n"
        "loss above the lowest of its incumbents)"
    )
    return whole_names(table(title, ["optimizer", *views], rows))


def tests(traces: pd.DataFrame) -> Iterator[Table | str]:
    """The optimizers tested in pairs, or a line that says why they are not."""
    last = scores(traces)
    datasets = len(last)
    if last.shape[1] < 2:
        return
    if datasets == 1:
        yield from _over_seeds(traces)
        return
    if datasets < statistics.FEWEST:
        yield (
            f"No tests in pairs: with {datasets} data sets Wilcoxon's p cannot be below {2 ** (1 - datasets):.2g}; "
            f"they need at least {statistics.FEWEST}."
        )
        return
    if last.shape[1] > 2:
        p = statistics.friedman(last)
        yield f"Friedman's test that all optimizers rank alike over {datasets} data sets: p {_p(p)}."
    test = f"Wilcoxon's signed-rank test over {datasets} data sets"
    yield from _pairs(statistics.pairwise_tests(last), statistics.ranks(last).mean(), test)


def _over_seeds(traces: pd.DataFrame) -> Iterator[Table | str]:
    """One data set: its seeds are tested, which are not paired."""
    if traces["seed"].nunique() < 2:
        yield "No tests in pairs: there is one data set and one seed."
        return
    yield (
        "With one data set, Wilcoxon's signed-rank test over data sets cannot be done: the seeds are tested instead "
        "(rank-sum test), which says nothing of other data sets."
    )
    runs = normalized_regrets(traces, (1.0,))[1.0].groupby(["seed", "optimizer"], sort=False).first().unstack(1)  # noqa: PD010
    seeds = runs.reindex(columns=traces["optimizer"].unique())
    test = f"Wilcoxon's rank-sum test over {len(seeds)} seeds"
    yield from _pairs(statistics.pairwise_tests(seeds, paired=False), seeds.mean(), test)


def _pairs(pairs: pd.DataFrame, order: "pd.Series[float]", test: str) -> Iterator[Table | str]:
    """Corrected p values of all pairs, best first; of many optimizers only those against the best."""
    names = order.sort_values(kind="stable").index.tolist()
    p = {frozenset((row.first, row.second)): float(row.p_holm) for row in pairs.itertuples(index=False)}  # type: ignore[arg-type]
    across = names[:-1] if len(names) <= _WIDEST else names[:1]
    rows = [
        [name, *(_p(p[frozenset((name, other))]) if other in names[:i] else "" for other in across)]
        for i, name in enumerate(names)
        if i
    ]
    yield f"P values of {test}, corrected by Holm for {len(pairs)} pair{'s' * (len(pairs) > 1)}:"
    yield whole_names(table("", ["", *across], rows))


def whole_names(made: Table) -> Table:
    """However narrow the terminal, names of optimizers are written out."""
    longest = max(len(str(cell)) for cell in made.columns[0].cells)
    made.pad_edge = longest <= _SHORT_NAME
    for column in made.columns:
        column.overflow = "fold"
    made.columns[0].min_width = longest
    return made


def _percent(value: float) -> str:
    return f"{100 * value:.1f}" if 100 * value >= _SHORTER else in_percent(value)


def in_percent(value: float) -> str:
    """A share in per cent: two decimals, and two significant digits where these would say less; below 1e-9 it is 0."""
    percent = abs(100 * value) if abs(value) >= _NOISE else 0.0
    sign = "-" if percent and value < 0 else ""
    if percent == 0 or percent >= _FIXED:
        return f"{sign}{percent:.2f}"
    return f"{sign}{percent:.{1 - floor(log10(percent))}f}"


def _interval(low: float, high: float) -> str:
    return "-" if isnan(low) else f"{_percent(low)}-{_percent(high)}"


def _p(value: float) -> str:
    return f"<{_LEAST}" if value < _LEAST else f"{value:.3f}"


FIGURES = ("regret", "test_regret", "regret_evaluations", "rank", "critical_difference", "time_to_target")
"""The figures of a study; the others of ``lcbench figures`` show a table, or need more of it."""

FIGURES_OF_SEVERAL = ("hypervolume", "pareto_front", "rank", "critical_difference", "time_to_target")
"""The same of a study of several objectives."""


def figures_of(traces: pd.DataFrame) -> tuple[str, ...]:
    """The figures of a study of one objective or several, with those of several portfolios and numbers of workers."""
    if names_of(traces):
        return FIGURES_OF_SEVERAL
    compared = {"portfolio": "portfolios", "workers": "workers"}
    return (*FIGURES, *(figure for name, figure in compared.items() if len(traces[name].unique()) > 1))


def drawing_line(
    folder: Path | None, traces: Path, out: Path, more: Sequence[str] = (), figures: Sequence[str] | None = None
) -> str:
    """The command that draws a study.

    Args:
        folder: The table's folder; None for the embedded one.
        traces: File of the study.
        out: Folder for the pictures.
        more: Options that say which of the table's runs the study replayed.
        figures: Their names, by default :data:`FIGURES`.
    """
    table = [] if folder is None else [str(folder)]
    shown = ["--traces", str(traces), "--only", ",".join(figures or FIGURES), *more]
    return join(["lcbench", "figures", *table, *shown, "--out", str(out)])
