"""CSV files and their like: the separator, the header that must fit its rows, and columns as they were written.

pandas' parser reads a file once. What it would guess in silence is checked beside it: row names from a row that is too
long, gaps from one that is too short, numbers from codes such as 007.
"""

import codecs
import csv
import io
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api import types
from pyarrow import csv as arrow_csv

from lcbench.collection.data import words
from lcbench.collection.data.columns import check_distinct
from lcbench.errors import DataError, DataWarning, InputError

_SPACE = r"\s+"
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "space": _SPACE, " ": _SPACE}
"""Separators by the names that an option may give them; any other single character is one, too."""

COMPRESSED = (".gz", ".bz2", ".zst")
"""Suffixes of compressed files."""

_TRIED = (",", ";", "\t", "|")
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars", _SPACE: "spaces"}
_HEAD, _CHUNK = 1 << 20, 1 << 17
_MOST_ROWS = 200
"""Rows at the beginning of a file that decide on its separator."""

_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller says of a file of text; what is empty is recognised.

    Attributes:
        separator: What stands between values, a name of :data:`SEPARATORS` or one character.
        decimal: Decimal sign, ``.`` or ``,``.
        encoding: Name of the encoding, as Python knows it.

    Raises:
        InputError: If one of them is none.
    """

    separator: str = ""
    decimal: str = ""
    encoding: str = ""

    def __post_init__(self) -> None:
        if self.separator not in SEPARATORS and len(self.separator) > 1:
            raise InputError(
                f"separator must be one character or one of {', '.join(SEPARATORS)}, got {self.separator!r}."
            )
        if self.decimal not in ("", ".", ","):
            raise InputError(f"decimal must be . or , got {self.decimal!r}.")
        if self.decimal and SEPARATORS.get(self.separator, self.separator) == self.decimal:
            raise InputError(f"separator and decimal must differ, got {self.decimal!r} for both.")
        try:
            codecs.lookup(self.encoding or "utf-8")
        except LookupError as error:
            raise InputError(
                f"encoding must be one that Python knows, such as utf-8 or cp1252, got {self.encoding!r}."
            ) from error


@dataclass(frozen=True, slots=True)
class _Text:
    """A file of text.

    Attributes:
        path: Where it is; it may be compressed.
        encoding: How it is written.
    """

    path: Path
    encoding: str

    def open(self) -> IO[bytes]:
        """Its bytes in UTF-8."""
        if self.encoding == "utf-8" and self.path.suffix.lower() not in COMPRESSED:
            return self.path.open("rb")
        stream: Any = pa.input_stream(str(self.path), compression="detect")
        return stream if self.encoding == "utf-8" else pa.transcoding_input_stream(stream, self.encoding, "utf-8")

    def head(self) -> tuple[str, bool]:
        """Its beginning without a byte-order mark, and whether that is all of it."""
        with self.open() as stream:
            data = stream.read(_HEAD)
        if self.encoding == "utf-8" and b"\x00" in data:
            raise DataError(
                f"{self.path} must be a readable file of text, got bytes that are none; "
                "if it is text, give its encoding, such as --encoding utf-16."
            )
        whole = len(data) < _HEAD
        return codecs.getincrementaldecoder("utf-8-sig")().decode(data, final=whole).lstrip("\ufeff"), whole

    def chunks(self) -> Iterator[bytes]:
        """Its bytes, a piece at a time."""
        with self.open() as stream:
            while chunk := stream.read(_CHUNK):
                yield bytes(chunk)


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a file of text is laid out.

    Attributes:
        separator: Between values.
        names: Of the columns, as the header has them.
        skipped: Lines before the header.
        padded: Whether a space follows each separator.
        longer: Whether the first row has more values than the header has names.
    """

    separator: str
    names: tuple[str, ...]
    skipped: int
    padded: bool
    longer: bool = False

    def rows(self, lines: Iterator[str]) -> Iterator[list[str]]:
        """Values of each row, read without any haste."""
        if self.separator == _SPACE:
            return (line.split() for line in lines)
        return csv.reader(lines, delimiter=self.separator, skipinitialspace=self.padded)


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
    text = _Text(path, codecs.lookup(options.encoding).name if options.encoding else _encoding(path))
    try:
        return _read(text, options, as_text)
    except UnicodeError as error:
        raise DataError(
            f"{path} must be a readable file of text in {text.encoding}, got other bytes; "
            "give its encoding, such as --encoding cp1252."
        ) from error


def _encoding(path: Path) -> str:
    """UTF-8, or what a mark at the beginning of the file says."""
    with pa.input_stream(str(path), compression="detect") as stream:
        begin = bytes(stream.read(4))
    found = next((name for mark, name in _MARKS.items() if begin.startswith(mark)), "utf-8")
    if found != "utf-8":
        warnings.warn(f"{path.name} is read as {found}, as its first bytes say.", DataWarning, stacklevel=3)
    return found


def _read(text: _Text, options: Options, as_text: Collection[str]) -> pd.DataFrame:
    layout = _layout(text, options)
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
    text: _Text, layout: _Layout, names: Sequence[str], options: Options, as_text: Collection[str], **more: Any
) -> pd.DataFrame:
    gaps: Mapping[str, Any] = {name: [""] if name in as_text else list(words.NO_VALUES) for name in names}
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


