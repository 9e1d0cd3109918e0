"""CSV files and their like: the separator, the header that must fit its rows, and columns as they were written.

pandas' parser reads a file once. What it would guess in silence is checked beside it: row names from a row that is too
long, gaps from one that is too short, numbers from codes such as 007.
"""

import codecs
import io
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api import types
from pyarrow import csv as arrow_csv

from lcbench.collection.data import words
from lcbench.collection.data.columns import check_distinct
from lcbench.collection.data.layout import NAMES, SPACE, Layout, Options, Text, encoding_of, layout_of
from lcbench.errors import DataError, DataWarning


def read_delimited(path: Path, options: Options, as_text: Collection[str] = ()) -> pd.DataFrame:
    """Read a file of values with a separator between them.

    Args:
        path: The file; ``.gz``, ``.bz2`` and ``.zst`` are read through.
        options: What the caller says of it.
        as_text: Columns that are wanted as they are written, where only an empty cell is a gap.

    Returns:
        The columns of numbers as numbers (those of digits with leading zeros excepted), the others as text.

    Raises:
        DataError: If rows do not fit the header, names are missing or twice, or text is in another encoding.
    """
    text = Text(path, codecs.lookup(options.encoding).name if options.encoding else encoding_of(path))
    try:
        return _read(text, options, as_text)
    except UnicodeError as error:
        raise DataError(
            f"{path} must be a readable file of text in {text.encoding}, got other bytes; "
            "give its encoding, such as --encoding cp1252."
        ) from error


def _read(text: Text, options: Options, as_text: Collection[str]) -> pd.DataFrame:
    layout = layout_of(text, options)
    names = [name or f"Unnamed: {j}" for j, name in enumerate(layout.names)]
    check_distinct(names)
    frame = _parsed(text, layout, names, options, as_text)
    _check_rows(text, layout, frame)
    frame = _restored(text, layout, names, options, as_text, frame)
    if not options.decimal:
        _check_decimals(text, layout, names, as_text, frame)
    _say_empty_lines(text, layout, frame)
    frame.attrs["decimal"] = options.decimal
    return _named(text.path, layout, frame)


def _parsed(
    text: Text, layout: Layout, names: Sequence[str], options: Options, as_text: Collection[str], **more: Any
) -> pd.DataFrame:
    gaps: Any = list(words.NO_VALUES)
    if as_text:
        gaps = {name: [""] if name in as_text else gaps for name in names}
    try:
        with text.open() as stream:
            return pd.read_csv(
                stream,
                sep=layout.separator,
                names=list(names),
                header=None,
                skiprows=layout.skipped + 1,
                dtype={name: str for name in names if name in as_text},
                na_values=gaps,
                keep_default_na=False,
                skip_blank_lines=len(names) > 1,
                skipinitialspace=layout.padded,
                decimal=options.decimal or ".",
                low_memory=False,  # whole columns at once, so that each has one type
                **more,
            )
    except pd.errors.EmptyDataError:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in names})
    except pd.errors.ParserError as error:
        _find_wrong_row(text, layout)
        raise DataError(f"{text.path} must be a readable file of values, got an error: {_line(error)}.") from error


def _check_rows(text: Text, layout: Layout, frame: pd.DataFrame) -> None:
    """Check that each row has as many values as the header has names.

    What is too much in the first row pandas takes for names of rows (integers, or of their own type), what is too much
    in another one it refuses, and what is missing it takes for gaps, of which then one is in the last column.

    Raises:
        DataError: If one has not.
    """
    named = not isinstance(frame.index, pd.RangeIndex) or layout.longer
    gaps = len(layout.names) > 1 and frame.iloc[:, -1].hasnans
    if named or (gaps and not _fits(text, layout)):
        _find_wrong_row(text, layout)
    if named:
        raise DataError(f"{text.path} must have a name in its header for each value of a row; name all columns.")


def _fits(text: Text, layout: Layout) -> bool:
    """Whether Arrow's parser, which is strict and quick, finds no row of another length."""
    try:
        _strictly(text, layout, ["0"])
    except (pa.ArrowException, ValueError):
        return False
    return True


