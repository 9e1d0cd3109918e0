"""One data set at one budget, as a table of coordinates and losses that a forest can be fitted on."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.analysis.generality import compared_budgets, has_runs, mean_losses, run_of
from lcbench.analysis.importance.axes import Axis, axes_of
from lcbench.analysis.importance.fanova import local_importance, main_effects
from lcbench.analysis.importance.model import FEWEST_CONFIGS, ForestSettings, Model, fit
from lcbench.space.encoding import Encoding
from lcbench.table.benchmark import Benchmark

FIGURE_FOREST = ForestSettings(trees=16, threads=2)
"""The forest of the figures, which fit one for every data set and budget (see page 30 of the decisions)."""

_KEPT = 40
"""Forests that are kept: some megabytes each, one for every data set of LCBench at one budget."""


@dataclass(frozen=True, slots=True)
class Task:
    """The configurations of one data set and what they reach at one budget.

    Attributes:
        dataset: Name of the data set.
        budget: Epochs.
        axes: One per hyperparameter.
        cube: ``(configs, dimensions)`` coordinates, NaN where inactive.
        losses: ``(configs,)`` finite losses.
    """

    dataset: str
    budget: int
    axes: tuple[Axis, ...]
    cube: NDArray[np.float64]
    losses: NDArray[np.float64]

    @property
    def incumbent(self) -> NDArray[np.float64]:
        """Coordinates of the best configuration, ``(dimensions,)``."""
        return self.cube[self.losses.argmin()]

    @property
    def is_usable(self) -> bool:
        """Whether there are configurations enough, and they differ."""
        return len(self.losses) >= FEWEST_CONFIGS and bool(np.ptp(self.losses) > 0)


def tasks(
    bench: Benchmark, metric: str | None, budgets: Sequence[int] | None = None, datasets: Iterable[str] | None = None
) -> Iterator[Task]:
    """Every data set at every budget.

    Losses are of the run of that budget after its last epoch, its metric averaged over the seeds
    (:func:`lcbench.analysis.generality.mean_losses`). A configuration that diverged counts as bad as the worst that did
    not: an infinite loss has no variance, and a made-up large one would drown all others. A configuration that lacks a
    run of that budget is left out of it; it may be there at others. Budgets of a table of one budget may be points on
    its curves.

    Args:
        bench: The table.
        metric: Name of a metric; by default the table's objective.
        budgets: Epochs; by default :func:`lcbench.analysis.generality.compared_budgets`.
        datasets: Names; all by default.

    Raises:
        UnknownNameError: If a name or a budget is not in the table.
    """
    axes, cube = axes_of(bench.space), Encoding(bench.space).vectors(bench.configs)
    for dataset in bench.datasets if datasets is None else datasets:
        for budget in compared_budgets(bench) if budgets is None else budgets:
            run = run_of(bench, budget)
            kept = has_runs(bench, dataset, [run])
            losses = mean_losses(bench, dataset, metric, run)[kept, budget]
            finite = np.isfinite(losses)
            worst = losses[finite].max() if finite.any() else 0.0
            yield Task(dataset, budget, axes, cube[kept], np.where(finite, losses, worst))


def usable_tasks(bench: Benchmark, metric: str | None, budgets: Sequence[int] | None = None) -> Iterator[Task]:
    """Those of :func:`tasks` that a forest can learn something from."""
    return (task for task in tasks(bench, metric, budgets) if task.is_usable)


def longest_tasks(bench: Benchmark, metric: str | None) -> Iterator[Task]:
    """Of each data set the task at its largest budget, if a forest can learn something from it."""
    found = (observations(bench, dataset, metric) for dataset in bench.datasets)
    return (task for task in found if task.is_usable)


def observations(bench: Benchmark, dataset: str, metric: str | None = None, budget: int | None = None) -> Task:
    """One data set at one budget, its largest by default; see :func:`tasks`."""
    return next(tasks(bench, metric, [bench.budgets_of(dataset)[-1] if budget is None else budget], [dataset]))


def fit_task(task: Task, *, seed: int = 0, settings: ForestSettings | None = None) -> Model:
    """Fit the forest of one task; the same seed gives the same forest.

    The latest forests are kept, since several figures look at the same ones.

    Raises:
        InputError: As :func:`lcbench.analysis.importance.model.fit`.
    """
    return _fitted(order_of(task, seed, settings))


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that decides a forest; orders of equal contents are equal."""

    digest: bytes
    seed: int
    settings: ForestSettings | None
    task: Task = field(compare=False)


def order_of(task: Task, seed: int, settings: ForestSettings | None) -> Order:
    """The order of one task's forest."""
    axes = [(axis.name, len(axis.points)) for axis in task.axes]
    arrays = [array for axis in task.axes for array in (axis.points, axis.masses)]
    content = hashlib.sha256(repr((task.dataset, task.budget, axes, task.cube.shape)).encode())
    for array in (*arrays, task.cube, task.losses):
        content.update(array.tobytes())
    return Order(content.digest(), seed, settings, task)


@lru_cache(maxsize=_KEPT)
def _fitted(order: Order) -> Model:
    task = order.task
    return fit(task.axes, task.cube, task.losses, np.random.default_rng(order.seed), order.settings)


# fANOVA and LPI of every hyperparameter on every data set and budget: the numbers of Figure 6.

_TABLES_KEPT = 128
"""Data sets and budgets whose rows are kept, since two figures show them: LCBench has 35 times 3."""

COLUMNS = ("dataset", "budget", "hyperparameter", "fanova", "fanova_spread", "lpi", "configs")


def importance(
    bench: Benchmark,
    metric: str | None = None,
    budgets: Sequence[int] | None = None,
    *,
    seed: int = 0,
    settings: ForestSettings = FIGURE_FOREST,
) -> pd.DataFrame:
    """Importance of every hyperparameter, globally and at each data set's best configuration.

    One forest per data set and budget serves both; budgets of a data set share the seed.

    Args:
        bench: The table.
        metric: Name of a metric; by default the table's objective.
        budgets: As in :func:`tasks`.
        seed: Of the forests.
        settings: Of the forests.

    Returns:
        One row per data set, budget and hyperparameter: ``dataset``, ``budget``, ``hyperparameter``, ``fanova`` (main
        effect, a fraction of the variance), ``fanova_spread`` (its standard deviation over the trees), ``lpi`` (local
        importance at the best configuration, a fraction) and ``configs`` (how many the forest was fitted to). A data
        set is left out at a budget at which it has too few configurations, or all are alike.

    Raises:
        UnknownNameError: If the metric or a budget is not in the table.
        InputError: If scikit-learn is not installed.
    """
    found = [_rows(order_of(task, seed, settings)) for task in usable_tasks(bench, metric, budgets)]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(COLUMNS))


@lru_cache(maxsize=_TABLES_KEPT)
def _rows(order: Order) -> pd.DataFrame:
    """The rows of one data set and budget."""
    task, model = order.task, fit_task(order.task, seed=order.seed, settings=order.settings)
    found = main_effects(model).rename(columns={"importance": "fanova", "spread": "fanova_spread"})
    found = found.assign(dataset=task.dataset, budget=task.budget, configs=len(task.losses))
    return found.assign(lpi=local_importance(model, task.incumbent)["importance"])[list(COLUMNS)]
