"""A benchmark folder seen through the published names and units."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError, InputError, UnknownNameError
from lcbench.files import understood
from lcbench.table import reading
from lcbench.table.benchmark import load
from lcbench.table.doors.official.gradients import published_gradients
from lcbench.table.doors.official.names import FINAL, HYPERPARAMETERS, PERCENT, SETTINGS, T_MAX, TAGS
from lcbench.table.manifest import DOUBLE_SOFTMAX, RELEASED, RELEASED_GRADIENTS, RUNS, table_path
from lcbench.table.record import KEY

if TYPE_CHECKING:
    pass
_SERIES = {tag: name for name, tag in TAGS.items()}
_HELD = 64
"""Columns that are kept at hand: 1 MB each at 2000 configurations."""


class Released:
    """One run per configuration and data set, as the published layout has it.

    Numbers are those of the folder, in float32's shortest decimals; for an imported folder that is the source to the
    precision of float32. A folder that was not imported has ``budget + 1`` points, and no entry after the last epoch.

    Args:
        folder: A benchmark folder.
        budget: Epochs; the largest by default.
        seed: Seed; the first by default.

    Raises:
        UnknownNameError: If the folder lacks the budget or the seed.
        InputError: If its hyperparameters are not those of the published configurations.
    """

    def __init__(self, folder: Path, budget: int | None = None, seed: int | None = None) -> None:
        self.bench = load(folder)
        self.budget = self.bench.budgets[-1] if budget is None else budget
        self.seed = self.bench.seeds[0] if seed is None else seed
        if self.budget not in self.bench.budgets:
            raise UnknownNameError("budget", budget, self.bench.budgets)
        if self.seed not in self.bench.seeds:
            raise UnknownNameError("seed", seed, self.bench.seeds)
        lacking = [name for name in HYPERPARAMETERS if name not in self.bench.configs.columns]
        if lacking:
            raise InputError(f"{folder} must have the hyperparameters of the published LCBench, got no {lacking[0]}.")
        self._column = lru_cache(_HELD)(self._read_column)
        self.tags = lru_cache(_HELD)(self._tags)
        self.log = lru_cache(_HELD)(self._log)
        self._gradients = lru_cache(1)(self._read_gradients)
        self._made = lru_cache(1)(lambda dataset: made_results(self, dataset))

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of the data sets."""
        return self.bench.datasets

    def config_ids(self, dataset: str) -> list[int]:
        """Configurations of a data set, increasing."""
        return self._column(dataset, "config_id").to_pylist()

    def n_parameters(self, dataset: str) -> list[int]:
        """Numbers that were trained, of each configuration."""
        return self._column(dataset, "n_parameters").to_pylist()

    def epochs(self, dataset: str) -> list[int]:
        """Epochs with a finite loss of each run."""
        return self._column(dataset, "epochs").to_pylist()

    def _tags(self, dataset: str) -> list[str]:
        """Names of the logged series, in the published order."""
        absent = {TAGS[DOUBLE_SOFTMAX]: not self._has(dataset, DOUBLE_SOFTMAX)}
        single = TAGS["test_cross_entropy"]
        absent[single] = bool(np.isnan(self._curves(dataset, "test_cross_entropy")).all())
        return ["epoch", *[tag for tag in TAGS.values() if not absent.get(tag, False)]]

    def _log(self, dataset: str, tag: str) -> NDArray[np.float64]:
        """One series of all configurations, ``(configurations, points)``."""
        if tag == "epoch":
            return np.zeros_like(self.log(dataset, "time")) + np.arange(self.log(dataset, "time").shape[1])
        name = _SERIES[tag]
        curves = _decimal(self._curves(dataset, name))
        if name == "learning_rate":
            curves[:, 0] = 0
        if self._has(dataset, "extra_seconds"):
            last = _decimal(self._column(dataset, f"extra_{name}", RELEASED).to_numpy())
            curves = np.column_stack([curves, last])
        if name == "seconds" and self._has(dataset, "seconds_untrained"):
            curves += self._column(dataset, "seconds_untrained", RELEASED).to_numpy()[:, None]
            for row, time in enumerate(self._column(dataset, "time", RELEASED)):
                curves[row] = curves[row] if time.as_py() is None else time.as_py()
        return np.round(curves * 100, 10) if name in PERCENT else curves

    def config(self, config_id: int) -> dict[str, Any]:
        """Settings and hyperparameters of a configuration."""
        configs = self.bench.configs
        found = {name: configs[name].loc[config_id].item() for name in HYPERPARAMETERS}
        return {**self.bench.manifest.provenance.get("settings", SETTINGS), T_MAX: self.budget, **found}

    def result(self, dataset: str, row: int) -> dict[str, Any]:
        """The published results of a row's run; made from the curves where the folder was not imported."""
        if self._has(dataset, "results"):
            path = self.bench.folder / table_path(RELEASED, dataset)
            with understood(path):  # the published numbers may be NaN or Infinity, which parse_json refuses
                return dict(json.loads(self._column(dataset, "results", RELEASED)[row].as_py()))
        return self._made(dataset)[row]

    def gradients(self, dataset: str, row: int) -> dict[str, list[float]]:
        """The published statistics of the gradients of a row's run, by tag; none if there are none."""
        if table_path(RELEASED_GRADIENTS, dataset) not in self.bench.manifest.files:
            return {}
        return published_gradients(self._gradients(dataset).slice(row, 1).to_pylist()[0])

    def _read_gradients(self, dataset: str) -> pa.Table:
        path = table_path(RELEASED_GRADIENTS, dataset)
        return self._ours(reading.table(self.bench.folder, self.bench.manifest, path))

    def _has(self, dataset: str, column: str) -> bool:
        """Whether an import left this column, without gaps."""
        if table_path(RELEASED, dataset) not in self.bench.manifest.files:
            return False
        return self._column(dataset, column, RELEASED).null_count == 0

    def _curves(self, dataset: str, name: str) -> NDArray[np.float32]:
        """One series as stored, ``(configurations, budget + 1)``."""
        column = self._column(dataset, name, RELEASED if name == DOUBLE_SOFTMAX else RUNS)
        values = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
        if len(values) != len(column) * (self.budget + 1):
            raise DamagedFileError(f"{self.bench.folder} has curves of {name} on {dataset} of the wrong length.")
        return values.reshape(len(column), self.budget + 1)

    def _read_column(self, dataset: str, name: str, kind: str = RUNS) -> pa.ChunkedArray:
        """One column of the runs of our budget and seed, by increasing configuration."""
        if dataset not in self.datasets:
            raise UnknownNameError("data set", dataset, self.datasets)
        columns = list(dict.fromkeys([*KEY, name]))
        table = reading.table(self.bench.folder, self.bench.manifest, table_path(kind, dataset), columns)
        return self._ours(table)[name]

    def _ours(self, table: pa.Table) -> pa.Table:
        """The rows of our budget and seed, by increasing configuration."""
        ours = pc.and_(pc.equal(table["budget"], self.budget), pc.equal(table["seed"], self.seed))
        return table.filter(ours).sort_by("config_id")


