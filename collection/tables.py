"""Runs in the format of the table."""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from lcbench.collection.data.prepared import Prepared
from lcbench.collection.run import Run
from lcbench.table.manifest import (
    GRADIENT_SCHEMA,
    GRADIENT_STATISTICS,
    GRADIENTS,
    LABEL_SCHEMA,
    PARTS,
    PREDICTION_SCHEMA,
    PREDICTIONS,
)
from lcbench.table.record import Record


def runs_table(config_id: int, runs: Sequence[Run], record: Record) -> pa.Table:
    """The runs of one configuration, with the columns of a problem's record."""
    columns = _key(config_id, runs)
    for further in record.further:
        columns[further.name] = pa.array([run.further[further.name] for run in runs], pa.float64())
    for name in record.columns:
        columns[name] = pa.array([run.columns[name] for run in runs], record.schema.field(name).type)
    for name in record.ranges:
        columns[name] = pa.array([run.series[name] for run in runs], pa.list_(pa.float32()))
    return pa.table(columns, schema=record.schema)


def extra_tables(config_id: int, runs: Sequence[Run]) -> dict[str, pa.Table]:
    """The extras of runs, by kind of table."""
    made = {}
    if all(run.gradients is not None for run in runs):
        made[GRADIENTS] = _gradients_table(config_id, runs)
    if all(run.predictions is not None for run in runs):
        made[PREDICTIONS] = _predictions_table(config_id, runs)
    return made


def labels_table(data: Prepared) -> pa.Table:
    """The classes that were to be predicted, in ``schema.LABEL_SCHEMA``."""
    parts = np.repeat(PARTS, [len(data.y_valid), len(data.y_test)])
    return pa.table({"part": parts, "label": np.concatenate([data.y_valid, data.y_test])}).cast(LABEL_SCHEMA)


def _gradients_table(config_id: int, runs: Sequence[Run]) -> pa.Table:
    columns = _key(config_id, runs)
    for name in GRADIENT_STATISTICS:
        columns[name] = _column(runs, lambda run, name=name: run.gradients[name][0], pa.list_(pa.float32()))
        layers = pa.list_(pa.list_(pa.float32()))
        columns[f"layer_{name}"] = _column(runs, lambda run, name=name: list(run.gradients[name][1:]), layers)
    return pa.table(columns, schema=GRADIENT_SCHEMA)


def _predictions_table(config_id: int, runs: Sequence[Run]) -> pa.Table:
    columns = _key(config_id, runs)
    for part in PARTS:
        columns[part] = _column(runs, lambda run, part=part: run.predictions[part].ravel(), pa.list_(pa.float16()))
    return pa.table(columns, schema=PREDICTION_SCHEMA)


def _column(runs: Sequence[Run], read: Callable[..., object], kind: pa.DataType) -> pa.Array:
    return pa.array([read(run) for run in runs], kind)


def _key(config_id: int, runs: Sequence[Run]) -> dict[str, pa.Array]:
    return {
        "config_id": pa.array([config_id] * len(runs), pa.int32()),
        "budget": pa.array([run.budget for run in runs], pa.int32()),
        "seed": pa.array([run.seed for run in runs], pa.int32()),
    }
