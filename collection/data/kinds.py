"""What a column of a table holds, how it is written, and how its cells are read; each cell is read by itself."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from lcbench.collection.data import dates, words
from lcbench.errors import DataError, DataWarning

NUMBER, CATEGORY, DATE, EMPTY, ROW_NUMBERS = "number", "category", "date", "empty", "row numbers"
DECLARED = "declared"
"""Format of a category whose values somebody declared: none of its texts is a gap."""
NUMBERED = "declared numbers"
"""Format of a declared category whose values are numbers."""

INDEX_NAMES = ("Unnamed: 0", "", "__index_level_0__")
"""Names that a frame's row numbers get where they are written into a file."""

_LEAST_ROWS = 20
"""With fewer rows nothing is said of how many categories there are."""


class Kind(NamedTuple):
    """What a column holds, and how it is written."""

    kind: str
    format: str = ""


@dataclass(frozen=True, slots=True)
class Notes:
    """What is to be said of columns, gathered so that each sentence comes once."""

    found: dict[str, list[str]] = field(default_factory=dict)

    def add(self, sentence: str, about: str) -> None:
        """Take a note on a column."""
        self.found.setdefault(sentence, []).append(about)

    def say(self) -> None:
        """Warn once for each sentence."""
        for sentence, about in self.found.items():
            more = f" and {len(about) - 5} more" if len(about) > 5 else ""
            plural = "columns" if len(about) > 1 else "column"
            warnings.warn(f"{plural} {', '.join(about[:5])}{more}: {sentence}", DataWarning, stacklevel=2)


_GAPS = "cells that mark a gap are read as missing numbers."
_STYLED = "read as numbers with a decimal {sign}; write them without signs and separators if they are others."
_CODES = "digits with leading zeros are codes, and so text."
INDEX_NOTE = "the numbers of the rows that a frame had when it was written; left out."
_MANY = (
    "text that differs in most rows, hardly a category (a name or an identifier?); remove what says nothing, and write "
    "numbers as numbers."
)
_MOSTLY = "text, since not all cells are numbers, and so a category for each of them; mend or empty the others."


def kind_of(name: str, column: pd.Series, on_dates: str, notes: Notes) -> Kind:
    """What a column holds.

    Raises:
        DataError: If it cannot be used.
    """
    if column.isna().all():
        return Kind(EMPTY)
    if name in INDEX_NAMES and types.is_integer_dtype(column.dtype) and column.is_unique:
        notes.add(INDEX_NOTE, repr(name))
        return Kind(ROW_NUMBERS)
    if isinstance(column.dtype, pd.CategoricalDtype):
        return Kind(CATEGORY, NUMBERED if _is_numbers(column.cat.categories) else DECLARED)
    if types.is_bool_dtype(column.dtype) or types.is_numeric_dtype(column.dtype):
        return Kind(NUMBER)
    if _is_dates(column):
        return _date_kind(name, str(column.dropna().iloc[0]), "ymd", on_dates, column.dtype)
    held = _Words.of(name, column)
    return held.kind(on_dates, notes)


def _is_numbers(values: pd.Index) -> bool:
    return types.infer_dtype(values) in ("boolean", "integer", "floating")


def _is_dates(column: pd.Series) -> bool:
    return types.is_datetime64_any_dtype(column.dtype) or (
        types.infer_dtype(column, skipna=True) in ("date", "datetime", "datetime64")
    )


def _date_kind(name: str, example: str, order: str | None, on_dates: str, dtype: Any = None) -> Kind:
    typed = dtype is not None and not types.is_object_dtype(dtype)
    if on_dates == dates.PARTS:
        if order is None:
            raise DataError(
                f"column {name!r} must say which number is the day, got dates such as {example!r} only; "
                "write them as year-month-day."
            )
        return Kind(DATE, order)
    if on_dates == dates.TEXT and not typed:
        return Kind(CATEGORY)
    what = f"{dtype} values" if typed else f"dates such as {example!r}"
    raise DataError(
        f"column {name!r} must hold numbers, booleans or text, got {what}; turn it into numbers (such as days since "
        "a date), remove it, or take year, month, day of week and days elapsed with --dates parts (dates='parts')."
    )


