"""Model-based optimization: acquisition functions, their maximization, and the optimizers on any model of the losses.

Acquisition functions are for losses to be minimized, and larger is more promising. Those that can underflow far from
the best are given as logarithms, so that they still rank configurations there (Ament et al. 2023, *Unexpected
improvements to expected improvement for Bayesian optimization*, NeurIPS).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.special import erfcx, log_ndtr, ndtr

from lcbench.errors import InputError
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers._targets import one_thread
from lcbench.simulate.optimizers._trials import History, Sequential
from lcbench.simulate.optimizers.random_search import draw
from lcbench.space import Config
from lcbench.space.encoding import Encoding
from lcbench.space.rounding import compared

Array = NDArray[np.float64]

_LOG_SQRT_2PI = 0.5 * np.log(2 * np.pi)
_ASYMPTOTE = -1e4  # left of it 1 / z**2 is exact to 1e-7


def log_expected_improvement(mean: Array, std: Array, best: float | Array) -> Array:
    """Logarithm of ``E[max(best - loss, 0)]`` for a normally distributed loss (Jones et al. 1998, equation 15).

    Args:
        mean: ``(n,)`` predicted means.
        std: ``(n,)`` predicted standard deviations, more than 0.
        best: What is to be improved on, one number or ``(n,)``.
    """
    z = (best - mean) / std
    return np.log(std) + _log_h(z)


def _log_h(z: Array) -> Array:
    """``log(pdf(z) + z * cdf(z))`` of the standard normal distribution, without cancellation."""
    right, left = np.maximum(z, -1.0), np.clip(z, _ASYMPTOTE, -1.0)
    direct = np.log(np.exp(-0.5 * right**2 - _LOG_SQRT_2PI) + right * ndtr(right))
    tail = np.log1p(left * np.sqrt(np.pi / 2) * erfcx(-left / np.sqrt(2)))
    far = -2 * np.log(-np.minimum(z, -1.0))
    return np.where(z > -1, direct, -0.5 * z**2 - _LOG_SQRT_2PI + np.where(z > _ASYMPTOTE, tail, far))


def log_probability_of_improvement(mean: Array, std: Array, best: float) -> Array:
    """Logarithm of ``P(loss < best)`` for a normally distributed loss (Kushner 1964)."""
    return log_ndtr((best - mean) / std)


def lower_confidence_bound(mean: Array, std: Array, kappa: float) -> Array:
    """``kappa * std - mean``: GP-UCB (Srinivas et al. 2010) for a loss, with a fixed weight."""
    return kappa * std - mean


def expected_improvement_of_logs(mean: Array, std: Array, best: float) -> Array:
    """``E[max(exp(best) - loss, 0)]`` for a loss whose logarithm is normally distributed.

    Hutter et al. (2009), *An experimental investigation of model-based parameter optimisation: SPO and beyond*, GECCO,
    equation 3; SMAC's "log EI".

    Args:
        mean: ``(n,)`` predicted means of the logarithms.
        std: ``(n,)`` their standard deviations, more than 0.
        best: Logarithm of what is to be improved on.
    """
    v = (best - mean) / std
    return np.exp(best) * ndtr(v) - np.exp(mean + 0.5 * std**2) * ndtr(v - std)


# Maximization of the acquisition function: many candidates, then steps around the best.
# As in SMAC (Hutter, Hoos and Leyton-Brown 2011, section 4.3), in batches: all neighbours of a step are evaluated
# together, and the best few of them and of the points before continue with smaller steps.

Acquisition = Callable[[Array], Array]
"""Values of ``(n, dimensions)`` points of the unit cube, ``(n,)``, larger is better."""


@dataclass(frozen=True, slots=True)
class Search:
    """Settings of the maximization.

    Attributes:
        candidates: How many configurations are drawn uniformly before the first step. Where the domain gives all that
            it has instead (a table), there are no steps.
        steps: Standard deviations of the steps, one after another, in units of the cube.
        beam: How many points each step starts from.
        neighbours: How many neighbours each of them has.
    """

    candidates: int = 512
    steps: tuple[float, ...] = (0.2, 0.05, 0.01)
    beam: int = 5
    neighbours: int = 10

    def __post_init__(self) -> None:
        for name in ("candidates", "beam", "neighbours"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1, got {getattr(self, name)}.")
        if not all(step > 0 for step in self.steps):
            raise InputError(f"steps must be more than 0, got {self.steps}.")


def maximize(
    acquisition: Acquisition,
    domain: Domain,
    levels: tuple[int, ...],
    starts: Array,
    rng: np.random.Generator,
    search: Search,
) -> Array:
    """Look for the points with the largest acquisition values.

    Args:
        acquisition: What to maximize.
        domain: Where to look.
        levels: For each hyperparameter its number of categories, 0 for a number.
        starts: ``(any number, dimensions)`` points around which to look as well, such as the best results.
        rng: Source of randomness; also decides between equal values.
        search: How.

    Returns:
        ``(at most beam, dimensions)`` points of configurations that can be evaluated, the best first; none if the
        domain has none left.
    """
    points = domain.candidates(search.candidates, rng)
    whole = len(points) != search.candidates
    best, values = _top(points, acquisition(points), search.beam, rng)
    centres = np.concatenate([best, starts])
    for step in () if whole else search.steps:
        near = domain.realize(neighbours(centres, levels, step, search.neighbours, rng))[1]
        if len(near):
            pool = np.concatenate([best, near]), np.concatenate([values, acquisition(near)])
            best, values = _top(*pool, search.beam, rng)
        centres = best
    return best


def neighbours(centres: Array, levels: tuple[int, ...], step: float, n: int, rng: np.random.Generator) -> Array:
    """Points near given ones: about half of the coordinates are changed, at least one.

    Numbers take a normally distributed step and stay in the cube; categories change with one coordinate in four and
    are then drawn uniformly. What is inactive is drawn uniformly, in case that it becomes active.

    Args:
        centres: ``(m, dimensions)`` points.
        levels: For each hyperparameter its number of categories, 0 for a number.
        step: Standard deviation of the steps.
        n: How many neighbours each centre gets.
        rng: Source of randomness.

    Returns:
        ``(m * n, dimensions)`` points without NaN.
    """
    points = np.repeat(centres, n, axis=0)
    rows, d = points.shape
    changed = rng.random((rows, d)) < 0.5
    forced = rng.integers(d, size=rows)
    changed[np.arange(rows), forced] = True
    uniform, normal = rng.random((rows, d)), rng.standard_normal((rows, d))
    for j, k in enumerate(levels):
        inactive = np.isnan(points[:, j])
        if k:
            redrawn = inactive | (forced == j) | (changed[:, j] & (rng.random(rows) < 0.25))
            points[:, j] = np.where(redrawn, np.floor(uniform[:, j] * k), points[:, j])
        else:
            moved = np.clip(points[:, j] + step * normal[:, j] * changed[:, j], 0.0, 1.0)
            points[:, j] = np.where(inactive, uniform[:, j], moved)
    return points


def _top(points: Array, values: Array, k: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """The ``k`` best of some points, the best first; chance decides between equal ones, on every machine alike."""
    order = np.lexsort((rng.random(len(values)), -compared(values)))[:k]
    return points[order], values[order]


# Bayesian optimization with any model of the losses, for the Gaussian process and the forest.

_SAME = 1e-9  # points nearer than this are one configuration


class ModelBO(ABC):
    """Proposes where an acquisition function is largest; every trial is trained for the largest budget.

    The first configurations are random, until ``initial`` results did not diverge (so also as long as everything
    diverges). On a space no configuration is proposed a second time while there is another candidate.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of randomness.
        initial: Number of results that did not diverge before the first model; by default one more than there are
            hyperparameters.
        random_fraction: Fraction of later configurations that are drawn uniformly.
        search: How the acquisition function is maximized.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        initial: int | None = None,
        random_fraction: float = 0.0,
        search: Search | None = None,
    ) -> None:
        check_model(initial, random_fraction)
        self._domain = domain
        self._rng = rng
        self._books = Sequential(domain, budgets, self._propose)
        self._encoding = self._books.encoding
        self._initial = initial or len(self._encoding.levels) + 1
        self._random_fraction = random_fraction
        self._search = search or Search()
        self._one_thread = one_thread()

    def ask(self) -> Job | None:
        """A new configuration; None once a table has none left."""
        return self._books.ask()

    def tell(self, result: Result) -> None:
        """Learn a result."""
        self._books.tell(result)

    @abstractmethod
    def _acquisition(self, points: Array, losses: Array, running: Array) -> Acquisition:
        """Fit the model and say how promising points are.

        Args:
            points: ``(n, dimensions)`` points of the results.
            losses: ``(n,)`` their losses, infinite where a run diverged, at least ``initial`` of them finite.
            running: ``(m, dimensions)`` points of jobs that run on other workers.
        """

    def _told(self) -> History:
        """The results that are modelled."""
        return self._books.told

    def _propose(self) -> Config | None:
        """The most promising configuration, or a random one."""
        enough = np.isfinite(self._books.told.losses).sum() >= self._initial
        if enough and self._rng.random() >= self._random_fraction:
            with self._one_thread():
                config = self._most_promising()
            if config is not None:
                self._domain.take(config)
                return config
        return self._draw()

    def _draw(self) -> Config | None:
        """A random configuration, taken from the domain."""
        return draw(self._domain, self._rng)

    def _most_promising(self) -> Config | None:
        """The best candidate that is new; None if there is none."""
        told, running = self._told(), self._books.running
        value = self._acquisition(told.points, told.losses, running)
        known = np.concatenate([told.points, running])
        return most_promising(value, self._domain, self._encoding, told, known, self._rng, self._search)


