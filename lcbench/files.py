"""Files that are read with every damage turned into one error: JSON and Parquet."""

import json
import math
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.parquet as pq

from lcbench import signature
from lcbench.errors import DamagedFileError, NewerFormatError

MOST_JSON = 1 << 22
"""Bytes of a benchmark's manifest; that of a thousand data sets has some hundred thousand."""

_MOST = 1 << 26  # bytes of any JSON file
_DEEPEST = 100  # levels of lists and objects


def read_json(path: Path) -> Any:
    """Read a JSON file; of a document that carries a checksum, what it was written from.

    Raises:
        DamagedFileError: If it is missing, too large, not JSON, or not as its checksum says.
    """
    content = read_bytes(path, _MOST)
    found = parse_json(path, content)
    signature.check(path, content)
    if isinstance(found, dict):
        found.pop(signature.ENTRY, None)
    return found


def read_signed(path: Path, newest: int, what: str) -> dict[str, Any]:
    """Read a document with a format version.

    Args:
        path: The file.
        newest: The newest format version that can be read.
        what: What the document describes, for messages.

    Raises:
        NewerFormatError: If it was written by a newer program.
        DamagedFileError: If it is no such document, carries no checksum, or was changed since.
    """
    no_links(path.parent)
    document = read_json(path)
    if not isinstance(document, dict) or not isinstance(document.get("format_version"), int):
        raise DamagedFileError(f"{path} has no format_version; this is no {what} of ours.")
    if document["format_version"] > newest:
        raise NewerFormatError(
            f"the {what} has format version {document['format_version']}, this program knows up to {newest}; "
            "update lcbench."
        )
    if not signature.is_signed(path):
        raise DamagedFileError(f"{path} carries no checksum; restore it or fit again.")
    return document


def parse_json(path: Path, content: bytes) -> Any:
    """Parse the content of a JSON file.

    Raises:
        DamagedFileError: If it is no JSON of finite numbers, or nested more than 100 levels deep.
    """
    try:
        return json_value(content.decode("utf-8"))
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError, too
        reason = str(error).partition(";")[0]  # what Python would have done about it is of no use here
        raise DamagedFileError(f"{path} cannot be read as JSON: {reason}; restore it.") from error


