"""Tables of any number of configurations for measurements, written without training or drawing them one by one."""

from math import prod
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ConfigSpace import Categorical, ConfigurationSpace
from numpy.typing import NDArray

import lcbench
from lcbench.space import paper
from lcbench.space.encoding import Encoding
from lcbench.space.spaces import to_json
from lcbench.table import store
from lcbench.table.manifest import CONFIGS, DATASETS, Manifest, runs_path
from lcbench.table.metric import Fidelity, Metric
from lcbench.table.record import Record

GRID = (2, 2, 4, 3, 3, 6, 2, 6, 6)
"""Levels of the nine hyperparameters of FCNet: 62,208 configurations."""

RECORD = Record(
    metrics=(Metric("valid_error", "fraction", "minimize", 0.0, 1.0),),
    objective="valid_error",
    fidelities=(Fidelity("epochs"),),
    seconds="measured",
)


def write(folder: Path, rows: int, *, grid: bool, budgets: tuple[int, ...]) -> lcbench.Benchmark:
    """Write a table of one data set and one seed.

    Args:
        folder: Where.
        rows: How many configurations.
        grid: Whether hyperparameters are categories as of FCNet, and rows places of their grid; or the paper's numbers.
        budgets: Runs of each configuration.
    """
    space = (
        ConfigurationSpace(space=[Categorical(f"h{j}", [f"v{i}" for i in range(n)]) for j, n in enumerate(GRID)])
        if grid
        else paper.mlp()
    )
    rng = np.random.default_rng(0)
    points = Encoding(space).uniform(rows, rng)
    if grid:
        points = np.stack(np.unravel_index(rng.permutation(prod(GRID))[:rows], GRID), axis=1).astype(float)
    columns = {name: part.to_value(points[:, j]) for j, (name, part) in enumerate(space.items())}
    ids = pa.array(np.arange(rows, dtype=np.int32))
    manifest = Manifest("made", "made", to_json(space), RECORD, budgets, (0,), {})
    cube = points / np.array(GRID) if grid else points
    runs = pa.concat_tables([_runs(cube, budget) for budget in budgets])
    configs = pa.table({"config_id": ids, **{name: pa.array(values.tolist()) for name, values in columns.items()}})
    store.write(folder, manifest, configs, pa.table({"name": ["made"]}), {"made": runs})
    return lcbench.load(folder)


def _runs(cube: NDArray[np.float64], budget: int) -> pa.Table:
    """Errors that fall to a quality of each configuration, and seconds that differ between them."""
    n, epochs = len(cube), np.arange(budget + 1)
    quality = np.abs(cube - np.random.default_rng(1).random(cube.shape[1])).mean(axis=1)
    curves = {"seconds": epochs * (1 + cube[:, :1]), "valid_error": quality[:, None] + 0.3 * np.exp(-0.2 * epochs)}
    offsets = pa.array(np.arange(0, n * (budget + 1) + 1, budget + 1, dtype=np.int32))
    lists = {
        name: pa.ListArray.from_arrays(offsets, pa.array(values.clip(0, 1 if name == "valid_error" else None)
                                                         .astype(np.float32).ravel()))
        for name, values in curves.items()
    }  # fmt: skip
    key = {"budget": np.full(n, budget), "config_id": np.arange(n), "seed": np.zeros(n, int)}
    return pa.table(key | lists).cast(RECORD.schema)


def cut(folder: Path, out: Path, rows: int) -> lcbench.Benchmark:
    """Write as many random configurations of the first data set of a benchmark as a benchmark of their own."""
    bench = lcbench.load(folder)
    kept = pa.array(np.random.default_rng(0).choice(bench.configs.index.to_numpy(), rows, replace=False))
    name = bench.datasets[0]
    configs, described, runs = (store.read_parquet(folder / path) for path in (CONFIGS, DATASETS, runs_path(name)))
    configs, runs = (table.filter(pc.is_in(table["config_id"], kept)) for table in (configs, runs))
    store.write(out, bench.manifest, configs, described.filter(pc.equal(described["name"], name)), {name: runs})
    return lcbench.load(out)