@dataclass(frozen=True, slots=True)
class _Words:
    """A column of text or of mixed values, each value once.

    Attributes:
        name: Name of the column.
        codes: ``(rows,)`` places in ``values``; -1 where a value is missing.
        values: The values.
        mixed: Whether there is anything but text.
    """

    name: str
    codes: NDArray[np.intp]
    values: list[Any]
    mixed: bool

    @classmethod
    def of(cls, name: str, column: pd.Series) -> Self:
        """Gather the values of a column.

        Raises:
            DataError: If they are neither text nor numbers.
        """
        if isinstance(column.dtype, pd.CategoricalDtype):
            values = column.cat.categories.tolist()
            codes = np.asarray(column.cat.codes, np.intp)
        else:
            _check_plain(name, column)
            codes, found = pd.factorize(column)
            values = found.tolist()
        return cls(name, codes, values, not all(isinstance(value, str) for value in values))

    def kind(self, on_dates: str, notes: Notes) -> Kind:
        """What the text says.

        Raises:
            DataError: If it is dates that are refused, numbers that can be read in two ways, or several types.
        """
        given = [value for value in self.values if not (isinstance(value, str) and words.is_gap(value))]
        texts = [value for value in given if isinstance(value, str)]
        if not given:
            return Kind(EMPTY)
        if all(words.truth_of(text) is not None for text in texts) and (not texts or len(texts) == len(given)):
            return Kind(NUMBER)
        numbers = [text for text in texts if not words.is_mark(text)]
        style = self._style(numbers) if numbers else words.PLAIN if len(texts) < len(given) else None
        codes = [text for text in numbers if words.is_code(text)]
        if style is not None and not codes:
            if style != words.PLAIN:
                sign = "point" if style.decimal == "." else "comma"
                read = f"{numbers[0]!r} is {words.number_of(numbers[0], style):g}"
                notes.add(_STYLED.format(sign=sign), f"{self.name!r} ({read})")
            return Kind(NUMBER, style.decimal + style.unit)
        if self.mixed:
            raise DataError(
                f"column {self.name!r} must hold numbers, booleans or text, got {_held(self.values)} values; "
                "write all of them as text or remove it."
            )
        if style is not None:
            notes.add(_CODES, f"{self.name!r} ({codes[0]!r})")
        if (example := self._date(given)) is not None:
            return _date_kind(self.name, example, dates.order_of(given), on_dates)
        self._note(numbers, notes)
        return Kind(CATEGORY)

    def _style(self, numbers: Sequence[str]) -> words.Style | None:
        try:
            return words.style_of(numbers)
        except words.AmbiguousError as error:
            raise DataError(
                f"column {self.name!r} must say which sign is the decimal one, got numbers such as {str(error)!r}; "
                "give --decimal (decimal= in a source), or write them without separators."
            ) from error

    def _date(self, given: Sequence[str]) -> str | None:
        """An example, if nine of ten cells are dates."""
        some = given[:100]
        if sum(map(dates.is_date, some)) * 2 <= len(some) * 1.5:
            return None
        found = [text for text in given if dates.is_date(text)]
        return found[0] if self._cells(found) > 0.9 * self._cells(given) else None

    def _cells(self, values: Sequence[Any]) -> int:
        """How many cells hold one of these values."""
        wanted = set(values)
        counts = np.bincount(self.codes[self.codes >= 0], minlength=len(self.values))
        return int(sum(count for value, count in zip(self.values, counts, strict=True) if value in wanted))

    def _note(self, kept: Sequence[str], notes: Notes) -> None:
        """Say where a category is hardly one."""
        cells = int((self.codes >= 0).sum())
        if cells < _LEAST_ROWS or (len(self.values) * 2 <= cells and len(self.values) <= 100):
            return
        numbers = [text for text in kept if words.number_of(text) is not None and not words.is_code(text)]
        others = [text for text in kept if words.number_of(text) is None]
        if others and self._cells(numbers) * 2 > cells and len(numbers) >= _LEAST_ROWS:
            some = ", ".join(map(repr, others[:3]))
            notes.add(
                _MOSTLY, f"{self.name!r} ({self._cells(numbers)} of {cells} cells are numbers, others such as {some})"
            )
        elif len(self.values) * 2 > cells:
            notes.add(_MANY, f"{self.name!r} ({len(self.values)} values in {cells} cells)")

    def numbers(self, style: words.Style, notes: Notes) -> NDArray[np.float64]:
        """``(rows,)`` numbers, NaN where a gap or its mark is.

        Raises:
            DataError: If a cell is neither.
        """
        found = np.array([*(self._number(value, style) for value in self.values), np.nan])
        marks = [v for v in self.values if isinstance(v, str) and words.is_mark(v) and v not in words.NO_VALUES]
        if marks:
            notes.add(
                _GAPS, f"{self.name!r} ({self._cells(marks)} of {len(self.codes)}: {', '.join(map(repr, marks[:3]))})"
            )
        return found[self.codes]

    def _number(self, value: Any, style: words.Style) -> float:
        if not isinstance(value, str):
            return float(value)
        if words.is_mark(value):
            return np.nan
        number = words.number_of(value, style)
        number = words.truth_of(value) if number is None else number
        if number is None:
            raise DataError(
                f"column {self.name!r} must hold numbers as in training, got text such as {value!r}; "
                f"mend or empty those cells{_hint(value)}."
            )
        return number

    def categories(self, form: str) -> pd.Categorical:
        """``(rows,)`` categories; gaps are missing, unless categories were declared."""
        if form == NUMBERED:
            texts = [words.text_of(_or_text(value)) for value in self.values]
        else:
            texts = [words.text_of(value) for value in self.values]
        keep = [form != "" or not words.is_gap(text) for text in texts]
        known = pd.Index(sorted({text for text, kept in zip(texts, keep, strict=True) if kept}), dtype=object)
        places = known.get_indexer(pd.Index([t if k else None for t, k in zip(texts, keep, strict=True)], dtype=object))
        return pd.Categorical.from_codes(np.array([*places, -1])[self.codes], categories=known)


