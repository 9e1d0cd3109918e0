"""Peak memory of the processes of a collection on a data set of 500,000 rows x 50 features.

    python benchmarks/memory.py

Writes the data as a Parquet file. A fresh process loads, prepares and keeps it as the main process of a collection
does; another trains the widest stack of nine networks on it (budgets 1, 2 and 3), as a worker does. Prints the peak
resident memory of both, the pages of the mapped data files included.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lcbench.collection.collecting import opened
from lcbench.collection.plan import Plan, sampled_configs
from lcbench.collection.shards import Shards
from lcbench.space import paper

ROWS, FEATURES, CLASSES = 500_000, 50, 10
CONFIG = {"batch_size": 512, "learning_rate": 0.01, "max_dropout": 0.5, "max_units": 512}
CONFIG |= {"momentum": 0.9, "num_layers": 5, "weight_decay": 1e-4}


def main() -> None:
    """Make the data, then prepare and train in fresh processes."""
    with tempfile.TemporaryDirectory() as folder:
        rng = np.random.default_rng(0)
        columns = {f"x{i}": rng.random(ROWS) for i in range(FEATURES)} | {"y": rng.integers(0, CLASSES, ROWS)}
        pq.write_table(pa.table(columns), Path(folder) / "large.parquet")
        print(f"{ROWS} x {FEATURES}, {CLASSES} classes; peak resident memory:")
        for part in PARTS:
            subprocess.run([sys.executable, __file__, part, folder], check=True)


def prepare(folder: Path) -> str:
    """What the main process does before units are trained: load, prepare, keep, time single runs."""
    source = f"file:{folder / 'large.parquet'}?target=y"
    plan = Plan(
        sources=(source,),
        problem_name="mlp",
        configs=sampled_configs(paper.mlp(), 4, 0),
        budgets=(1, 2, 3),
        seeds=(0, 1, 2),
    )
    with opened(plan, folder / "bench") as collection:
        collection.calibrate()
    return "the main process, data prepared and single runs timed"


def train_widest(folder: Path) -> str:
    """What a worker process does."""
    from lcbench.collection.networks.problems import MLP
    from lcbench.collection.networks.tensors import Tensors, one_thread

    with one_thread():
        data = Tensors(Shards(folder / "bench").read_data("large"))
        started = time.perf_counter()
        MLP().train_all(data, [CONFIG], (1, 2, 3), (0, 1, 2), 0, time.perf_counter)
    spent = time.perf_counter() - started
    return f"a worker, nine networks of five layers of up to 512 units ({spent:.0f} s for 18 run-epochs)"


PARTS = {"prepare": prepare, "train": train_widest}


def measured(part: str, folder: Path) -> None:
    """Run one part, and print its peak memory."""
    what = PARTS[part](folder)
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB: {what}")


if __name__ == "__main__":
    measured(sys.argv[1], Path(sys.argv[2])) if len(sys.argv) > 1 else main()
