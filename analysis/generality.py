"""Losses of configurations, the matrix of configurations x data sets, and whether some do well on many (RQ1, RQ2)."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate.transfer.greedy import losses as losses
from lcbench.simulate.transfer.greedy import relative_regret as relative_regret
from lcbench.table.benchmark import Benchmark
from lcbench.table.metric import Metric
from lcbench.table.record import SECONDS

DECIMALS = 6
"""Losses are compared after rounding to 1e-6, so that equal means of numbers stored as float32 are ties. The smallest
step of an accuracy averaged over three seeds is larger on every data set of the paper (2.8e-6 on airlines)."""


def mean_losses(bench: Benchmark, dataset: str, metric: str | None, budget: int) -> NDArray[np.float64]:
    """Loss of every configuration after every step, with its metric averaged over the seeds.

    A run that diverged is a result, the worst one: from that epoch on its configuration has an infinite loss, even if
    its other seeds did not diverge.

    Args:
        bench: The table.
        dataset: Name of a data set.
        metric: Name of a metric; by default the table's objective.
        budget: Steps of the runs.

    Returns:
        ``(configs, budget + 1)`` array; configurations in the table's order, index = steps.

    Raises:
        UnknownNameError: If a name or the budget is not in the table.
    """
    return bench.metric(metric).loss(seed_means(bench, dataset, metric, budget))


def seed_means(bench: Benchmark, dataset: str, metric: str | None, budget: int) -> NDArray[np.float64]:
    """Mean curves over the seeds that a data set has runs of, ``(configs, budget + 1)``; NaN where one is missing."""
    array = bench.array(dataset, metric, budget)
    return array[:, _seeds(bench, dataset)].mean(axis=1, dtype=np.float64)


def _seeds(bench: Benchmark, dataset: str) -> NDArray[np.bool_]:
    """Mask of the seeds that a data set has any run of, as others may have more; all if it has none at all."""
    found = [~np.isnan(bench.array(dataset, SECONDS, budget)[:, :, 0]) for budget in bench.budgets_of(dataset)]
    seeds = np.any(found, axis=(0, 1))
    return np.asarray(seeds | ~seeds.any())


def comparable_losses(bench: Benchmark, dataset: str, metric: str | None, budget: int) -> NDArray[np.float64]:
    """:func:`mean_losses` with equal means made ties: ``(configs, budget + 1)``."""
    return np.round(mean_losses(bench, dataset, metric, budget), DECIMALS)


def has_runs(bench: Benchmark, dataset: str, budgets: Iterable[int]) -> NDArray[np.bool_]:
    """Mask of the configurations that have the runs of these budgets and all the data set's seeds, diverged ones too.

    The metrics of a missing run are NaN like those of one that diverged, but a run that took place has seconds (steps,
    in a table without seconds). Tables have gaps where tasks hold different configurations, or seeds.

    Args:
        bench: The table.
        dataset: Name of a data set.
        budgets: Epochs of the runs that are needed.

    Returns:
        ``(configs,)`` array.
    """
    seeds = _seeds(bench, dataset)
    present = [~np.isnan(bench.array(dataset, SECONDS, budget)[:, seeds, 0]) for budget in budgets]
    return np.all(present, axis=(0, 2))


def compared_budgets(bench: Benchmark) -> tuple[int, ...]:
    """The budgets that Table 3 and the importances compare.

    Those of the table. In a table of one budget, as the published LCBench is one, they are points on its curves: a
    quarter, a half and all of the steps, which are 12, 25 and 50 of 50.
    """
    longest = bench.budgets[-1]
    return bench.budgets if len(bench.budgets) > 1 or longest < 4 else (longest // 4, longest // 2, longest)


def nothing_compared(bench: Benchmark) -> str:
    """Why no two budgets of a table can be compared, for messages; empty if some can.

    Data sets with one budget each, which is not the same on all, share no two points that could be compared.
    """
    own = {bench.budgets_of(dataset) for dataset in bench.datasets}
    if len(own) > 1 and all(len(budgets) == 1 for budgets in own):
        ends = f"{spent(bench, min(own)[0])} to {spent(bench, max(own)[0])}"
        return f"it compares the same budgets on all data sets, those of this table have one each, from {ends}."
    if len(compared_budgets(bench)) > 1:
        return ""
    only = spent(bench, bench.budgets[0])
    return f"it needs two budgets, or curves of at least 4 steps, this table has one budget ({only})."


def units_of(bench: Benchmark, budget: int) -> float:
    """How many units of the fidelity, such as epochs, a number of steps is."""
    steps = bench.fidelity.steps
    return float(steps[budget - 1] if isinstance(steps, tuple) else budget * steps)


def spent(bench: Benchmark, *budgets: int) -> str:
    """Budgets in units, for messages: ``"12, 25, 50 epochs"``."""
    return f"{', '.join(f'{units_of(bench, budget):.10g}' for budget in budgets)} {bench.fidelity.unit}"


def run_of(bench: Benchmark, budget: int) -> int:
    """The budget whose runs are read for one of :func:`compared_budgets`.

    Raises:
        UnknownNameError: If it is no budget of the table, nor a point on the curves of a table of one budget.
    """
    recorded = bench.budgets
    if budget not in recorded and not (len(recorded) == 1 and 0 < budget < recorded[0]):
        raise UnknownNameError("budget", budget, recorded)
    return budget if budget in recorded else recorded[0]


def is_complete(bench: Benchmark, dataset: str) -> NDArray[np.bool_]:
    """Mask of the configurations that have all their runs, at every budget and seed of the data set; ``(configs,)``."""
    return has_runs(bench, dataset, bench.budgets_of(dataset))


# The matrix of configurations x data sets; :mod:`lcbench.simulate.transfer.greedy` turns it into relative regret.


def performance_matrix(bench: Benchmark, metric: str | None = None, budget: int | None = None) -> pd.DataFrame:
    """The metric of every configuration on every data set after the last epoch, averaged over the seeds.

    A configuration that lacks a run of this budget on any data set (of a collection that was stopped) is left out.

    Args:
        bench: The table.
        metric: Name of a metric; by default the table's objective.
        budget: Steps of the runs; by default the largest budget of each data set.

    Returns:
        Rows: configurations, index ``config_id``. Columns: data sets. Rounded to 1e-6, so that equal
        means are ties; NaN where a seed diverged.

    Raises:
        UnknownNameError: If the metric or the budget is not in the table.
        InputError: If no configuration has these runs on all data sets, or the metric is NaN throughout on a data set.
    """
    metric = bench.metric(metric).name
    needed = {name: bench.budgets_of(name)[-1] if budget is None else budget for name in bench.datasets}
    kept = np.logical_and.reduce([has_runs(bench, dataset, [run]) for dataset, run in needed.items()])
    if not kept.any():
        alike = len({*needed.values()}) == 1
        runs = f"runs of {max(needed.values())} {bench.fidelity.label}" if alike else "longest runs"
        raise InputError(
            f"the table must hold a configuration with its {runs} on all data sets, got none; leave out a data set "
            "that shares none with the others."
        )
    columns = {dataset: _last(bench, dataset, metric, run)[kept] for dataset, run in needed.items()}
    for dataset, values in columns.items():
        if np.isnan(values).all():
            raise InputError(f"{metric} must be recorded, got NaN for every run on {dataset}; choose another metric.")
    return pd.DataFrame(columns, index=bench.configs.index[kept])


def _last(bench: Benchmark, dataset: str, metric: str, budget: int) -> NDArray[np.float64]:
    """``(configs,)`` values after the last epoch, mean over the seeds."""
    return np.round(seed_means(bench, dataset, metric, budget)[:, -1], DECIMALS)


# RQ1 (section 4.2.1 of the paper): are there configurations that perform well on several data sets? All functions take
# the matrix of :func:`performance_matrix`.


def single_best(values: pd.DataFrame, metric: Metric) -> int:
    """The configuration that is best on average across all data sets: the one with the smallest mean loss.

    Of several, the first. Configurations that diverged anywhere count as in
    :func:`lcbench.analysis.generality.losses`.

    Args:
        values: From :func:`lcbench.analysis.generality.performance_matrix`.
        metric: What they are values of.

    Returns:
        Its ``config_id``.
    """
    return int(values.index[int(losses(values, metric).mean(axis=1).to_numpy().argmin())])


def best_configurations(values: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    """The best configuration of each data set, against the single best over all.

    Args:
        values: From :func:`lcbench.analysis.generality.performance_matrix`.
        metric: What they are values of.

    Returns:
        One row per data set: ``dataset``; ``config_id``, its best configuration (of several, the first) and ``value``;
        ``tied``, how many share that value; ``single_best_value``, what :func:`single_best` reaches; ``gain``, the
        absolute difference of both in the metric's unit, and ``relative_gain``, its relative regret.
    """
    lost, single = losses(values, metric), single_best(values, metric)
    array = lost.to_numpy()
    rows, columns = array.argmin(axis=0), range(array.shape[1])
    return pd.DataFrame(
        {
            "dataset": values.columns,
            "config_id": values.index[rows],
            "value": values.to_numpy()[rows, columns],
            "tied": (array == array.min(axis=0)).sum(axis=0),
            "single_best_value": values.loc[single].to_numpy(),
            "gain": lost.loc[single].to_numpy() - array.min(axis=0),
            "relative_gain": relative_regret(values, metric).loc[single].to_numpy(),
        }
    )


def occurrences(best: pd.DataFrame) -> pd.DataFrame:
    """Number of data sets of which each configuration is the best.

    Args:
        best: From :func:`best_configurations`.

    Returns:
        The columns ``config_id`` and ``datasets``, the most frequent first; the paper has 22 rows, the first with 7.
    """
    counts = best["config_id"].value_counts(sort=False).rename("datasets").sort_index()
    return counts.sort_values(ascending=False, kind="stable").rename_axis("config_id").reset_index()


def spread(values: pd.DataFrame, metric: Metric, within: float = 0.05) -> pd.DataFrame:
    """Share of good configurations on each data set ("on some, most configurations perform well").

    Args:
        values: From :func:`lcbench.analysis.generality.performance_matrix`.
        metric: What they are values of.
        within: Relative regret up to which a configuration counts as good.

    Returns:
        One row per data set: ``dataset``, ``good`` (share of the configurations in [0, 1]), ``mean_relative_regret``.
        Falling share of good ones.
    """
    regret = relative_regret(values, metric)
    found = pd.DataFrame({"good": (regret <= within).mean(), "mean_relative_regret": regret.mean()})
    found = found.sort_values("good", ascending=False, kind="stable")
    return found.rename_axis("dataset").reset_index()


def gain(best: pd.DataFrame) -> tuple[float, float]:
    """Gain of the best configuration of a data set over the single best: mean and standard deviation.

    Over the data sets, the deviation with ``ddof=1`` (NaN for one). The paper prints 3 % and 15.3 %, the
    second of which is the deviation of the accuracies, not of the gain.

    Args:
        best: From :func:`best_configurations`.
    """
    gains = best["gain"].to_numpy(dtype=np.float64)
    return float(gains.mean()), float(gains.std(ddof=1)) if len(gains) > 1 else float("nan")
