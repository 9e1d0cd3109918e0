"""Whether a study was run on the table and metric that it is about to be shown with."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate.realtime.studied import NO_ROW
from lcbench.simulate.study import optimized, results
from lcbench.table.benchmark import Benchmark


def metric_of(bench: Benchmark, asked: str | None, study: Path | None = None) -> str:
    """Name of the metric to show: the one asked for, else the one that the study optimized, else the objective.

    Args:
        bench: The table.
        asked: Name of a metric, None if none was asked for.
        study: File of a study, None without one.

    Raises:
        UnknownNameError: If the table has no such metric.
        DamagedFileError: If the study's file cannot be read.
    """
    known = optimized(study) if asked is None and study is not None else None
    return bench.objectives(known.name if known else asked)[0].name


def check_same_table(traces: pd.DataFrame, bench: Benchmark, metric: str | None) -> None:
    """Hold every value of a study against the table.

    Whatever a study did with the table's seeds (took one, drew, averaged) and with its schedules, each value lies
    between the least and the greatest that the seeds have for its configuration and budget. A run in which
    nothing finished has no values, and a live run says itself that it evaluated no row of a table.

    Args:
        traces: From :func:`lcbench.simulate.study.study`; read are ``dataset, config_id, budget, value``.
        bench: The table.
        metric: Name of a metric; by default the table's objective.

    Raises:
        UnknownNameError: If the table lacks a data set, budget or the metric.
        InputError: If the table lacks a configuration, or any value is not in it.
    """
    metric, shown = bench.metric(metric).name, results(traces)
    of_a_table = shown[shown["config_id"] != NO_ROW]
    for (name, epochs), rows in of_a_table.groupby(["dataset", "budget"], sort=False):
        dataset, budget = str(name), int(epochs)  # type: ignore[call-overload]  # pandas types group keys as objects
        if dataset not in bench.datasets:
            raise UnknownNameError("data set", dataset, bench.datasets)
        if not _is_within(rows, bench, dataset, metric, budget):
            raise InputError(
                f"traces must come from a study on this table with the metric {metric!r}, got values on {dataset!r} at "
                f"budget {budget} that it does not hold; name the study's metric with --metric, or its table."
            )


def _is_within(rows: pd.DataFrame, bench: Benchmark, dataset: str, metric: str, budget: int) -> bool:
    """Whether all values of one data set and budget lie in the range of the run of that budget or of the largest."""
    places = bench.configs.index.get_indexer(pd.Index(rows["config_id"]))
    if (places < 0).any():
        return False
    values = rows["value"].to_numpy(dtype=np.float64)
    budgets = bench.budgets_of(dataset)
    if budget > budgets[-1]:
        raise UnknownNameError("budget", budget, budgets)
    runs = {budget, budgets[-1]} & set(budgets)  # any epoch can be a point on the longest run
    within = [_between(values, bench.array(dataset, metric, run)[places, :, budget]) for run in runs]
    return bool((np.logical_or.reduce(within) | np.isnan(values)).all())


def _between(values: NDArray[np.float64], seeds: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether ``(rows,)`` values lie between the least and the greatest of ``(rows, seeds)`` that did not diverge."""
    slack = 1e-6 * np.maximum(1.0, np.abs(values))
    return np.asarray(
        (values >= np.fmin.reduce(seeds, axis=1) - slack) & (values <= np.fmax.reduce(seeds, axis=1) + slack)
    )