def _strictly(text: Text, layout: Layout, places: Sequence[str]) -> pa.Table:
    """Columns at these places as text, read by Arrow's parser.

    Raises:
        ArrowException: If a row has another length than the header.
        ValueError: If its separators are more than one character.
    """
    with text.open() as stream:
        return arrow_csv.read_csv(
            stream,
            read_options=arrow_csv.ReadOptions(
                skip_rows=layout.skipped,
                skip_rows_after_names=1,
                column_names=[str(j) for j in range(len(layout.names))],
            ),
            parse_options=arrow_csv.ParseOptions(delimiter=layout.separator, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=places,
                column_types={place: pa.string() for place in places},
                strings_can_be_null=True,
                null_values=[""],
            ),
        )


def _find_wrong_row(text: Text, layout: Layout) -> None:
    """Refuse the first row of another length than the header; none is no error.

    Raises:
        DataError: If there is one.
    """
    width = len(layout.names)
    with text.open() as stream:
        lines = iter(io.TextIOWrapper(stream, encoding="utf-8-sig", newline=""))
        for _ in range(layout.skipped):
            next(lines, None)
        counted = _Counted(lines, layout.skipped)
        for row in islice(layout.rows(counted), 1, None):
            blank = not row or (len(row) == 1 and not row[0].strip())
            if len(row) != width and not blank:
                raise DataError(_wrong_row(text.path, layout, row, counted.line))


def _wrong_row(path: Path, layout: Layout, row: list[str], line: int) -> str:
    width, header = len(layout.names), layout.skipped + 1
    remedy = "mend the row"
    if len(row) == width + 1 and not row[-1].strip():
        remedy = f"remove the {NAMES.get(layout.separator, 'separators').rstrip('s')} at the end of rows"
    elif layout.names[0].startswith(("#", "%", "//")):
        remedy = "remove comments before the header"
    elif len(row) > width:
        remedy = "name each column in the header, and put values with a separator in them into quotes"
    return (
        f"{path} must have {width} values in each row as its header (line {header}) has names, got {len(row)} in line "
        f"{line}; {remedy}, or give --separator."
    )


class _Counted:
    """Lines that count themselves."""

    def __init__(self, lines: Iterator[str], before: int) -> None:
        self.lines, self.line = lines, before

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self.lines)
        self.line += 1
        return line


def _restored(
    text: Text, layout: Layout, names: Sequence[str], options: Options, as_text: Collection[str], frame: pd.DataFrame
) -> pd.DataFrame:
    """The frame with codes such as 007 as text, and with numbers in the caller's decimal style as numbers."""
    whole = [name for name in names if name not in as_text and _may_be_codes(frame[name])]
    if whole and _has_codes(text, layout.separator):
        written = _written(text, layout, names, whole)
        for name in whole:
            if any(map(words.is_code, written[name].dropna().unique())):
                frame[name] = written[name]
    if options.decimal:
        for name in names:
            if name not in as_text and not types.is_numeric_dtype(frame[name].dtype):
                frame[name] = _in_style(frame[name], options.decimal)
    return frame


def _written(text: Text, layout: Layout, names: Sequence[str], wanted: Sequence[str]) -> pd.DataFrame:
    """Some columns as they are written, by the parser that is quick if it can read them."""
    if not layout.padded:
        with suppress(pa.ArrowException, ValueError):
            table = _strictly(text, layout, [str(names.index(name)) for name in wanted])
            return table.rename_columns(list(wanted)).to_pandas()
    return _parsed(text, layout, names, Options(), wanted, usecols=list(wanted))


def _in_style(column: pd.Series, decimal: str) -> pd.Series:
    codes, found = pd.factorize(column)
    texts = [value for value in found if isinstance(value, str)]
    numbers = {t: np.nan if words.is_mark(t) else words.number_of(t, words.Style(decimal)) for t in texts}
    if len(texts) < len(found) or None in numbers.values() or any(map(words.is_code, texts)):
        return column
    return pd.Series(np.array([*(numbers[text] for text in texts), np.nan], np.float64)[codes])


