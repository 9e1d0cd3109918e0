"""Bayesian optimization with any model of the losses: what the Gaussian process and the forest share."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from lcbench.errors import InputError
from lcbench.simulate.contract import Config, Domain, Job, Result
from lcbench.simulate.encoding import Encoding
from lcbench.simulate.optimizers.history import History
from lcbench.simulate.optimizers.local_search import Acquisition, Search, maximize
from lcbench.simulate.optimizers.random_search import draw
from lcbench.simulate.optimizers.sequential import Sequential
from lcbench.simulate.optimizers.threads import one_thread

Array = NDArray[np.float64]

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

    def _propose(self) -> Config | None:
        """The most promising configuration, or a random one."""
        enough = np.isfinite(self._books.told.losses).sum() >= self._initial
        if enough and self._rng.random() >= self._random_fraction:
            with self._one_thread():
                config = self._most_promising()
            if config is not None:
                self._domain.take(config)
                return config
        return draw(self._domain, self._rng)

    def _most_promising(self) -> Config | None:
        """The best candidate that is new; None if there is none."""
        told, running = self._books.told, self._books.running
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
    new = cdist(encoding.features(found), encoding.features(known)).min(axis=1) > _SAME
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
