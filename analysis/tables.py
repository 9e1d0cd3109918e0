"""Tables for people: formatted numbers, ready for the console."""

import math
import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
from rich.table import Table
from rich.text import Text

from lcbench.analysis.correlation import SCHEDULES
from lcbench.analysis.paper import published_correlation


def table3_header(fidelity: str) -> tuple[str, ...]:
    """Heads of the columns of :func:`table3_rows`, given what a budget counts."""
    return (f"Budget pair ({fidelity})", "", *(f"{schedule[0].upper()}{schedule[1:]}" for schedule in SCHEDULES))


_COUNTS = ["configs_min", "configs_max"]


def mean_and_spread(mean: float | None, spread: float | None, digits: int = 2) -> str:
    """``0.94 ± 0.03``; the mean alone if there is no spread, a dash if there is no mean."""
    if mean is None or math.isnan(mean):
        return "-"
    if spread is None or math.isnan(spread):
        return f"{mean:.{digits}f}"
    return f"{mean:.{digits}f} ± {spread:.{digits}f}"


def csv_text(frame: pd.DataFrame) -> str:
    """A frame as CSV in which no name is a formula to a spreadsheet: an apostrophe precedes what looks like one."""
    plain = frame.rename(columns={name: _no_formula(name) for name in frame.columns})
    for name in plain.select_dtypes(["object", "string", "category"]):
        plain[name] = plain[name].astype(object).map(_no_formula)
    return plain.to_csv(index=False)


_NUMBER = re.compile(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?")


def _no_formula(value: object) -> object:
    if not isinstance(value, str) or not value.startswith(("=", "+", "-", "@", "\t", "\r")) or value == "-":
        return value
    return value if _NUMBER.fullmatch(value) else f"'{value}"


def extent(least: int, most: int) -> str:
    """``6`` if both are the same, ``5 to 6`` if not."""
    return f"{least}" if least == most else f"{least} to {most}"


def table3_rows(table: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Table 3 of this table and, under each of its rows, the paper's where it has one.

    Where cells are of different numbers of configurations, these stand in a row of their own.

    Args:
        table: From :func:`lcbench.analysis.correlation.table3`.

    Yields:
        Rows under :func:`table3_header`.
    """
    counts = table.loc[:, pd.IndexSlice[:, _COUNTS]].to_numpy()
    gaps = np.ptp(counts[counts > 0]) > 0 if counts.any() else False
    for low, high in table.index:
        cells = table.loc[(low, high)]
        ours = [mean_and_spread(cells[schedule, "mean"], cells[schedule, "std"]) for schedule in SCHEDULES]
        yield f"({low}, {high})", "this table", *ours
        if gaps:
            sizes = [cells[schedule][_COUNTS].astype(int) for schedule in SCHEDULES]
            yield "", "configurations", *(extent(*size) for size in sizes)
        published = [published_correlation(low, high, schedule) for schedule in SCHEDULES]
        if any(published):
            yield "", "paper", *(mean_and_spread(cell.mean, cell.std) if cell else "-" for cell in published)


def table3_frame(table: pd.DataFrame) -> pd.DataFrame:
    """Table 3 as one tidy row per cell, with the paper's value: what is written as CSV.

    Args:
        table: From :func:`lcbench.analysis.correlation.table3`.

    Returns:
        The columns ``budget_low, budget_high, schedule, mean, std, datasets, configs_min, configs_max, paper_mean,
        paper_std``.
    """
    rows = []
    for low, high in table.index:
        for schedule in SCHEDULES:
            row = {"budget_low": low, "budget_high": high, "schedule": schedule}
            row |= table.loc[(low, high)][schedule].to_dict()
            published = published_correlation(low, high, schedule)
            row |= {"paper_mean": published and published.mean, "paper_std": published and published.std}
            rows.append(row)
    return pd.DataFrame(rows).astype(
        {"datasets": int, **dict.fromkeys(_COUNTS, int), "paper_mean": float, "paper_std": float}
    )


def comparison_table(frame: pd.DataFrame, title: str) -> Table:
    """The comparison with the paper, for the console.

    Args:
        frame: From :func:`lcbench.analysis.paper_comparison.paper_comparison`.
        title: What is compared.
    """
    made = Table(title=title, title_justify="left")
    for name, justify in (
        ("Section", "left"),
        ("What", "left"),
        ("Paper", "right"),
        ("Here", "right"),
        ("Note", "left"),
    ):
        made.add_column(name, justify=justify, no_wrap=justify == "right")  # type: ignore[arg-type]  # of these three
    section = ""
    for row in frame.itertuples():
        if section not in ("", row.section):
            made.add_section()
        made.add_row(str(row.section), *(Text(str(cell)) for cell in (row.quantity, row.paper, row.here, row.note)))
        section = str(row.section)
    return made