def _check_decimals(
    text: Text, layout: Layout, names: Sequence[str], as_text: Collection[str], frame: pd.DataFrame
) -> None:
    """Beside decimal commas, points may be those between thousands.

    Raises:
        DataError: If nothing in a column says which they are.
    """
    known = [(name, dtype) for name, dtype in frame.dtypes.items() if name not in as_text]
    text_columns = [str(name) for name, dtype in known if not types.is_numeric_dtype(dtype)]
    comma = next((name for name in text_columns if _has_commas(frame[name])), None)
    points = [str(name) for name, dtype in known if types.is_float_dtype(dtype)]
    if comma is None or not points:
        return
    written = _written(text, layout, names, points)
    for name in points:
        found = [word for word in written[name].dropna().unique() if "." in word]
        if found and all(words.number_of(word, words.Style(",")) is not None for word in found):
            raise DataError(
                f"column {name!r} must say what its points are, got {found[0]!r} beside decimal commas in column "
                f"{comma!r}; give --decimal , (decimal=%2C in a source) if they stand between thousands, or else "
                "--decimal ."
            )


def _has_commas(column: pd.Series) -> bool:
    """Whether text is numbers with a decimal comma."""
    found = [word for word in column.dropna().unique() if isinstance(word, str) and not words.is_mark(word)]
    try:
        style = words.style_of(found) if found else None
    except words.AmbiguousError:
        return False
    return style is not None and style.decimal == ","


def _may_be_codes(column: pd.Series) -> bool:
    """Whether all values are whole numbers."""
    if types.is_bool_dtype(column.dtype) or not types.is_numeric_dtype(column.dtype):
        return False
    if types.is_integer_dtype(column.dtype):
        return True
    some = column.iloc[:1000].to_numpy()
    values = column.to_numpy() if (np.isnan(some) | (some == np.floor(some))).all() else some
    return bool((np.isnan(values) | (values == np.floor(values))).all())


def _has_codes(text: Text, separator: str) -> bool:
    """Whether any value may begin with 0 and another digit."""
    sign = ord(" ") if separator == SPACE else ord(separator)
    rest = b"\n"
    for chunk in text.chunks():
        data = np.frombuffer(rest + chunk, np.uint8)
        found = data[1:-1] == ord("0")
        found &= data[2:] - np.uint8(ord("0")) < 10
        found &= (data[:-2] < ord("-")) | (data[:-2] == sign)  # a separator, a quote, a space, the end of a line
        if found.any():
            return True
        rest = data[-2:].tobytes()
    return False


def _say_empty_lines(text: Text, layout: Layout, frame: pd.DataFrame) -> None:
    """In a file of a single column an empty line is a row."""
    if len(layout.names) == 1 and (empty := int(frame.iloc[:, 0].isna().sum())):
        warnings.warn(
            f"{text.path.name} has a single column, so {empty} empty cells or lines are rows without a value.",
            DataWarning,
            stacklevel=4,
        )


def _named(path: Path, layout: Layout, frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out columns that have neither a name nor a value; the first may be the numbers of rows.

    Raises:
        DataError: If another one has no name.
    """
    nameless = [j for j, name in enumerate(layout.names) if not name.strip()]
    empty = [j for j in nameless if frame.iloc[:, j].isna().all()]
    numbers = (
        [0] if 0 in nameless and types.is_integer_dtype(frame.iloc[:, 0].dtype) and frame.iloc[:, 0].is_unique else []
    )
    wrong = [str(j + 1) for j in nameless if j not in empty and j not in numbers]
    if wrong:
        raise DataError(
            f"{path} must name each of its columns in its header, got no name for column {', '.join(wrong)}; name it."
        )
    if empty:
        warnings.warn(f"{path.name} has nothing in the columns without a name; left out.", DataWarning, stacklevel=4)
    return frame.drop(columns=frame.columns[empty])


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
