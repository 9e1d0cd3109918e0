"""From the published JSON to a benchmark folder; a sample of it is read back and compared with the source."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from platform import python_version
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError, InputError
from lcbench.space.paper import mlp_released
from lcbench.space.spaces import check_configs, to_json
from lcbench.table import store
from lcbench.table.doors.official.names import HYPERPARAMETERS, RECORD, SPACE, T_MAX, TAGS
from lcbench.table.doors.official.released import Released
from lcbench.table.doors.official.run import COUNTS, read_run
from lcbench.table.doors.official.stream import entries
from lcbench.table.doors.official.tables import gradients_table, released_table, run_table
from lcbench.table.manifest import (
    CONFIGS,
    DATASET_SCHEMA,
    DATASETS,
    RELEASED,
    RELEASED_GRADIENTS,
    Manifest,
    check_dataset_name,
    table_path,
)
from lcbench.table.record import Record
from lcbench.wanted import Wanted
from lcbench.writing import appearing

_PER_DATASET = 3


class Samples:
    """A few published runs of each data set, drawn evenly as they pass by."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng(0)
        self._seen = 0
        self._kept: dict[str, dict[int, dict[str, Any]]] = {}

    def add(self, dataset: str, config_id: int, entry: dict[str, Any]) -> None:
        """Let a run pass by, and perhaps keep it (reservoir sampling: all are equally likely)."""
        kept = self._kept.setdefault(dataset, {})
        self._seen = self._seen + 1 if kept else 1
        if len(kept) == _PER_DATASET:
            if self._rng.random() >= _PER_DATASET / self._seen:
                return
            kept.pop(list(kept)[int(self._rng.integers(_PER_DATASET))])
        kept[config_id] = entry

    def check(self, folder: Path) -> None:
        """Compare the kept runs with what a folder gives back for them, to the precision of float32.

        Raises:
            DamagedFileError: If they differ.
        """
        released: dict[tuple[int, int], Released] = {}
        for dataset, kept in self._kept.items():
            for config_id, entry in kept.items():
                key = int(entry["results"]["budget"]), int(entry["results"]["seed"])
                if key not in released:
                    released[key] = Released(folder, *key)
                self._compare(released[key], dataset, config_id, entry)

    def _compare(self, released: Released, dataset: str, config_id: int, entry: dict[str, Any]) -> None:
        row = released.config_ids(dataset).index(config_id)
        epochs = released.epochs(dataset)[row]
        until = epochs + 1 if epochs < released.budget else None  # of a diverged run, what it learned
        for tag in [tag for tag in TAGS.values() if tag in entry["log"]]:
            if not _same(released.log(dataset, tag)[row][:until], np.array(entry["log"][tag], np.float64)[:until]):
                raise DamagedFileError(_otherwise(tag, config_id, dataset))
        for tag, values in released.gradients(dataset, row).items():
            if not _same(np.array(values), np.array(entry["log"][tag], np.float64)):
                raise DamagedFileError(_otherwise(tag, config_id, dataset))
        ours = released.config(config_id)
        same = all(ours[name] == value for name, value in entry["config"].items() if name != T_MAX)
        if not same or repr(released.result(dataset, row)) != repr(entry["results"]):  # in which NaN is NaN
            raise DamagedFileError(_otherwise("config or results", config_id, dataset))


def _otherwise(what: str, config_id: int, dataset: str) -> str:
    return (
        f"{what} of configuration {config_id} on {dataset} must read back as in the source, got something else; "
        "import again, and report it if it happens again."
    )


def _same(found: NDArray[np.float64], wanted: NDArray[np.float64]) -> bool:
    if found.shape != wanted.shape:
        return False
    with np.errstate(over="ignore"):
        return bool(np.allclose(found, wanted.astype(np.float32), rtol=1e-6, atol=1e-9, equal_nan=True))


