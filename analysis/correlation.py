"""Spearman's rank correlation between budgets: how well a short training predicts a longer one (Table 3, Figure 5).

For a data set D and budgets b < b', tau(D, b, b') is the correlation over all configurations between what they reach at
b and at b' (section 4.2.3 of the paper). Three schedules of the learning rate are compared:

* **non-adaptive**: one cosine over the largest budget; that run's curve is read at b and at b'.
* **adaptive**: a cosine of its own for each budget; the run of budget b against the run of budget b'.
* **adaptive vs non-adaptive**: the paper names this column and does not define it. We compare the adaptive run of
  budget b with the non-adaptive curve at b'. At the largest budget both schedules are the same, so for every b' that is
  the largest budget our column equals the adaptive one; the paper prints 0.71 beside 0.88 for (12, 50) and 0.86 beside
  0.94 for (25, 50), which this definition cannot give.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from lcbench.analysis.generality import comparable_losses, compared_budgets, has_runs, nothing_compared
from lcbench.errors import InputError
from lcbench.table.benchmark import Benchmark

NON_ADAPTIVE = "non-adaptive"
ADAPTIVE = "adaptive"
CROSS = "adaptive vs non-adaptive"
SCHEDULES = (NON_ADAPTIVE, ADAPTIVE, CROSS)
"""The columns of Table 3."""

COLUMNS = ("dataset", "budget_low", "budget_high", "schedule", "spearman", "configs")


class End(NamedTuple):
    """A point of comparison: a number of epochs of the runs of one budget."""

    budget: int
    epoch: int


def spearman(left: ArrayLike, right: ArrayLike) -> NDArray[np.float64]:
    """Spearman's rank correlation between matching columns: Pearson's on the ranks, ties share their mean rank.

    Args:
        left: ``(configs, pairs)`` array of losses. NaN counts as infinite: a configuration that diverged ranks last.
        right: Array of the same shape.

    Returns:
        ``(pairs,)`` array in [-1, 1]; NaN where a column is constant or has fewer than two configurations.
    """
    a, b = _centred_ranks(left), _centred_ranks(right)
    scale = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    correlation = np.divide((a * b).sum(axis=0), scale, out=np.full(scale.shape, np.nan), where=scale > 0)
    return np.clip(correlation, -1.0, 1.0)


def _centred_ranks(losses: ArrayLike) -> NDArray[np.float64]:
    """Ranks of each column less their mean, so that they sum to zero."""
    array = np.asarray(losses, dtype=np.float64)
    ranks = rankdata(np.where(np.isnan(array), np.inf, array), axis=0)
    return np.asarray(ranks - (len(array) + 1) / 2, dtype=np.float64)


def budget_pairs(budgets: Sequence[int]) -> list[tuple[int, int]]:
    """All pairs b < b' in the paper's order, adjacent budgets first: (12, 25), (25, 50), (12, 50)."""
    n = len(budgets)
    return [(budgets[i], budgets[i + step]) for step in range(1, n) for i in range(n - step)]


def curve_correlation(losses: ArrayLike, pairs: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """Correlation between epochs of the same curves: the non-adaptive column for one data set.

    Args:
        losses: ``(configs, epochs + 1)`` array, index = epochs trained.
        pairs: Pairs (b, b') of epochs.

    Returns:
        ``(pairs,)`` array.
    """
    array = np.asarray(losses, dtype=np.float64)
    return spearman(array[:, [low for low, _ in pairs]], array[:, [high for _, high in pairs]])


def ends(schedule: str, low: int, high: int, longest: int) -> tuple[End, End]:
    """The two ends that a cell of Table 3 compares.

    Args:
        schedule: One of :data:`SCHEDULES`.
        low: The smaller budget of the pair.
        high: The larger one.
        longest: The largest budget of all, whose curves are read for the non-adaptive schedule.
    """
    return {
        NON_ADAPTIVE: (End(longest, low), End(longest, high)),
        ADAPTIVE: (End(low, low), End(high, high)),
        CROSS: (End(low, low), End(longest, high)),
    }[schedule]


def end_correlation(
    bench: Benchmark, dataset: str, metric: str | None, pairs: Iterable[tuple[End, End]]
) -> Iterator[tuple[float, int]]:
    """Correlation between two ends, over the configurations that have the runs of both.

    Yields:
        For each pair the correlation (NaN where it is not defined) and the number of configurations.
    """
    losses: dict[int, NDArray[np.float64]] = {}
    there: dict[int, NDArray[np.bool_]] = {}
    for pair in pairs:
        for budget in {end.budget for end in pair} - set(losses):
            losses[budget] = comparable_losses(bench, dataset, metric, budget)
            there[budget] = has_runs(bench, dataset, [budget])
        both = there[pair[0].budget] & there[pair[1].budget]
        left, right = (losses[end.budget][both, end.epoch] for end in pair)
        yield float(spearman(left[:, None], right[:, None])[0]), int(both.sum())


def budget_correlation(
    bench: Benchmark, metric: str | None = None, datasets: Iterable[str] | None = None
) -> pd.DataFrame:
    """Correlation between budgets on every data set of a table.

    Values are averaged over the seeds first (:func:`lcbench.analysis.generality.mean_losses`): a configuration with a
    diverged run ranks last. Each correlation is over the configurations that have what it compares, so that a folder
    with gaps (a collection that was stopped, or what optimizers tried) is used as far as it goes; how many these are
    stands beside it. Where optimizers chose which configurations are trained longer, those that have both budgets are
    alike, and correlate less than random ones.

    Args:
        bench: The table.
        metric: Name of a metric; the paper uses the accuracy on the validation part.
        datasets: Names of data sets; all by default.

    Returns:
        One row per data set, budget pair and schedule, with the columns ``dataset, budget_low, budget_high, schedule,
        spearman`` (NaN over fewer than two configurations) and ``configs``. Of a table of one budget the pairs are
        points on its curves (:func:`lcbench.analysis.generality.compared_budgets`), and the schedule is the
        non-adaptive one; no row where :func:`lcbench.analysis.generality.nothing_compared` says why.

    Raises:
        UnknownNameError: If the metric or a data set is not in the table.
    """
    names = bench.datasets if datasets is None else datasets
    rows = [] if nothing_compared(bench) else [row for dataset in names for row in _rows(bench, dataset, metric)]
    return pd.DataFrame.from_records(rows, columns=list(COLUMNS))


def _rows(bench: Benchmark, dataset: str, metric: str | None) -> Iterator[tuple[str, int, int, str, float, int]]:
    """The rows of one data set."""
    schedules = SCHEDULES if len(bench.budgets) > 1 else (NON_ADAPTIVE,)
    cells = [(*pair, schedule) for schedule in schedules for pair in budget_pairs(compared_budgets(bench))]
    compared = [ends(schedule, low, high, bench.budgets[-1]) for low, high, schedule in cells]
    for cell, found in zip(cells, end_correlation(bench, dataset, metric, compared), strict=True):
        yield dataset, *cell, *found


def table3(frame: pd.DataFrame) -> pd.DataFrame:
    """Mean and spread of the correlation over the data sets, laid out like the paper's Table 3.

    Args:
        frame: From :func:`budget_correlation`.

    Returns:
        Rows: budget pairs in the paper's order, indexed by (``budget_low``, ``budget_high``). Columns: for each of
        :data:`SCHEDULES` its ``mean``, its ``std`` (``ddof=1``, of the data sets as a sample; NaN for a single one; the
        paper does not say which it prints), ``datasets``, the number of data sets with a correlation, and
        ``configs_min`` and ``configs_max``, how many configurations a data set has for it; of a schedule that the
        frame lacks, NaN and 0.

    Raises:
        InputError: If the frame is empty.
    """
    if frame.empty:
        raise InputError("frame must hold at least one pair of budgets, got none; a table with one budget has none.")
    groups = frame.groupby(["schedule", "budget_low", "budget_high"])
    summary = groups.agg(
        mean=("spearman", "mean"),
        std=("spearman", "std"),
        datasets=("spearman", "count"),
        configs_min=("configs", "min"),
        configs_max=("configs", "max"),
    )
    budgets = sorted({*frame["budget_low"].tolist(), *frame["budget_high"].tolist()})
    rows = pd.MultiIndex.from_tuples(budget_pairs(budgets), names=["budget_low", "budget_high"])
    counts = dict.fromkeys(("datasets", "configs_min", "configs_max"), 0)
    columns = {}
    for schedule in SCHEDULES:
        of = summary[summary.index.get_level_values("schedule") == schedule].droplevel("schedule")
        columns[schedule] = of.reindex(rows).fillna(counts).astype(dict.fromkeys(counts, int))
    return pd.concat(columns, axis=1, names=["schedule", "statistic"])


# Correlation of every pair of epochs (RQ3), along the curves of one budget, by default the largest: the non-adaptive
# schedule.

MOST_EPOCHS = 201
"""Of longer curves, so many epochs are compared, evenly spaced, the first and the last among them."""


def spearman_matrix(losses: ArrayLike) -> NDArray[np.float64]:
    """Spearman's rank correlation between all columns: ranked once, then one matrix product.

    Args:
        losses: ``(configs, columns)`` array. NaN counts as infinite, as in
            :func:`lcbench.analysis.correlation.spearman`: what diverged ranks last, and all that diverged share a rank.

    Returns:
        ``(columns, columns)`` symmetric array in [-1, 1] with ones on the diagonal; NaN in the rows and columns of a
        constant column.
    """
    array = np.asarray(losses, dtype=np.float64)
    ranks = rankdata(np.where(np.isnan(array), np.inf, array), axis=0) - (len(array) + 1) / 2
    norm = np.sqrt((ranks**2).sum(axis=0))
    unit = np.divide(ranks, norm, out=np.full(ranks.shape, np.nan), where=norm > 0)
    found = np.clip(unit.T @ unit, -1.0, 1.0)
    np.fill_diagonal(found, np.where(norm > 0, 1.0, np.nan))
    return found


def epoch_correlation(bench: Benchmark, metric: str | None = None, budget: int | None = None) -> pd.DataFrame:
    """Correlation between every two epochs of the runs of one budget, on every data set.

    Values are averaged over the seeds first; a configuration that lacks a run of this budget is left out, one that
    diverged ranks last from the epoch on at which it did.

    Args:
        bench: The table.
        metric: Name of a metric; by default the table's objective.
        budget: Epochs of the runs; by default the largest budget of each data set.

    Returns:
        One row per data set and epoch: ``dataset``, ``epoch``, then a column per epoch, ``0`` to the budget (of budgets
        above 200 epochs only :data:`MOST_EPOCHS` of them); NaN where a data set's budget is smaller than another's.

    Raises:
        UnknownNameError: If the metric or the budget is not in the table.
    """
    frames = []
    for dataset in bench.datasets:
        longest = bench.budgets_of(dataset)[-1] if budget is None else budget
        epochs = some_epochs(longest)
        losses = comparable_losses(bench, dataset, metric, longest)[has_runs(bench, dataset, [longest])][:, epochs]
        found = pd.DataFrame(spearman_matrix(losses), columns=epochs)
        keys = pd.DataFrame({"dataset": dataset, "epoch": epochs})
        frames.append(pd.concat([keys, found], axis=1))
    return pd.concat(frames, ignore_index=True)


def some_epochs(longest: int) -> NDArray[np.intp]:
    """Epochs 0 to the longest: all, or :data:`MOST_EPOCHS` evenly spaced ones."""
    return np.unique(np.linspace(0, longest, min(longest + 1, MOST_EPOCHS)).round().astype(np.intp))
