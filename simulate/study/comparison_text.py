"""A comparison as text: for the console, CSV, Markdown and LaTeX."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan

import pandas as pd
from rich.table import Table

from lcbench.console import table
from lcbench.simulate.study.comparison import DIFFERENCE, Comparison
from lcbench.simulate.study.report import in_percent, whole_names
from lcbench.simulate.study.statistics import FEWEST

Rows = list[list[str]]


@dataclass(frozen=True, slots=True)
class Part:
    """One table of a comparison.

    Attributes:
        title: What it shows, a sentence or two.
        header: Heads of its columns.
        rows: Its cells, the first of each row an optimizer.
    """

    title: str
    header: tuple[str, ...]
    rows: Rows


def parts(found: Comparison) -> tuple[Part, ...]:
    """The tables of a comparison: how good each optimizer is, each against the control, and how many runs it takes."""
    return _described(found), _tested(found), _needed(found)


def _described(found: Comparison) -> Part:
    frame = found.frame
    columns: dict[str, Callable[[pd.Series], str]] = {
        found.word: lambda row: _percent(row["regret"]),
        "interval": lambda row: f"{_percent(row['low'])}-{_percent(row['high'])}" if not isnan(row["low"]) else "-",
    }
    if "test_regret" in frame:
        columns["test"] = lambda row: _percent(row["test_regret"])
        columns["overtuning"] = lambda row: _percent(row["overtuning"])
    columns |= {
        "area": lambda row: _percent(row["area"]),
        "rank": lambda row: f"{row['rank']:.2f}",
        "wins": lambda row: f"{row['wins']:.1f}",
    }
    tested = "test regret of what validation chose, and how much choosing lost; " if "test_regret" in frame else ""
    title = (
        f"{found.measure.capitalize()} in % at the end of the budget, mean over {_cells(found)}, with its 95% "
        f"bootstrap interval over {_units(found)}; {tested}area under its curve; mean rank; wins."
    )
    rows = [[name, *(cell(row) for cell in columns.values())] for name, row in _rows(frame)]
    return Part(title, ("optimizer", *columns), rows)


def _tested(found: Comparison) -> Part:
    test = "signed-rank" if found.datasets > 1 else "rank-sum"
    header = ("optimizer", "difference", "95% interval", "p mixed", f"p {test}")
    rows = [
        [
            *(name, _signed(row["difference"]), _ends(row["effect_low"], row["effect_high"])),
            *(_p(row["effect_p_holm"]), _p(row["p_holm"])),
        ]
        for name, row in _rows(found.frame.drop(index=found.control))
    ]
    title = (
        f"Against {found.control}: difference of {found.word} in percentage points (more is worse), with its interval "
        f"and p of a linear mixed-effects model; p of Wilcoxon's {test} test over {_units(found)}. P values are "
        "corrected by Holm."
    )
    return Part(title, header, rows)


def _needed(found: Comparison) -> Part:
    rows = [
        [name, f"{100 * row['better']:.0f}%", _count(row["seeds"]), _count(row["datasets"])]
        for name, row in _rows(found.frame.drop(index=found.control))
    ]
    title = (
        f"Share of pairs of runs in which {found.control} is better; and how many seeds on these data sets, or data "
        f"sets with {found.seeds} seed{'s' * (found.seeds > 1)} each, it takes to see a difference of "
        f"{100 * found.seen:g} percentage point{'s' * (found.seen != DIFFERENCE)} in 80% of studies."
    )
    return Part(title, ("optimizer", "control better", "seeds", "data sets"), rows)


def tables(found: Comparison) -> Iterator[Table | str]:
    """All tables and the notes, for the console."""
    for part in parts(found):
        yield part.title
        yield whole_names(table("", part.header, part.rows))
    yield from notes(found)


def notes(found: Comparison) -> Iterator[str]:
    """What a reader must know of the tests."""
    if found.friedman is not None:
        yield (
            f"Friedman's test that all optimizers rank alike over {found.datasets} data sets: p {_p(found.friedman)}."
        )
    if found.datasets == 1 and found.seeds == 1:
        yield "There is one data set and one seed: nothing can be tested."
        return
    if found.datasets == 1:
        yield "There is one data set: its seeds are tested, which says nothing of other data sets."
    elif found.datasets < FEWEST:
        yield (
            f"With {found.datasets} data sets Wilcoxon's p cannot be below {2 ** (1 - found.datasets):.2g}; it needs "
            f"at least {FEWEST}."
        )
    if found.frame["effect"].drop(found.control).isna().any():
        yield "The mixed model could not be fitted: the runs of an optimizer hardly vary."


def csv(found: Comparison) -> str:
    """All numbers, one row per optimizer: the columns of :class:`lcbench.simulate.study.comparison.Comparison`."""
    frame = found.frame.reset_index()
    frame.insert(1, "control", found.control)
    return frame.to_csv(index=False)


def markdown(found: Comparison) -> str:
    """All tables and the notes."""
    return "\n\n".join([*(f"{part.title}\n\n{_markdown(part)}" for part in parts(found)), *notes(found)]) + "\n"


def latex(found: Comparison) -> str:
    """All tables in the style of booktabs, with captions; the notes stand below the one of the tests."""
    described, tested, needed = parts(found)
    return "\n\n".join([_latex(described), _latex(tested, tuple(notes(found))), _latex(needed)]) + "\n"


FORMATS: Mapping[str, Callable[[Comparison], str]] = {"csv": csv, "md": markdown, "latex": latex}
"""Formats of files, beside the console's own."""


