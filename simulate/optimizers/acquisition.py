"""Acquisition functions: how much is to be hoped of a configuration, given a prediction of its loss.

All are for losses to be minimized, and larger is more promising. Those that can underflow far from the best are given
as logarithms, so that they still rank configurations there (Ament et al. 2023, *Unexpected improvements to expected
improvement for Bayesian optimization*, NeurIPS).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, log_ndtr, ndtr

Array = NDArray[np.float64]

_LOG_SQRT_2PI = 0.5 * np.log(2 * np.pi)
_ASYMPTOTE = -1e4  # left of it 1 / z**2 is exact to 1e-7


def log_expected_improvement(mean: Array, std: Array, best: float) -> Array:
    """Logarithm of ``E[max(best - loss, 0)]`` for a normally distributed loss (Jones et al. 1998, equation 15).

    Args:
        mean: ``(n,)`` predicted means.
        std: ``(n,)`` predicted standard deviations, more than 0.
        best: What is to be improved on.
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
