"""Regret of configurations on data sets, and the portfolios that are built from it.

**Relative regret.** Section 3.6 of the paper calculates it "w.r.t. the best observed performance over the portfolio
candidates" and section 4.2.1 "with respect to the best observed validation accuracy, averaging over the 3 runs"; no
formula is printed. We take, for data set D and configurations λ of the candidates C,

    R(λ, D) = |y*(D) - y(λ, D)| / |y*(D)|,    y*(D) = best of y(λ', D) over λ' in C,

where y is the metric after the last epoch of the largest budget, averaged over the seeds. So 0.01 of an accuracy means
one percent of the best accuracy of that data set.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lcbench.errors import InputError
from lcbench.table.metric import Metric


def losses(values: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    """Losses of a performance matrix; NaN (diverged) becomes the worst there is, infinite if there is no worst.

    Args:
        values: Rows: configurations; columns: data sets; NaN where a run diverged.
        metric: What they are values of.
    """
    worst = metric.high - metric.low
    found = metric.loss(values.to_numpy())
    return pd.DataFrame(np.where(np.isinf(found), worst, found), index=values.index, columns=values.columns)


def relative_regret(values: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    """R(λ, D) of the module's docstring for every configuration and data set.

    A configuration that diverged has the worst value of the metric: relative regret 1 of an accuracy, infinite of a
    cross-entropy. Where the best value is 0, only what reaches it has relative regret 0 and all else infinite.

    Args:
        values: Rows: configurations; columns: data sets; NaN where a run diverged.
        metric: What they are values of.

    Returns:
        A frame of the same shape, 0 at the best of each column, nowhere negative.
    """
    lost = losses(values, metric).to_numpy()
    best = lost.min(axis=0)
    scale = np.abs(metric.high - best if metric.goal == "maximize" else metric.low + best)
    distance = np.where(lost == best, 0.0, lost - np.where(np.isinf(best), 0.0, best))
    scale = np.broadcast_to(scale, lost.shape)
    regret = np.divide(distance, scale, out=np.where(distance == 0, 0.0, np.inf), where=(scale > 0) & (distance > 0))
    return pd.DataFrame(regret, index=values.index, columns=values.columns)


# **Portfolios** of complementary configurations (sections 3.6, 4.2.2 and 5.1.1 of the paper).
# A portfolio P is a list of configurations that are all tried; its regret on a data set D is that of its best one
# there, min over λ in P of R(λ, D). Regrets come in as a ``(configs, datasets)`` array, smaller is better, for example
# :func:`lcbench.simulate.transfer.greedy.relative_regret`; configurations go out as rows of that array.


def greedy_portfolio(regrets: ArrayLike, size: int) -> NDArray[np.intp]:
    """The greedy portfolio: always add the configuration that lowers the mean regret most.

    In iteration i (section 3.6)

        λ_i in arg min over λ in C of sum over D of min over λ' in P_{i-1} and λ of R(λ', D),    P_0 empty.

    The paper does not say what to do with ties, and once a portfolio has the best configuration of every data set all
    the others are tied: of several we take the one with the lowest mean regret alone, which is worth most on a new data
    set, and of these the first in the table. None is taken twice. Each step is optimal, the portfolio need not be: with
    g(P) = sum over D of (max R - min over P of R), which is submodular, g(greedy) >= (1 - 1/e) g(best of that size)
    (Nemhauser, Wolsey and Fisher 1978).

    Args:
        regrets: ``(configs, datasets)`` array, nowhere NaN or negative; infinite values are worse than any number of
            finite ones.
        size: Configurations wanted.

    Returns:
        ``(min(size, configs),)`` rows, in the order in which they were taken.

    Raises:
        InputError: If there are no configurations or data sets, a regret is NaN or negative, or the size is below 1.
    """
    table = _finite(_checked(regrets, size))
    taken: list[int] = []
    covered, alone = np.full(table.shape[1], np.inf), table.sum(axis=1)
    for _ in range(min(size, len(table))):
        sums = np.minimum(table, covered).sum(axis=1)
        sums[taken] = np.inf
        tied = np.flatnonzero(sums == sums.min())
        taken.append(int(tied[alone[tied].argmin()]))
        covered = np.minimum(covered, table[taken[-1]])
    return np.array(taken, dtype=np.intp)


def _checked(regrets: ArrayLike, size: int) -> NDArray[np.float64]:
    """The regrets as an array that can be used."""
    table = np.asarray(regrets, dtype=np.float64)
    if table.ndim != 2 or table.size == 0:
        raise InputError(f"regrets must be a (configs, datasets) array with at least one of each, got {table.shape}.")
    if not (table >= 0).all():
        raise InputError("regrets must be numbers that are not negative, got NaN or less; give diverged runs infinity.")
    if size < 1:
        raise InputError(f"size must be at least 1, got {size}.")
    return table


def _finite(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replace infinities by a number that is worse than all finite regrets of a configuration together."""
    finite = table[np.isfinite(table)]
    worse = 1.0 + table.shape[1] * (finite.max() if finite.size else 0.0)
    return np.where(np.isfinite(table), table, worse)


def portfolio_regret(regrets: ArrayLike, portfolio: Sequence[int] | NDArray[np.intp]) -> NDArray[np.float64]:
    """Regret of a portfolio on each data set as it grows.

    Args:
        regrets: ``(configs, datasets)`` array.
        portfolio: Rows, in the order in which they are tried.

    Returns:
        ``(size, datasets)`` array: row i is the regret of the first i + 1 configurations. Its mean over the columns is
        the paper's Figure 4.
    """
    return np.minimum.accumulate(np.asarray(regrets, dtype=np.float64)[np.asarray(portfolio, dtype=np.intp)], axis=0)