def _markdown(part: Part) -> str:
    lines = [part.header, ("---", *("---:" for _ in part.header[1:])), *part.rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


_LATEX = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$"},
}


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(char, char) for char in text)


def _number(text: str) -> str:
    """A cell of numbers with a minus and a dash between the ends of a range."""
    return re.sub(r"(?<=\d)-(?=\d)", "--", re.sub(r"(?<![\w.])-(?=\d)", "$-$", _escaped(text)))


def _latex(part: Part, below: Sequence[str] = ()) -> str:
    """A table, with lines in small print below it."""
    rows = [[_escaped(name), *map(_number, cells)] for name, *cells in part.rows]
    lines = [" & ".join(line) + r" \\" for line in (map(_escaped, part.header), *rows)]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_escaped(part.title)}}}",
            rf"\begin{{tabular}}{{l{'r' * (len(part.header) - 1)}}}",
            r"\toprule",
            lines[0],
            r"\midrule",
            *lines[1:],
            r"\bottomrule",
            r"\end{tabular}",
            *([r"\par\smallskip", rf"{{\footnotesize {_number(' '.join(below))}\par}}"] if below else []),
            r"\end{table}",
        ]
    )


def _rows(frame: pd.DataFrame) -> Iterator[tuple[str, "pd.Series[float]"]]:
    return ((str(name), row) for name, row in frame.iterrows())


def _cells(found: Comparison) -> str:
    counts: Sequence[tuple[int, str]] = ((found.datasets, "data set"), (found.seeds, "seed"))
    return " x ".join(f"{count} {noun}{'s' * (count > 1)}" for count, noun in counts)


def _units(found: Comparison) -> str:
    """What the tests and intervals are over."""
    several = found.datasets > 1
    return f"{found.datasets} data sets" if several else f"{found.seeds} seed{'s' * (found.seeds > 1)}"


def _ends(low: float, high: float) -> str:
    return "-" if isnan(low) else f"[{_signed(low)}, {_signed(high)}]"


def _percent(value: float) -> str:
    return "-" if isnan(value) else in_percent(value)


def _signed(value: float) -> str:
    return "-" if isnan(value) else f"{'' if (said := in_percent(value)).startswith('-') else '+'}{said}"


def _count(value: float) -> str:
    return "-" if isnan(value) else f"{value:.0f}"


def _p(value: float) -> str:
    if isnan(value):
        return "-"
    return "<0.001" if value < 0.001 else f"{value:.3f}"
