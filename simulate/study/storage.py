"""The finished cells of a study that is not finished: small Parquet files in a folder beside its output."""

from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa

from lcbench.errors import DamagedFileError, PlanConflictError
from lcbench.simulate.study.file import COLUMNS, SCHEMA
from lcbench.simulate.study.plan import Cell
from lcbench.table.store import read_json, read_parquet, write_json, write_parquet

_SETTINGS = "study.json"
_SHARDS = "cells-*.parquet"


class Parts:
    """A folder of finished cells.

    A file is there whole or not at all. One that was damaged afterwards is removed, and its cells are played again. The
    folder is made with the first cells and gone with :func:`remove_parts`.

    Args:
        folder: Where to keep them, ``study.parquet.parts`` beside ``study.parquet``.
        settings: What the cells' numbers depend on, see :meth:`lcbench.simulate.study.plan.Plan.settings`.
    """

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self._folder, self._settings = folder, settings
        self._written = 0

    def read(self) -> dict[Cell, pa.Table]:
        """The cells that are finished.

        Raises:
            PlanConflictError: If they are cells of a study with other settings, or the folder is none of ours.
        """
        if not self._folder.exists():
            return {}
        self._check()
        found: dict[Cell, pa.Table] = {}
        for path in sorted(self._folder.glob(_SHARDS)):
            self._written = max(self._written, int(path.stem.partition("-")[2]) + 1)
            try:
                found |= _cells(read_parquet(path, COLUMNS).cast(SCHEMA))
            except (DamagedFileError, pa.ArrowInvalid):
                path.unlink(missing_ok=True)
        return found

    def add(self, tables: list[pa.Table]) -> None:
        """Keep some more cells, all in one file."""
        if not tables:
            return
        if not self._written:
            write_json(self._folder / _SETTINGS, self._settings)
        write_parquet(self._folder / f"cells-{self._written:06}.parquet", pa.concat_tables(tables).combine_chunks())
        self._written += 1

    def _check(self) -> None:
        path = self._folder / _SETTINGS
        kept = read_json(path) if path.is_file() else None
        if kept is None and self._folder.is_dir() and not any(self._folder.iterdir()):
            return
        if not isinstance(kept, dict):
            raise PlanConflictError(
                f"{self._folder} must hold a study's cells, got something else; choose another --out."
            )
        differences = [
            f"{name} {kept.get(name)}, not {asked}" for name, asked in self._settings.items() if kept.get(name) != asked
        ]
        if differences:
            raise PlanConflictError(
                f"{self._folder} holds the finished cells of another study ({'; '.join(differences)}).\n"
                "Repeat its options to go on, remove the folder to begin anew, or choose another --out."
            )


def remove_parts(folder: Path) -> None:
    """Take away what :class:`Parts` has written, and the folder if nothing else is in it."""
    for path in (*folder.glob(_SHARDS), folder / _SETTINGS):
        path.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _cells(table: pa.Table) -> dict[Cell, pa.Table]:
    """Cut a table into its cells, each a row of rows."""
    keys = zip(*(table[name].to_pylist() for name in ("optimizer", "dataset", "seed")), strict=True)
    found, start = {}, 0
    for key, rows in groupby(keys):
        length = sum(1 for _ in rows)
        found[Cell(*key)] = table.slice(start, length)
        start += length
    return found