def _decimal(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Each number as float32's shortest decimals say it: 0.1 rather than 0.10000000149."""
    return values.astype(np.float32).astype(np.str_).astype(np.float64)


# The published ``results`` of runs that were not published: made from their curves.

TEST_SPLIT = 0.33


def made_results(released: Released, dataset: str) -> list[dict[str, Any]]:
    """The results of each configuration, increasing; ``final_*`` are the last logged values.

    ``final_test_cross_entropy`` is published as that of two softmaxes, which our runs lack, and so is left out.
    """
    facts: Any = released.bench.dataset_table.loc[dataset]
    task = facts["openml_task_id"]
    shared = {
        "OpenML_task_id": None if pd.isna(task) else int(task),
        "test_split": TEST_SPLIT,
        "budget": released.budget,
        "seed": released.seed,
        **{name: int(facts[name]) for name in ("instances", "classes", "features")},
    }
    logged = set(released.tags(dataset)) - {TAGS["test_cross_entropy"]}
    last = {
        result: released.log(dataset, TAGS[name])[:, -1].tolist()
        for result, name in FINAL.items()
        if TAGS[name] in logged
    }
    return [
        {"model_parameters": n, **{result: values[row] for result, values in last.items()}, **shared}
        for row, n in enumerate(released.n_parameters(dataset))
    ]
