"""Tables over any search space, of one metric, written with the real writer."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

import lcbench
from lcbench.space import spaces
from lcbench.table import store
from lcbench.table.manifest import Manifest
from lcbench.table.metric import Fidelity, Metric
from lcbench.table.record import Record

BUDGETS = (1, 3)
ERROR = Metric("valid_error", "fraction", "minimize", 0.0, 1.0, "valid")


def own_table(
    folder: Path,
    space,
    error: Callable[[dict, int, int], float],
    *,
    configs: pd.DataFrame | int = 30,
    seconds: Callable[[dict], float] = lambda _: 1.0,
    seeds: tuple[int, ...] = (0, 1),
    metric: Metric = ERROR,
) -> lcbench.Benchmark:
    """A table of data set "own": the last error is that of a configuration, its row and a seed.

    Args:
        folder: Where.
        space: The search space.
        error: The error after the last epoch, of the configuration, the row and the seed.
        configs: The configurations, or how many are drawn.
        seconds: What an epoch costs.
        seeds: Of the runs.
        metric: What is measured.
    """
    frame = spaces.sample(space, configs, np.random.default_rng(7)) if isinstance(configs, int) else configs
    record = Record((metric,), metric.name, (Fidelity("epochs"),), seconds="measured")
    rows = []
    for budget in BUDGETS:
        for row, config in enumerate(spaces.records(space, frame)):
            for seed in seeds:
                end, epochs = error(config, row, seed), np.arange(budget + 1.0)
                values = np.clip(end + 0.1 * (1 - epochs / budget) / (1 + budget), metric.low, metric.high)
                key = {"budget": budget, "config_id": row, "seed": seed}
                rows.append({**key, "seconds": seconds(config) * epochs, metric.name: values})
    manifest = Manifest("a formula", "own", spaces.to_json(space), record, BUDGETS, seeds, {})
    columns = {name: [None if pd.isna(value) else value for value in frame[name].tolist()] for name in frame}
    table = pa.table({"config_id": pa.array(range(len(frame)), pa.int32()), **columns})
    store.write(
        folder, manifest, table, pa.table({"name": ["own"]}), {"own": pa.Table.from_pylist(rows, schema=record.schema)}
    )
    return lcbench.load(folder)