def json_value(text: str) -> Any:
    """The value of a JSON text of finite numbers and at most 100 levels of lists and objects.

    Raises:
        ValueError: If it is anything else.
    """
    try:
        found = json.loads(text, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if "\\u" in text:  # half of a pair is no text: it could be written nowhere
        json.dumps(found, ensure_ascii=False).encode()
    level = [[found]]
    for _ in range(_DEEPEST):
        level = [each for outer in level for each in _inside(outer)]
        if not level:
            return found
    raise ValueError("it is nested too deeply")


def _inside(outer: Any) -> list[Any]:
    """The lists and objects that lie directly in one, all numbers in which are finite."""
    deeper = []
    for each in outer.values() if type(outer) is dict else outer:
        kind = type(each)
        if kind is dict or kind is list:
            deeper.append(each)
        elif kind is float and not math.isfinite(each):
            raise ValueError("a number is too large")
    return deeper


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def read_bytes(path: Path, most: int | None = None) -> bytes:
    """The content of a file.

    Args:
        path: The file.
        most: The most bytes that it may have.

    Raises:
        DamagedFileError: If it is missing, no file, too large, or cannot be read.
    """
    _check_file(path)
    try:
        with path.open("rb") as file:
            content = file.read() if most is None else file.read(most + 1)
    except OSError as error:
        raise DamagedFileError(f"{path} cannot be read: {error.strerror}.") from error
    if most is not None and len(content) > most:
        raise DamagedFileError(f"{path} must have at most {most >> 20} MB, got more; restore it.")
    return content


def _check_file(path: Path) -> None:
    """Check that there is a file: to open a pipe would be to wait for its other end."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise DamagedFileError(f"{path} is missing; restore it or collect again.") from error
    if not stat.S_ISREG(mode):
        raise DamagedFileError(f"{path} must be a file, got something else; restore it.")


def no_links(folder: Path) -> Path:
    """Check that nothing below a folder is a symbolic link, so that nothing outside it is read or written through it.

    The folder itself may be reached through links.

    Returns:
        The folder.

    Raises:
        DamagedFileError: If there is a link; it is named.
    """
    try:
        with os.scandir(folder) as found:
            entries = list(found)
    except (FileNotFoundError, NotADirectoryError):  # nothing there, or gone in the meantime
        entries = []
    for entry in entries:
        if entry.is_symlink():
            raise DamagedFileError(
                f"{entry.path} is a symbolic link, through which nothing is read or written; put its target there."
            )
        if entry.is_dir():
            no_links(Path(entry.path))
    return folder


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """Whatever goes wrong while something that was read is made sense of is a damaged file.

    Raises:
        DamagedFileError: If it cannot be made sense of.
    """
    try:
        yield
    except NOT_UNDERSTOOD as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise DamagedFileError(f"{path} cannot be understood ({reason}); restore it.") from error


NOT_UNDERSTOOD = (
    *(LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError, MemoryError, EOFError),
    *(SyntaxError, TokenError, pa.ArrowException),  # numpy reads the heads of arrays as Python's literals
)
"""What making sense of a damaged file can lead to; :class:`lcbench.errors.InputError` is a ValueError."""


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file; whatever is wrong with it is a damaged file.

    It is read, not mapped: a mapped file that somebody shortens ends the process.
    """
    _check_file(path)
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            most = _ROWS + _ROWS_PER_BYTE * path.stat().st_size
            if file.metadata.num_rows > most:
                raise ValueError(f"{file.metadata.num_rows} rows are too many for its size")
            yield file
    except (OSError, MemoryError, ValueError, pa.ArrowException) as error:  # what a damaged file can lead to
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DamagedFileError(f"{path} is truncated or damaged ({reason}); restore it or collect again.") from error


_ROWS, _ROWS_PER_BYTE = 100_000, 1000
"""The most rows that a file may claim to have; in real ones the most are labels, ten a byte."""


def read_schema(path: Path) -> pa.Schema:
    """The columns of a Parquet file, and what its metadata say.

    Raises:
        DamagedFileError: If the file is missing, truncated or changed.
    """
    with _opened(path) as file:
        return file.schema_arrow


def read_parquet(path: Path, columns: Sequence[str] | None = None, schema: pa.Schema | None = None) -> pa.Table:
    """Read (some columns of) a Parquet file, checking the pages' checksums.

    Its columns and what is in them count, not what pandas has written into the metadata.

    Args:
        path: The file.
        columns: Their names; all by default.
        schema: Types that columns must have, and which of them may have gaps.

    Raises:
        DamagedFileError: If the file is missing, truncated, changed, lacks a column, or has one that is not of the
            schema.
    """
    with _opened(path) as file:
        names = file.schema_arrow.names if columns is None else list(columns)
        _check_columns(path, file.schema_arrow, names, schema)
        return _sound(path, file.read(columns=names), schema)


def read_groups(path: Path, schema: pa.Schema | None = None) -> Iterator[pa.Table]:
    """A Parquet file one row group after the other, as :func:`read_parquet`.

    Raises:
        DamagedFileError: As there.
    """
    with _opened(path) as file:
        _check_columns(path, file.schema_arrow, file.schema_arrow.names, schema)
        for group in range(file.num_row_groups):
            yield _sound(path, file.read_row_group(group), schema)


def _check_columns(path: Path, found: pa.Schema, names: Sequence[str], schema: pa.Schema | None) -> None:
    lacking = sorted({*names, *(schema.names if schema is not None and not names else ())} - set(found.names))
    if lacking:
        raise DamagedFileError(f"{path} has no column {', '.join(lacking)}; restore it.")
    if len(set(found.names)) < len(found.names):
        raise DamagedFileError(f"{path} has two columns of one name; restore it.")
    for name in names:
        wanted = None if schema is None or name not in schema.names else schema.field(name).type
        if wanted is not None and found.field(name).type != wanted:
            raise DamagedFileError(f"{path} must have {wanted} in column {name}, got {found.field(name).type}.")


def _sound(path: Path, table: pa.Table, schema: pa.Schema | None) -> pa.Table:
    """The table without metadata, if no column has gaps where the schema allows none."""
    table.validate(full=True)
    for field in schema or ():
        if not field.nullable and field.name in table.column_names and table[field.name].null_count:
            raise DamagedFileError(f"{path} must have no gaps in column {field.name}, got some; restore it.")
    return table.replace_schema_metadata(None)


def read_rows(
    path: Path, key: Sequence[str], wanted: Iterable[tuple[object, ...]], columns: Sequence[str], schema: pa.Schema
) -> dict[tuple[object, ...], dict[str, Any]]:
    """Read some columns of the rows with these keys, from their row groups alone; the keys are read once.

    Args:
        path: The file.
        key: Names of the key's columns.
        wanted: Values of the key's columns, a tuple for each row.
        columns: What to read.
        schema: Types of the columns.

    Returns:
        For each key that is there the values by column, lists as numpy arrays.

    Raises:
        DamagedFileError: If the file is missing, truncated or changed.
    """
    asked, found = set(wanted), {}
    left = set(asked)
    with _opened(path) as file:
        _check_columns(path, file.schema_arrow, [*key, *columns], schema)
        for group in range(file.num_row_groups):
            if not left:
                break
            keys = file.read_row_group(group, columns=list(key))
            rows = list(zip(*[keys[name].to_pylist() for name in key], strict=True))
            if left.isdisjoint(rows):
                continue
            left -= set(rows)
            table = _sound(path, file.read_row_group(group, columns=list(columns)), schema)
            for place, row in enumerate(rows):
                if row in asked:
                    found[row] = {name: _plain(table[name][place]) for name in columns}
    return found


def _plain(value: pa.Scalar) -> Any:
    return value.values.to_numpy(zero_copy_only=False) if isinstance(value, pa.ListScalar) else value.as_py()
