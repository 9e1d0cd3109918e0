"""Tables of any shape, studies whose regret is known, and the surrogate's table where it is at hand."""

from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lcbench
from analysis.regret import best_losses
from lcbench.space import get_space, sample
from simulate.study import COLUMNS

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
                    )
        return pd.DataFrame(rows)[list(COLUMNS)]

    return make


class Stub:
    """A benchmark of random curves that lies nowhere: what the figures need and no more."""

    def __init__(self, datasets: int = 2, configs: int = 12, budgets: tuple[int, ...] = (3, 6, 12)) -> None:
        names = ["jungle_chess_2pcs_raw_endgame_complete", *(f"data_set_{i}" for i in range(1, datasets))]
        self.datasets, self.budgets = tuple(names[:datasets]), budgets
        self.seeds = (0, 1)
        self.space = get_space("mlp")
        self.configs = sample(self.space, configs, np.random.default_rng(0)).rename_axis("config_id")
        sizes = {"instances": 100 * 3 ** np.arange(datasets), "features": np.arange(datasets) + 4, "classes": 2}
        self.dataset_table = pd.DataFrame(sizes, index=pd.Index(self.datasets, name="name"))
        rng = np.random.default_rng(datasets)
        self.arrays = {
            (name, budget): np.sort(rng.random((configs, 2, budget + 1)), axis=2).astype(np.float32)
            for name in self.datasets
            for budget in budgets
        }

    def array(self, dataset: str, metric: str = "valid_accuracy", budget: int | None = None) -> np.ndarray:
        values = self.arrays[dataset, budget or self.budgets[-1]]
        return np.zeros(values.shape) if metric == "seconds" else values


@pytest.fixture(scope="session")
def stub() -> type[Stub]:
    return Stub


@pytest.fixture(scope="session")
def one_budget(tmp_path_factory: pytest.TempPathFactory, bench: lcbench.Benchmark) -> lcbench.Benchmark:
    """The formula's table with its largest budget alone."""
    from dataclasses import replace

    import pyarrow.compute as pc

    from lcbench import schema, store

    folder = tmp_path_factory.mktemp("one_budget")
    runs = {}
    for dataset in bench.datasets:
        table = store.read_parquet(bench.folder / schema.runs_path(dataset))
        runs[dataset] = table.filter(pc.equal(table["budget"], 50))
    configs, datasets = (store.read_parquet(bench.folder / name) for name in (schema.CONFIGS, schema.DATASETS))
    store.write(folder, replace(bench.manifest, budgets=(50,)), configs, datasets, runs)
    return lcbench.load(folder)