def _or_text(value: Any) -> Any:
    number = words.number_of(value) if isinstance(value, str) else None
    return value if number is None else number


def _hint(word: str) -> str:
    try:
        found = words.style_of([word])
    except words.AmbiguousError:
        found = words.Style(",")
    return "" if found is None else ", or give the decimal sign of this file with --decimal"


def _check_plain(name: str, column: pd.Series) -> None:
    """Refuse a column of objects that are neither text nor real numbers."""
    if types.is_complex_dtype(column.dtype):
        raise DataError(f"column {name!r} must hold real numbers, got {column.dtype}; split or remove it.")
    if column.dtype != object:
        if isinstance(column.dtype, pd.StringDtype) or types.is_numeric_dtype(column.dtype):
            return
        raise _unusable(name, str(column.dtype))
    kind = types.infer_dtype(column, skipna=True)
    if kind in ("string", "boolean", "integer", "floating", "mixed-integer-float", "decimal"):
        return
    if not kind.startswith("mixed"):
        raise _unusable(name, kind)
    given = column.dropna()
    if not all(isinstance(value, str | int | float | np.number | np.bool_) for value in given):
        raise _unusable(name, _held(given.iloc[:1000]))


def _unusable(name: str, what: str) -> DataError:
    if "date" in what:
        remedy = "turn it into numbers (such as days since a date)"
    elif "time" in what or "period" in what:
        remedy = "turn it into numbers (such as seconds)"
    else:
        remedy = "write all of them as text" if " and " in what else "make one column per part"
    return DataError(f"column {name!r} must hold numbers, booleans or text, got {what} values; {remedy} or remove it.")


def _held(values: Any) -> str:
    """Describe the content of a column of objects: the types of its first values."""
    found = dict.fromkeys(type(value).__name__ for value in values)
    return " and ".join(dict.fromkeys("list" if name in ("ndarray", "tuple") else name for name in list(found)[:3]))


def _read_number(name: str, column: pd.Series, form: str, notes: Notes) -> dict[str, Any]:
    if column.isna().all():
        return {name: np.full(len(column), np.nan)}
    plain = types.is_bool_dtype(column.dtype) or types.is_numeric_dtype(column.dtype)
    if plain and not isinstance(column.dtype, pd.CategoricalDtype) and not types.is_complex_dtype(column.dtype):
        return {name: column.to_numpy(np.float64, na_value=np.nan)}
    return {name: _Words.of(name, column).numbers(words.Style(form[:1], form[1:]), notes)}


def _read_category(name: str, column: pd.Series, form: str, _: Notes) -> dict[str, Any]:
    if column.isna().all():
        return {name: pd.Categorical([None] * len(column))}
    if isinstance(column.dtype, pd.CategoricalDtype) and form:
        return {name: pd.Categorical(column)}
    if types.is_bool_dtype(column.dtype) or types.is_numeric_dtype(column.dtype):
        return {name: pd.Categorical(column)}  # told by their text when they are encoded
    return {name: _Words.of(name, column).categories(form)}


def _read_date(name: str, column: pd.Series, form: str, _: Notes) -> dict[str, Any]:
    if column.isna().all():
        moments = pd.Series(pd.NaT, index=range(len(column)), dtype="datetime64[ns, UTC]")
    elif _is_dates(column):
        moments = dates.typed_moments(column)
    else:
        held = _Words.of(name, column)
        texts = [None if isinstance(v, str) and words.is_mark(v) else str(v) for v in held.values]  # noqa: PD011  # an attribute of ours
        found = dates.written_moments(texts, form)
        wrong = next((text for text, at in zip(texts, found, strict=True) if text is not None and pd.isna(at)), None)
        if wrong is not None:
            raise DataError(
                f"column {name!r} must hold dates that can be read, got {wrong!r}; write them like 2020-12-31 10:30."
            )
        moments = pd.concat([found, pd.Series([pd.NaT], dtype=found.dtype)], ignore_index=True).iloc[held.codes]
    return {f"{name}: {part}": values for part, values in dates.parts(moments.reset_index(drop=True)).items()}


READERS: dict[str, Callable[[str, pd.Series, str, Notes], dict[str, Any]]] = {
    NUMBER: _read_number,
    CATEGORY: _read_category,
    DATE: _read_date,
}
"""Readers of columns by their kind; columns of other kinds are left out."""
