"""Tables of any shape, studies whose regret is known, and the surrogate's table where it is at hand."""

import shutil
from collections.abc import Callable
from functools import cache
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from own_tables import cells_table, searches

import lcbench
from lcbench.analysis.anytime import best_losses
from lcbench.collection.networks.metrics import RECORD
from lcbench.simulate.study import COLUMNS, systems
from lcbench.simulate.study.file import LATER
from lcbench.simulate.study.systems import PEERS, SYSTEMS
from lcbench.space import paper
from lcbench.space.cells import NAMES, OPERATIONS
from lcbench.space.spaces import sample
from lcbench.table import manifest, store
from lcbench.table.record import KEY

SHARED = Path(__file__).parents[3] / "shared"


@pytest.fixture(scope="session")
def reference_table() -> Path:
    """Predictions of a surrogate fitted to the released LCBench."""
    path = SHARED / "reference" / "lcbench_surrogate.parquet"
    if not path.is_file():
        pytest.skip("the surrogate's table (../shared/reference/lcbench_surrogate.parquet) is not here")
    return path


@pytest.fixture(scope="session")
def make_traces() -> Callable[..., pd.DataFrame]:
    """A study as ``lcbench simulate`` writes it, of optimizers that pick anything, on one worker."""

    def make(
        bench: lcbench.Benchmark, optimizers: tuple[str, ...] = ("random", "bohb"), seeds: int = 3, results: int = 40
    ) -> pd.DataFrame:
        rng, rows, best = np.random.default_rng(0), [], best_losses(bench)
        for number, dataset in enumerate(bench.datasets):
            for optimizer, seed in product(optimizers, range(seeds)):
                ends = np.cumsum(rng.random(results) + 0.5) * (number + 1)
                picks, budgets = rng.integers(len(bench.configs), size=results), rng.choice(bench.budgets, results)
                for trial, (pick, budget, end) in enumerate(zip(picks, budgets, ends, strict=True)):
                    value = bench.array(dataset, "valid_accuracy", int(budget))[pick, :, -1].mean(dtype=np.float64)
                    rows.append(
                        {"optimizer": optimizer, "dataset": dataset, "seed": seed, "trial": trial, "worker": 0}
                        | {"config_id": bench.configs.index[pick], "budget": budget, "loss": 1 - value, "value": value}
                        | {"started": end - 0.5, "finished": end, "limit": results * 1.5 * (number + 1)}
                        | {"used": end, "unit": "seconds", "best_loss": best[dataset], "worst_loss": 1.0}
                        | {**LATER, "workers": 1, "test_loss": min(1.0, 1 - value + 0.1 * rng.random())}
                        | {"best_test_loss": 0.0, "worst_test_loss": 1.0}
                    )
        return pd.DataFrame(rows)[list(COLUMNS)]

    return make


@pytest.fixture(scope="session")
def make_systems() -> Callable[..., pd.DataFrame]:
    """A study of systems as ``lcbench study`` writes it: steps at random times, on one and on three workers."""
    shown = {
        "full": ("network", "networks", "baseline", "baselines", "single", "all"),
        "hist-gradient-boosting": ("single",),
    }
    once = ("knn", "extra_trees", "random_forest", "catboost", "lightgbm")

    def make(datasets: tuple[str, ...] = ("alpha", "beta"), seeds: int = 3, steps: int = 6) -> pd.DataFrame:
        rng, rows = np.random.default_rng(1), []
        for dataset, system, workers, seed in product(datasets, (*SYSTEMS, *PEERS), (1, 3), range(seeds)):
            views = [(view, steps) for view in shown.get(system, ("network", "networks"))]
            for view, count in [*views, *((name, 1) for name in once if system == "full")]:
                times = np.cumsum(rng.random(count) + 0.5)
                tests = np.sort(rng.uniform(0.7, 0.9, count))
                for number, (time, test) in enumerate(zip(times, tests, strict=True), start=1):
                    own = {"view": view, "time_limit": 20.0, "time": time, "seconds": 0.5, "valid": test + 0.02}
                    sizes = {"models": number, "members": 1, "tried": number, "train_rows": 45, "valid_rows": 22}
                    names = {"dataset": dataset, "system": system, "workers": workers, "seed": seed}
                    made = {"test_rows": 33, "machine": "some, 2 cores", "created": "2026-11-26T00:00:00+00:00"}
                    rows.append(names | own | sizes | made | {"test": test})
        return pd.DataFrame(rows)[list(systems.COLUMNS)]

    return make


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory, bench: lcbench.Benchmark) -> lcbench.Benchmark:
    """The formula's table with random predictions, their labels, and baselines."""
    folder = tmp_path_factory.mktemp("furnished") / "bench"
    shutil.copytree(bench.folder, folder)
    rng, sizes, paths = np.random.default_rng(3), dict(zip(manifest.PARTS, (22, 33), strict=True)), []

    def chances(rows: int) -> np.ndarray:
        right = rng.random(rows)
        return np.stack([right, 1 - right], axis=1).astype(np.float16).ravel()

    for dataset in bench.datasets:
        runs = store.read_parquet(folder / manifest.runs_path(dataset), list(KEY)).to_pylist()
        labels = [{"part": part, "label": int(rng.integers(2))} for part, n in sizes.items() for _ in range(n)]
        own = [{"baseline": name, "seed": seed} for name, seed in (("forest", 0), ("forest", 1), ("knn", 0))]
        own = [row | {"seconds": 0.5} | dict.fromkeys(RECORD.on_all_parts, rng.random()) for row in own]
        for kind, rows in ((manifest.PREDICTIONS, runs), (manifest.LABELS, labels), (manifest.BASELINES, own)):
            if kind != manifest.LABELS:
                rows = [row | {part: chances(n) for part, n in sizes.items()} for row in rows]
            paths.append(manifest.table_path(kind, dataset))
            store.write_parquet(
                folder / paths[-1], pa.Table.from_pylist(rows, schema=manifest.extra_schema(kind, RECORD))
            )
    store.include(folder, bench.manifest, paths)
    return lcbench.load(folder)


