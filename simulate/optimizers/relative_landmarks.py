"""Relative landmarks: tasks that order configurations as this one does tell which to try next."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers._trials import Sequential
from lcbench.simulate.optimizers.random_search import draw
from lcbench.simulate.portfolios import configs_at
from lcbench.simulate.sources import Sources
from lcbench.space import Config

Array = NDArray[np.float64]

_SAME = 1e-6  # points nearer than this are one configuration


class RelativeLandmarks:
    """Active testing: the configuration that beats the incumbent by most on tasks that rank those tried alike.

    A relative landmark is the difference between two configurations on a task (Fürnkranz and Petrak 2001, *An
    evaluation of landmarking variants*, ECML workshop). Leite, Brazdil and Vanschoren (2012), *Selecting classification
    algorithms with active testing*, MLDM: begin with what is best on average; then always try the configuration with
    the largest sum over tasks of similarity times the gain over the incumbent there (section 3). The similarity of a
    task is the share of the pairs tried so far that it orders as the task at hand does (as their "AT1", of all pairs),
    less what chance would give: ``max(0, 2 * share - 1)``, where one half of a pair more counts for each side. Gains
    are differences of relative regret. Where no task promises a gain, random search decides, as it does without
    sources.

    Args:
        domain: Where to look; :attr:`lcbench.simulate.contract.Domain.sources` is what is known of other tasks.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of randomness.
    """

    transfers = True

    def __init__(self, domain: Domain, budgets: tuple[int, ...], rng: np.random.Generator) -> None:
        self._domain, self._rng = domain, rng
        self._books = Sequential(domain, budgets, self._propose)
        self._encoding = self._books.encoding
        self._left = np.ones(0 if domain.sources is None else len(domain.sources.points), np.bool_)

    def ask(self) -> Job | None:
        """A new configuration; None once a table has none left."""
        return self._books.ask()

    def tell(self, result: Result) -> None:
        """Learn a result."""
        self._books.tell(result)

    def _propose(self) -> Config | None:
        sources = self._domain.sources
        row = None if sources is None else self._most_promising(sources)
        if sources is None or row is None:
            return draw(self._domain, self._rng)
        self._left[row] = False
        configs = configs_at(self._domain, sources.points[[row]])
        if not configs:
            return draw(self._domain, self._rng)
        self._domain.take(configs[0])
        return configs[0]

    def _most_promising(self, sources: Sources) -> int | None:
        """The row with the largest expected gain among those not tried; None if no task promises one."""
        rows, losses = self._tried(sources)
        if not len(rows):
            regrets = np.where(np.isfinite(sources.regrets), sources.regrets, 1.0)
            hope = -np.where(sources.ran, regrets, 0.0).sum(axis=1) / np.maximum(sources.ran.sum(axis=1), 1)
            hope = np.where(sources.ran.any(axis=1), hope, -np.inf)
        else:
            similar = similarities(sources.losses[rows], losses)
            hope = gains(sources.regrets, int(rows[losses.argmin()])) @ similar
        hope = np.where(self._left, hope, -np.inf)
        row = int(hope.argmax())
        nothing = hope[row] == -np.inf if not len(rows) else hope[row] <= 0
        return None if nothing else row

    def _tried(self, sources: Sources) -> tuple[NDArray[np.intp], Array]:
        """Rows of the sources that have results, and their losses."""
        told, features = self._books.told, self._encoding.features
        if not len(told):
            return np.empty(0, np.intp), np.empty(0)
        away = cdist(features(told.points), features(sources.points))
        rows, there = away.argmin(axis=1), away.min(axis=1) < _SAME
        return rows[there], told.losses[there]


def similarities(others: Array, own: Array) -> Array:
    """How alike tasks order configurations.

    Args:
        others: ``(n, tasks)`` losses of the configurations on other tasks; NaN where there is no run.
        own: ``(n,)`` losses on the task at hand.

    Returns:
        ``(tasks,)`` in [0, 1]; 1/2 of each where there is no pair yet is no similarity, so all are 1 then.
    """
    first, second = np.nonzero(own[:, None] < own)
    if not len(first):
        return np.ones(others.shape[1])
    better, worse = others[first], others[second]
    known = ~np.isnan(better) & ~np.isnan(worse)
    agree = (known & (better < worse)).sum(axis=0) + 0.5 * (known & (better == worse)).sum(axis=0)
    share = (agree + 0.5) / (known.sum(axis=0) + 1)
    return np.asarray(np.maximum(0.0, 2 * share - 1))


def gains(regrets: Array, incumbent: int) -> Array:
    """By how much each configuration beats the incumbent on each task, ``(rows, tasks)``; 0 where that is not known."""
    better = regrets[incumbent] - np.where(np.isfinite(regrets), regrets, np.inf)
    return np.where(np.isfinite(better), np.maximum(better, 0.0), 0.0)
