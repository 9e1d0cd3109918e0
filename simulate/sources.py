"""Knowledge of other tasks: losses of configurations on data sets other than the one at hand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from lcbench.errors import InputError
from lcbench.simulate.transfer.greedy import relative_regret
from lcbench.table.metric import Metric

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sources:
    """Configurations and how good they were on other tasks, the sources of a transfer.

    Attributes:
        names: Of the tasks.
        points: ``(rows, dimensions)`` points of the configurations in the unit cube; NaN where inactive.
        losses: ``(rows, tasks)`` at the largest budget; NaN where there is no run, infinite where one diverged.
        metric: What they are losses in.
        features: ``(tasks, meta-features)``; None if they are not known of every task and of the one at hand.
        own: ``(meta-features,)`` of the task at hand; None likewise.
    """

    names: tuple[str, ...]
    points: Array
    losses: Array
    metric: Metric
    features: Array | None = None
    own: Array | None = None

    def __post_init__(self) -> None:
        if self.losses.shape != (len(self.points), len(self.names)) or not self.losses.size:
            raise InputError(
                f"losses of sources must be of {len(self.points)} configurations on {len(self.names)} tasks, at least "
                f"one of each, got {self.losses.shape}."
            )

    def without(self, name: str) -> "Sources | None":
        """All but one task, which becomes the task at hand; None if no other is left."""
        kept = [place for place, each in enumerate(self.names) if each != name]
        if not kept:
            return None
        features = None if self.features is None else self.features[kept]
        own = None if self.features is None else self.features[self.names.index(name)]
        names = tuple(self.names[place] for place in kept)
        return replace(self, names=names, losses=self.losses[:, kept], features=features, own=own)

    @cached_property
    def ran(self) -> NDArray[np.bool_]:
        """Where there are runs, ``(rows, tasks)``."""
        return ~np.isnan(self.losses)

    @cached_property
    def everywhere(self) -> NDArray[np.intp]:
        """Rows of the configurations that have a run on every task."""
        return np.flatnonzero(self.ran.all(axis=1))

    @cached_property
    def regrets(self) -> Array:
        """Relative regrets, ``(rows, tasks)``, NaN where there is no run.

        See :func:`lcbench.simulate.transfer.greedy.relative_regret`; the best is that of the task's own runs.
        """
        low, high = self.metric.low, self.metric.high
        found = np.full(self.losses.shape, np.nan)
        for task, ran in enumerate(self.ran.T):
            lost = self.losses[ran, task]
            values = high - lost if self.metric.goal == "maximize" else low + lost
            values = pd.DataFrame({0: np.where(np.isinf(lost), np.nan, values)})
            found[ran, task] = relative_regret(values, self.metric)[0]
        return found

    @cached_property
    def ranks(self) -> Array:
        """Of each task the :func:`ranks` of its runs, ``(rows, tasks)`` in (0, 1); NaN where there is no run."""
        found = np.full(self.losses.shape, np.nan)
        for task, ran in enumerate(self.ran.T):
            found[ran, task] = ranks(self.losses[ran, task])
        return found

    @cached_property
    def scores(self) -> Array:
        """The same as quantiles of the normal distribution: small is good."""
        return np.asarray(ndtri(self.ranks))

    def drawn(self, task: int, most: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Rows that were run on a task, at most so many of them, drawn at random, in order."""
        rows = np.flatnonzero(self.ran[:, task])
        return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))

    def best_rows(self, task: int) -> NDArray[np.intp]:
        """Rows of the configurations that were run on a task and did not diverge, the best first."""
        order = np.argsort(self.losses[:, task], kind="stable")  # NaN and infinity last
        return order[: int(np.isfinite(self.losses[:, task]).sum())]


def ranks(losses: Array) -> Array:
    """The share of losses that are better than each, ``(rank - 1/2) / n`` in (0, 1); equal ones share their mean rank.

    Args:
        losses: ``(n,)``, infinite where a run diverged.
    """
    from scipy.stats import rankdata  # slow to import

    return np.asarray((rankdata(losses) - 0.5) / max(len(losses), 1))


def normal_scores(losses: Array) -> Array:
    """:func:`ranks` as quantiles of the normal distribution, ``(n,)``: small is good."""
    return np.asarray(ndtri(ranks(losses)))


def distances(features: Array, own: Array) -> Array:
    """Distances of tasks in meta-features.

    Each meta-feature is standardized over all tasks, the one at hand among them, so that none outweighs another because
    of its unit (Feurer, Springenberg and Hutter 2015, *Initializing Bayesian hyperparameter optimization via
    meta-learning*, AAAI, section 3, who scale them to [0, 1] and take the 1-norm; we as well take the 1-norm). Those
    that are not known of all tasks (NaN) do not count.

    Args:
        features: ``(tasks, meta-features)``.
        own: ``(meta-features,)``.

    Returns:
        ``(tasks,)``.
    """
    scaled = standardized_columns(np.vstack([features, own]))
    return np.asarray(np.abs(scaled[:-1] - scaled[-1]).sum(axis=1))


def standardized_columns(table: Array) -> Array:
    """Columns with mean 0 and variance 1; those with a NaN, or of one value, become 0."""
    known = np.isfinite(table).all(axis=0)
    shown = np.where(known, table, 0.0)
    spread = shown.std(axis=0)
    return (shown - shown.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def in_turn(lists: Sequence[NDArray[np.intp]], size: int) -> list[int]:
    """The first of each list, then the second of each, and so on, each number once, at most ``size`` of them."""
    longest = max(map(len, lists), default=0)
    every = (int(each[place]) for place in range(longest) for each in lists if place < len(each))
    return list(dict.fromkeys(every))[:size]
