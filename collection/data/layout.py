"""How a file of text is laid out: its encoding, its separator and its header."""

import codecs
import csv
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from lcbench.errors import DataError, DataWarning, InputError

SPACE = r"\s+"
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "space": SPACE, " ": SPACE}
"""Separators by the names that an option may give them; any other single character is one, too."""

COMPRESSED = (".gz", ".bz2", ".zst")
"""Suffixes of compressed files."""

_TRIED = (",", ";", "\t", "|")
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars", SPACE: "spaces"}
_HEAD, _CHUNK = 1 << 20, 1 << 17
_LONGEST = 1 << 30  # characters of a value
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
        given = self.separator
        usable = len(given) <= 1 and given.isascii() and given not in ('"', "\r", "\n")
        if given not in SEPARATORS and not usable:
            names = ", ".join(name for name in SEPARATORS if name.isalpha())
            raise InputError(f"separator must be one ASCII character or one of {names}, got {given!r}.")
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
class Text:
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
        data = b""
        with self.open() as stream:
            while (len(data) < _HEAD or data.count(b"\n") < 2) and (more := stream.read(_HEAD)):
                data += more
            whole = not stream.read(1)
        if self.encoding == "utf-8" and b"\x00" in data:
            raise DataError(
                f"{self.path} must be a readable file of text, got bytes that are none; "
                "if it is text, give its encoding, such as --encoding utf-16."
            )
        return codecs.getincrementaldecoder("utf-8-sig")().decode(data, final=whole).lstrip("\ufeff"), whole

    def chunks(self) -> Iterator[bytes]:
        """Its bytes, a piece at a time."""
        with self.open() as stream:
            while chunk := stream.read(_CHUNK):
                yield bytes(chunk)


@dataclass(frozen=True, slots=True)
class Layout:
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
        if self.separator == SPACE:
            yield from (line.split() for line in lines)
            return
        before = csv.field_size_limit(_LONGEST)
        try:
            yield from csv.reader(lines, delimiter=self.separator, skipinitialspace=self.padded)
        finally:
            csv.field_size_limit(before)


def encoding_of(path: Path) -> str:
    """UTF-8, or what a mark at the beginning of the file says."""
    with pa.input_stream(str(path), compression="detect") as stream:
        begin = bytes(stream.read(4))
    found = next((name for mark, name in _MARKS.items() if begin.startswith(mark)), "utf-8")
    if found != "utf-8":
        warnings.warn(f"{path.name} is read as {found}, as its first bytes say.", DataWarning, stacklevel=3)
    return found


def layout_of(text: Text, options: Options) -> Layout:
    """Recognise what the caller does not say.

    Raises:
        DataError: If the file is empty or no text, or its separator cannot be told.
        InputError: If the separator is the decimal sign.
    """
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
    header = next(Layout(separator, (), 0, padded=False).rows(iter(lines)))
    padded = len(header) > 1 and all(name.startswith(" ") for name in header[1:])
    rows = Layout(separator, (), 0, padded=padded).rows(iter(lines))
    names = tuple(next(rows))
    longer = len(next((row for row in rows if row), ())) > len(names)
    return Layout(separator, names, skipped, padded, longer)


def _recognised(path: Path, lines: list[str]) -> str:
    """The separator that gives each row as many values as the header has names."""
    usual = "\t" if {".tsv", ".tab"} & set(path.suffixes) else ","
    widths = {separator: _widths(separator, lines) for separator in _TRIED}
    fit = [separator for separator, found in widths.items() if len(set(found)) == 1 and found[0] > 1]
    if usual in fit or (not fit and widths[usual][0] > 1):
        return usual
    if len(fit) > 1:
        some = " and ".join(NAMES[separator] for separator in fit)
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
        warnings.warn(f"{path.name} is read with {NAMES[found]} between its values.", DataWarning, stacklevel=3)
    return found


def _widths(separator: str, lines: list[str]) -> list[int]:
    """Number of values of the header and of the first rows."""
    found = []
    try:
        for row in Layout(separator, (), 0, padded=False).rows(iter(lines)):
            if row and (len(row) > 1 or row[0].strip()):
                found.append(len(row))
            if len(found) > _MOST_ROWS:
                break
    except csv.Error:
        return [0]
    return found or [0]
