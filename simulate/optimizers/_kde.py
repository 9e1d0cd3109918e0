"""A density of configurations: a kernel density estimate with one kernel per hyperparameter.

As in BOHB (Falkner et al. 2018, section 4), which takes it from statsmodels' ``KDEMultivariate``: a Gaussian kernel for
each number, the kernel of Aitchison and Aitken (1976) for each category, their product over the hyperparameters, and
the mean over the points.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.special import ndtr, ndtri

_LOG_SQRT_2PI = 0.5 * np.log(2 * np.pi)

Array = NDArray[np.float64]


def normal_reference(points: Array) -> Array:
    """Bandwidths by the normal reference rule, ``1.06 * std * n ** (-1 / (4 + d))`` (statsmodels' default).

    Args:
        points: ``(n, d)`` array; NaN where a hyperparameter is inactive.

    Returns:
        ``(d,)`` array; 0 where no point is active or all are equal.
    """
    active = ~np.isnan(points)
    count = np.maximum(active.sum(axis=0), 1)
    values = np.where(active, points, 0.0)
    mean = values.sum(axis=0) / count
    std = np.sqrt((np.where(active, points - mean, 0.0) ** 2).sum(axis=0) / count)
    return 1.06 * std * len(points) ** (-1.0 / (4 + points.shape[1]))


@dataclass(frozen=True, slots=True)
class KDE:
    """A density fitted to points.

    An inactive hyperparameter (NaN, in a point of the fit or in one that is asked) contributes the factor 1, the
    density of the uniform distribution. (HpBandSter fills such values in at random.)

    Attributes:
        points: ``(n, d)`` coordinates: numbers in [0, 1], categories as their index.
        levels: ``(d,)`` numbers of categories, 0 for a number.
        bandwidth: ``(d,)``; for a category the probability of another one, at most ``(k - 1) / k``, where the kernel is
            uniform (statsmodels lets it grow beyond).
    """

    points: Array
    levels: tuple[int, ...]
    bandwidth: Array
    _numbers: NDArray[np.intp] = field(init=False)
    _active: Array = field(init=False)
    _scaled: Array = field(init=False)

    def __post_init__(self) -> None:
        numbers = np.flatnonzero(np.array(self.levels) == 0)
        active, scaled = self._scale(self.points[:, numbers], self.bandwidth[numbers])
        object.__setattr__(self, "_numbers", numbers)
        object.__setattr__(self, "_active", active)
        object.__setattr__(self, "_scaled", scaled)

    @classmethod
    def fit(cls, points: Array, levels: tuple[int, ...], min_bandwidth: float = 1e-3) -> "KDE":
        """Fit to ``(n, d)`` points with the normal reference rule, bandwidths at least ``min_bandwidth``."""
        highest = np.array([np.inf if k == 0 else (k - 1) / k for k in levels])
        return cls(points, levels, np.minimum(np.maximum(normal_reference(points), min_bandwidth), highest))

    def log_density(self, points: Array) -> Array:
        """Logarithm of the density at ``(m, d)`` points, ``(m,)``."""
        log_kernels = self._log_gaussians(points)
        for j, k in enumerate(self.levels):
            if k:
                log_kernels += self._log_categories(points[:, j], j, k)
        highest = log_kernels.max(axis=1)
        return np.log(np.exp(log_kernels - highest[:, None]).mean(axis=1)) + highest

    def sample(self, rng: np.random.Generator, n: int, factor: float = 1.0) -> Array:
        """Draw points from the density with wider kernels, cut to the unit cube.

        Args:
            rng: Source of randomness.
            n: How many.
            factor: What the bandwidths of the numbers are multiplied with.

        Returns:
            ``(n, d)`` array without NaN: an inactive hyperparameter is drawn uniformly.
        """
        centre = self.points[rng.integers(len(self.points), size=n)]
        uniform = rng.random((n, len(self.levels)))
        drawn = np.empty_like(centre)
        numbers = self._numbers
        widths = factor * self.bandwidth[numbers]
        drawn[:, numbers] = truncated_normal(centre[:, numbers], widths, uniform[:, numbers])
        for j, k in enumerate(self.levels):
            if k:
                other = (uniform[:, j] < self.bandwidth[j]) | np.isnan(centre[:, j])
                drawn[:, j] = np.where(other, rng.integers(k, size=n), centre[:, j])
        return drawn

    def _log_gaussians(self, points: Array) -> Array:
        """Sums of log kernels over the numbers, ``(m, n)``: only where both points are active."""
        bandwidth = self.bandwidth[self._numbers]
        active, scaled = self._scale(points[:, self._numbers], bandwidth)
        if active.all() and self._active.all():
            return -0.5 * cdist(scaled, self._scaled, "sqeuclidean") - (np.log(bandwidth) + _LOG_SQRT_2PI).sum()
        distance = scaled**2 @ self._active.T - 2 * scaled @ self._scaled.T + active @ (self._scaled**2).T
        heights = (active * (np.log(bandwidth) + _LOG_SQRT_2PI)) @ self._active.T
        return np.asarray(-0.5 * distance - heights)

    def _log_categories(self, values: Array, j: int, k: int) -> Array:
        """Log kernels of one category, ``(m, n)``."""
        h = self.bandwidth[j]
        if k == 1:
            return np.zeros((len(values), len(self.points)))
        centre = self.points[:, j]
        kernels = np.where(values[:, None] == centre, np.log1p(-h), np.log(h / (k - 1)))
        return np.where(np.isnan(values)[:, None] | np.isnan(centre), 0.0, kernels)

    @staticmethod
    def _scale(points: Array, bandwidth: Array) -> tuple[Array, Array]:
        """Whether each coordinate is active (1 or 0), and its value in bandwidths (0 if inactive)."""
        inactive = np.isnan(points)
        return (~inactive).astype(np.float64), np.where(inactive, 0.0, points) / bandwidth


def truncated_normal(centre: Array, width: Array, uniform: Array) -> Array:
    """Quantiles of normal distributions around centres, cut to [0, 1]; uniform where the centre is NaN."""
    low, high = ndtr(-centre / width), ndtr((1.0 - centre) / width)
    drawn = np.clip(centre + width * ndtri(low + uniform * (high - low)), 0.0, 1.0)
    return np.where(np.isnan(centre), uniform, drawn)
