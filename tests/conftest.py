"""A small table with known curves, written with the real writer, and the real data sets where they are at hand."""

import gc
import os
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from unittest import mock

# pytest has a process for each core already, and threads of busy processes wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import settings

import lcbench
from lcbench.collection.networks.cost import CostModel
from lcbench.collection.networks.metrics import RECORD
from lcbench.collection.networks.problems import NetworkProblem
from lcbench.space import paper, spaces
from lcbench.space.encoding import Encoding
from lcbench.table import store
from lcbench.table.manifest import DATASET_SCHEMA, Manifest
from lcbench.work.processes import LocalExecutor

SHARED = Path(__file__).parents[2] / "shared"

SYNC = os.fsync

settings.register_profile("lcbench", max_examples=50)
settings.load_profile("lcbench")

# What is imported and collected stays: nobody looks through half a million objects for garbage, now or at every test.
gc.disable()


def pytest_collection_finish() -> None:
    """From here on there is garbage."""
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True, scope="session")
def _warm_processes():
    """The first executor decides what new processes have imported already: all that any of them needs."""
    if find_spec("torch") is not None:
        with LocalExecutor(1, len, preload="lcbench.collection.models.warm"):
            pass


@pytest.fixture(autouse=True, scope="session")
def _no_power_cuts():
    """No test of this process waits for the disk; ``tests/lcbench/test_store.py`` holds when it is waited for."""
    os.fsync = lambda _: None
    yield
    os.fsync = SYNC


@pytest.fixture(autouse=True, scope="session")
def _calibrated_once():
    """Collections of this process share the cost model of their problem: most of a small one's time is to time steps.

    ``tests/collection/test_cost.py`` holds the calibration itself, and commands calibrate as ever.
    """
    timed, known = NetworkProblem.calibrate, {}

    def once(problem, data, configs, device) -> CostModel:
        key = problem.name, device
        if key not in known:
            with mock.patch("lcbench.collection.networks.calibration._SAMPLES", 16):
                known[key] = timed(problem, data, configs, device)
        return known[key]

    with mock.patch.object(NetworkProblem, "calibrate", once):
        yield


def accuracy_curve(quality: float, rate: float, budget: int, seed: int) -> np.ndarray:
    """Accuracy 0.5 untrained, rising to ``quality``; the shorter the budget, the faster (a schedule of its own)."""
    epochs = np.arange(budget + 1)
    rise = (quality - 0.5) * (1 - np.exp(-rate * epochs / np.sqrt(budget)))
    return (0.5 + rise + 0.002 * seed * (epochs > 0)).astype(np.float32)


def make_benchmark(
    folder: Path,
    datasets: tuple[str, ...] = ("alpha", "beta"),
    n_configs: int = 30,
    budgets: tuple[int, ...] = (12, 25, 50),
    seeds: tuple[int, ...] = (0, 1, 2),
) -> lcbench.Benchmark:
    """Write a benchmark whose curves come from a formula of the configuration (no training)."""
    mlp = paper.mlp()
    configs = spaces.sample(mlp, n_configs, np.random.default_rng(7))
    cube = Encoding(mlp).vectors(configs)
    runs = {}
    for number, dataset in enumerate(datasets):
        target = np.random.default_rng(number).random(cube.shape[1])
        quality = 0.95 - 0.4 * np.abs(cube - target).mean(axis=1)
        rows = []
        for budget in budgets:
            for config_id in range(n_configs):
                for seed in seeds:
                    valid = accuracy_curve(quality[config_id], 0.3 + cube[config_id, 1], budget, seed)
                    rate = (
                        configs["learning_rate"][config_id] * (1 + np.cos(np.pi * np.arange(budget + 1) / budget)) / 2
                    )
                    row = {name: valid if name.endswith("accuracy") else (1 - valid) * 2 for name in RECORD.names}
                    row |= {"seconds": np.arange(budget + 1) * (0.5 + cube[config_id, 0]), "learning_rate": rate}
                    row |= {"budget": budget, "config_id": config_id, "seed": seed}
                    rows.append(row | {"status": "success", "epochs": budget, "n_parameters": 100})
        runs[dataset] = pa.Table.from_pylist(rows, schema=RECORD.schema)
    table = pa.table({"config_id": pa.array(range(n_configs), pa.int32()), **{n: configs[n] for n in configs}})
    described = [
        {"name": d, "source": "formula", "instances": 100, "features": 4, "classes": 2, "train_instances": 45}
        | {"valid_instances": 22, "test_instances": 33, "class_counts": [50, 50]}
        for d in datasets
    ]
    manifest = Manifest(
        title="a formula, for tests",
        problem="mlp",
        record=RECORD,
        space=spaces.to_json(mlp),
        budgets=budgets,
        seeds=seeds,
        schedule="adaptive: a cosine of its own for each budget",
        provenance={"seconds": "formula"},
    )
    store.write(folder, manifest, table, pa.Table.from_pylist(described, schema=DATASET_SCHEMA), runs)
    return lcbench.load(folder)


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> lcbench.Benchmark:
    """A table of 2 data sets x 30 configurations x budgets 12/25/50 x 3 seeds. Read only."""
    return make_benchmark(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="session")
def make() -> Callable[..., lcbench.Benchmark]:
    """The function :func:`make_benchmark`, for tests that need tables of other sizes."""
    return make_benchmark


@pytest.fixture(scope="session")
def openml_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A writable copy of the real OpenML data sets that lie beside the project."""
    if not (SHARED / "openml-cache").is_dir():
        pytest.skip("the OpenML cache (../shared/openml-cache) is not here, and OpenML itself needs a network")
    copy = tmp_path_factory.mktemp("openml")
    shutil.copytree(SHARED / "openml-cache", copy, dirs_exist_ok=True)
    for path in [copy, *copy.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return copy
