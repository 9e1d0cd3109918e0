"""Where a study of systems keeps its runs.

::

    OUT/
      study.json                          what its numbers depend on
      systems.parquet                     all finished runs, see lcbench.simulate.study.systems.file
      runs/<data set>/<run>.parquet       each of them
      searches/<data set>/<run>/          the search behind it, without its models: its journal and probabilities

A file is there whole or not at all. A search that was killed goes on in its folder.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lcbench.errors import DamagedFileError, PlanConflictError
from lcbench.files import read_json, read_parquet, write_json
from lcbench.simulate.study.systems.file import COLUMNS, KEY, NAME, SCHEMA, write
from lcbench.simulate.study.systems.plan import Cell


@dataclass(frozen=True, slots=True)
class Parts:
    """A study's folder.

    Attributes:
        folder: Where it is.
    """

    folder: Path

    def begin(self, settings: dict[str, Any]) -> None:
        """Make the folder, or check that it holds runs with these settings.

        Raises:
            PlanConflictError: If it holds runs with others, or something else.
        """
        path = self.folder / "study.json"
        kept = read_json(path) if path.is_file() else {}
        if not kept and self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            raise PlanConflictError(f"{self.folder} must hold a study of systems, got something else; choose another.")
        differences = [
            f"{name} {kept[name]}, not {asked}" for name, asked in settings.items() if _differs(kept, name, asked)
        ]
        if differences:
            raise PlanConflictError(
                f"{self.folder} holds runs of another study ({'; '.join(differences)}); repeat its options to go on, "
                "or choose another folder."
            )
        if settings | kept != kept:
            write_json(path, kept | settings)

    def search(self, cell: Cell) -> Path:
        """The folder of a run's search."""
        return self.folder / "searches" / cell.path

    def clear(self, cell: Cell) -> None:
        """Remove the models of a run that is done; its probabilities stay."""
        shutil.rmtree(self.search(cell) / "models", ignore_errors=True)

    def has(self, cell: Cell) -> bool:
        """Whether a run is done; one that was damaged since is removed."""
        path = self._path(cell)
        try:
            return path.is_file() and bool(read_parquet(path, COLUMNS).num_columns)
        except DamagedFileError:
            path.unlink(missing_ok=True)
            return False

    def add(self, cell: Cell, run: pd.DataFrame) -> None:
        """Keep a run that is done, and write the study anew."""
        write(self._path(cell), run)
        self.gather()

    def gather(self) -> pd.DataFrame:
        """Put all finished runs together, in the order of their names, and write them."""
        tables = [read_parquet(path, COLUMNS).cast(SCHEMA).to_pandas() for path in self.folder.glob("runs/*/*.parquet")]
        if not tables:
            return SCHEMA.empty_table().to_pandas()
        found = pd.concat(tables, ignore_index=True)
        found = found.sort_values(list(KEY), kind="stable", ignore_index=True)
        write(self.folder / NAME, found)
        return found

    def _path(self, cell: Cell) -> Path:
        return self.folder / "runs" / f"{cell.path}.parquet"


def _differs(kept: dict[str, Any], name: str, asked: Any) -> bool:
    return name in kept and kept[name] != asked
