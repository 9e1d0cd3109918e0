"""Files that are there whole or not at all: text, JSON and Parquet, written beside their place and moved there.

Each column of a table has the encoding with which the file is small and quick to read.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lcbench import signature
from lcbench.errors import InputError
from lcbench.output import beside, sweep, what_is_no_file

_FEW = 1 / 16
"""Of a column's values, how many may be different for a dictionary to be the smaller encoding."""

_LOOKED_AT = 1 << 20
"""Values of a column that are looked at for that; counting a hundred million takes longer than writing them."""

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
    values = pc.list_flatten(column).slice(0, _LOOKED_AT)
    return pc.count_distinct(values).as_py() <= _FEW * len(values)


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document as JSON with a checksum over itself, atomically: the file is either as before or whole."""
    write_text(path, signature.sign(document))


def write_text(path: Path, text: str) -> None:
    """Write a text atomically, with its line breaks as they are."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


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

    The file is on the disk before it takes the place, and so is the change of the folder when the block has ended.

    Raises:
        InputError: If ``path`` is a symbolic link, a pipe or a device, which a file must not replace.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.temporary = beside(path)

    def __enter__(self) -> Path:
        if (kind := what_is_no_file(self.path)) is not None and kind != "folder":  # the system refuses to replace that
            raise InputError(f"{self.path} must be a file to be replaced, got a {kind}; remove it or name another.")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return self.temporary

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self.temporary.unlink(missing_ok=True)
            return
        try:
            with self.temporary.open("rb+") as file:
                os.fsync(file.fileno())
            self.temporary.replace(self.path)
        except BaseException:
            self.temporary.unlink(missing_ok=True)
            raise
        sync_folder(self.path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system can."""
    if hasattr(os, "O_DIRECTORY"):
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """A temporary folder that becomes ``folder`` when the block ends well, and is gone when it does not.

    Raises:
        InputError: If there is something at that place.
    """
    folder = folder.absolute()
    if folder.is_symlink() or (folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))):
        raise InputError(f"the output must go to a new or empty folder, got {folder}; choose another or remove it.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    sweep(folder.parent, folder.name)
    temporary = beside(folder)
    temporary.mkdir()
    try:
        yield temporary
        temporary.replace(folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
