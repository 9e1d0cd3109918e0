"""The paper against a table: every number of section 4 and, where the table can say it, the table's own."""

import pandas as pd

from lcbench.analysis.answers import ANSWERS, Answer, Measured
from lcbench.analysis.paper import NUMBERS, PublishedNumber, written
from lcbench.errors import InputError
from lcbench.table.benchmark import Benchmark

COLUMNS = ("section", "source", "quantity", "unit", "paper", "here", "paper_value", "here_value", "note")

_NONE = "-"


def paper_comparison(bench: Benchmark, metric: str | None = None) -> pd.DataFrame:
    """Set the paper's numbers beside a table's.

    Args:
        bench: The table.
        metric: Name of the metric in place of the paper's validation accuracy; by default the table's objective.

    Returns:
        One row per entry of :data:`lcbench.analysis.paper.NUMBERS`, in the paper's order: ``section, source, quantity,
        unit``; ``paper`` and ``here`` as text in the paper's unit and decimals, ``-`` where the table cannot say; the
        same as numbers, ``paper_value`` and ``here_value``, NaN for words; and ``note``: why they may differ, or why
        there is none here.

    Raises:
        UnknownNameError: If there is no such metric.
    """
    measured = Measured(bench, bench.metric(metric))
    return pd.DataFrame.from_records([_row(number, measured) for number in NUMBERS], columns=list(COLUMNS))


def _row(number: PublishedNumber, measured: Measured) -> tuple[object, ...]:
    """One line of the comparison."""
    here: Answer | None
    try:
        here, note = ANSWERS[number.key](measured), number.note
    except InputError as error:
        here, note = None, str(error)
    text = _NONE if here is None else written(here, number.unit, number.digits + number.finer)
    found = (_number(number.value), _number(here))
    return (number.section, number.source, number.quantity, number.unit, number.text, text, *found, note)


def _number(value: Answer | None) -> float:
    """NaN for words and for nothing."""
    return value if isinstance(value, float | int) else float("nan")


def markdown(frame: pd.DataFrame) -> str:
    """The comparison as a Markdown table, for a page about a benchmark.

    Args:
        frame: From :func:`paper_comparison`.
    """
    lines = ["| section | where | what | paper | here | note |", "|---|---|---|---:|---:|---|"]
    columns = ("section", "source", "quantity", "paper", "here", "note")
    rows = (
        tuple(str(cell).replace("|", "\\|") for cell in row) for row in zip(*(frame[c] for c in columns), strict=True)
    )
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"
