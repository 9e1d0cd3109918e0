"""Studies: optimizers x data sets x seeds, each cell simulated by itself."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Literal
from zlib import crc32

import numpy as np
import pandas as pd
import pyarrow as pa

from lcbench.benchmark import Benchmark
from lcbench.errors import InputError, UnknownNameError
from lcbench.store import read_parquet, write_parquet
from simulate.optimizers import OPTIMIZERS, get_optimizer
from simulate.replay import Match, ReplayBackend, Schedule, Seed
from simulate.run import simulate

COLUMNS = (
    *("optimizer", "dataset", "seed", "trial", "config_id", "budget", "loss", "value"),
    *("started", "finished", "worker", "limit", "best_loss", "worst_loss"),
)
"""Columns of a study; ``started``, ``finished`` and ``limit`` (the time limit) in virtual seconds; ``best_loss`` and
``worst_loss`` are the lowest and the highest finite loss in the data set's table."""


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """How long optimizers may run on a data set.

    Attributes:
        amount: How much.
        unit: ``"seconds"``, or ``"runs"``: the mean seconds of one run at the largest budget, so that quick and slow
            data sets allow about the same number of evaluations (per worker).
    """

    amount: float
    unit: Literal["seconds", "runs"]

    def seconds(self, backend: ReplayBackend) -> float:
        """Virtual seconds on a data set."""
        return self.amount * (backend.mean_seconds if self.unit == "runs" else 1.0)


def parse_budget(text: str) -> TimeLimit:
    """Read ``"20x"`` (20 mean runs at the largest budget) or ``"3600"`` (seconds).

    Raises:
        InputError: If it is neither.
    """
    match = re.fullmatch(r"(\d+\.?\d*|\.\d+)(x?)", text.strip())
    if match is None or float(match[1]) == 0:
        raise InputError(f"budget must be seconds ('3600') or a number of full runs ('20x'), got {text!r}.")
    return TimeLimit(float(match[1]), "runs" if match[2] else "seconds")


def cell_rng(seed: int, optimizer: str, dataset: str) -> np.random.Generator:
    """The randomness of one cell: depends on its seed and names only, not on what else is in the study."""
    return np.random.default_rng(np.random.SeedSequence([seed, crc32(optimizer.encode()), crc32(dataset.encode())]))


def study(
    bench: Benchmark,
    datasets: Sequence[str] | None = None,
    optimizers: Sequence[str] | None = None,
    seeds: Sequence[int] = tuple(range(10)),
    *,
    workers: int = 4,
    budget: str = "20x",
    metric: str = "valid_accuracy",
    recorded: Seed = "mean",
    schedule: Schedule = "adaptive",
    match: Match = "exact",
    done: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Replay optimizers on a benchmark.

    Args:
        bench: The table.
        datasets: Names of data sets; all by default.
        optimizers: Names in :data:`simulate.optimizers.OPTIMIZERS`; all by default.
        seeds: Seeds of the optimizers.
        workers: Number of workers.
        budget: Time limit on each data set, see :func:`parse_budget`.
        metric: What is optimized.
        recorded: Which recorded seeds are replayed, see :class:`simulate.replay.ReplayBackend`; for ``"draw"`` the
            optimizer's seed picks.
        schedule: See :class:`simulate.replay.ReplayBackend`.
        match: See :class:`simulate.replay.ReplayBackend`.
        done: Called after each cell with its name, to show progress.

    Returns:
        One row per result, with the columns :data:`COLUMNS`. Same arguments, same numbers.

    Raises:
        InputError: If an argument cannot be used.
    """
    datasets = bench.datasets if datasets is None else datasets
    optimizers = tuple(OPTIMIZERS) if optimizers is None else optimizers
    limit = parse_budget(budget)
    _check(bench, datasets, optimizers, seeds)
    frames = []
    for dataset, seed in product(datasets, seeds):
        if recorded == "draw" or seed == seeds[0]:
            backend = ReplayBackend(
                bench, dataset, metric, seed=recorded, schedule=schedule, match=match, draw_seed=seed
            )
        for optimizer in optimizers:
            frames.append(_simulate_cell(backend, optimizer, seed, workers, limit.seconds(backend)))
            if done is not None:
                done(f"{optimizer} on {dataset}")
    return pd.concat(frames, ignore_index=True)[list(COLUMNS)]


def _simulate_cell(backend: ReplayBackend, name: str, seed: int, workers: int, seconds: float) -> pd.DataFrame:
    if not np.isfinite(backend.best_loss):
        raise InputError(
            f"data set {backend.dataset!r} must have a run that did not diverge in {backend.metric.name}, got none."
        )
    rng = cell_rng(seed, name, backend.dataset)
    optimizer = get_optimizer(name)(backend.domain(), backend.budgets, rng)
    frame = simulate(optimizer, backend, workers=workers, seconds=seconds).to_frame(backend.config_id)
    return frame.assign(
        optimizer=name,
        dataset=backend.dataset,
        seed=seed,
        limit=seconds,
        best_loss=backend.best_loss,
        worst_loss=backend.worst_loss,
    )


def _check(bench: Benchmark, datasets: Sequence[str], optimizers: Sequence[str], seeds: Sequence[int]) -> None:
    for kind, names in (("data sets", datasets), ("optimizers", optimizers), ("seeds", seeds)):
        if not len(names) or len(set(names)) < len(names):
            raise InputError(
                f"{kind} must be at least one, each named once, got {', '.join(map(str, names)) or 'none'}."
            )
    for optimizer in optimizers:
        get_optimizer(optimizer)
    for dataset in datasets:
        if dataset not in bench.datasets:
            raise UnknownNameError("data set", dataset, bench.datasets)
    if min(seeds) < 0:
        raise InputError(f"seeds must be at least 0, got {min(seeds)}.")


def write(path: Path, traces: pd.DataFrame) -> None:
    """Write a study as plain Parquet."""
    write_parquet(path, pa.Table.from_pandas(traces, preserve_index=False))


def read(path: Path) -> pd.DataFrame:
    """Read a study.

    Raises:
        DamagedFileError: If the file is missing, damaged or lacks a column.
    """
    return read_parquet(path, COLUMNS).to_pandas()
