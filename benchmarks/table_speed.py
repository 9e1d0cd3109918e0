"""Opening and asking a table, against the published JSON with its published way to ask: figures and ratios of one run.

    python benchmarks/table_speed.py --generator PATH/make_official_json.py [--datasets 3] [--configs 2000]

The generator is a script that writes a file in the published LCBench layout: ``make_official_json.py OUT DATASETS
CONFIGS``. The folder is made from the very same numbers (budget 50, one seed, 12 series; what the JSON lacks is filled
with other noise of the same size), so that both hold the same. The published size is ``--datasets 35``: 1 GB of JSON,
4 GB of memory, some ten minutes.

    python benchmarks/table_speed.py --rows 1000000 | --folder DIR

How a large table opens and is replayed, in fresh processes: one made with so many configurations, one budget and one
seed, or a folder such as FCNet's. Memory is the peak of each process, libraries included.

Opening is timed in fresh processes, imports apart; resident memory is counted from after the imports. A look-up is the
median of 7 rounds of 20,000 random ones.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROUNDS, LOOKUPS, MANY = 7, 20_000, 1_000_000
TAGS = {  # ours: theirs, and what one of theirs is in our unit
    "train_loss": ("Train/loss", 1),
    "train_accuracy": ("Train/train_accuracy", 100),
    "train_balanced_accuracy": ("Train/train_balanced_accuracy", 1),
    "train_cross_entropy": ("Train/train_cross_entropy", 1),
    "valid_accuracy": ("Train/val_accuracy", 100),
    "valid_balanced_accuracy": ("Train/val_balanced_accuracy", 1),
    "valid_cross_entropy": ("Train/val_cross_entropy", 1),
    "test_accuracy": ("Train/test_result", 100),
    "test_balanced_accuracy": ("Train/test_balanced_accuracy", 1),
    "test_cross_entropy": ("Train/test_cross_entropy", 1),
}


def main() -> None:
    """Make both, measure both, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--generator", type=Path)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--datasets", type=int, default=3)
    parser.add_argument("--configs", type=int, default=2000)
    arguments = parser.parse_args()
    if arguments.rows or arguments.folder:
        large(arguments.folder, arguments.rows)
        return
    if arguments.generator is None:
        parser.error("one of --generator, --rows and --folder is needed")
    with tempfile.TemporaryDirectory() as folder:
        document, table = Path(folder) / "official.json", Path(folder) / "table"
        size = [str(arguments.datasets), str(arguments.configs)]
        subprocess.run([sys.executable, arguments.generator, document, *size], check=True)
        subprocess.run([sys.executable, __file__, "--build", document, table], check=True)
        theirs = [measured("--json", document) for _ in range(1 if arguments.datasets > 5 else 3)]
        ours = [measured("--table", table) for _ in range(5)]
        bytes_of = document.stat().st_size, sum(p.stat().st_size for p in table.rglob("*") if p.is_file())
    print(f"{arguments.datasets} data sets x {arguments.configs} configurations x 51 points, {len(ours)} processes\n")
    show(medians(theirs) | {"size, MB": bytes_of[0] / 1e6}, medians(ours) | {"size, MB": bytes_of[1] / 1e6})


def large(folder: Path | None, rows: int) -> None:
    """Print how a large table opens and is replayed."""
    with tempfile.TemporaryDirectory() as place:
        if folder is None:
            folder = Path(place) / "table"
            subprocess.run([sys.executable, __file__, "--make", folder, str(rows)], check=True)
        found = medians([measured("--replay", folder) for _ in range(3)])
    print("| | median of 3 processes |\n|---|---:|")
    for name, figure in found.items():
        print(f"| {name} | {figure:,.3g} |")


def make(folder: Path, rows: Path) -> None:
    """Write a made table of so many configurations."""
    from made_tables import write

    write(folder, int(str(rows)), grid=False, budgets=(1,))


