"""Anytime regret: the mean distance of the best result so far from the best of the table, over an optimizer's time.

What the regret of a single run is stands in :mod:`lcbench.simulate.regret`; here runs are averaged, with confidence
bands.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.benchmark import Benchmark
from lcbench.simulate.regret import RUN, evaluation_regrets, run_regrets, with_worst
from lcbench.simulate.replay import ReplayBackend, Schedule, Seed
from lcbench.simulate.statistics import bootstrap_interval

COLUMNS = ("optimizer", "time", "regret", "standard_error", "low", "high", "runs")

GRID: tuple[float, ...] = tuple(np.geomspace(1e-3, 1.0, 301).tolist())
"""Fractions of the limit at which regret is read: 100 per decade."""

_COUNTS = 200
_BOOTSTRAP_SEED = 0


def best_losses(
    bench: Benchmark,
    metric: str = "valid_accuracy",
    datasets: Iterable[str] | None = None,
    *,
    seed: Seed = "mean",
    schedule: Schedule = "adaptive",
) -> dict[str, float]:
    """The smallest loss that a study replayed on this table can reach, for each data set.

    The smallest over all configurations and over the ends of all budgets, with the recorded seeds treated as
    :class:`lcbench.simulate.replay.ReplayBackend` does it; of seeds that are drawn, the smallest of any. The traces of
    :func:`lcbench.simulate.study.study` hold it already; traces from elsewhere get it with
    ``traces.assign(best_loss=traces["dataset"].map(best_losses(bench)))``.

    Args:
        bench: The table.
        metric: Name of a metric.
        datasets: Names of data sets; all by default.
        seed: As the study had it.
        schedule: As the study had it.

    Returns:
        Best loss by name of the data set; infinite if every run diverged.

    Raises:
        UnknownNameError: If a name is unknown.
        InputError: If runs are missing in the table.
    """
    seeds: Sequence[Seed] = bench.seeds if seed == "draw" else (seed,)
    return {
        dataset: min(ReplayBackend(bench, dataset, metric, seed=s, schedule=schedule).best_loss for s in seeds)
        for dataset in (bench.datasets if datasets is None else datasets)
    }


def anytime_regret(traces: pd.DataFrame, times: Sequence[float] = GRID) -> pd.DataFrame:
    """Mean regret of each optimizer over seeds and data sets.

    For each seed the regrets of its data sets are averaged, which gives one curve per seed; the mean, its standard
    error (``ddof=1``, NaN for a single seed) and its 95 % bootstrap interval are taken over these. So the band says how
    sure the mean over these data sets is, and does not hold the differences between easy and hard data sets.

    A mean over those runs that happen to have an incumbent could rise when a run joins late. So there is a mean only
    from the time on at which every run of the optimizer has an incumbent that did not diverge; before, it is NaN.
    (:func:`lcbench.simulate.regret.regrets` counts such a run as holding the worst configuration instead: where there
    is a mean here, both agree.) A run that has none to its end holds the worst configuration here, too, from the
    beginning; where traces have no ``worst_loss``, there is no mean.

    Args:
        traces: With the columns :data:`lcbench.simulate.regret.TRACE_COLUMNS`.
        times: Fractions of the limit.

    Returns:
        One row per optimizer and time: ``optimizer``, ``time`` (fraction of the limit), ``regret`` (in the unit of the
        metric), ``standard_error``, ``low`` and ``high`` (95 % interval of the mean over the seeds; NaN for a single
        seed) and ``runs`` (how many have an incumbent that did not diverge).

    Raises:
        InputError: As :func:`lcbench.simulate.regret.run_regrets`.
    """
    return _means(run_regrets(traces, times), traces)


def evaluation_regret(traces: pd.DataFrame, counts: Sequence[int] | None = None) -> pd.DataFrame:
    """Mean regret of each optimizer after a number of evaluations, whatever their budgets.

    A mean is over all runs of an optimizer or there is none, so it ends with the run that has the fewest evaluations. A
    run in which nothing finished holds the worst configuration after any number of them.

    Args:
        traces: As for :func:`anytime_regret`; the rows of a run in the order in which they were told.
        counts: Numbers of evaluations; by default up to 200 of them, from 1 to the most, evenly on a logarithmic scale.

    Returns:
        As :func:`anytime_regret`, with ``evaluations`` in place of ``time``.

    Raises:
        InputError: As :func:`lcbench.simulate.regret.run_regrets`.
    """
    if counts is None:
        most = int(traces.groupby(RUN, sort=False).size().max()) if len(traces) else 1
        counts = np.unique(np.geomspace(1, most, _COUNTS).round().astype(int)).tolist()
    return _means(evaluation_regrets(traces, counts), traces).rename(columns={"time": "evaluations"})


def _means(regrets: pd.DataFrame, traces: pd.DataFrame) -> pd.DataFrame:
    """Average over data sets and seeds."""
    shape = [len(regrets.index.unique(name)) for name in RUN]
    cubes = (frame.to_numpy().reshape(*shape, -1) for frame in (regrets, with_worst(regrets, traces)))
    found, counted = (np.where(np.isfinite(cube), cube, np.nan) for cube in cubes)
    runs = np.isfinite(found).sum(axis=(1, 2))
    times = regrets.columns.to_numpy()
    each = zip(regrets.index.unique("optimizer"), counted, runs, strict=True)
    return pd.concat([_summary(str(name), times, cube, count) for name, cube, count in each], ignore_index=True)


def _summary(
    optimizer: str, times: NDArray[np.float64], regrets: NDArray[np.float64], runs: NDArray[np.int_]
) -> pd.DataFrame:
    """One optimizer's rows from its ``(datasets, seeds, times)`` regrets."""
    seeds = regrets.mean(axis=0)
    error = seeds.std(axis=0, ddof=1) / np.sqrt(len(seeds)) if len(seeds) > 1 else np.full(len(times), np.nan)
    low, high = bootstrap_interval(seeds, np.random.default_rng(_BOOTSTRAP_SEED))
    columns = (optimizer, times, seeds.mean(axis=0), error, low, high, runs)
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
