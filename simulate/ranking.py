"""Optimizers ranked on many data sets, as Demšar compares classifiers.

J. Demšar (2006), *Statistical comparisons of classifiers over multiple data sets*, Journal of Machine Learning Research
7, 1-30; N data sets, k optimizers.
"""

from itertools import pairwise
from typing import cast

import numpy as np
import pandas as pd

from lcbench.errors import InputError


def ranks(scores: pd.DataFrame) -> pd.DataFrame:
    """Rank on each data set, 1 is best; equal ones share the mean of their ranks.

    Args:
        scores: From :func:`lcbench.simulate.regret.scores`: one row per data set, one column per optimizer, smaller is
            better.

    Returns:
        DataFrame of the same shape; each row sums to k (k + 1) / 2.
    """
    return scores.rank(axis=1, method="average")


def wins(scores: pd.DataFrame) -> "pd.Series[float]":
    """Data sets on which nothing was better; where several are equally good, they share it.

    Args:
        scores: From :func:`lcbench.simulate.regret.scores`.

    Returns:
        Wins by optimizer; they sum to N.
    """
    best = scores.eq(scores.min(axis=1), axis=0)
    return cast("pd.Series[float]", best.div(best.sum(axis=1), axis=0).sum())


def friedman(scores: pd.DataFrame) -> float:
    """P value of Friedman's test that all optimizers rank alike (section 3.2.2), from chi squared.

    Args:
        scores: From :func:`lcbench.simulate.regret.scores`.

    Returns:
        The p value; 1 if all are equally good on every data set.

    Raises:
        InputError: If there are fewer than three optimizers, or fewer than two data sets.
    """
    from scipy.stats import friedmanchisquare

    if scores.shape[1] < 3 or len(scores) < 2:
        raise InputError(
            f"Friedman's test needs at least 3 optimizers and 2 data sets, got {scores.shape[1]} and {len(scores)}."
        )
    if scores.eq(scores.iloc[:, 0], axis=0).all(axis=None):
        return 1.0
    return float(friedmanchisquare(*(scores[name] for name in scores)).pvalue)


def critical_difference(optimizers: int, datasets: int, level: float = 0.05) -> float:
    """Nemenyi's critical difference: mean ranks further apart differ significantly (section 3.2.2).

    ``CD = q sqrt(k (k + 1) / (6 N))``, where q is the upper quantile of the studentized range of k values with infinite
    degrees of freedom, divided by the root of 2 (Demšar's Table 5a).

    Args:
        optimizers: k, at least 2.
        datasets: N, at least 1.
        level: Significance level.

    Raises:
        InputError: If there are fewer.
    """
    from scipy.stats import studentized_range

    if optimizers < 2 or datasets < 1:
        raise InputError(f"ranks need at least 2 optimizers and 1 data set, got {optimizers} and {datasets}.")
    quantile = float(studentized_range.ppf(1 - level, optimizers, np.inf)) / np.sqrt(2)
    return float(quantile * np.sqrt(optimizers * (optimizers + 1) / (6 * datasets)))


def cliques(mean_ranks: "pd.Series[float]", difference: float) -> list[tuple[float, float]]:
    """Groups of optimizers whose mean ranks do not differ significantly, the largest ones only.

    Args:
        mean_ranks: Mean rank by optimizer.
        difference: From :func:`critical_difference`.

    Returns:
        Lowest and highest mean rank of each group of at least two, in order; none lies within another.
    """
    values = np.sort(mean_ranks.to_numpy(np.float64))
    reach = np.searchsorted(values, values + difference, side="right")
    ends = [0, *reach.tolist()]
    return [
        (float(values[i]), float(values[stop - 1]))
        for i, (before, stop) in enumerate(pairwise(ends))
        if stop > before and stop - i > 1
    ]
