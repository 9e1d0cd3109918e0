"""Tables over any search space, of one metric, written with the real writer."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

import lcbench
from lcbench.simulate.study.one_shot.file import COLUMNS
from lcbench.space import spaces
from lcbench.space.cells import NAMES, cell_space
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


VALID, TEST = (
    Metric(f"{part}_accuracy", unit="fraction", goal="maximize", low=0.0, high=1.0) for part in ("valid", "test")
)


def cells_table(
    folder: Path,
    worth: Mapping[tuple[str, ...], float],
    *,
    datasets: Mapping[str, float] = {"own": 0.0},  # never changed
    seeds: int = 1,
    gain: float = 0.01,
) -> lcbench.Benchmark:
    """A table of cells with budgets 1 and 2, an epoch of which takes a second.

    At budget 2 a cell ends with its accuracy, less what its data set takes, and a tenth less on the test part; it has
    gained something since budget 1. Seeds lie evenly around that.

    Args:
        folder: Where.
        worth: Accuracy of each cell.
        datasets: What each takes.
        seeds: How many.
        gain: From budget 1 to budget 2.
    """
    runs = [
        {"task": name, "seed": seed, "budget": budget, **dict(zip(NAMES, cell, strict=True))}
        | {"valid_accuracy": (value := end - taken - gain * (2 - budget) + 0.002 * (seed - (seeds - 1) / 2))}
        | {"test_accuracy": value - 0.1, "seconds": float(budget)}
        for name, taken in datasets.items()
        for cell, end in worth.items()
        for budget in (1, 2)
        for seed in range(seeds)
    ]
    lcbench.write(folder, pd.DataFrame(runs), space=cell_space(), metrics=[VALID, TEST], fidelity="epochs")
    return lcbench.load(folder)


def searches(*lines: tuple[str, str, int, Iterable[tuple[float, tuple[str, ...]]]]) -> pd.DataFrame:
    """A study of one-shot searches.

    Args:
        lines: Of each search the method, the data set, the seed, and for each epoch seconds so far and the cell.
    """
    rows = [
        {"method": method, "dataset": dataset, "seed": seed, "epoch": epoch, "seconds": float(seconds)}
        | {"shared_accuracy": 0.5, **dict(zip(NAMES, cell, strict=True))}
        for method, dataset, seed, found in lines
        for epoch, (seconds, cell) in enumerate(found, 1)
    ]
    return pd.DataFrame(rows)[list(COLUMNS)]