def simple_portfolio(regrets: ArrayLike) -> NDArray[np.intp]:
    """The incumbent of each data set, without repetition (section 5.1.1): those of more data sets first.

    The paper tries all incumbents and gives them no order; ours is that of how many data sets each is best on.
    Of several configurations that are best on a data set, the first is its incumbent.
    """
    rows, counts = np.unique(_checked(regrets, 1).argmin(axis=0), return_counts=True)
    return rows[np.argsort(-counts, kind="stable")]


def best_portfolio(regrets: ArrayLike, size: int) -> NDArray[np.intp]:
    """The best configurations of each data set, without repetition (section 5.5): first the best of all, and so on.

    Of configurations that are as good, the first comes first; so do the data sets.

    Args:
        regrets: ``(configs, datasets)`` array.
        size: How many of each data set.
    """
    ranked = np.argsort(_checked(regrets, size), axis=0, kind="stable")[:size].ravel()
    return ranked[np.sort(np.unique(ranked, return_index=True)[1])]


def random_regret(regrets: ArrayLike, size: int) -> NDArray[np.float64]:
    """Expected regret of a portfolio of random configurations, exactly: what as many steps of random search reach.

    Of n configurations sorted by regret, r_1 <= ... <= r_n, the i-th is the best of k drawn without replacement with
    probability (n-i choose k-1) / (n choose k).

    Args:
        regrets: ``(configs, datasets)`` array.
        size: Largest portfolio.

    Returns:
        ``(min(size, configs), datasets)`` array.
    """
    table = np.sort(_checked(regrets, size), axis=0)
    n, found = len(table), []
    beaten = np.ones(n)  # P(none of the k drawn is among the first i), for i = 0 ... n-1
    for k in range(1, min(size, n) + 1):
        beaten = beaten * np.clip(n - np.arange(n) - (k - 1), 0, None) / (n - k + 1)
        best = beaten - np.append(beaten[1:], 0.0)
        found.append(best[best > 0] @ table[best > 0])
    return np.array(found)


def leave_one_out(regrets: ArrayLike, size: int, found_on: ArrayLike | None = None) -> NDArray[np.float64]:
    """Leave-one-out regret: on each data set that of the greedy portfolio built on all the others.

    Args:
        regrets: ``(configs, datasets)`` array of at least two data sets; the regret on the one that is left out stays
            relative to its own best configuration in the table.
        size: Largest portfolio.
        found_on: ``(configs,)`` numbers of data sets: the one on which each configuration was searched for, which is no
            candidate where that one is left out. By default configurations belong to no data set.

    Returns:
        ``(min(size, candidates), datasets)`` array, rows as in :func:`portfolio_regret`; of as many rows as the data
        set with the fewest candidates has.

    Raises:
        InputError: If there is one data set, or as :func:`greedy_portfolio`.
    """
    found = [
        portfolio_regret(own, greedy_portfolio(rest, size)) for own, rest in _others(np.asarray(regrets), found_on)
    ]
    shortest = min(map(len, found))
    return np.concatenate([each[:shortest] for each in found], axis=1)


def leave_one_out_random(regrets: ArrayLike, size: int, found_on: ArrayLike | None = None) -> NDArray[np.float64]:
    """Expected regret on each data set of random ones of the same candidates: see the other two functions."""
    found = [random_regret(own, size) for own, _ in _others(np.asarray(regrets), found_on)]
    shortest = min(map(len, found))
    return np.concatenate([each[:shortest] for each in found], axis=1)


def leave_one_out_simple(regrets: ArrayLike, found_on: ArrayLike | None = None) -> NDArray[np.float64]:
    """Regret on each data set of the simple portfolio of all the others, tried as a whole: ``(datasets,)``.

    Args:
        regrets: As for :func:`leave_one_out`.
        found_on: As there. If given, the incumbents of the others are all configurations that were found there;
            otherwise those that are best on one of them.
    """
    others = _others(np.asarray(regrets), found_on)
    if found_on is not None:
        return np.array([own.min() for own, _ in others])
    return np.array([own[simple_portfolio(rest), 0].min() for own, rest in others])


def _others(
    table: NDArray[np.float64], found_on: ArrayLike | None
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """For each data set the candidates' regrets there, ``(candidates, 1)``, and on all others."""
    if table.ndim != 2 or table.shape[1] < 2:
        raise InputError("leaving one data set out needs at least two data sets; add another to the table.")
    for i in range(table.shape[1]):
        candidates = table if found_on is None else table[np.asarray(found_on) != i]
        yield candidates[:, [i]], np.delete(candidates, i, axis=1)


def portfolio_frame(regrets: pd.DataFrame, size: int = 16) -> pd.DataFrame:
    """The greedy portfolio of a table, one configuration per row: what to warm-start an optimizer with.

    Args:
        regrets: From :func:`lcbench.simulate.transfer.greedy.relative_regret`; its index holds the configurations'
            numbers.
        size: Configurations wanted; the paper's portfolio has 16.

    Returns:
        The columns ``size``, ``config_id``, ``regret`` (mean over the data sets with all configurations up to this one)
        and ``best_on`` (on how many data sets this one is the best of the whole portfolio, the first if several).
    """
    table = regrets.to_numpy()
    rows = greedy_portfolio(table, size)
    winners = table[rows].argmin(axis=0)
    return pd.DataFrame(
        {
            "size": np.arange(1, len(rows) + 1),
            "config_id": regrets.index[rows],
            "regret": portfolio_regret(table, rows).mean(axis=1),
            "best_on": np.bincount(winners, minlength=len(rows)),
        }
    )
