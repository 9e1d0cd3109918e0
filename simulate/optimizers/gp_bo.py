"""Bayesian optimization with a Gaussian process."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.contract import Domain
from lcbench.simulate.optimizers._gp import GP, Hyperparameters, fit
from lcbench.simulate.optimizers._model_bo import (
    Acquisition,
    ModelBO,
    log_expected_improvement,
    log_probability_of_improvement,
    lower_confidence_bound,
)
from lcbench.simulate.optimizers._targets import standardized

Array = NDArray[np.float64]

Predict = Callable[[Array], tuple[Array, Array]]
"""Means and standard deviations at ``(m, features)`` points, each ``(m,)``."""


class GPBO(ModelBO):
    """Gaussian-process optimization; its subclasses differ in the acquisition function.

    Snoek, Larochelle and Adams (2012), *Practical Bayesian optimization of machine learning algorithms*, NIPS: Matern
    5/2 kernel with a length scale for each hyperparameter (one for all levels of a category) and noise, fitted anew
    each time that there are a quarter more results (they integrate over hyperparameters; we take those of the largest
    posterior density). Losses are winsorized and standardized, see
    :func:`lcbench.simulate.optimizers._targets.standardized`; diverged runs count as the worst finite one.

    Jobs on other workers count as results that came out as predicted (the kriging believer of Ginsbourger et al. 2010,
    which leaves the prediction and takes away uncertainty). What is to be improved on is the lowest predicted mean
    among all that was proposed, not the lowest noisy result.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of randomness.
        growth: By which factor the number of results must grow before the hyperparameters are fitted again.
        settings: Further ones of :class:`lcbench.simulate.optimizers._model_bo.ModelBO`.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        growth: float = 1.25,
        **settings: Any,
    ) -> None:
        super().__init__(domain, budgets, rng, **settings)
        if not growth >= 1:
            raise InputError(f"growth must be at least 1, got {growth}.")
        levels = self._encoding.levels
        self._groups = np.repeat(np.arange(len(levels)), [k or 1 for k in levels])
        self._growth = growth
        self._known: Hyperparameters | None = None
        self._fitted = 0  # results at the last fit

    @abstractmethod
    def _value(self, mean: Array, std: Array, best: float) -> Array:
        """The acquisition function."""

    def _acquisition(self, points: Array, losses: Array, running: Array) -> Acquisition:
        features = self._encoding.features
        x, y, pending = features(points), standardized(losses), features(running)
        gp = GP(x, y, self._groups, self._hyperparameters(x, y), pending)
        return self._improving(gp.predict, np.concatenate([x, pending]))

    def _improving(self, predict: Predict, known: Array) -> Acquisition:
        """What improves on the lowest mean that is predicted at ``(n, features)`` points that were proposed."""
        best, features = float(predict(known)[0].min()), self._encoding.features
        return lambda candidates: self._value(*predict(features(candidates)), best)

    def _hyperparameters(self, x: Array, y: Array) -> Hyperparameters:
        """Those of the last fit, or of a new one: from there, and from one with ten times its noise."""
        if self._known is None or len(y) >= self._growth * self._fitted:
            known = self._known
            starts = () if known is None else (known, replace(known, noise=10 * known.noise))
            self._known, self._fitted = fit(x, y, self._groups, starts).rounded(), len(y)
        return self._known


class GPEI(GPBO):
    """Gaussian-process optimization by expected improvement (Jones, Schonlau and Welch 1998, *EGO*)."""

    def _value(self, mean: Array, std: Array, best: float) -> Array:
        return log_expected_improvement(mean, std, best)


class GPPI(GPBO):
    """Gaussian-process optimization by probability of improvement (Kushner 1964), with no margin."""

    def _value(self, mean: Array, std: Array, best: float) -> Array:
        return log_probability_of_improvement(mean, std, best)


class GPUCB(GPBO):
    """Gaussian-process optimization by confidence bounds (Srinivas et al. 2010), with a fixed weight.

    Args:
        kappa: How many standard deviations the bound lies below the mean (the paper lets it grow with time).
        arguments: Those of :class:`GPBO`.
    """

    def __init__(self, *arguments: Any, kappa: float = 2.0, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        if not kappa >= 0:
            raise InputError(f"kappa must be at least 0, got {kappa}.")
        self._kappa = kappa

    def _value(self, mean: Array, std: Array, best: float) -> Array:  # noqa: ARG002
        return lower_confidence_bound(mean, std, self._kappa)
