"""Single files, JSON and Parquet: written whole or not at all, and read with every damage turned into one error.

Each column of a table has the encoding with which the file is small and quick to read.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lcbench.errors import DamagedFileError, InputError
from lcbench.output import what_is_no_file

_FEW = 1 / 16
"""Of a column's values, how many may be different for a dictionary to be the smaller encoding."""

_LEVEL = 3
"""Of zstd. Higher levels gain one per cent and cost five times the time."""


def options(table: pa.Table) -> dict[str, Any]:
    """Choose encodings by what is in the columns.

    Accuracies on a few hundred rows repeat and get a dictionary; other float32 numbers have their bytes split into
    streams (the exponents then compress well); whatever else is a number stays plain.

    Args:
        table: Any table; one level of lists is looked into.

    Returns:
        Arguments of ``pyarrow.parquet.write_table``.
    """
    words = [field.name for field in table.schema if pa.types.is_string(field.type)]
    series = [field.name for field in table.schema if _is_series(field)]
    repeating = [name for name in series if _repeats(table[name])]
    return _common() | {
        "use_dictionary": words + [_leaf(table.schema.field(name)) for name in repeating],
        "use_byte_stream_split": [_leaf(table.schema.field(name)) for name in series if name not in repeating],
    }


def options_unseen(schema: pa.Schema) -> dict[str, Any]:
    """Choose encodings for a table that is written part by part: by the columns' types alone.

    Returns:
        Arguments of ``pyarrow.parquet.ParquetWriter``.
    """
    leaves = [_leaf(field) for field in schema if _is_series(field)]
    return _common() | {"use_dictionary": False, "use_byte_stream_split": leaves}


def _common() -> dict[str, Any]:
    return {"compression": "zstd", "compression_level": _LEVEL, "write_page_checksum": True}


def _is_series(field: pa.Field) -> bool:
    return pa.types.is_list(field.type) and pa.types.is_float32(field.type.value_type)


def _leaf(field: pa.Field) -> str:
    """The path of a list column's numbers in a Parquet file."""
    return f"{field.name}.list.element"


def _repeats(column: pa.ChunkedArray) -> bool:
    values = pc.list_flatten(column)
    return pc.count_distinct(values).as_py() <= _FEW * len(values)


def write_json(path: Path, document: object) -> None:
    """Write JSON atomically: the file is either as before or whole."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write a table atomically, with zstd, page checksums and an encoding for each column."""
    with replacing(path) as temporary:
        pq.write_table(table, temporary, **options(table))


def write_parts(path: Path, tables: Iterable[pa.Table], schema: pa.Schema) -> None:
    """Write tables one after the other into one file, atomically, holding one of them at a time."""
    options = options_unseen(schema)
    with replacing(path) as temporary, pq.ParquetWriter(temporary, schema, **options) as writer:
        for table in tables:
            writer.write_table(table.cast(schema))


class replacing:  # noqa: N801  # reads as a verb: `with replacing(path) as temporary`
    """A temporary file that takes the place of ``path`` when the block ends well.

    Raises:
        InputError: If ``path`` is a folder, a symbolic link, a pipe or a device, which a file must not replace.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # workers on several machines may have one process number, and one that was given up may still be writing
        self.temporary = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}.tmp")

    def __enter__(self) -> Path:
        if (kind := what_is_no_file(self.path)) is not None:
            raise InputError(f"{self.path} must be a file to be replaced, got a {kind}; remove it or name another.")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return self.temporary

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self.temporary.unlink(missing_ok=True)
            return
        with self.temporary.open("rb+") as file:
            os.fsync(file.fileno())
        self.temporary.replace(self.path)


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        DamagedFileError: If it is missing or not JSON.
    """
    try:
        return parse_json(path, path.read_bytes())
    except FileNotFoundError as error:
        raise DamagedFileError(f"{path} is missing.") from error
    except OSError as error:
        raise DamagedFileError(f"{path} cannot be read as JSON: {error}.") from error


def parse_json(path: Path, content: bytes) -> Any:
    """Parse the content of a JSON file.

    Raises:
        DamagedFileError: If it is no JSON.
    """
    try:
        return json.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DamagedFileError(f"{path} cannot be read as JSON: {error}.") from error


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file; whatever is wrong with it is a damaged file."""
    try:
        with pq.ParquetFile(path, memory_map=True, page_checksum_verification=True) as file:
            yield file
    except FileNotFoundError as error:
        raise DamagedFileError(f"{path} is missing; restore it or collect again.") from error
    except (OSError, MemoryError, ValueError, pa.ArrowException) as error:  # what a damaged file can lead to
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DamagedFileError(f"{path} is truncated or damaged ({reason}); restore it or collect again.") from error


def read_schema(path: Path) -> pa.Schema:
    """The columns of a Parquet file, and what its metadata say.

    Raises:
        DamagedFileError: If the file is missing, truncated or changed.
    """
    with _opened(path) as file:
        return file.schema_arrow


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read (some columns of) a Parquet file, checking the pages' checksums.

    Raises:
        DamagedFileError: If the file is missing, truncated, changed, or lacks a column.
    """
    with _opened(path) as file:
        lacking = sorted(set(columns or ()) - set(file.schema_arrow.names))
        if lacking:
            raise DamagedFileError(f"{path} has no column {', '.join(lacking)}.")
        return file.read(columns=None if columns is None else list(columns))


def read_groups(path: Path) -> Iterator[pa.Table]:
    """A Parquet file one row group after the other, checking the pages' checksums.

    Raises:
        DamagedFileError: If the file is missing, truncated or changed.
    """
    with _opened(path) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group)


def read_rows(
    path: Path, key: Sequence[str], wanted: Iterable[tuple[object, ...]], columns: Sequence[str]
) -> dict[tuple[object, ...], dict[str, Any]]:
    """Read some columns of the rows with these keys, from their row groups alone; the keys are read once.

    Args:
        path: The file.
        key: Names of the key's columns.
        wanted: Values of the key's columns, a tuple for each row.
        columns: What to read.

    Returns:
        For each key that is there the values by column, lists as numpy arrays.

    Raises:
        DamagedFileError: If the file is missing, truncated or changed.
    """
    left, found = set(wanted), {}
    with _opened(path) as file:
        for group in range(file.num_row_groups):
            keys = file.read_row_group(group, columns=list(key))
            rows = list(zip(*[keys[name].to_pylist() for name in key], strict=True))
            if left.isdisjoint(rows):
                continue
            table = file.read_row_group(group, columns=list(columns))
            for place, row in enumerate(rows):
                if row in left:
                    found[row] = {name: _plain(table[name][place]) for name in columns}
    return found


def _plain(value: pa.Scalar) -> Any:
    return value.values.to_numpy(zero_copy_only=False) if isinstance(value, pa.ListScalar) else value.as_py()


def read_row(path: Path, key: Mapping[str, int], columns: Sequence[str]) -> dict[str, Any] | None:
    """Read some columns of the row with this key, from its row group alone.

    Args:
        path: The file.
        key: Values of the key's columns.
        columns: What to read.

    Returns:
        The values by column, or None if there is no such row.

    Raises:
        DamagedFileError: If the file is missing, truncated or changed.
    """
    with _opened(path) as file:
        for group in range(file.num_row_groups):
            keys = file.read_row_group(group, columns=list(key))
            same = [keys[name].to_numpy() == value for name, value in key.items()]
            rows = np.flatnonzero(np.logical_and.reduce(same))
            if len(rows):
                return file.read_row_group(group, columns=list(columns)).slice(rows[0], 1).to_pylist()[0]
    return None
