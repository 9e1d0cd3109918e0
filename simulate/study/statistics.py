"""Statistics of a comparison of optimizers: ranks, tests and intervals.

J. Demšar (2006), *Statistical comparisons of classifiers over multiple data sets*, Journal of Machine Learning Research
7, 1-30; N data sets, k optimizers.
"""

from bisect import bisect_left
from itertools import combinations, pairwise
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lcbench.errors import InputError

_DIGITS = 12  # decimals of the mantissa


def _rounded(values: ArrayLike) -> NDArray[np.float64]:
    """The same without the last bits, in which means of the same numbers in another order differ."""
    mantissa, exponent = np.frexp(np.asarray(values, np.float64))
    return np.asarray(np.ldexp(mantissa.round(_DIGITS), exponent), np.float64)


def _without_noise(scores: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(_rounded(scores), scores.index, scores.columns)


def ranks(scores: pd.DataFrame) -> pd.DataFrame:
    """Rank on each data set, 1 is best; equal ones share the mean of their ranks.

    Args:
        scores: From :func:`lcbench.simulate.study.regret.scores`: one row per data set, one column per optimizer,
            smaller is better.

    Returns:
        DataFrame of the same shape; each row sums to k (k + 1) / 2.
    """
    return _without_noise(scores).rank(axis=1, method="average")


def wins(scores: pd.DataFrame) -> "pd.Series[float]":
    """Data sets on which nothing was better; where several are equally good, they share it.

    Args:
        scores: From :func:`lcbench.simulate.study.regret.scores`.

    Returns:
        Wins by optimizer; they sum to N.
    """
    scores = _without_noise(scores)
    best = scores.eq(scores.min(axis=1), axis=0)
    return cast("pd.Series[float]", best.div(best.sum(axis=1), axis=0).sum())


def friedman(scores: pd.DataFrame) -> float:
    """P value of Friedman's test that all optimizers rank alike (section 3.2.2), from chi squared.

    Args:
        scores: From :func:`lcbench.simulate.study.regret.scores`.

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
    scores = _without_noise(scores)
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


# Bootstrap intervals, Wilcoxon's tests in pairs, and Holm's correction.

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

    difference = _rounded(first) - _rounded(second)
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


def pairwise_tests(scores: pd.DataFrame, *, paired: bool = True) -> pd.DataFrame:
    """Test every pair of optimizers.

    Args:
        scores: One column per optimizer, smaller is better. From :func:`lcbench.simulate.study.regret.scores`: one row
            per data set, and the test is the signed-rank test over data sets, as Demšar (2006) recommends, *Statistical
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


def superiority(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Probability that a value of the second is smaller than one of the first, ties count half, mean over columns.

    The measure A of Vargha and Delaney (2000), *A critique and improvement of the CL common language effect size
    statistics*, Journal of Educational and Behavioral Statistics 25(2), equation 7: 0.5 is no difference, 1 that the
    second is always the smaller one.

    Args:
        first: ``(n, columns)`` array.
        second: ``(m, columns)`` array; columns belong together, rows do not.
    """
    difference = first[:, None, :] - second[None, :, :]
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())


def pairs_needed(difference: float, spread: float, level: float, power: float) -> float:
    """Number of pairs with which a two-sided paired t test sees a difference.

    Args:
        difference: The mean difference, more than 0.
        spread: Standard deviation of the pairs' differences.
        level: Significance level.
        power: Chance of seeing it.

    Returns:
        A whole number of at least 2; NaN if the spread is not known.
    """
    from statsmodels.stats.power import TTestPower  # type: ignore[import-untyped]

    if np.isnan(spread):
        return np.nan
    if not spread:
        return 2.0
    power_of = TTestPower().power
    most = 2
    while power_of(difference / spread, most, level) < power:
        most *= 2
    counts = range(max(most // 2, 2), most + 1)  # the power grows with the number
    return float(counts[bisect_left(counts, power, key=lambda n: power_of(difference / spread, n, level))])
