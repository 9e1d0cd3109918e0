"""Tables of the field on their way in: what every kind tells of itself, and how it becomes a benchmark folder."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from platform import python_version
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from ConfigSpace import Categorical, ConfigurationSpace, Constant, OrdinalHyperparameter
from numpy.typing import ArrayLike, NDArray

from lcbench.errors import DamagedFileError
from lcbench.space.spaces import CONFIG_ID, check_configs
from lcbench.table import store
from lcbench.table.curve import backwards, outside
from lcbench.table.manifest import CONFIGS, DATASET_SCHEMA, DATASETS, Manifest, check_dataset_name
from lcbench.table.record import SECONDS, Record
from lcbench.work.progress import Progress
from lcbench.writing import appearing

Described = Mapping[str, Any]
"""What is known of a data set: its name, its source, columns of ``manifest.DATASET_SCHEMA`` and others."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A table in another layout that has been opened.

    Attributes:
        manifest: What the folder will say of itself.
        configs: The configurations, from :func:`configs_table`.
        datasets: How many data sets there are.
        runs: Each data set and its runs, from :func:`runs_table`; read one after the other, when they are asked for.
            Where that takes long before the first is there, None comes after each portion of the reading.
        portions: How many there are.
        portion: What a portion is, in the plural.
    """

    manifest: Manifest
    configs: pa.Table
    datasets: int
    runs: Iterable[tuple[Described, pa.Table] | None]
    portions: int | None = None
    portion: str = "data sets"


def bring(foreign: Foreign, folder: Path, *, quiet: bool = True) -> Manifest:
    """Write a table of another layout as a benchmark folder, one data set at a time.

    The folder appears when all is written.

    Args:
        foreign: The table.
        folder: Where to write; must be new or empty.
        quiet: Whether to show no progress.

    Returns:
        The manifest as written.

    Raises:
        InputError: If the folder is not empty.
        LcbenchError: If the source turns out to be damaged.
    """
    total = foreign.datasets if foreign.portions is None else foreign.portions
    with appearing(folder) as temporary, Progress("importing", total, unit=foreign.portion, quiet=quiet) as bar:
        store.write_parquet(temporary / CONFIGS, foreign.configs)
        described: list[Described] = []
        for found in foreign.runs:
            if found is None:
                bar.add()
                continue
            dataset, runs = found
            if any(dataset["name"] == each["name"] for each in described):
                raise DamagedFileError(f"data set {dataset['name']} must be in the source once, got it again.")
            store.write_runs(temporary, check_dataset_name(dataset["name"]), runs, foreign.manifest.record)
            described.append(dataset)
            del found, runs  # before the next ones are read
            if foreign.portions is None:
                bar.add(dataset["name"])
        store.write_parquet(temporary / DATASETS, _datasets_table(described))
        return store.seal(temporary, foreign.manifest, [each["name"] for each in described])


def _datasets_table(described: Sequence[Described]) -> pa.Table:
    known = {field.name: field.type for field in DATASET_SCHEMA}
    names = dict.fromkeys(name for each in described for name in each)
    return pa.table({name: pa.array([each.get(name) for each in described], known.get(name)) for name in names})


def runs_table(
    record: Record,
    config_ids: ArrayLike,
    seeds: ArrayLike,
    series: Mapping[str, NDArray[Any]],
    columns: Mapping[str, ArrayLike] | None = None,
    what: str = "the source",
) -> pa.Table:
    """Runs of one budget as a table with the columns of ``record.schema``.

    Args:
        record: What a run has.
        config_ids: ``(runs,)`` numbers of configurations.
        seeds: ``(runs,)`` seeds.
        series: ``(runs, budget + 1)`` numbers of each list column, index 0 before the first step.
        columns: ``(runs,)`` values of each column of one value.
        what: Where they are from, for messages.

    Raises:
        DamagedFileError: If a number is outside its range, or seconds do not begin at 0 or go down.
    """
    runs, points = next(iter(series.values())).shape
    arrays: dict[str, Any] = {
        "budget": np.full(runs, points - 1),
        "config_id": np.asarray(config_ids),
        "seed": np.asarray(seeds),
        **(columns or {}),
    }
    offsets = pa.array(np.arange(runs + 1, dtype=np.int32) * np.int32(points))
    for name, ends in record.ranges.items():
        with np.errstate(over="ignore"):
            values = np.ascontiguousarray(series[name], np.float32).reshape(-1)
        _check(name, values, ends, points, what)
        arrays[name] = pa.ListArray.from_arrays(offsets, pa.array(values))
    found = {field.name: _column(arrays[field.name], field, what) for field in record.schema}
    return pa.table(found, record.schema)


def _column(values: Any, field: pa.Field, what: str) -> pa.Array:
    try:
        return pa.array(values, field.type)
    except pa.ArrowException as error:  # no whole number, or a larger one than fits
        raise DamagedFileError(f"{what} must have {field.type} in {field.name}, got something else.") from error


def _check(name: str, values: NDArray[np.float32], ends: tuple[float, float], points: int, what: str) -> None:
    wrong = outside(values, ends)
    if len(wrong):
        raise DamagedFileError(f"{what} must have {name} in [{ends[0]:g}, {ends[1]:g}], got {wrong[0]:g}.")
    if name == SECONDS and backwards(values, np.arange(0, len(values), points)).any():
        raise DamagedFileError(f"{what} must have seconds that never go down, got others.")


def only_last(values: ArrayLike, first: float = np.nan) -> NDArray[np.float64]:
    """Curves of one step, of which only the end is known: ``(runs,)`` values as a ``(runs, 2)`` array."""
    last = np.asarray(values, np.float64)
    return np.stack([np.full_like(last, first), last], axis=1)


def space_of(name: str, levels: Mapping[str, Sequence[Any]]) -> ConfigurationSpace:
    """A space of finite sets: text has no order, numbers have that in which they are given."""
    space = ConfigurationSpace(name=name)
    for each, values in levels.items():
        if len(values) == 1:
            space.add(Constant(each, values[0]))
        elif isinstance(values[0], str):
            space.add(Categorical(each, list(values)))
        else:
            space.add(OrdinalHyperparameter(each, list(values)))
    return space


def configs_table(space: ConfigurationSpace, configs: pd.DataFrame) -> pa.Table:
    """Configurations as the folder has them, numbered from 0.

    Raises:
        InputError: If one is not of the space.
    """
    checked = check_configs(space, configs)
    numbers = pa.array(np.arange(len(checked)), pa.int32())
    return pa.table({CONFIG_ID: numbers, **{name: pa.array(checked[name]) for name in checked}})


def provenance(sources: Iterable[Path], seconds: str, **more: object) -> dict[str, Any]:
    """Where an imported table comes from.

    Args:
        sources: The files or folders that were read; of a folder, only its name is told.
        seconds: How the seconds were obtained, in words.
        more: What else is to be told of the import.
    """
    files = [{"name": path.name} | ({"bytes": path.stat().st_size} if path.is_file() else {}) for path in sources]
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "imported": {"from": files, **more},
        SECONDS: seconds,
        "versions": {"python": python_version(), "pandas": pd.__version__, "pyarrow": pa.__version__},
    }
