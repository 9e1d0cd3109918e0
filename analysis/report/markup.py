"""Text, data and code put into HTML so that nothing in them is taken for markup."""

import json
import math
import re
import zlib
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

from lcbench.analysis import style
from lcbench.analysis.figures import FIGURES
from lcbench.analysis.figures.contract import caption
from lcbench.errors import InputError
from lcbench.terminal import printable

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from lcbench.table.benchmark import Benchmark


def text(value: object) -> str:
    """Words for people."""
    return escape(printable(str(value)))


def beside(package: str, name: str) -> str:
    """A file that lies in a package."""
    return (files(package) / name).read_text(encoding="utf-8")


def document(package: str, title: str, parts: Mapping[str, str], policy: str, style: str = "") -> str:
    """The page of a package, its ``page.html`` filled in, with the head that all pages share.

    Args:
        package: The package.
        title: Of the page, in plain words.
        parts: What stands in its places.
        policy: What it may load beside styles, in the words of a content security policy.
        style: CSS of its own.
    """
    here = "lcbench.analysis.report"
    shared = {"title": text(title), "policy": policy, "style": beside(here, "page.css") + style}
    head = Template(beside(here, "head.html")).substitute(shared)
    return Template(beside(package, "page.html")).substitute(parts, head=head, title=text(title))


def data(name: str, value: object) -> str:
    """Data for the page's code, as JSON in an element with this id; NaN and infinity become null."""
    written = json.dumps(_plain(value), allow_nan=False, separators=(",", ":"))
    return f'<script type="application/json" id="{text(name)}">{_unbroken(written)}</script>'


def packed(name: str, source: str) -> str:
    """Text for the page's code, deflated and in base64, in an element with this id."""
    letters = b64encode(zlib.compress(source.encode("utf-8"), 9)).decode("ascii")
    return f'<script type="text/plain" id="{text(name)}">{letters}</script>'


def code(source: str) -> str:
    """JavaScript that runs.

    An end tag can stand in strings, regular expressions and comments only; there, a backslash before the solidus
    changes nothing.
    """
    return (
        f"<script>{source.replace('</', '<' + chr(92) + '/')}</script>"
        if "</script" in source.lower()
        else (f"<script>{source}</script>")
    )


def table(columns: Mapping[str, str], rows: Iterable[Sequence[object]], name: str) -> str:
    """A table.

    Args:
        columns: The header's cells, each with the class of its column.
        rows: What stands below.
        name: Class of the table.
    """
    head = "".join(f'<th class="{css}">{text(label)}</th>' for label, css in columns.items())
    body = "\n".join(f"<tr>{_cells(row, columns)}</tr>" for row in rows)
    return (
        f'<div class="scroll"><table class="{name}"><thead><tr>{head}</tr></thead><tbody>\n{body}\n'
        "</tbody></table></div>"
    )


def _cells(row: Sequence[object], columns: Mapping[str, str]) -> str:
    return "".join(f'<td class="{css}">{text(cell)}</td>' for cell, css in zip(row, columns.values(), strict=True))


def _unbroken(written: str) -> str:
    """JSON without a character that could end its element or begin a comment; in JSON these stand in strings only."""
    return written.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _plain(value: Any) -> Any:
    """The same with null for what JSON has no number for."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


# The plotting library that goes into the page.

_HEAD = 1000
"""Characters in which the function that holds the library begins."""

_LAZY = ("this, () => {", "\n}));")
_EAGER = ("this, (() => {", "\n})));")
_EVERY_KIND = re.compile(r"\.register\(\[(?:[\w$]+\(\),?){20,}\]\)")


def plotly_js() -> str:
    """The source of plotly.js as the package ``plotly`` ships it, made to start quickly.

    Raises:
        InputError: If that package is not installed.
    """
    try:
        from plotly.offline import get_plotlyjs
    except ModuleNotFoundError as error:
        raise InputError(
            "the report needs the package 'plotly', which is not installed; "
            "install it with: pip install 'lcbench[report]'."
        ) from error
    return parsed_at_once(scatter_only(str(get_plotlyjs())))


def scatter_only(source: str) -> str:
    """The library with the kinds of charts that are in its core, which is scatter; no other is parsed or started.

    Registering fewer kinds is what plotly.js's own smaller bundles do, which that package lacks. In a source that is
    written otherwise than we know, all are left.
    """
    return _EVERY_KIND.sub(".register([])", source) if len(_EVERY_KIND.findall(source)) == 1 else source


def parsed_at_once(source: str) -> str:
    """The library with parentheses around the function that holds all of it; another one's source is left alone.

    A browser that meets a function without them reads it twice: to find its end, and when it is called.
    """
    (head, tail), (new_head, new_tail) = _LAZY, _EAGER
    place = source.find(head)
    if not 0 <= place < _HEAD or not source.endswith(tail):
        return source
    return source[:place] + new_head + source[place + len(head) : -len(tail)] + new_tail


# The figures as the page shows them: drawn into it, or a line that says why not.

MOST_SVG = 600_000
"""Bytes above which a picture goes in as PNG: one with thousands of marks is smaller so."""

_DPI = 300  # sharp at twice the width that it has on the page
_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


def picture(name: str, bench: "Benchmark", metric: str | None, traces: "pd.DataFrame | None") -> str:
    """One figure with its caption, or why it cannot be drawn.

    Args:
        name: A name of :data:`lcbench.analysis.figures.FIGURES`.
        bench: The table.
        metric: Name of a metric; by default the table's objective.
        traces: What a study gave, None without one.
    """
    spec = FIGURES[name]
    try:
        frame = spec.frame(bench, metric, traces)
    except InputError as error:
        return f'<p class="left-out" id="figure-{name}"><b>{text(name)}</b> left out: {text(error)}</p>'
    figure = spec.load().draw(frame)
    title, rest = caption(spec.load(), frame)
    width = figure.get_size_inches()[0] / style.COLUMN
    wide = ' class="wide"' if width > 1.6 else ""
    return (
        f'<figure id="figure-{name}"{wide}><div class="picture"><img alt="{text(title)}" src="{image(figure)}"></div>'
        f"<figcaption><b>{text(title)}</b> {text(rest)}</figcaption></figure>"
    )


def image(figure: "Figure") -> str:
    """The picture as a data address: SVG unless it would be large. As an image, its names cannot clash with others'."""
    kind, content = "svg", style.saved(figure, "svg", _DPI)
    if len(content) > MOST_SVG:
        kind, content = "png", style.saved(figure, "png", _DPI)
    return f"data:{_TYPES[kind]};base64,{b64encode(content).decode('ascii')}"
