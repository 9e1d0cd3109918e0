"""The Parquet file of a study of systems.

One row for each time at which a view of a run changes (:mod:`lcbench.simulate.study.systems.views`); it holds until
the next row of that view. ``dataset, system, workers, seed`` name the run, and ``view`` the view. Times are in
seconds.

- ``time_limit``: the time limit of the run; ``time``: seconds since its beginning; ``seconds``: the time of a single
  model (NaN for an ensemble).
- ``valid``, ``test``: accuracy in [0, 1] on the validation rows (by which everything is chosen; NaN for peers) and on
  the test rows, which no decision sees.
- ``models``: how many models the view had to choose from; ``members``: how many are in its ensemble.
- ``tried``: how many models the whole run had fitted by then.
- ``train_rows``, ``valid_rows``, ``test_rows``: sizes of the parts; ``machine``: processor and cores; ``created``: when
  the run ended (UTC, ISO 8601).
"""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from lcbench.errors import DamagedFileError, InputError
from lcbench.files import read_parquet, read_schema, understood
from lcbench.wanted import PARQUET, Wanted
from lcbench.writing import write_parquet

NAME = "systems.parquet"
"""Its name in the folder of ``lcbench study``."""

SYSTEMS = Wanted(
    f"a study of systems, the folder of 'lcbench study' or its {NAME}", folder=True, begins=PARQUET, holds=NAME
)
"""What :func:`read` reads."""

KEY = ("dataset", "system", "workers", "seed")

SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("dataset", "system")),
        *((name, pa.int64()) for name in ("workers", "seed")),
        ("view", pa.string()),
        *((name, pa.float64()) for name in ("time_limit", "time", "seconds", "valid", "test")),
        *((name, pa.int64()) for name in ("models", "members", "tried", "train_rows", "valid_rows", "test_rows")),
        *((name, pa.string()) for name in ("machine", "created")),
    ]
)

_OLDER = {"time": "moment"}  # names of columns in files of before

_MAY_LACK = ("seconds", "valid", "test")

COLUMNS: tuple[str, ...] = tuple(SCHEMA.names)
"""Columns of a study of systems."""


def to_table(systems: pd.DataFrame) -> pa.Table:
    """A study, or a part of one, under :data:`SCHEMA`."""
    return pa.Table.from_pandas(systems, schema=SCHEMA, preserve_index=False)


def write(path: Path, systems: pd.DataFrame) -> None:
    """Write a study as plain Parquet; whole or not at all."""
    write_parquet(path, to_table(systems))


def read(path: Path) -> pd.DataFrame:
    """Read a study: its file, or the folder of ``lcbench study``.

    Raises:
        InputError: If there is no such file or folder, or it is something else.
        DamagedFileError: If the file is damaged or lacks a column.
    """
    SYSTEMS.check(path)
    file = path / NAME if path.is_dir() else path
    with understood(file):
        names = set(read_schema(file).names)
    if "system" not in names:
        raise InputError(SYSTEMS.refusal(path, "a table of something else"))
    with understood(file):
        older = _OLDER if _OLDER["time"] in names else {}
        table = read_parquet(file, [older.get(name, name) for name in COLUMNS])
        systems = table.rename_columns(list(COLUMNS)).cast(SCHEMA).to_pandas()
    gaps = [name for name in COLUMNS if name not in _MAY_LACK and systems[name].isna().any()]
    if gaps or systems.empty:
        raise DamagedFileError(f"{file} must have rows without gaps in {gaps[0] if gaps else 'them'}; restore it.")
    shares = systems[["valid", "test"]].fillna(0)
    counts = systems[["workers", "seed", "models", "members", "tried"]]
    if not (((shares >= 0) & (shares <= 1)).all(axis=None) and (counts >= 0).all(axis=None)):
        raise DamagedFileError(f"{file} must have accuracies in [0, 1] and counts, got others; restore it.")
    if not ((systems["time"] >= 0) & (systems["time_limit"] > 0)).all():
        raise DamagedFileError(f"{file} must have times that can be, got others; restore it.")
    return systems
