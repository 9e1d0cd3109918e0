"""Peak memory of a worker process on a data set of 500,000 rows x 50 features.

    python benchmarks/memory.py

Writes the prepared data as a collection does, then lets a fresh process train the widest stack of nine networks on it
(budgets 1, 2 and 3) and prints that process's peak resident memory, the pages of the mapped data files included.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from collection.prepared import Prepared
from collection.shards import Workplace

ROWS, FEATURES, CLASSES = 500_000, 50, 10
CONFIG = {"batch_size": 512, "learning_rate": 0.01, "max_dropout": 0.5, "max_units": 512}
CONFIG |= {"momentum": 0.9, "num_layers": 5, "weight_decay": 1e-4}


def main() -> None:
    """Make the data, train in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        rng = np.random.default_rng(0)
        parts = {"train": int(ROWS * 0.67 * 0.67), "valid": int(ROWS * 0.67 * 0.33), "test": int(ROWS * 0.33)}
        arrays = {f"x_{part}": rng.random((n, FEATURES), dtype=np.float32) for part, n in parts.items()}
        arrays |= {f"y_{part}": rng.integers(0, CLASSES, n) for part, n in parts.items()}
        classes = tuple(map(str, range(CLASSES)))
        Workplace(Path(folder)).write_data(
            Prepared("large", **arrays, classes=classes, class_counts=(0,) * CLASSES, encoding="ordinal", dropped=())
        )
        subprocess.run([sys.executable, __file__, folder], check=True)


def worker(folder: str) -> None:
    """What a worker process does, and its peak memory."""
    from collection.tensors import Tensors
    from collection.threads import one_thread
    from collection.train import train

    with one_thread():
        data = Tensors(Workplace(Path(folder)).read_data("large"))
        started = time.perf_counter()
        train(data, CONFIG, (1, 2, 3), (0, 1, 2), 0, time.perf_counter)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{ROWS} x {FEATURES}, {CLASSES} classes, nine networks of five layers of up to 512 units:")
    print(f"peak resident memory {peak:.2f} GB; {time.perf_counter() - started:.0f} s for 18 run-epochs")


if __name__ == "__main__":
    worker(sys.argv[1]) if len(sys.argv) > 1 else main()
