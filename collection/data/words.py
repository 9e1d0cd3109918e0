"""Text in the cells of a table: what is a gap, what is a number, and in which style."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

NO_VALUES = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA"),
    *("NULL", "NaN", "None", "n/a", "nan", "null"),
)
"""What pandas takes for a missing value in a file, and we in every container."""

_GAPS = frozenset((*NO_VALUES, "?"))
_MARKS = frozenset(
    {word.casefold() for word in _GAPS}
    | {
        "-",
        "--",
        "---",
        "\u2013",
        "\u2014",
        ".",
        "..",
        "...",
        "…",
        "*",
        "**",
        "??",
        "???",
        "\\n",
        "(null)",
        "nil",
        "nul",
    }
    | {"n.a.", "n.a", "n. a.", "n/d", "n.d.", "nd", "n/k", "n.k.", "k.a.", "k. a.", "n.v.", "not available", "no data"}
    | {"unknown", "unkn", "unk", "missing", "miss", "not applicable", "not known", "undefined", "undef", "empty"}
    | {"blank", "nodata", "tbd", "void", "#value!", "#div/0!", "#ref!", "#name?", "#null!", "#num!", "-nan(ind)"}
)
_TRUTHS = {"true": 1.0, "false": 0.0}


def is_gap(word: str) -> bool:
    """Whether text stands for a missing value in any column: empty, blank, ``?``, or as pandas reads it."""
    return word.strip() in _GAPS


def is_mark(word: str) -> bool:
    """Whether text stands for a missing value among numbers or dates, such as ``-`` or ``unknown``."""
    return word.strip().casefold() in _MARKS


def truth_of(word: str) -> float | None:
    """1 of ``true`` and 0 of ``false`` in any case; None of other text."""
    return _TRUTHS.get(word.strip().casefold())


def is_code(word: str) -> bool:
    """Whether text is digits with leading zeros, such as ``007``: a code, of which a number would be another."""
    return re.fullmatch(r"0\d+", word.strip()) is not None


@dataclass(frozen=True, slots=True)
class Style:
    """How numbers are written.

    Attributes:
        decimal: ``.`` or ``,``, with the other one, a space or an apostrophe between thousands where they are grouped;
            empty for numbers as Python writes them, which have nothing of that.
        unit: The sign that each has before or after it, such as ``%`` or ``€``; empty if none.
    """

    decimal: str = ""
    unit: str = ""


PLAIN = Style()
_PLAIN = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf|infinity)", re.IGNORECASE | re.ASCII)
_UNITS = r"[$€£¥₹₽₩₺₪฿₴₫]|%|‰|\b(?:USD|EUR|GBP|CHF|JPY|CNY|INR|RUB)\b"
_UNIT = re.compile(rf"([+-]?)\s*({_UNITS})?\s*([+-]?[\d.,].*?)\s*({_UNITS})?")
_GROUPED = {
    decimal: re.compile(
        rf"([+-]?)([1-9]\d{{0,2}}(?:([{other} '\u2019\u00a0\u202f_])\d{{3}})(?:\3\d{{3}})*|\d*)"
        rf"(?:[{decimal}](\d*))?(e[+-]?\d+)?",
        re.IGNORECASE | re.ASCII,
    )
    for decimal, other in (".,", ",.")
}


def number_of(word: str, style: Style = PLAIN) -> float | None:
    """The number that text is in a style; None if it is none."""
    word = _tidy(word)
    if style == PLAIN:
        return float(word) if _PLAIN.fullmatch(word) else None
    found = _UNIT.fullmatch(word)
    if not found or (found[2] or found[4] or "") != style.unit or (found[2] and found[4]):
        return None
    parts = _GROUPED[style.decimal].fullmatch(found[1] + found[3])
    if not parts or not (parts[2] or parts[4]):
        return None
    whole = re.sub(r"\D", "", parts[2])
    return float(f"{parts[1]}{whole or 0}.{parts[4] or 0}{parts[5] or ''}")


def _tidy(word: str) -> str:
    """Text without space around it, and with the minus sign of programs."""
    return word.strip().replace("\N{MINUS SIGN}", "-")


class AmbiguousError(ValueError):
    """Numbers that can be read in two ways."""


def style_of(words: Sequence[str]) -> Style | None:
    """The style in which all of these are numbers; None if there is none.

    Raises:
        AmbiguousError: If decimal point and decimal comma give different numbers; its text is such a word.
    """
    if all(_PLAIN.fullmatch(_tidy(word)) for word in words):
        return PLAIN
    found = _UNIT.fullmatch(_tidy(words[0]))
    if found is None:
        return None
    unit = found[2] or found[4] or ""
    point, comma = (_numbers(words, Style(decimal, unit)) for decimal in ".,")
    if point is not None and comma is not None and point != comma:
        raise AmbiguousError(next(word for word, a, b in zip(words, point, comma, strict=True) if a != b))
    return Style(".", unit) if point is not None else Style(",", unit) if comma is not None else None


def _numbers(words: Iterable[str], style: Style) -> list[float] | None:
    found = []
    for word in words:
        number = number_of(word, style)
        if number is None:
            return None
        found.append(number)
    return found


def text_of(value: object) -> str:
    """A class or category as text: whole numbers without a point, whatever type they have."""
    if isinstance(value, float | np.floating | Decimal) and math.isfinite(value) and value == int(value):
        return str(int(value))
    return str(value)
