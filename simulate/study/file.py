"""The traces of a study as one Parquet file."""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa

from lcbench.errors import DamagedFileError
from lcbench.files import read_parquet, read_schema, write_parquet
from lcbench.table.metric import Metric, from_json, to_json

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


_METRIC = b"lcbench metric"  # key of the file's metadata


def write(path: Path, traces: pd.DataFrame, metric: Metric | None = None) -> None:
    """Write a study as plain Parquet, with what was optimized in the file's metadata."""
    table = pa.Table.from_pandas(traces, preserve_index=False)
    said = {} if metric is None else {_METRIC: json.dumps(to_json(metric))}
    write_parquet(path, table.replace_schema_metadata({**(table.schema.metadata or {}), **said}))


def optimized(path: Path) -> Metric | None:
    """The metric that a study optimized; None if its file does not say.

    Raises:
        DamagedFileError: If the file is missing or damaged, or the metric cannot be understood.
    """
    said = read_schema(path).metadata or {}
    try:
        return from_json(Metric, json.loads(said[_METRIC])) if _METRIC in said else None
    except (TypeError, ValueError, AttributeError) as error:
        raise DamagedFileError(f"{path} does not say what was optimized ({error}).") from error


def read(path: Path) -> pd.DataFrame:
    """Read a study.

    Raises:
        DamagedFileError: If the file is missing, damaged or lacks a column.
    """
    return read_parquet(path, COLUMNS).to_pandas()
