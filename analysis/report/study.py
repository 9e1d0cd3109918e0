"""The study on the page: its settings, the optimizers compared and tested, as ``lcbench compare`` prints them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from lcbench.analysis.report.markup import table, text
from lcbench.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from lcbench.simulate.study.description import Description

_SEED = 0  # of the bootstrap


def study(traces: "pd.DataFrame | None", described: "Description | None") -> str:
    """Tables of regret, ranks and p values, then what the file says of itself; nothing without a study.

    Args:
        traces: What the study gave, None without one.
        described: Its settings, None if its file does not say them.
    """
    if traces is None:
        return ""
    return "\n".join([*_compared(traces), "<h3>Settings of the study</h3>", _settings(described)])


def _compared(traces: "pd.DataFrame") -> Iterator[str]:
    from lcbench.simulate.study.comparison import compare
    from lcbench.simulate.study.comparison_text import notes, parts

    try:
        found = compare(traces, None, np.random.default_rng(_SEED))
    except InputError as error:
        yield f'<p class="note">No comparison: {text(error)}</p>'
        return
    for part in parts(found):
        columns = {name: "number" if place else "" for place, name in enumerate(part.header)}
        yield f'<p class="lead">{text(part.title)}</p>'
        yield table(columns, part.rows, "compared")
    yield from (f'<p class="note">{text(note)}</p>' for note in notes(found))


def _settings(described: "Description | None") -> str:
    if described is None:
        return '<p class="note">The file of the study does not say its settings.</p>'
    pairs = "\n".join(f"<dt>{text(label)}</dt><dd>{text(value)}</dd>" for label, value in described.facts())
    return f"<dl>{pairs}</dl>"
