"""Text, data and code put into HTML so that nothing in them is taken for markup."""

import json
import math
import zlib
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any


def text(value: object) -> str:
    """Words for people."""
    return escape(str(value))


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
