"""The Parquet file of a study of one-shot searches.

One row for each epoch of each search. ``method, dataset, seed`` name the search.

- ``epoch``: how many epochs it has had; ``seconds``: processor time of these and of deriving the cell, which is what it
  had cost to stop here.
- ``Op0`` ... ``Op5``: the cell that the search stands for, as a configuration of :mod:`lcbench.space.cells`.
- ``shared_accuracy``: accuracy in [0, 1] of that cell with the shared weights, on the validation part. It is no
  accuracy of a trained network.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from lcbench.errors import DamagedFileError, InputError
from lcbench.files import read_parquet, read_schema, understood
from lcbench.simulate.study.description import DESCRIPTION, Description
from lcbench.space.cells import NAMES, OPERATIONS
from lcbench.wanted import PARQUET, Wanted
from lcbench.writing import write_parquet

SEARCHES = Wanted("a study of one-shot searches, as 'lcbench one-shot --out' writes it", begins=PARQUET)
"""What :func:`read` reads."""

KEY = ("method", "dataset", "seed")
"""Columns that identify a search."""

SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("method", "dataset")),
        *((name, pa.int64()) for name in ("seed", "epoch")),
        ("seconds", pa.float64()),
        *((name, pa.string()) for name in NAMES),
        ("shared_accuracy", pa.float64()),
    ]
)

COLUMNS: tuple[str, ...] = tuple(SCHEMA.names)
"""Columns of a study of one-shot searches."""


def write(path: Path, table: pa.Table, description: Description) -> None:
    """Write a study as plain Parquet, whole or not at all, with what it is in the file's metadata."""
    write_parquet(path, table.replace_schema_metadata({DESCRIPTION: description.to_json()}))


def read(path: Path) -> pd.DataFrame:
    """Read a study.

    Raises:
        InputError: If there is no such file, or it is something else.
        DamagedFileError: If it is damaged or lacks a column.
    """
    return read_table(path).to_pandas()


def read_table(path: Path) -> pa.Table:
    """Read a study under :data:`SCHEMA`, see :func:`read`."""
    SEARCHES.check(path)
    with understood(path):
        names = set(read_schema(path).names)
    if "method" not in names:
        raise InputError(SEARCHES.refusal(path, "a table of something else"))
    with understood(path):
        table = read_parquet(path, COLUMNS).cast(SCHEMA)
    _check(path, table.to_pandas())
    return table


def _check(path: Path, searches: pd.DataFrame) -> None:
    gaps = [name for name in COLUMNS if searches[name].isna().any()]
    if gaps or searches.empty:
        raise DamagedFileError(f"{path} must have rows without gaps in {gaps[0] if gaps else 'them'}; restore it.")
    cells = searches[list(NAMES)].isin(OPERATIONS).all(axis=1)
    counts = (searches["epoch"] >= 1) & (searches["seed"] >= 0)
    sound = cells & counts & searches["shared_accuracy"].between(0, 1)
    sound &= np.isfinite(searches["seconds"]) & (searches["seconds"] >= 0)
    if not sound.all():
        raise DamagedFileError(
            f"{path} must have cells, epochs, seconds and accuracies that can be, got row {int(sound.argmin())}; "
            "restore it."
        )