def _layout(text: _Text, options: Options) -> _Layout:
    head, whole = text.head()
    lines = head.splitlines(keepends=True)
    lines = lines if whole or len(lines) < 2 else lines[:-1]
    skipped = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
    separator = SEPARATORS.get(options.separator, options.separator)
    if skipped < len(lines) and lines[skipped].lower().startswith("sep=") and len(lines[skipped].strip()) == 5:
        separator, skipped = separator or lines[skipped][4], skipped + 1  # as Excel writes it
    lines = lines[skipped:]
    if not lines:
        raise DataError(f"{text.path} must have a header with the names of its columns, got an empty file.")
    separator = separator or _recognised(text.path, lines)
    if separator == options.decimal:
        raise InputError(f"separator and decimal must differ, got {separator!r} for both in {text.path.name}.")
    header = next(_Layout(separator, (), 0, padded=False).rows(iter(lines)))
    padded = len(header) > 1 and all(name.startswith(" ") for name in header[1:])
    rows = _Layout(separator, (), 0, padded=padded).rows(iter(lines))
    names = tuple(next(rows))
    longer = len(next((row for row in rows if row), ())) > len(names)
    return _Layout(separator, names, skipped, padded, longer)


def _recognised(path: Path, lines: list[str]) -> str:
    """The separator that gives each row as many values as the header has names."""
    usual = "\t" if {".tsv", ".tab"} & set(path.suffixes) else ","
    widths = {separator: _widths(separator, lines) for separator in _TRIED}
    fit = [separator for separator, found in widths.items() if len(set(found)) == 1 and found[0] > 1]
    if usual in fit or (not fit and widths[usual][0] > 1):
        return usual
    if len(fit) > 1:
        some = " and ".join(_NAMES[separator] for separator in fit)
        raise DataError(f"{path} can be read with {some} between its values; give --separator.")
    several = [separator for separator in _TRIED if widths[separator][0] > 1]
    found = fit[0] if fit else several[0] if several else usual
    spaces = [len(line.split()) for line in lines[:_MOST_ROWS] if line.strip()]
    if found == usual and len(set(spaces)) == 1 and spaces[0] > 1:
        raise DataError(
            f"{path} must have commas between its values, got what may be spaces; give --separator space, or "
            f"--separator comma if it has a single column."
        )
    if found != usual:
        warnings.warn(f"{path.name} is read with {_NAMES[found]} between its values.", DataWarning, stacklevel=3)
    return found


def _widths(separator: str, lines: list[str]) -> list[int]:
    """Number of values of the header and of the first rows."""
    found = []
    try:
        for row in csv.reader(iter(lines), delimiter=separator):
            if row and (len(row) > 1 or row[0].strip()):
                found.append(len(row))
            if len(found) > _MOST_ROWS:
                break
    except csv.Error:
        return [0]
    return found or [0]


def _check_rows(text: _Text, layout: _Layout, frame: pd.DataFrame) -> None:
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


def _fits(text: _Text, layout: _Layout) -> bool:
    """Whether Arrow's parser, which is strict and quick, finds no row of another length."""
    try:
        _strictly(text, layout, ["0"])
    except (pa.ArrowException, ValueError):
        return False
    return True


def _strictly(text: _Text, layout: _Layout, places: Sequence[str]) -> pa.Table:
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


def _find_wrong_row(text: _Text, layout: _Layout) -> None:
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


def _wrong_row(path: Path, layout: _Layout, row: list[str], line: int) -> str:
    width, header = len(layout.names), layout.skipped + 1
    remedy = "mend the row"
    if len(row) == width + 1 and not row[-1].strip():
        remedy = f"remove the {_NAMES.get(layout.separator, 'separators').rstrip('s')} at the end of rows"
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
    text: _Text, layout: _Layout, names: Sequence[str], options: Options, as_text: Collection[str], frame: pd.DataFrame
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


def _written(text: _Text, layout: _Layout, names: Sequence[str], wanted: Sequence[str]) -> pd.DataFrame:
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
    text: _Text, layout: _Layout, names: Sequence[str], as_text: Collection[str], frame: pd.DataFrame
) -> None:
    """Beside decimal commas, points may be those between thousands.

    Raises:
        DataError: If nothing in a column says which they are.
    """
    comma = next((name for name in names if name not in as_text and _has_commas(frame[name])), None)
    points = [name for name in names if name not in as_text and types.is_float_dtype(frame[name].dtype)]
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
    if types.is_numeric_dtype(column.dtype):
        return False
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


def _has_codes(text: _Text, separator: str) -> bool:
    """Whether any value may begin with 0 and another digit."""
    sign = ord(" ") if separator == _SPACE else ord(separator)
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


def _say_empty_lines(text: _Text, layout: _Layout, frame: pd.DataFrame) -> None:
    """In a file of a single column an empty line is a row."""
    if len(layout.names) == 1 and (empty := int(frame.iloc[:, 0].isna().sum())):
        warnings.warn(
            f"{text.path.name} has a single column, so {empty} empty cells or lines are rows without a value.",
            DataWarning,
            stacklevel=4,
        )


def _named(path: Path, layout: _Layout, frame: pd.DataFrame) -> pd.DataFrame:
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
