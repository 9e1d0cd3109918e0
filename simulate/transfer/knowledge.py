"""What a table knows of its data sets, for optimizers that learn from other tasks."""

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.errors import DataWarning, InputError
from lcbench.simulate.domain import ConfigTable
from lcbench.simulate.replay import ReplayBackend
from lcbench.simulate.sources import Sources
from lcbench.table.benchmark import Benchmark
from lcbench.table.manifest import META

_SIZES = ("instances", "features", "classes")


def knowledge_of(bench: Benchmark, metric: str | None = None, table: ConfigTable | None = None) -> Sources | None:
    """The losses of all configurations on all data sets: at the largest budget of each, the mean over its seeds.

    :meth:`lcbench.simulate.sources.Sources.without` takes out the data set at hand.

    Args:
        bench: The table.
        metric: What is optimized; by default the table's objective. Of several objectives, by commas, the first.
        table: Its configurations, if they are encoded already.

    Returns:
        The sources; None if no data set has a run to be replayed.
    """
    table = table or ConfigTable(bench.space, bench.configs)
    metric = None if metric is None else metric.partition(",")[0]
    found: dict[str, NDArray[np.float64]] = {}
    for dataset in bench.datasets:
        losses = np.full(len(table.frame), np.nan)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DataWarning)  # a study says it of the data sets that it replays
                budget = bench.budgets_of(dataset)[-1:]
                backend = ReplayBackend(bench, dataset, metric, seed="mean", budgets=budget, table=table)
        except InputError:  # it has no runs
            continue
        losses[backend.rows] = backend.losses[:, -1]
        if np.isfinite(losses).any():
            found[dataset] = losses
    if not found:
        return None
    once = table.first == np.arange(len(table.first))
    features = meta_features(bench, tuple(found))
    return Sources(
        tuple(found),
        table.cube[once],
        np.stack(list(found.values()), axis=1)[once],
        bench.metric(metric),
        features.to_numpy(np.float64) if features.shape[1] else None,
    )


def meta_features(bench: Benchmark, datasets: Sequence[str]) -> pd.DataFrame:
    """Meta-features of data sets: sizes as logarithms, class balance, and what ``lcbench meta-features`` recorded.

    Args:
        bench: The table.
        datasets: Names.

    Returns:
        A row for each data set; NaN where one is not known; without columns in a table that says nothing of them.
    """
    known = bench.dataset_table.reindex(list(datasets))
    found: dict[str, pd.Series[float]] = {
        name: known[name].astype(np.float64).map(np.log1p) for name in _SIZES if name in known
    }
    if "class_counts" in known:
        found["class_entropy"] = known["class_counts"].map(_entropy)
    recorded = [name for name in map(str, known) if name.startswith(META)]
    found |= {name: known[name].astype(np.float64) for name in recorded}
    return pd.DataFrame(found, index=known.index).dropna(axis=1, how="all")


def _entropy(counts: object) -> float:
    """Entropy of the classes as a share of the largest possible."""
    if not isinstance(counts, list | np.ndarray) or len(counts) < 2:
        return np.nan
    shares = np.asarray(counts, np.float64) / np.sum(counts)
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum() / np.log(len(counts)))
