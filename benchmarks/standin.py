"""A benchmark folder of the published size, from a table of curves: for measuring the analysis at scale.

The table is a Parquet file with one row group per data set and the columns ``dataset``, ``openml_task_id``,
``config_id``, the seven hyperparameters of space ``mlp-released``, ``time`` and metrics as lists of 52 numbers,
accuracy 0 to 100 (index 0 untrained, 1 to 50 epochs, the last one dropped). Predictions of a model fitted to the
released LCBench serve as a stand-in for it. What such a table does not have is NaN.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import typer
from numpy.typing import NDArray

import lcbench
from lcbench.collection.data.suite import LCBENCH_DATASETS
from lcbench.collection.networks.metrics import RECORD
from lcbench.collection.problem import get_problem
from lcbench.space.spaces import check_configs, to_json
from lcbench.table import store
from lcbench.table.manifest import DATASET_SCHEMA, Manifest

SPACE, BUDGET = "mlp-released", 50
TAGS = {
    "valid_accuracy": ("val_accuracy", 0.01),
    "valid_balanced_accuracy": ("val_balanced_accuracy", 1.0),
    "valid_cross_entropy": ("val_cross_entropy", 1.0),
    "test_balanced_accuracy": ("test_balanced_accuracy", 1.0),
}
"""Our name of a series, its column, and what to multiply it by."""


def curves(table: pa.Table, column: str) -> NDArray[np.float32]:
    """``(configs, 51)`` array of a list column."""
    lists = table[column].combine_chunks()
    return lists.flatten().to_numpy(zero_copy_only=False).reshape(len(table), -1)[:, : BUDGET + 1]


def run_table(table: pa.Table) -> pa.Table:
    """The runs of one data set in the folder's format."""
    n = len(table)
    series = dict.fromkeys(RECORD.names, np.full((n, BUDGET + 1), np.nan, np.float32))
    series |= {name: factor * curves(table, column) for name, (column, factor) in TAGS.items()}
    time = curves(table, "time")
    series["seconds"] = np.maximum.accumulate(time - time[:, :1], axis=1)
    rates = table["learning_rate"].to_numpy()[:, None] * (1 + np.cos(np.pi * np.arange(BUDGET + 1) / BUDGET)) / 2
    series["learning_rate"] = rates.astype(np.float32)
    offsets = pa.array(np.arange(n + 1, dtype=np.int32) * (BUDGET + 1))
    columns = {
        "budget": np.full(n, BUDGET),
        "config_id": table["config_id"].to_numpy(),
        "seed": np.zeros(n, np.int32),
        "status": ["success"] * n,
        "epochs": np.full(n, BUDGET),
        "n_parameters": np.zeros(n, np.int64),
    }
    columns |= {
        name: pa.ListArray.from_arrays(offsets, pa.array(values.ravel().astype(np.float32)))
        for name, values in series.items()
    }
    return pa.table(columns).cast(RECORD.schema)


def tables(path: Path) -> Iterator[tuple[str, pa.Table]]:
    """Each data set's name with its rows."""
    file = pq.ParquetFile(path)
    for group in range(file.num_row_groups):
        table = file.read_row_group(group)
        yield table["dataset"][0].as_py(), table


def build(source: Path, folder: Path) -> lcbench.Benchmark:
    """Write the folder."""
    runs, configs = {}, pd.DataFrame()
    space = get_problem(SPACE).space
    for name, table in tables(source):
        runs[name] = run_table(table)
        configs = table.select(["config_id", *space]).to_pandas().set_index("config_id")
    checked = check_configs(space, configs)
    columns = {"config_id": pa.array(list(configs.index), pa.int32()), **{n: pa.array(checked[n]) for n in checked}}
    described = [
        {"name": each.name, "source": f"openml:{each.openml_task_id}", "openml_task_id": each.openml_task_id}
        | {"instances": each.instances, "features": each.features, "classes": each.classes}
        for each in LCBENCH_DATASETS
        if each.name in runs
    ]
    manifest = Manifest(
        title=f"made from {source.name}: predictions of a model fitted to the released LCBench, not the table itself",
        problem=SPACE,
        record=RECORD,
        space=to_json(space),
        budgets=(BUDGET,),
        seeds=(0,),
        schedule="adaptive: a cosine of its own for each budget",
        provenance={"seconds": "predicted by the same model"},
    )
    store.write(folder, manifest, pa.table(columns), pa.Table.from_pylist(described, schema=DATASET_SCHEMA), runs)
    return lcbench.load(folder)


def main(
    source: Annotated[Path, typer.Argument(help="The Parquet file.")],
    folder: Annotated[Path, typer.Argument(help="The folder to write.")],
) -> None:
    """Make the folder."""
    print(build(source, folder))


if __name__ == "__main__":
    typer.run(main)
