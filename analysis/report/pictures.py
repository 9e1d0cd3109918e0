"""The figures as the page shows them: drawn into it, or a line that says why not."""

from base64 import b64encode
from inspect import getdoc
from io import BytesIO
from typing import TYPE_CHECKING

from lcbench.analysis import style
from lcbench.analysis.figures import FIGURES
from lcbench.analysis.report.markup import text
from lcbench.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from lcbench.benchmark import Benchmark

MOST_SVG = 200_000
"""Bytes above which a picture goes in as PNG: one with thousands of marks is smaller so."""

_DPI = 160
_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


def picture(name: str, bench: "Benchmark", metric: str, traces: "pd.DataFrame | None") -> str:
    """One figure with its caption, or why it cannot be drawn.

    Args:
        name: A name of :data:`lcbench.analysis.figures.FIGURES`.
        bench: The table.
        metric: Name of a metric.
        traces: What a study gave, None without one.
    """
    spec = FIGURES[name]
    try:
        frame = spec.frame(bench, metric, traces)
    except InputError as error:
        return f'<p class="left-out" id="figure-{name}"><b>{text(name)}</b> left out: {text(error)}</p>'
    figure = spec.load().draw(frame)
    title, _, rest = (getdoc(spec.load()) or name).partition("\n\n")
    caption = f"<b>{text(title)}</b> {text(rest)}"
    width = figure.get_size_inches()[0] / style.COLUMN
    wide = ' class="wide"' if width > 1.6 else ""
    return (
        f'<figure id="figure-{name}"{wide}><img alt="{text(title)}" src="{_source(figure)}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _source(figure: "Figure") -> str:
    """The picture as a data address: SVG unless it would be large. As an image, its names cannot clash with others'."""
    kind, content = "svg", _saved(figure, "svg")
    if len(content) > MOST_SVG:
        kind, content = "png", _saved(figure, "png")
    return f"data:{_TYPES[kind]};base64,{b64encode(content).decode('ascii')}"


def _saved(figure: "Figure", kind: str) -> bytes:
    buffer = BytesIO()
    with style.look():
        figure.savefig(buffer, format=kind, dpi=_DPI, metadata=dict(style.FORMATS[kind]))
    return buffer.getvalue()
