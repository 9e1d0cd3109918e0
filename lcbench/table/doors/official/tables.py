"""Runs of one data set as the tables of a benchmark folder."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from lcbench.table.doors.official.gradients import gradient_table
from lcbench.table.doors.official.names import RECORD
from lcbench.table.doors.official.run import ORDER, Run
from lcbench.table.manifest import DOUBLE_SOFTMAX, RELEASED, extra_schema


def run_table(runs: Sequence[Run]) -> pa.Table:
    """The runs with the columns of ``RECORD.schema``."""
    columns = _key(runs) | {
        "status": pa.array([run.status for run in runs], pa.string()),
        "epochs": pa.array([run.epochs for run in runs], pa.int32()),
        "n_parameters": pa.array([run.n_parameters for run in runs], pa.int64()),
    }
    columns |= {name: _list_columns(runs, name) for name in RECORD.names}
    return pa.table([columns[name] for name in RECORD.schema.names], schema=RECORD.schema)


def released_table(runs: Sequence[Run]) -> pa.Table:
    """What the runs have no column for, sorted like the runs."""
    runs = sorted(runs, key=lambda run: (run.budget, run.config_id, run.seed))
    columns = _key(runs) | {
        "seconds_untrained": pa.array([run.seconds_untrained for run in runs], pa.float64()),
        "time": pa.array([run.time for run in runs], pa.list_(pa.float64())),
        DOUBLE_SOFTMAX: _or_null(_list_columns(runs, DOUBLE_SOFTMAX), [run.double_softmax for run in runs]),
        "results": pa.array([run.results_json for run in runs], pa.string()),
    }
    for name in (*RECORD.names, DOUBLE_SOFTMAX):
        at = ORDER.index(name)
        last = [None if run.extra is None else float(run.extra[at]) for run in runs]
        columns[f"extra_{name}"] = pa.array(last, pa.float32(), from_pandas=False)
    schema = extra_schema(RELEASED, RECORD)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def gradients_table(runs: Sequence[Run]) -> pa.Table | None:
    """The published statistics of the gradients, sorted like the runs; None unless every run has them."""
    runs = sorted(runs, key=lambda run: (run.budget, run.config_id, run.seed))
    found = [run.gradients for run in runs if run.gradients is not None]
    return gradient_table(_key(runs), found) if len(found) == len(runs) else None


def _key(runs: Sequence[Run]) -> dict[str, pa.Array]:
    return {
        name: pa.array([getattr(run, name) for run in runs], pa.int32()) for name in ("budget", "config_id", "seed")
    }


def _list_columns(runs: Sequence[Run], name: str) -> pa.ListArray:
    """One series of all runs as a list column."""
    curves = [run.curves[ORDER.index(name)] for run in runs]
    offsets = np.cumsum([0, *map(len, curves)], dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.concatenate(curves)))


def _or_null(column: pa.ListArray, known: Sequence[bool]) -> pa.ListArray:
    """Null where a run has no such series at all."""
    return (
        column if all(known) else pa.array([v if k else None for v, k in zip(column, known, strict=True)], column.type)
    )
