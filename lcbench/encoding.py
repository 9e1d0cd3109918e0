"""How each column of a table is written, so that the files are small and quick to read."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

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
