"""Bayesian optimization with what a user believes: priors on hyperparameters."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.contract import Domain
from lcbench.simulate.optimizers._model_bo import Acquisition
from lcbench.simulate.optimizers._proposal import draw_believed
from lcbench.simulate.optimizers.gp_bo import GPEI
from lcbench.simulate.optimizers.random_search import RandomSearch
from lcbench.space import Config

Array = NDArray[np.float64]


class PriorRandomSearch(RandomSearch):
    """Random search that draws from the domain's prior; without one it is random search.

    On a table a draw is brought to the nearest row not yet taken.
    """

    without_prior = "random"

    def _draw(self) -> Config | None:
        return draw_believed(self._domain, self._rng)


class PiBO(GPEI):
    """Expected improvement times a power of the prior that fades: ``EI(x) * prior(x) ** (beta / n)``.

    Hvarfner, Stoll, Souza, Lindauer, Hutter and Nardi (2022), *piBO: augmenting acquisition functions with user beliefs
    for Bayesian optimization*, ICLR, equation 6; n is the number of results, so a wrong prior is forgotten. (The paper
    suggests for beta a tenth of the number of evaluations that one has.) The first configurations are drawn from the
    prior. All else is :class:`lcbench.simulate.optimizers.gp_bo.GPEI`, and so is all without a prior, or with a uniform
    one.

    Args:
        domain: Where to look; :attr:`lcbench.simulate.contract.Domain.prior` is what is believed.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of randomness.
        beta: Weight of the prior.
        settings: Further ones of :class:`lcbench.simulate.optimizers.gp_bo.GPBO`.
    """

    without_prior = "gp-ei"

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        beta: float = 10.0,
        **settings: Any,
    ) -> None:
        super().__init__(domain, budgets, rng, **settings)
        if not beta >= 0:
            raise InputError(f"beta must be at least 0, got {beta}.")
        self._beta = beta

    def _draw(self) -> Config | None:
        return draw_believed(self._domain, self._rng)

    def _acquisition(self, points: Array, losses: Array, running: Array) -> Acquisition:
        improvement, prior = super()._acquisition(points, losses, running), self._domain.prior
        if prior is None or prior.is_uniform:
            return improvement
        power = self._beta / len(losses)
        return lambda candidates: improvement(candidates) + power * prior.log_density(candidates)
