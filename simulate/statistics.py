"""How sure a comparison of optimizers is: bootstrap intervals, Wilcoxon's test in pairs, Holm's correction."""

from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lcbench.errors import InputError

LEVEL = 0.95
"""Confidence of the intervals."""

_RESAMPLES = 2000
FEWEST = 6
"""Data sets that Wilcoxon's signed-rank test needs before any result can be below 0.05: 2 / 2**6 = 0.031."""


def bootstrap_interval(
    values: ArrayLike, rng: np.random.Generator, level: float = LEVEL, resamples: int = _RESAMPLES
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentile interval of a mean: the mean of as many values drawn with replacement, again and again.

    Efron and Tibshirani (1993), *An Introduction to the Bootstrap*, chapter 13. With few values it is somewhat too
    narrow: of ten normal values, a 95 % interval holds the mean in 90 % of the cases.

    Args:
        values: ``(n, ...)`` array; the mean is over the first axis, and the same draws are taken for all the others.
        rng: Source of randomness.
        level: Confidence, in (0, 1).
        resamples: How often values are drawn.

    Returns:
        Lower and upper ends, each of the shape of ``values[0]``; NaN for a single value, which says nothing of others.
    """
    array = np.asarray(values, np.float64)
    n = len(array)
    if n < 2:
        nothing = np.full(array.shape[1:], np.nan)
        return nothing, nothing
    weights = rng.multinomial(n, np.full(n, 1 / n), size=resamples) / n
    means = np.tensordot(weights, array, axes=1)
    low, high = np.quantile(means, ((1 - level) / 2, (1 + level) / 2), axis=0)
    return low, high


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p values, so that the chance of any false discovery among them stays below the level.

    Holm (1979), *A simple sequentially rejective multiple test procedure*: the smallest of m is multiplied by m, the
    next by m - 1, and so on; none is smaller than the one before it, none above 1.

    Args:
        p_values: ``(m,)`` array.

    Returns:
        ``(m,)`` array, in the same order.
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return adjusted


def signed_rank(first: ArrayLike, second: ArrayLike) -> float:
    """Two-sided p value of Wilcoxon's signed-rank test, as :func:`scipy.stats.wilcoxon` has it.

    Pairs that are equal are left out (Wilcoxon 1945); if all are, p is 1.

    Args:
        first: ``(n,)`` array.
        second: ``(n,)`` array, paired with it.
    """
    from scipy.stats import wilcoxon

    difference = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    difference = difference[difference != 0]
    return float(wilcoxon(difference).pvalue) if len(difference) else 1.0


def rank_sum(first: ArrayLike, second: ArrayLike) -> float:
    """Two-sided p value of Wilcoxon's rank-sum test (Mann and Whitney's), as :func:`scipy.stats.mannwhitneyu` has it.

    Args:
        first: ``(n,)`` array.
        second: ``(m,)`` array, independent of it.
    """
    from scipy.stats import mannwhitneyu

    ours, theirs = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if (ours == ours[0]).all() and (theirs == ours[0]).all():
        return 1.0
    return float(mannwhitneyu(ours, theirs).pvalue)


def pairwise(scores: pd.DataFrame, *, paired: bool = True) -> pd.DataFrame:
    """Test every pair of optimizers.

    Args:
        scores: One column per optimizer, smaller is better. From :func:`lcbench.simulate.regret.scores`: one row per
            data set, and the test is the signed-rank test over data sets, as Demšar (2006) recommends, *Statistical
            comparisons of classifiers over multiple data sets*, section 3.1.3.
        paired: Whether the values of a row belong together; if not, as with seeds on a single data set, it is the
            rank-sum test.

    Returns:
        One row per pair: ``first`` and ``second`` (in the order of the columns), ``difference`` (mean of first minus
        second: negative if the first is better), ``p`` and ``p_holm``, corrected for all pairs.

    Raises:
        InputError: If there are fewer than two optimizers or two rows.
    """
    if scores.shape[1] < 2 or len(scores) < 2:
        raise InputError(f"a test needs at least two optimizers and two values of each, got {scores.shape[::-1]}.")
    test = signed_rank if paired else rank_sum
    rows = [
        (first, second, scores[first].mean() - scores[second].mean(), test(scores[first], scores[second]))
        for first, second in combinations(scores.columns, 2)
    ]
    found = pd.DataFrame(rows, columns=["first", "second", "difference", "p"])
    return found.assign(p_holm=holm(found["p"]))
