"""Storage of the finished tasks of a study: small Parquet files in a folder, until the study is one file."""

from collections.abc import Iterable, Mapping, Sequence
from glob import escape
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa

from lcbench.errors import DamagedFileError
from lcbench.files import read_parquet
from lcbench.work import Workplace
from lcbench.work.workplace import TEMPORARY, differences

_SHARDS = "cells-*.parquet"

Key = tuple[str | int, ...]
"""The identity of a task: its values in the key columns."""


class Finished(Workplace):
    """A folder of finished tasks.

    A file is there whole or not at all. One that was damaged afterwards is removed, and its tasks are run again.

    Args:
        root: The folder, ``study.parquet.parts`` beside ``study.parquet``.
        schema: Columns of the study.
        key: Those of them that identify a task.
    """

    remedy = "Repeat its own options to resume it, remove that folder to begin anew, or choose another --out."

    def __init__(self, root: Path, schema: pa.Schema, key: tuple[str, ...]) -> None:
        super().__init__(root, "study")
        self._schema, self._key = schema, key
        self._written = 0
        self._settings: Mapping[str, Any] = {}

    def begin(self, settings: Mapping[str, Any]) -> None:
        """Check the settings; the folder keeps them with the first finished tasks.

        Settings that do not concern the tasks that are there may come later.

        Raises:
            PlanConflictError: If it holds tasks with other settings.
        """
        kept = self.plan() or {}
        self.check({name: value for name, value in settings.items() if name in kept})
        self._settings = kept | dict(settings)

    def belongs(self, settings: Mapping[str, Any]) -> bool:
        """Whether what it holds, if anything, was made with these settings."""
        kept = self.plan() or {}
        return not differences(kept, {name: value for name, value in settings.items() if name in kept})

    def keep_settings(self) -> None:
        """Keep the settings; from now on there is something to resume."""
        self.accept(self._settings)

    def read(self) -> dict[Key, pa.Table]:
        """The rows of each finished task."""
        found: dict[Key, pa.Table] = {}
        for path in self.results():
            self._written = max(self._written, int(path.stem.partition("-")[2]) + 1)
            try:
                self.check_kept(path)
                found |= cut(read_parquet(path, self._schema.names).cast(self._schema), self._key)
            except (DamagedFileError, pa.ArrowInvalid):
                path.unlink(missing_ok=True)
        return found

    def add(self, tables: Iterable[pa.Table]) -> None:
        """Keep some more tasks, all in one file."""
        if tables := list(tables):
            self.keep_settings()
            path = self.root / f"cells-{self._written:06}.parquet"
            self.keep(path, pa.concat_tables(tables).combine_chunks())
            self._written += 1

    def strays(self) -> list[Path]:
        """Half-written files, also of the study's one file where that lies beside the folder."""
        beside = self.root.parent.glob(f".{escape(self.root.stem)}{TEMPORARY}") if self.root.suffix == ".parts" else ()
        return [*super().strays(), *beside]

    def results(self) -> Iterable[Path]:
        """The files of finished tasks."""
        return sorted(self.root.glob(_SHARDS))


def cut(table: pa.Table, key: Sequence[str]) -> dict[Key, pa.Table]:
    """Cut a table into its tasks, each a row of rows with the same values in the key's columns."""
    keys = zip(*(table[name].to_pylist() for name in key), strict=True)
    found, start = {}, 0
    for values, rows in groupby(keys):
        length = sum(1 for _ in rows)
        found[values] = table.slice(start, length)
        start += length
    return found