class Published(Protocol):
    """What is known of any published run, whether or not its curves are."""

    @property
    def config_id(self) -> int: ...  # noqa: D102
    @property
    def budget(self) -> int: ...  # noqa: D102
    @property
    def seed(self) -> int: ...  # noqa: D102
    @property
    def config(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def results(self) -> Mapping[str, Any]: ...  # noqa: D102


class Gathered:
    """What an import gathers over all data sets: configurations, settings, budgets, seeds, a row per data set.

    One number stands for one configuration, one name for one data set.
    """

    def __init__(self) -> None:
        self.configs: dict[int, dict[str, Any]] = {}
        self.settings: dict[str, Any] = {}
        self.budgets: set[int] = set()
        self.seeds: set[int] = set()
        self.datasets: dict[str, dict[str, Any]] = {}

    def add(self, dataset: str, run: Published) -> None:
        """Take note of a run.

        Raises:
            InputError: If its configuration or settings are not those of the runs before it.
        """
        where = f"configuration {run.config_id} on {dataset}"
        missing = [name for name in HYPERPARAMETERS if name not in run.config]
        if missing:
            raise InputError(f"{where} must have the hyperparameter {missing[0]}; the file is not the published one.")
        config = {name: _number(run.config[name]) for name in HYPERPARAMETERS}
        settings = {name: run.config[name] for name in run.config if name not in (*HYPERPARAMETERS, T_MAX)}
        if str(run.config.get(T_MAX, run.budget)) != str(run.budget):
            raise InputError(f"{T_MAX} of {where} must be its budget, {run.budget}, got {run.config[T_MAX]!r}.")
        if self.configs.setdefault(run.config_id, config) != config:
            raise InputError(f"{where} must have the hyperparameters it has on other data sets, got {config}.")
        if not self.budgets:
            self.settings = settings
        if settings != self.settings:
            raise InputError(f"{where} must have the settings of the other runs, {self.settings}, got {settings}.")
        self.budgets.add(run.budget)
        self.seeds.add(run.seed)

    def close(self, dataset: str, runs: Sequence[Published]) -> None:
        """Take note of a data set, all of whose runs are there.

        Raises:
            InputError: If it or one of its configurations was there before, or its runs disagree about it.
        """
        if dataset in self.datasets:
            raise InputError(f"data set {dataset} must be in the file once, got it again.")
        if len({run.config_id for run in runs}) < len(runs):
            raise InputError(f"each configuration must be on data set {dataset} once, got one again.")
        facts = {tuple(run.results[name] for name in COUNTS) for run in runs}
        if len(facts) > 1:
            raise InputError(
                f"all runs on {dataset} must agree on {', '.join(COUNTS)}, got {sorted(facts, key=str)[:2]}."
            )
        instances, features, classes, task = facts.pop()
        self.datasets[dataset] = {
            "name": dataset,
            "source": "published" if task is None else f"openml:{task}",
            "openml_task_id": task,
            "instances": int(instances),
            "features": int(features),
            "classes": int(classes),
        }


def _number(value: object) -> object:
    """The published file writes a 1 as ``true``."""
    return int(value) if isinstance(value, bool) else value


PUBLISHED = Wanted("a JSON file in the published LCBench layout")
"""What :func:`import_json` reads."""


def import_json(source: Path, folder: Path, advance: Callable[[int], None] | None = None) -> Manifest:
    """Import a file in the published layout into a new benchmark folder, one data set at a time.

    The folder appears when all is written and a sample of it was read back and compared with the source.

    Args:
        source: The published JSON, light-weight or full (with gradients).
        folder: Where to write; must be new or empty.
        advance: Told the number of bytes of each block that was read.

    Returns:
        The manifest as written.

    Raises:
        InputError: If the file is not in the published layout or the folder is not empty.
        DamagedFileError: If what was written does not read back as the source says.
    """
    PUBLISHED.check(source)
    return import_entries(entries(source, advance), source, folder)


def import_entries(found: Iterable[tuple[str, int, dict[str, Any]]], source: Path, folder: Path) -> Manifest:
    """Import published runs, whatever they were read from; see :func:`import_json`.

    Args:
        found: Data set, number of the configuration, and the run as in the published JSON; data set after data set.
        source: Where they are from.
        folder: Where to write; must be new or empty.
    """
    with appearing(folder) as temporary:
        gathered, samples = Gathered(), Samples()
        for dataset, group in groupby(found, key=lambda each: each[0]):
            _write(temporary, check_dataset_name(dataset), group, gathered, samples)
        if not gathered.datasets:
            raise InputError(f"{source} must hold at least one data set with one run, got none.")
        manifest = seal(temporary, source, gathered, RECORD, sorted(gathered.budgets))
        samples.check(temporary)
    return manifest


def _write(
    temporary: Path, dataset: str, group: Iterator[tuple[str, int, Any]], gathered: Gathered, samples: Samples
) -> None:
    """Write one data set's runs."""
    runs = []
    for _, config_id, entry in group:
        run = read_run(f"configuration {config_id} on {dataset}", config_id, entry)
        gathered.add(dataset, run)
        samples.add(dataset, config_id, entry)
        runs.append(run)
    gathered.close(dataset, runs)
    store.write_runs(temporary, dataset, run_table(runs), RECORD)
    store.write_parquet(temporary / table_path(RELEASED, dataset), released_table(runs))
    gradients = gradients_table(runs)
    if gradients is not None:
        store.write_parquet(temporary / table_path(RELEASED_GRADIENTS, dataset), gradients)


def seal(temporary: Path, source: Path, gathered: Gathered, record: Record, budgets: Sequence[int]) -> Manifest:
    """Write everything but the runs, the manifest last."""
    space = mlp_released()
    configs = pd.DataFrame.from_dict(dict(sorted(gathered.configs.items())), orient="index")
    checked = check_configs(space, configs)
    columns = {"config_id": pa.array(list(configs.index), pa.int32()), **{n: pa.array(checked[n]) for n in checked}}
    store.write_parquet(temporary / CONFIGS, pa.table(columns))
    rows = pa.Table.from_pylist(list(gathered.datasets.values()), schema=DATASET_SCHEMA)
    store.write_parquet(temporary / DATASETS, rows)
    manifest = Manifest(
        title=f"imported from {source.name}, in the layout of the published LCBench",
        problem=SPACE,
        record=record,
        space=to_json(space),
        budgets=tuple(budgets),
        seeds=tuple(sorted(gathered.seeds)),
        schedule="adaptive: a cosine of its own for each budget",
        provenance=_provenance(source, gathered, record),
    )
    return store.seal(temporary, manifest, list(gathered.datasets))


def _provenance(source: Path, gathered: Gathered, record: Record) -> dict[str, Any]:
    published = "as published: measured while training, the evaluation of the untrained network taken off"
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "imported": {"file": source.name, "bytes": source.stat().st_size},
        "settings": gathered.settings,
        "seconds": "none" if record.seconds == "none" else published,
        "versions": {"python": python_version(), "pandas": pd.__version__, "pyarrow": pa.__version__},
    }
