"""The tree-structured Parzen estimator: each hyperparameter for itself."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers._parzen import NumberKernels, category_weights
from lcbench.simulate.optimizers._proposal import propose_at, propose_uniform
from lcbench.simulate.optimizers._trials import Sequential
from lcbench.space import Config
from lcbench.space.rounding import compared

Array = NDArray[np.float64]


class TPE:
    """Bayesian optimization with a density of good and one of bad values for each hyperparameter.

    Bergstra, Bardenet, Bengio and Kegl (2011), *Algorithms for hyper-parameter optimization*, NIPS, section 4. The best
    ``ceil(gamma * n)`` results, at most 25, are good. For each hyperparameter a few values are drawn from the density
    of the good, and the one with the largest ratio to the density of the bad is taken (the ratio rises with expected
    improvement, section 4.1). Kernels, bandwidths, weights and the prior are in
    :mod:`lcbench.simulate.optimizers._parzen`; settings are the usual ones of Watanabe (2023), arXiv:2304.11127.

    A hyperparameter is modelled by the results in which it is active. Integers and logarithmic scales are coordinates
    of the unit cube, as everywhere. A diverged run is never good. Jobs on other workers count as bad (a constant liar),
    so that their places are not asked for twice. On a table the point is brought to the nearest row not yet taken.

    The variant with one density of all hyperparameters together is BOHB's model, see
    :class:`lcbench.simulate.optimizers.bohb.KDEBO`.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of randomness.
        gamma: Fraction of results that are good.
        most_good: How many are good at most.
        candidates: Values drawn for each hyperparameter.
        initial: Results before the first model; until then configurations are random.
        prior_weight: Weight of the prior's kernel beside those of the results (1 for a recent one).
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        gamma: float = 0.1,
        most_good: int = 25,
        candidates: int = 24,
        initial: int = 10,
        prior_weight: float = 1.0,
    ) -> None:
        for name, value in (("most_good", most_good), ("candidates", candidates), ("initial", initial)):
            if value < 1:
                raise InputError(f"{name} must be at least 1, got {value}.")
        if not 0 < gamma < 1:
            raise InputError(f"gamma must be in (0, 1), got {gamma}.")
        if not prior_weight > 0:
            raise InputError(f"prior_weight must be more than 0, got {prior_weight}.")
        self._domain, self._rng = domain, rng
        self._books = Sequential(domain, budgets, self._propose)
        self._levels = self._books.encoding.levels
        self._gamma, self._most_good, self._candidates = gamma, most_good, candidates
        self._initial, self._prior_weight = initial, prior_weight

    def ask(self) -> Job | None:
        """A new configuration; None once a table has none left."""
        return self._books.ask()

    def tell(self, result: Result) -> None:
        """Learn a result."""
        self._books.tell(result)

    def _propose(self) -> Config | None:
        told = self._books.told
        if len(told) < self._initial or not np.isfinite(told.losses).any():
            found = propose_uniform(self._domain, self._rng)
        else:
            good, bad = split(told.losses, self._gamma, self._most_good)
            points = told.points[good], np.concatenate([told.points[bad], self._books.running])
            found = propose_at(self._domain, self._rng, self._best_values(*points))
        return None if found is None else found[0]

    def _best_values(self, good: Array, bad: Array) -> Array:
        """For each hyperparameter the value with the largest ratio of densities among those drawn, ``(dimensions,)``.

        Args:
            good: ``(n, dimensions)`` points of good results, the oldest first; NaN where inactive.
            bad: The same of bad ones.
        """
        point = np.empty(len(self._levels))
        for among, rows, others in active_together(good, bad, self._levels):
            kernels = [
                NumberKernels.fit(part[which][:, among], self._prior_weight)
                for part, which in ((good, rows), (bad, others))
            ]
            drawn = kernels[0].sample(self._rng, self._candidates)
            ratio = np.log(kernels[0].density(drawn)) - np.log(kernels[1].density(drawn))
            point[among] = drawn[compared(ratio).argmax(axis=0), np.arange(len(among))]
        for j, k in enumerate(self._levels):
            if k:
                first, second = (
                    category_weights(part[~np.isnan(part[:, j]), j], k, self._prior_weight) for part in (good, bad)
                )
                levels = self._rng.choice(k, self._candidates, p=first)
                point[j] = levels[compared(np.log(first) - np.log(second))[levels].argmax()]
        return point


def split(losses: Array, gamma: float, most: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices of good and of bad results, each from the oldest to the newest.

    The best ``min(ceil(gamma * n), most)`` are good; of equal losses the older, and none that diverged.
    """
    count = min(int(np.ceil(gamma * len(losses))), most, int(np.isfinite(losses).sum()))
    is_good = np.zeros(len(losses), np.bool_)
    is_good[np.argsort(losses, kind="stable")[:count]] = True
    return np.flatnonzero(is_good), np.flatnonzero(~is_good)


def active_together(
    good: Array, bad: Array, levels: tuple[int, ...]
) -> Iterator[tuple[list[int], NDArray[np.bool_], NDArray[np.bool_]]]:
    """Numerical hyperparameters that are active in the same results, and in which good and bad ones they are."""
    numbers = [j for j, k in enumerate(levels) if not k]
    active = ~np.isnan(np.concatenate([good, bad]))
    if active.all():
        groups = {b"": numbers} if numbers else {}
    else:
        groups = {}
        for j in numbers:
            groups.setdefault(active[:, j].tobytes(), []).append(j)
    for group in groups.values():
        yield group, active[: len(good), group[0]], active[len(good) :, group[0]]
