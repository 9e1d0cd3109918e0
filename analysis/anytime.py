"""Anytime performance of optimizers: mean regret, mean rank and time to target, over an optimizer's time.

:mod:`lcbench.simulate.study.regret` defines the regret of a single run; here runs are averaged, with confidence bands.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from lcbench.simulate.replay import ReplayBackend, Schedule, Seed
from lcbench.simulate.study.regret import RUN, evaluation_regrets, normalized_regrets, run_regrets, with_worst
from lcbench.simulate.study.statistics import bootstrap_interval
from lcbench.simulate.study.tested import overtuning, test_regrets
from lcbench.table.benchmark import Benchmark
from lcbench.table.record import SECONDS

REGRET_COLUMNS = ("optimizer", "time", "regret", "standard_error", "low", "high", "runs")

GRID: tuple[float, ...] = tuple(np.geomspace(1e-3, 1.0, 301).tolist())
"""Fractions of the limit at which regret is read: 100 per decade."""

_COUNTS = 200
_BOOTSTRAP_SEED = 0


def best_losses(
    bench: Benchmark,
    metric: str | None = None,
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
        metric: Name of a metric; by default the table's objective.
        datasets: Names of data sets; all by default.
        seed: As the study had it.
        schedule: As the study had it.

    Returns:
        Best loss by name of the data set; infinite if every run diverged.

    Raises:
        UnknownNameError: If a name is unknown.
        InputError: If runs are missing in the table.
    """
    found = {}
    for dataset in bench.datasets if datasets is None else datasets:
        seeds: Sequence[Seed] = _recorded(bench, dataset) if seed == "draw" else (seed,)
        found[dataset] = min(ReplayBackend(bench, dataset, metric, seed=s, schedule=schedule).best_loss for s in seeds)
    return found


def _recorded(bench: Benchmark, dataset: str) -> list[int]:
    """The seeds that a data set has runs of at the largest budget."""
    there = np.isfinite(bench.array(dataset, SECONDS)[:, :, -1])
    return [seed for place, seed in enumerate(bench.seeds) if there[:, place].any()]


def anytime_regret(traces: pd.DataFrame, times: Sequence[float] = GRID) -> pd.DataFrame:
    """Mean regret of each optimizer over seeds and data sets.

    For each seed the regrets of its data sets are averaged, which gives one curve per seed; the mean, its standard
    error (``ddof=1``, NaN for a single seed) and its 95 % bootstrap interval are taken over these. So the band says how
    sure the mean over these data sets is, and does not hold the differences between easy and hard data sets.

    A mean over those runs that happen to have an incumbent could rise when a run joins late. So there is a mean only
    from the time on at which every run of the optimizer has an incumbent that did not diverge; before, it is NaN.
    (:func:`lcbench.simulate.study.regret.regrets` counts such a run as holding the worst configuration instead: where
    there is a mean here, both agree.) A run that has none to its end holds the worst configuration here, too, from the
    beginning; where traces have no ``worst_loss``, there is no mean.

    Args:
        traces: With the columns :data:`lcbench.simulate.study.regret.TRACE_COLUMNS`.
        times: Fractions of the limit.

    Returns:
        One row per optimizer and time: ``optimizer``, ``time`` (fraction of the limit), ``regret`` (in the unit of the
        metric), ``standard_error``, ``low`` and ``high`` (95 % interval of the mean over the seeds; NaN for a single
        seed) and ``runs`` (how many have an incumbent that did not diverge).

    Raises:
        InputError: As :func:`lcbench.simulate.study.regret.run_regrets`.
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
        InputError: As :func:`lcbench.simulate.study.regret.run_regrets`.
    """
    if counts is None:
        most = int(traces.groupby(RUN, sort=False).size().max()) if len(traces) else 1
        counts = np.unique(np.geomspace(1, most, _COUNTS).round().astype(int)).tolist()
    return _means(evaluation_regrets(traces, counts), traces).rename(columns={"time": "evaluations"})


VALIDATION, TEST, OVERTUNING = "validation", "test", "overtuning"


