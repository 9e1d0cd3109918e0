"""fANOVA and LPI of every hyperparameter on every data set and budget: the numbers of Figure 6."""

from collections.abc import Sequence
from functools import lru_cache

import pandas as pd

from lcbench.analysis.importance.fanova import main_effects
from lcbench.analysis.importance.lpi import local_importance
from lcbench.analysis.importance.model import ForestSettings
from lcbench.analysis.importance.task import FIGURE_FOREST, Order, fit_task, order_of, usable_tasks
from lcbench.benchmark import Benchmark

_KEPT = 128
"""Data sets and budgets whose rows are kept, since two figures show them: LCBench has 35 times 3."""

COLUMNS = ("dataset", "budget", "hyperparameter", "fanova", "fanova_spread", "lpi", "configs")


def importance(
    bench: Benchmark,
    metric: str = "valid_accuracy",
    budgets: Sequence[int] | None = None,
    *,
    seed: int = 0,
    settings: ForestSettings = FIGURE_FOREST,
) -> pd.DataFrame:
    """Importance of every hyperparameter, globally and at each data set's best configuration.

    One forest per data set and budget serves both; budgets of a data set share the seed.

    Args:
        bench: The table.
        metric: Name of a metric.
        budgets: Epochs; all by default.
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


@lru_cache(maxsize=_KEPT)
def _rows(order: Order) -> pd.DataFrame:
    """The rows of one data set and budget."""
    task, model = order.task, fit_task(order.task, seed=order.seed, settings=order.settings)
    found = main_effects(model).rename(columns={"importance": "fanova", "spread": "fanova_spread"})
    found = found.assign(dataset=task.dataset, budget=task.budget, configs=len(task.losses))
    return found.assign(lpi=local_importance(model, task.incumbent)["importance"])[list(COLUMNS)]
