"""A folder with portfolios and their candidates.

::

    OUT/
      portfolio.json       what was built, of which data sets, with what; what each file must be
      matrix.parquet       the performance meta-matrix, a row per candidate and data set
      candidates.parquet   the incumbents: number, data set, validation accuracy there, hyperparameters
      greedy.parquet       the greedy portfolio, in order: number, mean relative regret so far, hyperparameters
      simple.parquet       the simple portfolio, likewise
      tried/               a benchmark folder of everything that was trained, written when the build ends or is stopped;
                           most of its runs are missing

Hyperparameters are null where they are inactive.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError, NewerFormatError, NotABenchmarkError, UnknownNameError
from lcbench.files import no_links, read_json, read_parquet
from lcbench.signature import digest
from lcbench.simulate.transfer.greedy import relative_regret
from lcbench.simulate.transfer.matrix import MATRIX_SCHEMA, matrix_values
from lcbench.simulate.transfer.plan import METRIC, OBJECTIVE
from lcbench.space import Config

MANIFEST, MATRIX, CANDIDATES, TRIED = "portfolio.json", "matrix.parquet", "candidates.parquet", "tried"
GREEDY, SIMPLE = "greedy.parquet", "simple.parquet"
NAME = "portfolio"
"""Name of the shipped folder in ``data/``."""

PORTFOLIOS = {"greedy": GREEDY, "simple": SIMPLE}
FORMAT = 1
_OTHER_COLUMNS = ("size", "candidate", "regret", "best_on", "dataset", METRIC)


@dataclass(frozen=True, eq=False)
class PortfolioFolder:
    """A portfolio's folder, read.

    Attributes:
        folder: Where.
        manifest: ``portfolio.json``.
    """

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def plan(self) -> Mapping[str, Any]:
        """The plan of the build (see :mod:`lcbench.simulate.transfer.plan`), and digests of the data."""
        return dict(self.manifest["plan"])

    @property
    def datasets(self) -> list[str]:
        """Names of the meta-training data sets that are done."""
        return [str(name) for name in self.manifest["datasets"]]

    @property
    def complete(self) -> bool:
        """Whether all data sets of the plan are done, and nothing failed."""
        return bool(self.manifest["complete"])

    @cached_property
    def matrix(self) -> pa.Table:
        """The matrix, in ``lcbench.simulate.transfer.matrix.MATRIX_SCHEMA``."""
        return self._read(MATRIX).cast(MATRIX_SCHEMA)

    @cached_property
    def candidates(self) -> pa.Table:
        """The incumbents."""
        return self._read(CANDIDATES)

    @cached_property
    def regrets(self) -> pd.DataFrame:
        """Relative regret of every candidate on every data set."""
        return relative_regret(matrix_values(self.matrix), OBJECTIVE)

    @cached_property
    def found_on(self) -> NDArray[np.intp]:
        """For each candidate the number of the data set whose incumbent it is."""
        return np.array([self.datasets.index(name) for name in self.candidates["dataset"].to_pylist()], np.intp)

    def portfolio(self, name: str) -> pa.Table:
        """One of the portfolios.

        Raises:
            UnknownNameError: If there is none of this name.
        """
        if name not in PORTFOLIOS:
            raise UnknownNameError("portfolio", name, PORTFOLIOS)
        return self._read(PORTFOLIOS[name])

    def configs(self, name: str) -> list[Config]:
        """The configurations of a portfolio, in order; inactive hyperparameters are absent."""
        return [_config(row) for row in self.portfolio(name).to_pylist()]

    def candidate_configs(self) -> dict[int, Config]:
        """The configuration of each candidate, by its number."""
        return {int(row["candidate"]): _config(row) for row in self.candidates.to_pylist()}

    def problems(self) -> list[str]:
        """Files that are not as they were written, a line each."""
        return [
            f"{path} is missing" if not (self.folder / path).is_file() else f"{path} was changed"
            for path, sha256 in self.manifest["files"].items()
            if not (self.folder / path).is_file() or digest(self.folder / path) != sha256
        ]

    def _read(self, path: str) -> pa.Table:
        return read_parquet(self.folder / path)


def _config(row: Mapping[str, Any]) -> Config:
    return {k: v for k, v in row.items() if k not in _OTHER_COLUMNS and v is not None}


def read_folder(folder: Path) -> PortfolioFolder:
    """Open a portfolio's folder.

    Raises:
        NotABenchmarkError: If there is no portfolio.
        NewerFormatError: If it was written by a newer program.
        DamagedFileError: If its manifest is damaged.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise NotABenchmarkError(
            f"{folder} holds no portfolio (no {MANIFEST}); build one with: lcbench portfolio build {folder} ..."
        )
    no_links(folder)
    manifest = read_json(path)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("format_version"), int):
        raise DamagedFileError(f"{path} is no manifest of a portfolio; restore it or build again.")
    if manifest["format_version"] > FORMAT:
        raise NewerFormatError(
            f"{folder} has format version {manifest['format_version']}, not {FORMAT}; update lcbench."
        )
    if not {"plan", "datasets", "complete", "files"} <= set(manifest):
        raise DamagedFileError(f"{path} is incomplete; restore it or build again.")
    return PortfolioFolder(folder, manifest)
