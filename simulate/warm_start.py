"""Warm start: an optimizer whose first proposals are given, such as a portfolio."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.contract import Domain, Optimizer, OptimizerFactory
from lcbench.simulate.domain import DomainAround
from lcbench.space import Config
from lcbench.space.encoding import equal, given


@dataclass(frozen=True, slots=True)
class WarmStart:
    """Makes an optimizer that begins with given configurations.

    They are the optimizer's own first proposals, one after the other: whatever place it looks at, it finds the next one
    there until all are taken. So they come in as its own do, with its trial numbers and budgets: into the first
    brackets of Hyperband and BOHB (as the portfolio of Zimmer, Lindauer and Hutter (2021), *Auto-PyTorch Tabular*, IEEE
    TPAMI, section 3), into the first population of an evolution, among the points of a model. After them the optimizer
    draws what it would draw from there on; those that were given are not offered again on a table.

    >>> optimizer = WarmStart(OPTIMIZERS["bohb"], portfolio)(backend.domain(), backend.budgets, rng)

    Attributes:
        optimizer: Makes the optimizer from a domain, budgets and a generator, as those in
            :data:`lcbench.simulate.optimizers.OPTIMIZERS`.
        portfolio: The configurations, first things first, each once; if there are none, nothing changes. What is
            inactive is absent, None or NaN.

    Raises:
        InputError: If a configuration comes twice, or (when an optimizer is made) is outside of the space.
    """

    optimizer: OptimizerFactory
    portfolio: Sequence[Config]

    def __post_init__(self) -> None:
        object.__setattr__(self, "portfolio", [given(config) for config in self.portfolio])
        for place, config in enumerate(self.portfolio):
            if any(equal(config, before) for before in self.portfolio[:place]):
                raise InputError(f"portfolio must hold each configuration once, got {dict(config)} a second time.")

    @property
    def multi_fidelity(self) -> bool:
        """Whether the optimizer trains at smaller budgets than the largest."""
        return bool(getattr(self.optimizer, "multi_fidelity", False))

    def __call__(self, domain: Domain, budgets: tuple[int, ...], rng: np.random.Generator) -> Optimizer:
        """Make the optimizer."""
        return self.optimizer(PortfolioDomain(domain, self.portfolio), budgets, rng)


class PortfolioDomain(DomainAround):
    """A domain in which there is nothing but the next configuration of a portfolio, until all are taken.

    Args:
        domain: The domain that is left afterwards.
        portfolio: Configurations of it, each once.
    """

    def __init__(self, domain: Domain, portfolio: Sequence[Config]) -> None:
        super().__init__(domain)
        self._left = deque((config, domain.encode(config)) for config in portfolio)

    def sample(self, rng: np.random.Generator) -> Config | None:
        """The next of the portfolio, then a draw."""
        return self._left[0][0] if self._left else self._domain.sample(rng)

    def realize(self, points: NDArray[np.float64]) -> tuple[list[Config], NDArray[np.float64]]:
        """The next of the portfolio, whatever the points; then what lies at them."""
        if not self._left or not len(points):
            return self._domain.realize(points)
        config, point = self._left[0]
        return [config], point[None]

    def candidates(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """The point of the next of the portfolio, ``(1, dimensions)``; then any."""
        return self._left[0][1][None] if self._left and n else self._domain.candidates(n, rng)

    def take(self, config: Config) -> None:
        """Note that this configuration has been proposed."""
        self._domain.take(config)
        if self._left and config == self._left[0][0]:
            self._left.popleft()
