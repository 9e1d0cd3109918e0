"""Suites: parts of a table's data sets, chosen so that a result on one of them predicts the result on another.

The rule looks at the table alone. Two data sets are near each other if their configurations rank alike at the largest
budget (Spearman's correlation). The nearest two that are left make a pair, again and again; one of each pair goes to
``dev`` and the other to ``test``, so that both suites have data sets of every kind. The pairs that
differ most in hardness are divided first, so that both suites are equally hard. If the number is odd, the last data set
goes to ``dev``. ``small`` has the few data sets of ``dev`` that lie nearest to all of ``dev``.

Develop an optimizer on ``small`` and ``dev``; look at ``test`` once, at the end.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError, UnknownNameError
from lcbench.table.benchmark import Benchmark
from lcbench.table.metric import Metric

SUITES: Mapping[str, str] = {
    "small": "a few data sets of dev, for quick trials",
    "dev": "one half of the data sets, to develop on",
    "test": "the other half, to report on",
}
"""Suites by name, each with what it is for."""

_SMALL = 4
_FEWEST = 4
_MOST_CONFIGS = 4096  # rows of a larger table that are looked at, evenly spread


def suite(bench: Benchmark, name: str, metric: str | None = None) -> tuple[str, ...]:
    """The data sets of a suite, in the order of the table.

    Args:
        bench: The table.
        name: One of :data:`SUITES`.
        metric: What configurations are ranked by; by default the table's objective.

    Raises:
        UnknownNameError: If there is no such suite or metric.
        InputError: If the table has too few data sets to be divided.
    """
    if name not in SUITES:
        raise UnknownNameError("suite", name, SUITES)
    if len(bench.datasets) < _FEWEST:
        raise InputError(
            f"a table must have at least {_FEWEST} data sets to be divided into suites, got {len(bench.datasets)}; "
            "name the data sets."
        )
    losses = np.stack([_final_losses(bench, dataset, bench.metric(metric)) for dataset in bench.datasets])
    distance = np.round(1 - np.asarray(np.corrcoef(_ranks(losses))), 9)  # the same on every machine
    dev, test = divided(distance, hardness(losses))
    chosen = {"dev": dev, "test": test, "small": central(distance, dev, _SMALL)}[name]
    return tuple(bench.datasets[i] for i in sorted(chosen))


def divided(distance: NDArray[np.float64], hard: NDArray[np.float64]) -> tuple[list[int], list[int]]:
    """Divide things into two halves that are alike.

    Args:
        distance: ``(n, n)`` distances.
        hard: ``(n,)`` what is to be equal on average.

    Returns:
        Places in the one half and in the other, which has one fewer where ``n`` is odd.
    """
    left, pairs = list(range(len(distance))), []
    while len(left) > 1:
        i, j = min(((i, j) for i in left for j in left if i < j), key=lambda pair: distance[pair])
        pairs.append((i, j))
        left = [each for each in left if each not in (i, j)]
    one, other, ahead = list(left), [], 0.0
    for i, j in sorted(pairs, key=lambda pair: -abs(hard[pair[0]] - hard[pair[1]])):
        harder, easier = (i, j) if hard[i] >= hard[j] else (j, i)
        first, second = (easier, harder) if ahead > 0 else (harder, easier)
        one.append(first)
        other.append(second)
        ahead += hard[first] - hard[second]
    return one, other


def central(distance: NDArray[np.float64], among: list[int], size: int) -> list[int]:
    """Choose the few that lie nearest to all, each so that the sum of the distances to the nearest one falls most."""
    chosen: list[int] = []
    while len(chosen) < min(size, len(among)):
        rest = [each for each in among if each not in chosen]
        chosen.append(min(rest, key=lambda each: distance[np.ix_(among, [*chosen, each])].min(axis=1).sum()))
    return chosen


def hardness(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median distance of a random configuration from the best, as a share of the range, ``(n,)``.

    Args:
        losses: ``(n, configs)``; infinite where a run diverged.
    """
    found = []
    for each in losses:
        finite = each[np.isfinite(each)]
        span = float(np.ptp(finite)) if finite.size else 0.0
        found.append(float(np.median(np.minimum((each - finite.min()) / span, 1.0))) if span else 0.0)
    return np.array(found)


def _final_losses(bench: Benchmark, dataset: str, metric: Metric) -> NDArray[np.float64]:
    """Loss of each configuration at the largest budget of a data set, mean over the seeds that are there."""
    budget = bench.budgets_of(dataset)[-1]
    step = -(-len(bench.configs) // _MOST_CONFIGS)
    values = bench.array(dataset, metric.name, budget)[::step, :, -1].astype(np.float64)
    there = np.isfinite(values)
    total = np.where(there, values, 0.0).sum(axis=1)
    means = np.where(there.any(axis=1), total / np.maximum(there.sum(axis=1), 1), np.nan)
    return metric.loss(means)


def _ranks(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks within each row; a row of equal losses gets a little of its order, so that it correlates with nothing."""
    from scipy.stats import rankdata

    ranks = rankdata(losses, axis=1)
    flat = np.ptp(ranks, axis=1) == 0
    ranks[flat] = np.random.default_rng(0).permuted(np.tile(np.arange(ranks.shape[1]), (flat.sum(), 1)), axis=1)
    return np.asarray(ranks)
