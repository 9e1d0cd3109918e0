"""What is known of other tasks: the losses of configurations on data sets that are not the one at hand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

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
        """Of each task the share of its runs that are better than each, ``(rows, tasks)`` in (0, 1).

        ``(rank - 1/2) / runs``, equal losses share their mean rank; NaN where there is no run.
        """
        found = np.full(self.losses.shape, np.nan)
        for task, ran in enumerate(self.ran.T):
            found[ran, task] = (rankdata(self.losses[ran, task]) - 0.5) / max(int(ran.sum()), 1)
        return found

    @cached_property
    def scores(self) -> Array:
        """Ranks as quantiles of the normal distribution, ``(rows, tasks)``: small is good; NaN without a run."""
        return np.asarray(ndtri(self.ranks))

    def best_rows(self, task: int) -> NDArray[np.intp]:
        """Rows of the configurations that were run on a task and did not diverge, the best first."""
        order = np.argsort(self.losses[:, task], kind="stable")  # NaN and infinity last
        return order[: int(np.isfinite(self.losses[:, task]).sum())]


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
