"""Optimizers that other tasks give a start: portfolios, nearest tasks, a meta-model, a bounding box.

Each gives another optimizer a start, or a smaller space, and leaves the rest to it. What is known of other tasks is
:attr:`lcbench.simulate.contract.Domain.sources`, which holds nothing of the task at hand but its meta-features. Without
sources each of them is just the other optimizer.
"""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.domain import DomainAround
from lcbench.simulate.optimizers import get_optimizer
from lcbench.simulate.optimizers._targets import one_thread
from lcbench.simulate.optimizers.forest import Forest, check_trees
from lcbench.simulate.portfolios import configs_at, rows_of
from lcbench.simulate.sources import Sources, distances, in_turn, standardized_columns
from lcbench.simulate.warm_start import PortfolioDomain
from lcbench.space import Config
from lcbench.space.encoding import Encoding
from lcbench.whole import whole

Array = NDArray[np.float64]

SIZE = 8
"""Configurations that a nearest task or a meta-model gives to begin with."""


class TransferStart(ABC):
    """Changes the domain of another optimizer by what other tasks teach.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing.
        rng: Source of randomness.
        optimizer: The other optimizer, a text as :mod:`lcbench.simulate.optimizers.spec` reads it.
    """

    transfers = True

    def __init__(self, domain: Domain, budgets: tuple[int, ...], rng: np.random.Generator, *, optimizer: str) -> None:
        inside = domain if domain.sources is None else self._begun(domain, domain.sources, rng)
        self._optimizer = get_optimizer(optimizer)(inside, budgets, rng)

    @abstractmethod
    def _begun(self, domain: Domain, sources: Sources, rng: np.random.Generator) -> Domain:
        """The domain that the other optimizer is given."""

    def ask(self) -> Job | None:
        """The other optimizer's next job."""
        return self._optimizer.ask()

    def tell(self, result: Result) -> None:
        """Tell the other optimizer."""
        self._optimizer.tell(result)


class PortfolioStart(TransferStart):
    """A portfolio of all other tasks, then another optimizer.

    Wistuba, Schilling and Schmidt-Thieme (2015), *Sequential model-free hyperparameter tuning*, ICDM; Zimmer, Lindauer
    and Hutter (2021), *Auto-PyTorch Tabular*, IEEE TPAMI, section 3.6. ``lcbench simulate --portfolio RULE
    --leave-one-out`` starts every optimizer of a study so; this one stands beside others that have no start.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing.
        rng: Source of randomness.
        rule: A rule of :mod:`lcbench.simulate.portfolios`, such as ``greedy:16`` or ``simple``.
        optimizer: The other optimizer.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        rule: str = "greedy",
        optimizer: str = "random",
    ) -> None:
        self._rule = rule
        super().__init__(domain, budgets, rng, optimizer=optimizer)

    def _begun(self, domain: Domain, sources: Sources, rng: np.random.Generator) -> Domain:  # noqa: ARG002
        return PortfolioDomain(domain, configs_at(domain, sources.points[rows_of(self._rule, sources)]))


class NearestTask(TransferStart):
    """The best configurations of the tasks that are nearest in meta-features, then another optimizer.

    Feurer, Springenberg and Hutter (2015), *Initializing Bayesian hyperparameter optimization via meta-learning*, AAAI,
    algorithm 2: the best configuration of the nearest task, of the second nearest and so on; here of the nearest few in
    turn, then their second best. Meta-features are the sizes that a table's data sets have and those that ``lcbench
    meta-features`` records.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing.
        rng: Source of randomness.
        tasks: How many of the nearest tasks.
        size: How many of their configurations.
        optimizer: The other optimizer.

    Raises:
        InputError: If there are sources without meta-features.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        tasks: int = 3,
        size: int = SIZE,
        optimizer: str = "gp-ei",
    ) -> None:
        self._tasks, self._size = whole("tasks", tasks, least=1), whole("size", size, least=1)
        super().__init__(domain, budgets, rng, optimizer=optimizer)

    def _begun(self, domain: Domain, sources: Sources, rng: np.random.Generator) -> Domain:  # noqa: ARG002
        nearest = np.argsort(distances(*described(sources)), kind="stable")[: self._tasks]
        rows = in_turn([sources.best_rows(int(task)) for task in nearest], self._size)
        return PortfolioDomain(domain, configs_at(domain, sources.points[rows]))