class Stub:
    """A benchmark of random curves that lies nowhere: what the figures need and no more."""

    def __init__(self, datasets: int = 2, configs: int = 12, budgets: tuple[int, ...] = (3, 6, 12)) -> None:
        names = ["jungle_chess_2pcs_raw_endgame_complete", *(f"data_set_{i}" for i in range(1, datasets))]
        self.datasets, self.budgets = tuple(names[:datasets]), budgets
        self.manifest = SimpleNamespace(files={}, record=RECORD)
        self.metric, self.objectives, self.fidelity = RECORD.metric, RECORD.objectives, RECORD.fidelity
        self.seeds = (0, 1)
        self.space = paper.mlp()
        self.configs = sample(self.space, configs, np.random.default_rng(0)).rename_axis("config_id")
        sizes = {"instances": 100 * 3 ** np.arange(datasets), "features": np.arange(datasets) + 4, "classes": 2}
        self.dataset_table = pd.DataFrame(sizes, index=pd.Index(self.datasets, name="name"))
        rng = np.random.default_rng(datasets)
        self.arrays = {
            (name, budget): np.sort(rng.random((configs, 2, budget + 1)), axis=2).astype(np.float32)
            for name in self.datasets
            for budget in budgets
        }

        self.seconds = {key: np.zeros(values.shape) for key, values in self.arrays.items()}

    def budgets_of(self, dataset: str) -> tuple[int, ...]:
        return self.budgets

    def array(self, dataset: str, metric: str | None = None, budget: int | None = None) -> np.ndarray:
        return (self.seconds if metric == "seconds" else self.arrays)[dataset, budget or self.budgets[-1]]

    def lose(self, dataset: str, budget: int, configs: slice) -> None:
        """Take runs away, as if they had never been."""
        for table in (self.arrays, self.seconds):
            table[dataset, budget][configs] = np.nan


@pytest.fixture(scope="session")
def stub() -> type[Stub]:
    return Stub


@pytest.fixture(scope="session")
def one_budget(tmp_path_factory: pytest.TempPathFactory, bench: lcbench.Benchmark) -> lcbench.Benchmark:
    """The formula's table with its largest budget alone."""
    from dataclasses import replace

    import pyarrow.compute as pc

    folder = tmp_path_factory.mktemp("one_budget")
    runs = {}
    for dataset in bench.datasets:
        table = store.read_parquet(bench.folder / manifest.runs_path(dataset))
        runs[dataset] = table.filter(pc.equal(table["budget"], 50))
    configs, datasets = (store.read_parquet(bench.folder / name) for name in (manifest.CONFIGS, manifest.DATASETS))
    store.write(folder, replace(bench.manifest, budgets=(50,)), configs, datasets, runs)
    return lcbench.load(folder)


@pytest.fixture(scope="session")
def make_searches(tmp_path_factory) -> Callable[[int], tuple[lcbench.Benchmark, pd.DataFrame]]:
    """A table of five cells on so many data sets, and one-shot searches that find any of them."""
    worth = {(name,) * len(NAMES): 0.5 + place / 20 for place, name in enumerate(OPERATIONS)}

    @cache
    def make(count: int) -> tuple[lcbench.Benchmark, pd.DataFrame]:
        rng, names = np.random.default_rng(0), [f"images-{number}" for number in range(count)]
        bench = cells_table(tmp_path_factory.mktemp("cells") / "t", worth, datasets=dict.fromkeys(names, 0.0))
        lines = [
            (method, name, seed, [(epoch + 0.1 * seed, [*worth][rng.integers(len(worth))]) for epoch in range(1, 9)])
            for method, name, seed in product(("darts", "gdas"), names, range(3))
        ]
        return bench, searches(*lines)

    return make