def replay(folder: Path) -> None:
    """Open a folder and replay random search and BOHB on its first data set."""
    import pandas  # noqa: F401  # imports are not counted

    from lcbench.simulate import ReplayBackend, simulate
    from lcbench.simulate.optimizers import get_optimizer
    from lcbench.table.benchmark import load

    figures, started = {}, time.perf_counter()

    def lap(name: str, unit: float = 1.0) -> None:
        nonlocal started
        figures[name] = unit * (time.perf_counter() - started)
        started = time.perf_counter()

    bench = load(folder)
    lap("open, ms", 1e3)
    bench.curve(bench.datasets[0], bench.configs.index[0])
    lap("first curve, s")
    backend = ReplayBackend(bench, bench.datasets[0])
    lap("replay of a data set, s")
    assert backend.table.cube.shape[0] == len(bench.configs)  # noqa: S101
    lap("encoding, s")
    for name in ("random", "bohb"):
        optimizer = get_optimizer(name)(backend.domain(), backend.budgets, np.random.default_rng(0))
        simulate(optimizer, backend, workers=4, evaluations=500)
        lap(f"{name}, 500 evaluations, s")
    figures["peak memory, MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(json.dumps(figures))


def measured(mode: str, path: Path) -> dict[str, float]:
    """Figures of one fresh process."""
    done = subprocess.run([sys.executable, __file__, mode, path], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def medians(rows: list[dict[str, float]]) -> dict[str, float]:
    """Each figure's median over processes."""
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}


def show(theirs: dict[str, float], ours: dict[str, float]) -> None:
    """Print figures and ratios."""
    print("| | JSON | lcbench | JSON / lcbench |\n|---|---:|---:|---:|")
    for name, figure in ours.items():
        other = theirs.get(name)
        print(f"| {name} | " + ("| " if other is None else f"{other:,.3g} | ") + f"{figure:,.3g} |", end="")
        print(" |" if other is None else f" {other / figure:,.3g} |" if figure else " |")


def build(document: Path, folder: Path) -> None:
    """Write a benchmark folder from a JSON file of the published layout."""
    import pyarrow as pa

    from lcbench.collection.networks.metrics import RECORD
    from lcbench.space import paper
    from lcbench.space.spaces import to_json
    from lcbench.table import store
    from lcbench.table.manifest import DATASET_SCHEMA, Manifest

    data = json.loads(document.read_bytes())
    entries = list(next(iter(data.values())).values())
    spaces = paper.mlp_released()
    configs = {name: [entry["config"][name] * 1 for entry in entries] for name in spaces}
    described = [
        {"name": name, "source": "generated", "instances": 1000, "features": 20, "classes": 2}
        | {"train_instances": 450, "valid_instances": 220, "test_instances": 330, "class_counts": [500, 500]}
        for name in data
    ]
    manifest = Manifest("generated", "mlp-released", to_json(spaces), RECORD, (50,), (1,), {})
    store.write(
        folder,
        manifest,
        pa.table({"config_id": pa.array(range(len(entries)), pa.int32()), **configs}),
        pa.Table.from_pylist(described, schema=DATASET_SCHEMA),
        {name: runs(list(rows.values())) for name, rows in data.items()},
    )


def runs(entries: list[dict]) -> object:
    """One data set's runs; validation and test numbers as they are, train numbers with noise of their own."""
    import pyarrow as pa

    from lcbench.collection.networks.metrics import RECORD

    rng, n = np.random.default_rng(0), len(entries)
    columns = {}
    for name, (tag, unit) in TAGS.items():
        values = np.array([entry["log"][tag][:51] for entry in entries]) / unit
        noise = rng.normal(1, 0.002, values.shape) if name.startswith("train") else 1
        columns[name] = np.minimum(values * noise, 1) if "accuracy" in name else values * noise
    clock = np.array([entry["log"]["time"][:51] for entry in entries])
    columns["seconds"] = np.maximum.accumulate(clock - clock[:, :1], axis=1)
    columns["learning_rate"] = np.array([entry["log"]["Train/lr"][1:52] for entry in entries])
    key = {"budget": np.full(n, 50), "config_id": np.arange(n), "seed": np.full(n, 1)}
    rest = {"status": ["success"] * n, "epochs": np.full(n, 50)}
    rest["n_parameters"] = [entry["results"]["model_parameters"] for entry in entries]
    lists = {name: list(columns[name].astype(np.float32)) for name in RECORD.names}
    return pa.table(key | rest | lists).cast(RECORD.schema)


def ask_json(path: Path) -> None:
    """Open the JSON and ask it as the published class does: dicts all the way down."""
    before = resident()
    started = time.perf_counter()
    with path.open() as file:
        data = json.load(file)
    figures = {"open, ms": 1e3 * (time.perf_counter() - started), "new memory, MB": resident() - before}
    asked = questions(list(data), len(next(iter(data.values()))))

    def curve(name: str, config_id: int) -> list[float]:
        return data[name][str(config_id)]["log"]["Train/val_accuracy"]

    figures |= {"curve, µs": microseconds(curve, asked)}
    figures |= {"value, µs": microseconds(lambda name, config_id: curve(name, config_id)[50], asked)}
    print(json.dumps(figures))


def ask_table(path: Path) -> None:
    """Open the folder and ask it."""
    started = time.perf_counter()
    from lcbench.table.benchmark import load

    imported, before = time.perf_counter(), resident()
    bench = load(path)
    figures = {"import, ms": 1e3 * (imported - started), "open, ms": 1e3 * (time.perf_counter() - imported)}
    figures["new memory, MB"] = resident() - before
    started = time.perf_counter()
    bench.curve(bench.datasets[0], 0)
    figures["first curve, ms"] = 1e3 * (time.perf_counter() - started)
    started = time.perf_counter()
    bench.curve(bench.datasets[-1], 0, "valid_cross_entropy")
    figures["first curve of another series, ms"] = 1e3 * (time.perf_counter() - started)
    asked = questions(list(bench.datasets), len(bench.configs))
    for name, config_id in asked:
        bench.curve(name, config_id)
    figures |= {"curve, µs": microseconds(bench.curve, asked), "value, µs": microseconds(bench.value, asked)}
    print(json.dumps(figures | {"vectorised, million values a second": vectorised(bench)}))


def vectorised(bench: object) -> float:
    """Values a second, all four of (configuration, budget, seed, epoch) given as random arrays."""
    rng = np.random.default_rng(1)
    config_ids, epochs = rng.integers(0, len(bench.configs), MANY), rng.integers(0, 51, MANY)
    key = (config_ids, np.full(MANY, 50), np.full(MANY, bench.seeds[0]), epochs)
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        bench.values(bench.datasets[0], "valid_accuracy", *key)
        times.append(time.perf_counter() - started)
    return MANY / statistics.median(times) / 1e6


def questions(datasets: list[str], n_configs: int) -> list[tuple[str, int]]:
    """Random (data set, configuration)."""
    rng = np.random.default_rng(0)
    return [
        (datasets[d], int(c)) for d, c in zip(*rng.integers(0, (len(datasets), n_configs), (LOOKUPS, 2)).T, strict=True)
    ]


def microseconds(ask: Callable[[str, int], object], asked: list[tuple[str, int]]) -> float:
    """Median over rounds of one look-up's microseconds."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for name, config_id in asked:
            ask(name, config_id)
        times.append(time.perf_counter() - started)
    return 1e6 * statistics.median(times) / len(asked)


def resident() -> float:
    """Resident memory, MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


if __name__ == "__main__":
    modes = {"--json": ask_json, "--table": ask_table, "--build": build, "--make": make, "--replay": replay}
    if sys.argv[1:2] and sys.argv[1] in modes:
        modes[sys.argv[1]](*map(Path, sys.argv[2:]))
    else:
        main()