def tested_regret(traces: pd.DataFrame, times: Sequence[float] = GRID) -> pd.DataFrame:
    """Mean normalized regret on the validation and on the test part of what validation chose, and mean overtuning.

    Each is a share of the range of losses in the data set's table, see
    :func:`lcbench.simulate.study.regret.normalized_regrets` and :mod:`lcbench.simulate.study.tested`; means and bands
    as in :func:`anytime_regret`, from where every run has an incumbent.

    Args:
        traces: From :func:`lcbench.simulate.study.study`.
        times: Fractions of the limit.

    Returns:
        As :func:`anytime_regret`, with the column ``view``: ``"validation"``, ``"test"`` or ``"overtuning"``.

    Raises:
        InputError: As :func:`lcbench.simulate.study.regret.run_regrets`.
    """
    begun = np.isfinite(with_worst(run_regrets(traces, times), traces))
    views = {VALIDATION: normalized_regrets, TEST: test_regrets, OVERTUNING: overtuning}
    parts = [
        _means(view(traces, times).where(begun), traces).assign(view=name)[["view", *REGRET_COLUMNS]]
        for name, view in views.items()
    ]
    return pd.concat(parts, ignore_index=True)


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
    return pd.DataFrame(dict(zip(REGRET_COLUMNS, columns, strict=True)))


# Anytime ranks.

RANK_COLUMNS = ("optimizer", "time", "rank", "low", "high")

_DECIMALS = 9
_RANK_SEED = 0


def anytime_ranks(traces: pd.DataFrame, times: Sequence[float] = GRID) -> pd.DataFrame:
    """Mean rank of each optimizer over data sets.

    On each data set and at each time, optimizers are ranked by their mean normalized regret over the seeds; equal ones
    share the mean of their ranks, so that all begin with the mean rank, before there are results.

    Args:
        traces: From :func:`lcbench.simulate.study.study`.
        times: Fractions of the limit.

    Returns:
        One row per optimizer and time: ``optimizer``, ``time``, ``rank`` (1 is best), ``low`` and ``high`` (95 %
        bootstrap interval of the mean over the data sets; NaN for a single one).

    Raises:
        InputError: As :func:`lcbench.simulate.study.regret.run_regrets`.
    """
    regrets = normalized_regrets(traces, times)
    shape = [len(regrets.index.unique(name)) for name in RUN]
    means = regrets.to_numpy().reshape(*shape, -1).mean(axis=2).round(_DECIMALS)
    ranks = np.asarray(rankdata(means, axis=0))  # (optimizers, datasets, times)
    low, high = bootstrap_interval(ranks.swapaxes(0, 1), np.random.default_rng(_RANK_SEED))
    names = regrets.index.unique("optimizer")
    columns = (np.repeat(names, len(times)), np.tile(times, len(names)), ranks.mean(axis=1).ravel())
    return pd.DataFrame(dict(zip(RANK_COLUMNS, (*columns, low.ravel(), high.ravel()), strict=True)))


# Time to target.

TARGETS: tuple[float, ...] = (0.05, 0.01, 0.001)
"""Normalized regrets to reach."""

TARGET_COLUMNS = ("optimizer", "target", "time", "share")


def target_shares(
    traces: pd.DataFrame, targets: Sequence[float] = TARGETS, times: Sequence[float] = GRID
) -> pd.DataFrame:
    """Share of an optimizer's runs that have reached a target.

    The empirical distribution function of the time to target over data sets and seeds; runs that never reach it count
    as later than all others. As in Hansen et al. (2021), *COCO: a platform for comparing continuous optimizers in a
    black-box setting*, but for each target by itself, and without restarts.

    Args:
        traces: From :func:`lcbench.simulate.study.study`.
        targets: Normalized regrets, see :func:`lcbench.simulate.study.regret.normalized_regrets`; reached by what is
            not above.
        times: Fractions of the limit.

    Returns:
        One row per target, optimizer and time: ``optimizer``, ``target``, ``time`` and ``share``, in [0, 1].

    Raises:
        InputError: As :func:`lcbench.simulate.study.regret.run_regrets`.
    """
    regrets = normalized_regrets(traces, times)
    names = regrets.index.unique("optimizer")
    cube = regrets.to_numpy().reshape(len(names), -1, len(times))
    assert cube.shape[1] == np.prod([len(regrets.index.unique(name)) for name in RUN[1:]])  # noqa: S101  # all runs
    parts = [
        pd.DataFrame(
            {
                "optimizer": np.repeat(names, len(times)),
                "target": target,
                "time": np.tile(times, len(names)),
                "share": (cube <= target).mean(axis=1).ravel(),
            }
        )
        for target in targets
    ]
    return pd.concat(parts, ignore_index=True)[list(TARGET_COLUMNS)]
