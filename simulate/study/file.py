"""The traces of a study as one Parquet file."""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from lcbench.table.store import read_parquet, write_parquet

SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("optimizer", "dataset")),
        *((name, pa.int64()) for name in ("seed", "trial", "config_id", "budget")),
        *((name, pa.float64()) for name in ("loss", "value", "started", "finished")),
        ("worker", pa.int64()),
        ("used", pa.float64()),
        ("limit", pa.float64()),
        ("unit", pa.string()),
        *((name, pa.float64()) for name in ("best_loss", "worst_loss")),
    ]
)

COLUMNS: tuple[str, ...] = tuple(SCHEMA.names)
"""Columns of a study: ``started`` and ``finished`` in virtual seconds; ``used``, what the run had used of its ``limit``
when the result came, both in ``unit`` (``"seconds"``, then ``used`` is ``finished``; ``"epochs"``; or
``"evaluations"``); ``best_loss`` and ``worst_loss`` are the lowest and the highest finite loss in the data set's
table. A run in which nothing finished has one row that is no result, see :mod:`lcbench.simulate.study.empty`."""


def write(path: Path, traces: pd.DataFrame) -> None:
    """Write a study as plain Parquet."""
    write_parquet(path, pa.Table.from_pandas(traces, preserve_index=False))


def read(path: Path) -> pd.DataFrame:
    """Read a study.

    Raises:
        DamagedFileError: If the file is missing, damaged or lacks a column.
    """
    return read_parquet(path, COLUMNS).to_pandas()
