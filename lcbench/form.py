"""What a JSON document must look like: said once, as a form of plain Python values, and checked where it is read.

A form is

- a type: ``str``, ``bool``, ``dict``, ``list``; ``object`` for anything;
- ``None`` for null, a pattern for a text that matches it as a whole, a :class:`Whole` or a :class:`Real` for a number;
- a tuple of forms, any of which will do; a tuple of texts, one of which it must be;
- ``[form]`` for a list of such values;
- ``{str: form}`` for an object of such values under any names, ``{pattern: form}`` under names that match;
- ``{"name": form, "other?": form}`` for an object with these entries, those with ``?`` optional. Further entries are
  left alone: they may be of a program that knows more.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lcbench.errors import DamagedFileError

_SHOWN = 60  # characters of a wrong value


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer within ends, both of which belong to it."""

    low: int = 0
    high: int = 2**63 - 1

    def __contains__(self, value: object) -> bool:
        return type(value) is int and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"an integer in [{self.low}, {self.high}]"


@dataclass(frozen=True, slots=True)
class Real:
    """A finite number within ends."""

    low: float = -math.inf
    high: float = math.inf

    def __contains__(self, value: object) -> bool:
        if type(value) is int:
            return abs(value) < 2**1000 and self.low <= value <= self.high
        return type(value) is float and math.isfinite(value) and self.low <= value <= self.high

    def __str__(self) -> str:
        return "a finite number" if self == Real() else f"a number in [{self.low:g}, {self.high:g}]"


SHA256 = re.compile(r"[0-9a-f]{64}")

_WORDS: dict[Any, str] = {str: "text", bool: "true or false", dict: "an object", list: "a list", None: "null"}


def check(path: Path | str, document: object, form: Any, what: str = "it") -> None:
    """Check that a document has a form.

    Args:
        path: The file that it is from, for the message.
        document: What was read.
        form: What it must look like.
        what: What the document is, for the message.

    Raises:
        DamagedFileError: If it has another one; the message names the first entry that is wrong.
    """
    if _is(document, form):  # found out quickly, since opening a table is to be fast
        return
    for where, wanted, got in _wrong(document, form, what):
        raise DamagedFileError(f"{path} cannot be understood: {where} must be {wanted}, got {got}; restore it.")


def _wrong(value: object, form: Any, where: str) -> Iterator[tuple[str, str, str]]:
    """What is wrong: the place, what is wanted there, what is there."""
    if isinstance(form, list):
        yield from _wrong_list(value, form[0], where)
    elif isinstance(form, dict):
        yield from _wrong_object(value, form, where)
    elif not _is(value, form):
        yield where, _said(form), _shown(value)


def _wrong_list(value: object, form: Any, where: str) -> Iterator[tuple[str, str, str]]:
    if not isinstance(value, list | tuple):
        yield where, "a list", _shown(value)
        return
    for place, each in enumerate(value):
        yield from _wrong(each, form, f"{where}, element {place},")


def _wrong_object(value: object, form: dict[Any, Any], where: str) -> Iterator[tuple[str, str, str]]:
    if not isinstance(value, dict):
        yield where, "an object", _shown(value)
        return
    for name, wanted in form.items():
        if not isinstance(name, str):
            for key, each in value.items():
                if not _is(key, name):
                    yield f"a name in {where}", _said(name), _shown(key)
                yield from _wrong(each, wanted, f"{key!r} in {where}"[:200])
        elif name.removesuffix("?") in value:
            yield from _wrong(value[name.removesuffix("?")], wanted, name.removesuffix("?"))
        elif not name.endswith("?"):
            yield where, f"an object with the entry {name}", "none"


def _is(value: object, form: Any) -> bool:
    kind = type(form)
    if kind is type:
        return form is object or type(value) is form
    if kind is dict:
        return isinstance(value, dict) and _is_object(value, form)
    if kind is list:
        return isinstance(value, list | tuple) and _are_all(value, form[0])
    if kind is Whole or kind is Real:
        return value in form
    if kind is re.Pattern:
        return isinstance(value, str) and form.fullmatch(value) is not None
    if kind is tuple:
        return (type(value) is str and value in form) or _is_one(value, form)
    return value is None if form is None else isinstance(value, str) and value == form


def _is_one(value: object, forms: tuple[Any, ...]) -> bool:
    for form in forms:  # noqa: SIM110  # any() would take twice as long
        if _is(value, form):
            return True
    return False


def _is_object(value: dict[Any, Any], form: dict[Any, Any]) -> bool:
    for name, wanted in form.items():
        if type(name) is not str:
            if not all(_is(key, name) and _is(each, wanted) for key, each in value.items()):
                return False
        elif name in value:
            if not _is(value[name], wanted):
                return False
        elif name[-1:] != "?" or (name[:-1] in value and not _is(value[name[:-1]], wanted)):
            return False
    return True


def _are_all(values: list[Any] | tuple[Any, ...], form: Any) -> bool:
    if type(form) is Whole or type(form) is Real:  # long lists are of numbers
        kinds = {int} if type(form) is Whole else {int, float}
        known = not values or (set(map(type, values)) <= kinds and min(values) in form and max(values) in form)
        return known and not any(map(math.isnan, values))
    return all(_is(each, form) for each in values)


def _said(form: Any) -> str:
    if isinstance(form, tuple):
        return " or ".join(map(_said, form))
    if isinstance(form, re.Pattern):
        return "64 hexadecimal digits" if form is SHA256 else f"a text like {form.pattern}"[:120]
    if isinstance(form, list | dict):
        return _WORDS[type(form)]
    return repr(form) if isinstance(form, str) else _WORDS.get(form) or str(form)


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return f"{_WORDS[type(value)]} of {len(value)}"
    text = "null" if value is None else repr(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
