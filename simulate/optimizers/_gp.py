"""Gaussian-process regression: Matern 5/2 kernel, one length scale per hyperparameter, noise.

Rasmussen and Williams (2006), *Gaussian processes for machine learning*, algorithm 2.1 (posterior), equations 4.17
(kernel), 5.8 and 5.9 (marginal likelihood and its gradient). The mean a priori is 0: targets are to be
standardized. LAPACK is called directly: for the small matrices here scipy's checks would take longer than the work.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.linalg import LinAlgError
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs, dtrtrs
from scipy.optimize import Bounds, minimize
from scipy.spatial.distance import cdist

from lcbench.space.rounding import significant

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """Of the kernel ``signal * matern(distance in length scales) + noise * (same point)``.

    Attributes:
        lengths: ``(groups,)`` length scales.
        signal: Variance of the function.
        noise: Variance of the noise.
    """

    lengths: Array
    signal: float
    noise: float

    @property
    def logs(self) -> Array:
        """``(groups + 2,)``: logarithms of the length scales, of the signal and of the noise."""
        return np.log(np.append(self.lengths, [self.signal, self.noise]))

    @classmethod
    def from_logs(cls, logs: Array) -> "Hyperparameters":
        """The inverse of :attr:`logs`."""
        *lengths, signal, noise = np.exp(logs)
        return cls(np.array(lengths), float(signal), float(noise))

    def rounded(self, digits: int = 2) -> "Hyperparameters":
        """The same in two digits.

        A fit ends where its iterations do, and where points lie close together they make of what an instruction set
        does to a last digit a difference in the fourth. Data say less than two digits of a hyperparameter.
        """
        *lengths, signal, noise = significant(np.append(self.lengths, [self.signal, self.noise]), digits)
        return Hyperparameters(np.array(lengths), float(signal), float(noise))


def matern(distance: Array, signal: float) -> tuple[Array, Array]:
    """Matern 5/2 kernel, and what its derivatives share.

    Args:
        distance: Distances in length scales, any shape.
        signal: Value at distance 0.

    Returns:
        The kernel ``k``, and ``-dk / d(distance**2 / 2)``, both of the shape of ``distance``.
    """
    r = np.sqrt(5.0) * distance
    decay = signal * np.exp(-r)
    return decay * (1 + r + r**2 / 3), decay * (1 + r) * (5 / 3)


def squared_differences(x: Array, groups: NDArray[np.intp]) -> Array:
    """Squared distances of ``(n, features)`` points, of each group of features alone: ``(groups, n, n)``."""
    parts = [x[:, groups == g] for g in range(int(groups.max()) + 1)]
    return np.stack([cdist(part, part, "sqeuclidean") for part in parts])


def negative_log_likelihood(logs: Array, squared: Array, y: Array) -> tuple[float, Array]:
    """Negative logarithm of the marginal likelihood, and its gradient.

    Args:
        logs: :attr:`Hyperparameters.logs`.
        squared: From :func:`squared_differences`.
        y: ``(n,)`` targets.

    Returns:
        The value, and its derivatives by ``logs``.

    Raises:
        LinAlgError: If the kernel's matrix is singular to working precision.
    """
    n, weights = len(y), np.exp(-2 * logs[:-2])
    signal, noise = np.exp(logs[-2:])
    kernel, slope = matern(np.sqrt(np.einsum("g,gij->ij", weights, squared)), signal)
    lower = cholesky(kernel, noise)
    alpha = dpotrs(lower, y, lower=1)[0]
    value = 0.5 * y @ alpha + np.log(lower.diagonal()).sum() + 0.5 * n * np.log(2 * np.pi)
    triangle = dpotri(lower, lower=1)[0]  # the inverse's lower half
    left = triangle + np.tril(triangle, -1).T - np.outer(alpha, alpha)
    lengths = weights * np.einsum("gij,ij->g", squared, left * slope)
    return float(value), 0.5 * np.append(lengths, [(left * kernel).sum(), noise * np.trace(left)])


def cholesky(kernel: Array, noise: float) -> Array:
    """Lower Cholesky factor of ``kernel + noise * identity``; zeros above the diagonal.

    Raises:
        LinAlgError: If the matrix is not positive definite to working precision.
    """
    matrix = kernel.copy()
    matrix[np.diag_indices_from(matrix)] += noise
    lower, failed = dpotrf(matrix, lower=1, clean=1)
    if failed:
        raise LinAlgError("the matrix of the kernel is not positive definite")
    return np.asarray(lower)


@dataclass(frozen=True, slots=True)
class Prior:
    """Normal distributions of the logarithms of the hyperparameters.

    Attributes:
        mean: ``(groups + 2,)``.
        std: ``(groups + 2,)``.
    """

    mean: Array
    std: Array

    @classmethod
    def default(cls, groups: int) -> "Prior":
        """Length scales grow with the square root of the dimension (Hvarfner et al. 2024, ICML); little noise.

        Hvarfner, Hellsten and Nardi, *Vanilla Bayesian optimization performs great in high dimensions*: length scales
        with log-mean ``sqrt(2) + log(d) / 2`` and log-deviation ``sqrt(3)``, noise -4 and 1. Ours is the signal's, 0
        and 1 (they hold it at 1), for standardized targets.
        """
        mean = np.append(np.full(groups, np.sqrt(2) + 0.5 * np.log(groups)), [0.0, -4.0])
        return cls(mean, np.append(np.full(groups, np.sqrt(3)), [1.0, 1.0]))

    def penalty(self, logs: Array) -> tuple[float, Array]:
        """Negative log density up to a constant, and its gradient."""
        scaled = (logs - self.mean) / self.std
        return float(0.5 * scaled @ scaled), scaled / self.std


_PLACES = 6
_LOWEST, _HIGHEST = np.log([0.01, 1e-3, 1e-6]), np.log([100.0, 100.0, 1.0])  # length, signal, noise


def fit(
    x: Array,
    y: Array,
    groups: NDArray[np.intp],
    starts: Sequence[Hyperparameters] = (),
    *,
    prior: Prior | None = None,
    iterations: int = 20,
) -> Hyperparameters:
    """Hyperparameters of the largest posterior density, by L-BFGS-B from each start.

    Densities are cut to 6 decimal places before the starts are compared: two that end at one place must not be told
    apart by what an instruction set does to a last digit.

    Args:
        x: ``(n, features)`` points.
        y: ``(n,)`` targets, standardized.
        groups: ``(features,)`` number of the length scale of each feature, from 0 without gaps.
        starts: Where to start; by default at the prior's mean.
        prior: Of the hyperparameters; by default :meth:`Prior.default`.
        iterations: Most iterations of L-BFGS-B from each start.
    """
    count = int(groups.max()) + 1
    prior = prior or Prior.default(count)
    squared = squared_differences(x, groups)
    lowest, highest = (np.append(np.full(count, edge[0]), edge[1:]) for edge in (_LOWEST, _HIGHEST))

    def objective(logs: Array) -> tuple[float, Array]:
        (value, gradient), (penalty, slope) = negative_log_likelihood(logs, squared, y), prior.penalty(logs)
        return value + penalty, gradient + slope

    found = []
    for start in [start.logs for start in starts] or [prior.mean]:
        ended = minimize(
            objective,
            np.clip(start, lowest, highest),
            jac=True,
            method="L-BFGS-B",
            bounds=Bounds(lowest, highest),
            options={"maxiter": iterations},
        )
        found.append((round(float(ended.fun), _PLACES), ended.x))
    return Hyperparameters.from_logs(min(found, key=lambda pair: pair[0])[1])


class GP:
    """A Gaussian process conditioned on data.

    Points without a target may be given as well: they are taken to have had the target that is predicted for them,
    which leaves the means as they are and only makes the process surer of itself around them.

    Args:
        x: ``(n, features)`` points with targets.
        y: ``(n,)`` targets.
        groups: ``(features,)`` number of the length scale of each feature.
        hyperparameters: Of the kernel.
        running: ``(m, features)`` points without targets.
    """

    def __init__(
        self,
        x: Array,
        y: Array,
        groups: NDArray[np.intp],
        hyperparameters: Hyperparameters,
        running: Array | None = None,
    ) -> None:
        self._known = hyperparameters
        self._scale = hyperparameters.lengths[groups]
        self._x = (x if running is None else np.concatenate([x, running])) / self._scale
        kernel = matern(cdist(self._x, self._x), hyperparameters.signal)[0]
        self._lower = cholesky(kernel, hyperparameters.noise)
        self._alpha = dpotrs(self._lower[: len(y), : len(y)], y, lower=1)[0]

    def predict(self, points: Array) -> tuple[Array, Array]:
        """Means and standard deviations of the function (without noise) at ``(m, features)`` points, each ``(m,)``."""
        cross = matern(cdist(self._x, points / self._scale), self._known.signal)[0]
        mean = self._alpha @ cross[: len(self._alpha)]
        solved = dtrtrs(self._lower, cross, lower=1)[0]
        variance = self._known.signal - np.einsum("ij,ij->j", solved, solved)
        return mean, np.sqrt(np.maximum(variance, 1e-12 * self._known.signal))

    def covariance(self, points: Array) -> Array:
        """Covariance of the function at ``(m, features)`` points, ``(m, m)``."""
        scaled = points / self._scale
        cross = matern(cdist(self._x, scaled), self._known.signal)[0]
        solved = dtrtrs(self._lower, cross, lower=1)[0]
        return np.asarray(matern(cdist(scaled, scaled), self._known.signal)[0] - solved.T @ solved)

    def left_out(self) -> tuple[Array, Array]:
        """Mean and standard deviation predicted for each target by all others, each ``(n,)``.

        Rasmussen and Williams (2006), equation 5.12, of a process without points that have no target.
        """
        triangle = dpotri(self._lower, lower=1)[0]
        variance = 1 / triangle.diagonal()
        targets = self._lower @ (self._lower.T @ self._alpha)
        return targets - self._alpha * variance, np.sqrt(variance)
