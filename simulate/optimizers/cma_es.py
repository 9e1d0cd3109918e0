"""The covariance matrix adaptation evolution strategy (CMA-ES), with restarts."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers._differential import to_point
from lcbench.simulate.optimizers._proposal import propose_at
from lcbench.simulate.optimizers._targets import one_thread
from lcbench.simulate.optimizers._trials import Running
from lcbench.space.encoding import Encoding
from lcbench.space.rounding import coordinates, significant

Array = NDArray[np.float64]

_FLAT = 1e-12  # relative to the losses: a generation whose best and middle differ by less sees a plateau
_NARROW = 1e-4  # standard deviation in every direction at which a search has ended
_CONDITION = 1e14  # of the covariance matrix


@dataclass(frozen=True)
class Rates:
    """Weights and learning rates for a dimension and a population: the defaults of Hansen (2016), table 1.

    Attributes:
        dimensions: n.
        population: lambda, at least 2.
    """

    dimensions: int
    population: int
    weights: Array = field(init=False)
    """Of the best half, ``(mu,)``, sum 1."""
    effective: float = field(init=False)
    """mu_eff, equation 8."""
    c_sigma: float = field(init=False)
    d_sigma: float = field(init=False)
    c_c: float = field(init=False)
    c_1: float = field(init=False)
    c_mu: float = field(init=False)
    expected_norm: float = field(init=False)
    """E||N(0, I)||."""

    def __post_init__(self) -> None:
        n, half = self.dimensions, self.population // 2
        weights = np.log((self.population + 1) / 2) - np.log(np.arange(1, half + 1))
        weights /= weights.sum()
        mu = float(1 / (weights**2).sum())
        c_sigma = (mu + 2) / (n + mu + 5)
        c_1 = 2 / ((n + 1.3) ** 2 + mu)
        found = {"weights": weights, "effective": mu, "c_sigma": c_sigma, "c_1": c_1}
        found["d_sigma"] = 1 + 2 * max(0.0, np.sqrt((mu - 1) / (n + 1)) - 1) + c_sigma
        found["c_c"] = (4 + mu / n) / (n + 4 + 2 * mu / n)
        found["c_mu"] = min(1 - c_1, 2 * (mu - 2 + 1 / mu) / ((n + 2) ** 2 + mu))
        found["expected_norm"] = np.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n**2))
        for name, value in found.items():
            object.__setattr__(self, name, value)


class Distribution:
    """The normal distribution that CMA-ES samples, and its adaptation (Hansen 2016, appendix A; positive weights).

    It samples with the symmetric root of the covariance, which does not depend on how a machine chooses axes for equal
    eigenvalues.

    Args:
        mean: ``(n,)`` where it begins.
        sigma: Its step size.
        rates: Weights and learning rates.
    """

    def __init__(self, mean: Array, sigma: float, rates: Rates) -> None:
        n = rates.dimensions
        self.mean, self.sigma, self.rates = mean, sigma, rates
        self.covariance, self._root, self._inverse, self._lengths = np.eye(n), np.eye(n), np.eye(n), np.ones(n)
        self._path_sigma, self._path_c, self._generations = np.zeros(n), np.zeros(n), 0

    @property
    def ended(self) -> bool:
        """Whether it is too narrow, or too long in one direction, to find anything more."""
        widest = self.sigma * self._lengths.max()
        return bool(widest < _NARROW or (self._lengths.max() / self._lengths.min()) ** 2 > _CONDITION)

    def sample(self, rng: np.random.Generator) -> Array:
        """A point ``(n,)`` (equations 38 to 40)."""
        return np.asarray(self.mean + self.sigma * (self._root @ rng.standard_normal(len(self.mean))))

    def update(self, ordered: Array) -> None:
        """Adapt to ``(mu, n)`` points, the best first (equations 41 to 47)."""
        r = self.rates
        self._generations += 1
        steps = (ordered - self.mean) / self.sigma
        mean_step = r.weights @ steps
        self.mean = coordinates(self.mean + self.sigma * mean_step)
        self._path_sigma = _decayed(self._path_sigma, r.c_sigma, r.effective, self._inverse @ mean_step)
        norm = float(np.linalg.norm(self._path_sigma))
        unfinished = np.sqrt(1 - (1 - r.c_sigma) ** (2 * self._generations))
        stalls = float(norm / unfinished >= (1.4 + 2 / (r.dimensions + 1)) * r.expected_norm)  # 1 - h_sigma
        self._path_c = _decayed(self._path_c, r.c_c, r.effective, (1 - stalls) * mean_step)
        lost = r.c_1 * r.c_c * (2 - r.c_c) * stalls
        covariance = (
            (1 + lost - r.c_1 - r.c_mu) * self.covariance
            + r.c_1 * np.outer(self._path_c, self._path_c)
            + r.c_mu * (steps.T * r.weights) @ steps
        )
        self.sigma *= float(significant(np.exp(min(1.0, r.c_sigma / r.d_sigma * (norm / r.expected_norm - 1)))))
        self.covariance = significant((covariance + covariance.T) / 2)
        values, axes = np.linalg.eigh(self.covariance)
        self._lengths = np.sqrt(np.maximum(values, 1e-20))
        self._root, self._inverse = (axes * self._lengths) @ axes.T, (axes / self._lengths) @ axes.T


def _decayed(path: Array, rate: float, effective: float, step: Array) -> Array:
    """An evolution path after one more step, in digits that every machine has."""
    return significant((1 - rate) * path + np.sqrt(rate * (2 - rate) * effective) * step)


class CMAES:
    """CMA-ES at the largest budget, restarted with twice the population (IPOP).

    Hansen (2016), *The CMA evolution strategy: a tutorial*, arXiv:1604.00772; Auger and Hansen (2005), *A restart CMA
    evolution strategy with increasing population size*, CEC. A search ends when its distribution is narrow in every
    direction or its losses are level; the next begins at a random point.

    Numbers are coordinates of the unit cube; a category with k levels is k equal bins of [0, 1], and an integer is
    rounded. Points outside the cube are drawn again, and after some tries reflected at its sides. The distribution
    learns from where it sampled, not from where the rounded configuration, or on a table the nearest row, lies. (This
    is plain rounding; if most hyperparameters are categories, take another method.) A search with any number of workers
    does not wait: a generation is whatever results come next. A diverged run ranks last.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of randomness.
        population: Points of a generation before the first restart; by default ``4 + floor(3 ln n)``.
        sigma: Standard deviation at the beginning, in the unit cube.
    """

    _TRIES = 20

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        population: int | None = None,
        sigma: float = 0.25,
    ) -> None:
        self._levels = Encoding(domain.space).levels
        n = len(self._levels)
        if population is not None and population < 4:
            raise InputError(f"population must be at least 4, got {population}.")
        if not sigma > 0:
            raise InputError(f"sigma must be more than 0, got {sigma}.")
        self._domain, self._budget, self._rng, self._sigma = domain, checked(budgets)[-1], rng, sigma
        self._population = population or 4 + int(3 * np.log(n))
        self._running: Running[tuple[int, Array]] = Running()
        self._one_thread = one_thread()
        self._restarts = 0
        self._generation: list[tuple[float, Array]] = []
        self._distribution = self._begin(np.full(n, 0.5))

    def ask(self) -> Job | None:
        """A point of the distribution; None once a table has no rows left."""
        vector = self._inside()
        found = propose_at(self._domain, self._rng, to_point(vector, self._levels))
        return None if found is None else self._running.job(found[0], self._budget, (self._restarts, vector))

    def tell(self, result: Result) -> None:
        """Learn a result; a generation that is complete moves the distribution."""
        search, vector = self._running.end(result)
        if search != self._restarts:  # of a search that has ended meanwhile
            return
        self._generation.append((result.loss, vector))
        if len(self._generation) == self._distribution.rates.population:
            self._adapt()

    def _adapt(self) -> None:
        losses = np.array([np.inf if np.isnan(loss) else loss for loss, _ in self._generation])
        order = np.argsort(losses, kind="stable")[: len(losses) // 2]
        best, middle = losses[order[0]], losses[order[-1]]
        with self._one_thread():
            self._distribution.update(np.array([self._generation[i][1] for i in order]))
        self._generation = []
        if self._distribution.ended or not middle > best + _FLAT * abs(best):
            self._restarts += 1
            self._distribution = self._begin(self._rng.random(len(self._levels)))

    def _begin(self, mean: Array) -> Distribution:
        """A new search; each has twice the population of the one before."""
        rates = Rates(len(mean), self._population * 2**self._restarts)
        return Distribution(mean, self._sigma, rates)

    def _inside(self) -> Array:
        """A point of the distribution that lies in the unit cube, ``(n,)``."""
        for _ in range(self._TRIES):
            vector = self._distribution.sample(self._rng)
            if ((vector >= 0) & (vector <= 1)).all():
                break
        return coordinates(np.abs((vector + 1) % 2 - 1))
