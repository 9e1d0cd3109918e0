"""Predict the end of a learning curve: an ensemble of parametric families, weighted by their fit.

Every family of :mod:`lcbench.simulate.curve_families` is fitted by least squares at every shape of a grid, which has a
closed
form: all together are a few products of matrices, some hundred microseconds a curve. Each fit says where the curve
will be as a Student distribution, as wide as its residuals and the number of epochs say; the prediction is their
mixture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import stdtr

from lcbench.errors import InputError
from lcbench.simulate.curve_families import LINKED, SEPARABLE, LinkedFamily, SeparableFamily

Array = NDArray[np.float64]
Family = SeparableFamily | LinkedFamily

FAMILIES: tuple[Family, ...] = (*SEPARABLE, *LINKED)
MIN_EPOCHS = 4
"""Epochs that a curve must have: two coefficients, a shape, and one for the residuals."""

_NEGLIGIBLE = 1e-5
_UNDETERMINED = 1e-3
_SINGULAR = 1e-10


@dataclass(frozen=True, slots=True)
class Prediction:
    """A mixture of Student distributions.

    Attributes:
        weights: ``(components,)``, positive, with sum 1.
        means: ``(components,)`` centres, in the unit of the curve.
        scales: ``(components,)``, positive.
        degrees: ``(components,)`` degrees of freedom.
    """

    weights: Array
    means: Array
    scales: Array
    degrees: Array

    @property
    def median(self) -> float:
        """The point prediction: one runaway fit of little weight does not move it."""
        return self.quantile(0.5)

    def below(self, value: float) -> float:
        """Probability of a value below this one."""
        return float(self.weights @ stdtr(self.degrees, (value - self.means) / self.scales))

    def above(self, value: float) -> float:
        """Probability of a value above this one."""
        return float(self.weights @ stdtr(self.degrees, (self.means - value) / self.scales))

    def quantile(self, q: float) -> float:
        """The value below which the curve ends with probability ``q`` in (0, 1)."""
        if not 0 < q < 1:
            raise InputError(f"q must be in (0, 1), got {q}.")
        width = float(self.scales.max())
        low, high = float(self.means.min()) - width, float(self.means.max()) + width
        while self.below(low) > q:
            low -= (width := 2 * width)
        while self.below(high) < q:
            high += (width := 2 * width)
        return float(brentq(lambda value: self.below(value) - q, low, high, xtol=1e-12))

    def interval(self, level: float = 0.9) -> tuple[float, float]:
        """The central interval that holds the end of the curve with this probability."""
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)


@dataclass(frozen=True, slots=True)
class ExtrapolationSettings:
    """Weights of the fits, and their certainty.

    Attributes:
        floor: Smallest standard deviation that residuals are believed to have, in the unit of the curve: half a point
            of accuracy, since no real curve follows a family more closely for long.
        recency: How many times more the last epoch counts than the first; between them geometrically. Domhan et al.'s
            program has 10.
        correlation: How many neighbouring epochs count as one observation, since their residuals are alike.
    """

    floor: float = 5e-3
    recency: float = 10.0
    correlation: float = 3.0

    def __post_init__(self) -> None:
        for name, legal, wanted in (
            ("floor", self.floor > 0, "more than 0"),
            ("recency", self.recency >= 1, "at least 1"),
            ("correlation", self.correlation >= 1, "at least 1"),
        ):
            if not legal:
                raise InputError(f"{name} must be {wanted}, got {getattr(self, name)}.")


@dataclass(frozen=True, slots=True)
class Fits:
    """Least-squares fits of many functions to one curve.

    Attributes:
        errors: ``(fits,)`` weighted sums of squared residuals, where the weights have sum ``n``.
        means: ``(fits,)`` predicted values at the horizon.
        leverages: ``(fits,)`` variance of the predicted means, in units of the variance of a residual.
        coefficients: ``(fits,)`` number of coefficients fitted (the shape's parameters not counted).
        log_prior: ``(fits,)`` logarithm of the prior weight; families are alike, and so are the shapes of one.
    """

    errors: Array
    means: Array
    leverages: Array
    coefficients: Array
    log_prior: Array


@dataclass(frozen=True, slots=True, eq=False)
class _Design:
    """Shared quantities of fits of the separable families with the same epochs and weights: a row per fit.

    Attributes:
        basis: ``(fits, n)`` the basis at the epochs of the curve, less its mean where there is an intercept.
        intercept: ``(fits,)`` 1 where there is an intercept, else 0.
        spread: ``(fits,)`` weighted sums of squares of ``basis``.
        ahead: ``(fits,)`` the basis at the horizon, less the same mean.
        log_prior: ``(fits,)`` logarithm of the prior weight.
    """

    basis: Array
    intercept: Array
    spread: Array
    ahead: Array
    log_prior: Array


@lru_cache(maxsize=16)
def _bases(families: tuple[SeparableFamily, ...], horizon: int) -> tuple[Array, Array, Array]:
    """Bases at the epochs 1 to the horizon, ``(fits, horizon)``, and each fit's intercept and prior."""
    epochs = np.arange(1.0, horizon + 1)
    parts = [family.basis(epochs, family.shapes(horizon)) for family in families]
    sizes = [len(part) for part in parts]
    intercept = np.repeat([float(family.intercept) for family in families], sizes)
    return np.concatenate(parts), intercept, -np.log(np.repeat(sizes, sizes))


@lru_cache(maxsize=128)
def _design(families: tuple[SeparableFamily, ...], horizon: int, n: int, recency: float) -> _Design:
    """All but the values; fits whose coefficients the epochs do not determine are left out."""
    basis, intercept, log_prior = _bases(families, horizon)
    weights = epoch_weights(n, recency)
    seen = basis[:, :n]
    middle = intercept * (seen @ weights / n)
    seen, ahead = seen - middle[:, None], basis[:, -1] - middle
    spread = seen**2 @ weights
    known = spread > _UNDETERMINED * np.maximum(n * middle**2, n * ahead**2)
    return _Design(seen[known], intercept[known], spread[known], ahead[known], log_prior[known])


def epoch_weights(n: int, recency: float) -> Array:
    """Weights of the epochs 1, ..., n, ``(n,)``: growing geometrically, the last ``recency`` times the first, sum n."""
    weights = recency ** (np.arange(n) / (n - 1))
    return weights * (n / weights.sum())


def fit_separable(families: Sequence[SeparableFamily], values: Array, horizon: int, recency: float = 1.0) -> Fits:
    """Fit every shape of the separable families at once.

    Args:
        families: The families.
        values: ``(n,)`` values after 1, ..., n epochs.
        horizon: The epoch to predict.
        recency: See :class:`ExtrapolationSettings`.

    Returns:
        A fit for each family and shape; those whose coefficients the epochs do not determine are left out.
    """
    n = len(values)
    design, weights = _design(tuple(families), horizon, n, recency), epoch_weights(n, recency)
    weighted = weights * values
    centre = design.intercept * (weighted.sum() / n)
    common = design.basis @ weighted
    slope = common / design.spread
    return Fits(
        np.maximum(weighted @ values - n * centre**2 - slope * common, 0.0),
        centre + slope * design.ahead,
        design.intercept / n + design.ahead**2 / design.spread,
        1.0 + design.intercept,
        design.log_prior,
    )


def fit_linked(family: LinkedFamily, values: Array, horizon: int, recency: float = 1.0) -> Fits | None:
    """Fit a linked family: least squares after the transformation, weighted so that residuals count as values.

    Args:
        family: The family.
        values: ``(n,)`` values after 1, ..., n epochs.
        horizon: The epoch to predict.
        recency: See :class:`ExtrapolationSettings`.

    Returns:
        One fit; None if the values cannot be transformed, or the fit cannot be transformed back.
    """
    linked = family.link(values)
    if not np.isfinite(linked).all():
        return None
    weights, basis = epoch_weights(len(values), recency), family.basis(np.arange(1.0, len(values) + 1))
    root = np.sqrt(weights) / family.slope(values)
    q, r = np.linalg.qr(root[:, None] * basis)
    if np.abs(np.diag(r)).min() < _SINGULAR * np.abs(r).max():
        return None
    coefficients = np.linalg.solve(r, q.T @ (root * linked))
    ahead = family.basis(np.array([float(horizon)]))[0]
    mean = family.inverse(ahead @ coefficients)
    fitted = family.inverse(basis @ coefficients)
    if not (np.isfinite(mean) and np.isfinite(fitted).all()):
        return None
    leverage = np.sum(np.linalg.solve(r.T, ahead) ** 2) / family.slope(mean) ** 2
    error = weights @ (values - fitted) ** 2
    return Fits(*(np.array([float(x)]) for x in (error, mean, leverage, basis.shape[1], 0.0)))


def extrapolate(
    values: ArrayLike,
    horizon: int,
    settings: ExtrapolationSettings | None = None,
    families: Sequence[Family] = FAMILIES,
) -> Prediction:
    """Predict a learning curve's value at a later epoch.

    Args:
        values: ``(n,)`` values after 1, ..., n epochs, finite; at least :data:`MIN_EPOCHS`. The untrained network is
            not among them.
        horizon: The epoch to predict, more than ``n``.
        settings: How to weight.
        families: The families.

    Returns:
        The mixture of all fits' predictions, each weighted by ``prior * error ** (-N / 2) * N ** (-p / 2)``: its
        likelihood with the best noise, and the Bayesian information criterion's price for its ``p`` coefficients.

    Raises:
        InputError: If there are too few epochs or values are not finite.
    """
    curve, how = np.asarray(values, np.float64), settings or ExtrapolationSettings()
    _check(curve, horizon)
    fits = _fit_all(curve, horizon, how, families)
    observations = max(len(curve) / how.correlation, 2.0)
    variance = fits.errors / len(curve) + how.floor**2
    log_weights = fits.log_prior - observations / 2 * np.log(variance) - fits.coefficients / 2 * np.log(observations)
    weights = np.exp(log_weights - log_weights.max())
    kept = weights > _NEGLIGIBLE * weights.sum()
    degrees = np.maximum(observations - fits.coefficients[kept], 1.0)
    scales = np.sqrt(variance[kept] * (observations / degrees) * (1 + how.correlation * fits.leverages[kept]))
    return Prediction(weights[kept] / weights[kept].sum(), fits.means[kept], scales, degrees)


def _fit_all(curve: Array, horizon: int, how: ExtrapolationSettings, families: Sequence[Family]) -> Fits:
    separable = [family for family in families if isinstance(family, SeparableFamily)]
    linked = [family for family in families if isinstance(family, LinkedFamily)]
    fits = [fit_linked(family, curve, horizon, how.recency) for family in linked]
    found = [fit for fit in fits if fit is not None]
    if separable:
        found.append(fit_separable(separable, curve, horizon, how.recency))
    if not found:
        raise InputError("families must hold one that fits the values, got none; use all FAMILIES.")
    return Fits(*(np.concatenate([getattr(fits, name) for fits in found]) for name in Fits.__slots__))


def _check(curve: Array, horizon: int) -> None:
    if curve.ndim != 1 or not MIN_EPOCHS <= len(curve) < horizon:
        raise InputError(
            f"values must be a curve of at least {MIN_EPOCHS} epochs and fewer than the horizon, {horizon}, got shape "
            f"{curve.shape}."
        )
    if not np.isfinite(curve).all():
        raise InputError("values must be finite, got NaN or infinite ones; a run that diverged has no end.")