def most_promising(
    acquisition: Acquisition,
    domain: Domain,
    encoding: Encoding,
    told: History,
    known: Array,
    rng: np.random.Generator,
    search: Search,
) -> Config | None:
    """The configuration with the largest acquisition value that is found and that is new.

    Args:
        acquisition: What to maximize.
        domain: Where to look.
        encoding: Of its space.
        told: Results, around the best of which to look as well.
        known: ``(n, dimensions)`` points of configurations that are not new.
        rng: Source of randomness.
        search: How.

    Returns:
        The configuration (not yet taken from the domain); None if there is no new candidate.
    """
    starts = told.points[np.argsort(told.losses, kind="stable")[: search.beam]]
    found = maximize(acquisition, domain, encoding.levels, starts, rng, search)
    new = cdist(encoding.features(found), encoding.features(known)).min(axis=1, initial=np.inf) > _SAME
    configs = domain.realize(found[new][:1])[0]
    return configs[0] if configs else None


def check_model(initial: int | None, random_fraction: float) -> None:
    """Check when a model begins and how often it is passed over.

    Raises:
        InputError: If one of them cannot be used.
    """
    if initial is not None and initial < 2:
        raise InputError(f"initial must be at least 2 (results before the first model), got {initial}.")
    if not 0 <= random_fraction <= 1:
        raise InputError(f"random_fraction must be in [0, 1], got {random_fraction}.")
