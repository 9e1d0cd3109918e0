"""PriorBand: Hyperband whose new configurations come from chance, from a prior, or from around the best so far."""

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.contract import Domain, Result
from lcbench.simulate.optimizers._kde import truncated_normal
from lcbench.simulate.optimizers._proposal import draw_believed, fill_inactive, propose_at
from lcbench.simulate.optimizers._trials import History
from lcbench.simulate.optimizers.hyperband import Hyperband
from lcbench.simulate.optimizers.random_search import draw
from lcbench.simulate.optimizers.rungs import Variant, promote
from lcbench.space import Config
from lcbench.space.encoding import Encoding
from lcbench.space.prior import Prior

Array = NDArray[np.float64]


class PriorBand(Hyperband):
    """Hyperband with an ensemble of three ways to sample.

    Mallik, Bergman, Hvarfner, Stoll, Janowski, Lindauer, Nardi and Hutter (2023), *PriorBand: practical
    hyperparameter optimization in the age of deep learning*, NeurIPS (its ensemble sampling policy). A configuration
    for a bracket that begins on rung r is drawn uniformly with probability ``1 / (1 + eta ** r)`` (half on the lowest
    rung, where it is cheap to explore). Otherwise it is drawn from the prior, or around the incumbent: see
    :func:`incumbent_share`. That begins as soon as there is a result at the largest budget. The incumbent is the best
    of these; of its hyperparameters each is changed with probability ``change``, a number by a normal step, a
    category to another level.

    Without a prior on the domain it is uniform: what is left is Hyperband with local search around the incumbent.

    Args:
        domain: Where to look; :attr:`lcbench.simulate.contract.Domain.prior` is what is believed.
        budgets: Epochs of the rungs, increasing; see :func:`lcbench.simulate.optimizers.rungs.rungs_of` if there are
            many.
        rng: Source of randomness.
        eta: Halving rate; by default the one that fits the budgets.
        variant: Which of Hyperband's bracket tables.
        change: Probability that a hyperparameter of the incumbent is changed.
        std: Standard deviation of a number's step.
    """

    without_prior = "hyperband with local search around the best"

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        eta: int | None = None,
        variant: Variant = "floor",
        change: float = 0.5,
        std: float = 0.25,
    ) -> None:
        super().__init__(domain, budgets, rng, eta=eta, variant=variant)
        check_steps(change, std)
        self._change, self._std = change, std
        self._levels = Encoding(domain.space).levels
        self._prior = domain.prior or Prior.uniform(self._levels)
        self._told = {budget: History(len(self._levels)) for budget in self._rungs}

    def tell(self, result: Result) -> None:
        """Learn a result."""
        super().tell(result)
        self._told[result.job.budget].add(self._domain.encode(result.job.config), result.loss)

    def _propose(self) -> Config | None:
        """A configuration from one of the three."""
        chance = self._rng.random() * (1 + float(self._eta) ** self._brackets.rung) - 1
        if chance < 0:
            return draw(self._domain, self._rng)
        if (incumbent := self._incumbent()) is not None and self._rng.random() < self._share(incumbent):
            point = step(self._rng, incumbent, self._levels, self._change, self._std)
            found = propose_at(self._domain, self._rng, point)
            return None if found is None else found[0]
        return draw_believed(self._domain, self._rng)

    def _incumbent(self) -> Array | None:
        """The best point of the largest budget, ``(dimensions,)``; None if no run of it has ended well."""
        told = self._told[max(self._told)]
        finite = bool(len(told)) and np.isfinite(told.losses).any()
        return told.points[int(np.argmin(told.losses))] if finite else None

    def _share(self, incumbent: Array) -> float:
        """Probability of the incumbent's neighbourhood, in place of the prior."""
        enough = [budget for budget, told in self._told.items() if len(told) >= self._eta]
        told = self._told[max(enough, default=max(self._told))]
        best = told.points[promote(told.losses, max(1, len(told) // self._eta))]
        return incumbent_share(best, self._prior, Prior.around(incumbent, self._levels, self._std))


def incumbent_share(best: Array, prior: Prior, near: Prior) -> float:
    """Which of two densities has more of the good configurations (Mallik et al. 2023, "incumbent-based sampling").

    ``S(near) / (S(near) + S(prior))``, where S is the sum of a density over the best configurations, the k-th of n
    weighed with ``n + 1 - k``.

    Args:
        best: ``(n, dimensions)`` points of the best ``1 / eta`` on the highest rung that has at least eta results, the
            best first.
        prior: What is believed.
        near: The density around the incumbent.
    """
    weights = np.log(np.arange(len(best), 0, -1))
    logs = [weights + density.log_density(best) for density in (near, prior)]
    highest = max(each.max() for each in logs)
    near_score, prior_score = (np.exp(each - highest).sum() for each in logs)
    return float(near_score / (near_score + prior_score))


def step(rng: np.random.Generator, point: Array, levels: tuple[int, ...], change: float, std: float) -> Array:
    """A point near another: each coordinate is changed with probability ``change``.

    Args:
        rng: Source of randomness.
        point: ``(dimensions,)``; what is inactive (NaN) is drawn uniformly.
        levels: For each hyperparameter its number of categories, 0 for a number.
        change: The probability.
        std: Standard deviation of a number's step; it stays in [0, 1].
    """
    point = fill_inactive(rng, point, levels)
    sizes, changed = np.array(levels), rng.random(len(point)) < change
    number = truncated_normal(point, np.full(len(point), std), rng.random(len(point)))
    other = (point + 1 + np.floor(rng.random(len(point)) * np.maximum(sizes - 1, 1))) % np.maximum(sizes, 1)
    return np.where(changed, np.where(sizes == 0, number, other), point)


def check_steps(change: float, std: float) -> None:
    """Check how far the incumbent is left.

    Raises:
        InputError: If one of them cannot be used.
    """
    if not 0 <= change <= 1:
        raise InputError(f"change must be in [0, 1], got {change}.")
    if not std > 0:
        raise InputError(f"std must be more than 0, got {std}.")
