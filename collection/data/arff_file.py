"""ARFF files, read a block of rows at a time."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import arff
import numpy as np
import pandas as pd

from lcbench.collection.data import dates
from lcbench.errors import DataError

_BLOCK = 20_000
"""Rows held as Python objects at one time."""

_DATE = re.compile(
    r"""(\s*@attribute\s+('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\S+)\s+)date\b(.*)""", re.IGNORECASE | re.DOTALL
)
_LETTERS = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "hh": "%I", "mm": "%M", "ss": "%S", "a": "%p"}
_ISO = "yyyy-MM-dd'T'HH:mm:ss"


def read_arff(path: Path, *, encoding: str = "", on_dates: str = dates.REFUSE) -> pd.DataFrame:
    """Read an ARFF file (dense or sparse).

    Nominal attributes become categories in the order in which the header declares them, numeric ones float64, dates
    moments, and strings stay text; ``?`` is missing.

    Args:
        path: The file.
        encoding: Of the file; empty for UTF-8.
        on_dates: What becomes of dates, one of ``lcbench.collection.data.dates.CHOICES``.

    Raises:
        DataError: If it is not ARFF as liac-arff reads it, in another encoding, or has dates that are refused; the
            sentence says in which line.
    """
    with path.open(encoding=encoding or "utf-8-sig") as file:
        lines = _Lines(file)
        try:
            content = arff.load(lines, encode_nominal=True, return_type=arff.DENSE_GEN)
            _check_dates(path, lines, on_dates)
            return _gather(content["attributes"], content["data"], lines.formats)
        except UnicodeDecodeError as error:
            raise DataError(
                f"{path} must be an ARFF file in {encoding or 'utf-8'}, got other bytes after line {lines.number}; "
                "give its encoding, such as --encoding cp1252."
            ) from error
        except DataError:
            raise
        except (arff.ArffException, ValueError) as error:
            reason = re.sub(r",? (?:at|in) line -?\d+", "", str(error).strip().splitlines()[0]).rstrip(".")
            raise DataError(
                f"{path} must be an ARFF file, got one that cannot be read: {reason}, in line {lines.number}."
            ) from error


class _Lines:
    """Lines of a file that count themselves; attributes that are dates pass as text, which liac-arff knows.

    Attributes:
        number: Of the last line that was read.
        formats: Java's formats of the dates by the attributes' names.
    """

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines, self._header = lines, True
        self.number, self.formats = 0, dict[str, str]()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        self._header = self._header and not line.lstrip().lower().startswith("@data")
        found = _DATE.fullmatch(line) if self._header else None
        if found is None:
            return line
        name = re.sub(r"\\(.)", r"\1", found[2][1:-1]) if found[2][0] in "'\"" else found[2]
        self.formats[name] = found[3].strip().strip("'\"") or _ISO
        return found[1] + "STRING\n"


def _check_dates(path: Path, lines: _Lines, on_dates: str) -> None:
    if lines.formats and on_dates == dates.REFUSE:
        name = next(iter(lines.formats))
        raise DataError(
            f"{path}: column {name!r} must hold numbers, booleans or text, got dates; turn it into numbers (such as "
            "days since a date), remove it, or take year, month, day of week and days elapsed with --dates parts "
            "(dates='parts')."
        )


def _gather(attributes: list[tuple[str, Any]], rows: Iterator[list[Any]], formats: dict[str, str]) -> pd.DataFrame:
    names = [name for name, _ in attributes]
    blocks = [_typed(attributes, block) for block in iter(lambda: list(islice(rows, _BLOCK)), [])]
    frame = pd.concat(blocks or [_typed(attributes, [])], ignore_index=True)
    for j, name in enumerate(names):
        if name in formats:
            frame[j] = _moments(name, frame[j], formats[name])
    frame.columns = pd.Index(names)
    return frame


def _typed(attributes: list[tuple[str, Any]], rows: list[list[Any]]) -> pd.DataFrame:
    """One block; its columns are numbered, so that equal names reach the check that names them."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(attributes)
    kinds = [kind for _, kind in attributes]
    return pd.DataFrame({j: _column(kind, columns[j]) for j, kind in enumerate(kinds)})


def _column(kind: str | list[str], values: Sequence[Any]) -> Any:
    if isinstance(kind, list):
        declared = list(dict.fromkeys(kind))  # a value that is declared twice is one category
        places = np.array([*(declared.index(value) for value in kind), -1], np.int32)
        codes = np.array([-1 if value is None else value for value in values], np.int32)
        return pd.Categorical.from_codes(places[codes], categories=pd.Index(declared))
    if kind == "STRING":
        return np.array(values, object)
    return np.array(values, np.float64)


def _moments(name: str, texts: pd.Series, form: str) -> pd.Series:
    """Moments of dates in a format of Java's.

    Raises:
        ValueError: If one is none.
    """
    pattern = re.sub(r"yyyy|yy|MM|dd|HH|hh|mm|ss|a", lambda found: _LETTERS[found[0]], form.replace("'", ""))
    try:
        return pd.to_datetime(texts, format=pattern, utc=True)
    except ValueError as error:
        raise ValueError(f"column {name!r} has dates other than {form}") from error
