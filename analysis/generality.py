"""RQ1 (section 4.2.1 of the paper): are there configurations that perform well on several data sets?

All functions start from :func:`lcbench.analysis.performance.performance_matrix`, a matrix of configurations x data
sets.
"""

import numpy as np
import pandas as pd

from lcbench.analysis.performance import losses, relative_regret


def single_best(values: pd.DataFrame, metric: str) -> int:
    """The configuration that is best on average across all data sets: the one with the smallest mean loss.

    Of several, the first. Configurations that diverged anywhere count as in
    :func:`lcbench.analysis.performance.losses`.

    Args:
        values: From :func:`lcbench.analysis.performance.performance_matrix`.
        metric: Name of its metric.

    Returns:
        Its ``config_id``.
    """
    return int(values.index[int(losses(values, metric).mean(axis=1).to_numpy().argmin())])


def best_configurations(values: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The best configuration of each data set, against the single best over all.

    Args:
        values: From :func:`lcbench.analysis.performance.performance_matrix`.
        metric: Name of its metric.

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
    """How often each configuration is the best of a data set.

    Args:
        best: From :func:`best_configurations`.

    Returns:
        The columns ``config_id`` and ``datasets``, the most frequent first; the paper has 22 rows, the first with 7.
    """
    counts = best["config_id"].value_counts(sort=False).rename("datasets").sort_index()
    return counts.sort_values(ascending=False, kind="stable").rename_axis("config_id").reset_index()


def spread(values: pd.DataFrame, metric: str, within: float = 0.05) -> pd.DataFrame:
    """How sparse good configurations are on each data set ("on some, most configurations perform well").

    Args:
        values: From :func:`lcbench.analysis.performance.performance_matrix`.
        metric: Name of its metric.
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
    """What the best configuration of a data set has over the single best: mean and standard deviation.

    Over the data sets, the deviation with ``ddof=1`` (NaN for one). The paper prints 3 % and 15.3 %, without saying
    whether the second is the deviation of the first's summands.

    Args:
        best: From :func:`best_configurations`.
    """
    gains = best["gain"].to_numpy(dtype=np.float64)
    return float(gains.mean()), float(gains.std(ddof=1)) if len(gains) > 1 else float("nan")
