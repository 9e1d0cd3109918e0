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
from lcbench.files import no_links, read_json, read_parquet, understood
from lcbench.form import SHA256, Whole, check
from lcbench.signature import digest
from lcbench.simulate.transfer.greedy import relative_regret
from lcbench.simulate.transfer.matrix import MATRIX_SCHEMA, matrix_values
from lcbench.simulate.transfer.plan import METRIC, OBJECTIVE
from lcbench.space import Config
from lcbench.space.rules import completed
from lcbench.space.spaces import check_configs, from_json, to_frame
from lcbench.wanted import Wanted

MANIFEST, MATRIX, CANDIDATES, TRIED = "portfolio.json", "matrix.parquet", "candidates.parquet", "tried"
GREEDY, SIMPLE = "greedy.parquet", "simple.parquet"
NAME = "portfolio"
"""Name of the shipped folder in ``data/``."""

PORTFOLIO = Wanted(
    "a portfolio, a folder made by 'lcbench portfolio build'",
    file=False,
    folder=True,
    holds=MANIFEST,
    remedy="build one with 'lcbench portfolio build {path} ...'",
)
"""What :func:`read_folder` reads."""

PORTFOLIOS = {"greedy": GREEDY, "simple": SIMPLE}
FORMAT = 1
_CANDIDATE_SCHEMA = pa.schema([MATRIX_SCHEMA.field("candidate"), MATRIX_SCHEMA.field("dataset")])
_PORTFOLIO_SCHEMA = pa.schema(
    [
        pa.field("size", pa.int64(), nullable=False),
        MATRIX_SCHEMA.field("candidate"),
        pa.field("regret", pa.float64(), nullable=False),
        pa.field("best_on", pa.int64(), nullable=False),
    ]
)
_FORM = {
    "complete": bool,
    "datasets": [str],
    "size": Whole(1, 10_000),
    "evaluations": Whole(),
    "without a run": [dict],
    "provenance": {"created": str, "processor": str},
    "plan": {
        "datasets": [str],
        "trials": Whole(1),
        "budgets": [Whole(1)],
        "seed": Whole(),
        "space": str,
        "encoding": (str, None),
    },
    "space": dict,
    "files": {str: SHA256},
}
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
        """The matrix, in ``lcbench.simulate.transfer.matrix.MATRIX_SCHEMA``: every candidate on every data set once."""
        found = self._read(MATRIX, MATRIX_SCHEMA)
        pairs = set(zip(found["candidate"].to_pylist(), found["dataset"].to_pylist(), strict=True))
        planned = {(number, name) for number in self.candidates["candidate"].to_pylist() for name in self.datasets}
        accuracies = found[METRIC].drop_null().to_numpy()
        if pairs != planned or len(pairs) < len(found) or not ((accuracies >= 0) & (accuracies <= 1)).all():
            raise DamagedFileError(f"{self.folder / MATRIX} must have each candidate on each data set once.")
        return found

    @cached_property
    def candidates(self) -> pa.Table:
        """The incumbents."""
        found = self._configurations(CANDIDATES, _CANDIDATE_SCHEMA)
        known = set(found["dataset"].to_pylist()) <= set(self.datasets)
        if not known or len(set(found["candidate"].to_pylist())) < len(found):
            raise DamagedFileError(f"{self.folder / CANDIDATES} must have different candidates of its data sets.")
        return found

    @cached_property
    def space(self) -> Any:
        """The search space, a ``ConfigSpace.ConfigurationSpace``."""
        return from_json(self.manifest["space"])

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
        found = self._configurations(PORTFOLIOS[name], _PORTFOLIO_SCHEMA)
        if not set(found["candidate"].to_pylist()) <= set(self.candidates["candidate"].to_pylist()):
            raise DamagedFileError(f"{self.folder / PORTFOLIOS[name]} must have candidates of this folder, got others.")
        return found

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

    def _read(self, path: str, schema: pa.Schema) -> pa.Table:
        """A table that is as the manifest says, with the columns of a schema and perhaps more."""
        found = read_parquet(self.folder / path, schema=schema)
        if digest(self.folder / path) != self.manifest["files"].get(path):
            raise DamagedFileError(f"{self.folder / path} was changed after it was written; restore it or build again.")
        lacking = set(schema.names) - set(found.column_names)
        if lacking or not found.num_rows:
            raise DamagedFileError(f"{self.folder / path} has no {min(lacking, default='rows')}; restore it.")
        return found

    def _configurations(self, path: str, schema: pa.Schema) -> pa.Table:
        """A table of configurations of the space."""
        found = self._read(path, schema)
        with understood(self.folder / path):
            configs = [completed(self.space, _config(row)) for row in found.to_pylist()]  # it may be older than one
            if unknown := {name for config in configs for name in config} - set(self.space):
                raise DamagedFileError(f"{self.folder / path} has the column {min(unknown)}, which the space lacks.")
            check_configs(self.space, to_frame(self.space, configs))
        return found


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
    PORTFOLIO.check(folder, NotABenchmarkError)
    no_links(folder)
    manifest = read_json(path)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("format_version"), int):
        raise DamagedFileError(f"{path} is no manifest of a portfolio; restore it or build again.")
    if manifest["format_version"] > FORMAT:
        raise NewerFormatError(
            f"{folder} has format version {manifest['format_version']}, not {FORMAT}; update lcbench."
        )
    check(path, manifest, _FORM)
    if len(set(manifest["datasets"])) < len(manifest["datasets"]):
        raise DamagedFileError(f"{path} names a data set twice; restore it or build again.")
    return PortfolioFolder(folder, manifest)