class MetaModelStart(TransferStart):
    """What a model of all other tasks thinks best for meta-features like these, then another optimizer.

    A forest over meta-features and configuration, whose target is the rank of a configuration on its task (as the
    surrogate of Bardenet, Brendel, Kégl and Sebag 2013, *Collaborative hyperparameter tuning*, ICML, which is a ranking
    machine and a Gaussian process; and of Brazdil, Giraud-Carrier, Soares and Vilalta 2009, *Metalearning*, chapter 2).
    The configurations with the best predicted ranks come first.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing.
        rng: Source of randomness.
        size: How many configurations the model gives.
        trees: Number of trees.
        rows: From so many configurations of each task, drawn at random, the model learns at most.
        optimizer: The other optimizer.

    Raises:
        InputError: If there are sources without meta-features.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        size: int = SIZE,
        trees: int = 10,
        rows: int = 200,
        optimizer: str = "gp-ei",
    ) -> None:
        self._size, self._trees = whole("size", size, least=1), check_trees(trees)
        self._rows = whole("rows", rows, least=1)
        super().__init__(domain, budgets, rng, optimizer=optimizer)

    def _begun(self, domain: Domain, sources: Sources, rng: np.random.Generator) -> Domain:
        features, own = described(sources)
        scaled = standardized_columns(np.vstack([features, own]))
        spread = Encoding(domain.space).features
        x, y = [], []
        for task, meta in enumerate(scaled[:-1]):
            rows = sources.drawn(task, self._rows, rng)
            x.append(np.hstack([spread(sources.points[rows]), np.tile(meta, (len(rows), 1))]))
            y.append(sources.ranks[rows, task])
        points = domain.candidates(1024, rng)
        with one_thread()():
            forest = Forest(np.concatenate(x), np.concatenate(y), rng, trees=self._trees)
            mean = forest.predict(np.hstack([spread(points), np.tile(scaled[-1], (len(points), 1))]))[0]
        best = points[np.argsort(mean, kind="stable")[: self._size]]
        return PortfolioDomain(domain, configs_at(domain, best))


class BoundingBox(TransferStart):
    """The smallest box that holds the best configuration of each other task, in which another optimizer looks.

    Perrone, Shen, Seeger, Archambeau and Jenatton (2019), *Learning search spaces for Bayesian optimization: another
    view of hyperparameter transfer learning*, NeurIPS, section 4.1. A category keeps the levels that were best
    somewhere. On a table the rows in the box come first; when none is left, the others do.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing.
        rng: Source of randomness.
        optimizer: The other optimizer.
    """

    def __init__(
        self, domain: Domain, budgets: tuple[int, ...], rng: np.random.Generator, *, optimizer: str = "gp-ei"
    ) -> None:
        super().__init__(domain, budgets, rng, optimizer=optimizer)

    def _begun(self, domain: Domain, sources: Sources, rng: np.random.Generator) -> Domain:  # noqa: ARG002
        best = [sources.best_rows(task)[:1] for task in range(len(sources.names))]
        return BoxDomain(domain, sources.points[np.concatenate(best)])


class BoxDomain(DomainAround):
    """The configurations in the smallest box around some points, as long as there are any; then all.

    Args:
        domain: The whole.
        inside: ``(n, dimensions)`` points, at least one; a dimension in which all are inactive is not bounded.
    """

    _TRIES = 256

    def __init__(self, domain: Domain, inside: Array) -> None:
        super().__init__(domain)
        levels = Encoding(domain.space).levels
        self._sides = [_side(column[~np.isnan(column)], k) for column, k in zip(inside.T, levels, strict=True)]

    def holds(self, points: Array) -> NDArray[np.bool_]:
        """Which of ``(n, dimensions)`` points lie in the box; what is inactive does not count."""
        found = np.ones(len(points), np.bool_)
        for column, side in zip(points.T, self._sides, strict=True):
            if isinstance(side, tuple):
                found &= np.isnan(column) | ((column >= side[0]) & (column <= side[1]))
            elif side is not None:
                found &= np.isnan(column) | np.isin(column, side)
        return found

    def clipped(self, points: Array) -> Array:
        """Points moved into the box: numbers to its nearest side, categories to the first of its levels."""
        moved = points.copy()
        for j, side in enumerate(self._sides):
            if isinstance(side, tuple):
                moved[:, j] = np.clip(moved[:, j], *side)  # NaN stays
            elif side is not None:
                outside = ~np.isnan(moved[:, j]) & ~np.isin(moved[:, j], side)
                moved[outside, j] = side[0]
        return moved

    def sample(self, rng: np.random.Generator) -> Config | None:
        """Draw uniformly in the box; anywhere if a table has no row left in it."""
        points = self._domain.candidates(self._TRIES, rng)
        within = np.flatnonzero(self.holds(points))
        if len(points) and not len(within):
            moved = self.clipped(points[[rng.integers(len(points))]])
            return next(iter(self._domain.realize(moved)[0]), None)
        if not len(points):
            return self._domain.sample(rng)
        return next(iter(self._domain.realize(points[[rng.choice(within)]])[0]), None)

    def realize(self, points: Array) -> tuple[list[Config], Array]:
        """What lies at points that are moved into the box."""
        return self._domain.realize(self.clipped(points))

    def candidates(self, n: int, rng: np.random.Generator) -> Array:
        """Points in the box; all points if none is left there."""
        points = self._domain.candidates(n, rng)
        within = points[self.holds(points)]
        return within if len(within) else points


def _side(values: Array, levels: int) -> tuple[float, float] | Array | None:
    """One side of a box: the range of numbers, the levels of a category; None if it is not bounded."""
    if not len(values):
        return None
    return np.unique(values) if levels else (float(values.min()), float(values.max()))


def described(sources: Sources) -> tuple[Array, Array]:
    """The meta-features of the sources and of the task at hand.

    Raises:
        InputError: If they are not known.
    """
    if sources.features is None or sources.own is None:
        raise InputError(
            "the data sets must have meta-features for an optimizer that compares them, got none; record them with "
            "lcbench meta-features DIR."
        )
    return sources.features, sources.own
