"""Parzen estimators of single hyperparameters: a mixture of kernels around results, and one for the prior.

Bergstra, Bardenet, Bengio and Kegl (2011), *Algorithms for hyper-parameter optimization*, NIPS, section 4; the
components and their usual settings are those that Watanabe (2023), *Tree-structured Parzen estimator: understanding its
algorithm components and their roles for better empirical performance*, arXiv:2304.11127, section 3 describes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from lcbench.simulate.optimizers._kde import truncated_normal

Array = NDArray[np.float64]

_FINEST = 100.0  # a bandwidth is at least a hundredth of the range, and more with few kernels
_LOWEST = -60.0  # logarithm of a kernel's height that is nothing beside the prior's; what underflows is slow
_RECENT = 25  # results whose weight is full


def age_weights(n: int) -> Array:
    """Weights of ``n`` results from the oldest to the newest: the newest 25 weigh 1, the older ones fall to 1 / n.

    Watanabe (2023), section 3.2 ("old decay"). For 27 results: 1/27, 1, 1, ...
    """
    old = max(n - _RECENT, 0)
    weights = np.ones(n)
    weights[:old] = np.linspace(1 / max(n, 1), 1.0, old)
    return weights


def neighbour_bandwidths(centres: Array) -> Array:
    """Bandwidths of kernels on [0, 1]: the larger distance to the neighbours, at least ``1 / min(100, n + 2)``.

    Bergstra et al. (2011), section 4; the outermost kernels have their distance to the one neighbour that they have,
    and a single one the larger distance to an end. The bound is the "magic clip" of Watanabe (2023), section 3.4.

    Args:
        centres: ``(hyperparameters, n)``.

    Returns:
        The same shape.
    """
    rows, n = centres.shape
    if n == 0:
        return np.empty((rows, 0))
    if n == 1:
        return np.maximum(centres, 1 - centres)
    order = np.argsort(centres, axis=1, kind="stable")
    row = np.arange(rows)[:, None]
    gaps = np.diff(centres[row, order], axis=1)
    widths = np.empty_like(centres)
    widths[:, 0], widths[:, -1] = gaps[:, 0], gaps[:, -1]
    np.maximum(gaps[:, 1:], gaps[:, :-1], out=widths[:, 1:-1])
    found = np.empty_like(centres)
    found[row, order] = np.maximum(widths, 1 / min(_FINEST, n + 2))
    return found


@dataclass(frozen=True, slots=True)
class NumberKernels:
    """Gaussian kernels, cut to [0, 1], for hyperparameters that are active in the same results.

    Attributes:
        centres: ``(hyperparameters, n + 1)``; the last is the prior's, in the middle.
        widths: Bandwidths, the same shape; the prior's is 1.
        weights: ``(n + 1,)``, sum 1.
    """

    centres: Array
    widths: Array
    weights: Array

    @classmethod
    def fit(cls, points: Array, prior_weight: float) -> "NumberKernels":
        """Fit to ``(n, hyperparameters)`` points, the oldest first."""
        centres = points.T
        ends = np.ones((len(centres), 1))
        return cls(
            np.append(centres, 0.5 * ends, axis=1),
            np.append(neighbour_bandwidths(centres), ends, axis=1),
            mixture_weights(len(points), prior_weight),
        )

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """Draw ``(n, hyperparameters)`` coordinates, each hyperparameter for itself."""
        which = np.searchsorted(np.cumsum(self.weights)[:-1], rng.random((len(self.centres), n)), side="right")
        centre, width = (np.take_along_axis(each, which, axis=1) for each in (self.centres, self.widths))
        return truncated_normal(centre, width, rng.random(centre.shape)).T

    def density(self, points: Array) -> Array:
        """Densities of ``(m, hyperparameters)`` points, the same shape."""
        inside = ndtr((1 - self.centres) / self.widths) - ndtr(-self.centres / self.widths)
        heights = self.weights / (np.sqrt(2 * np.pi) * self.widths * inside)
        scale = np.sqrt(0.5) / self.widths
        kernels = points.T[:, :, None] * scale[:, None]
        kernels -= (self.centres * scale)[:, None]  # in place: most of the time goes into moving these
        np.multiply(kernels, kernels, out=kernels)
        np.negative(kernels, out=kernels)
        np.maximum(kernels, _LOWEST, out=kernels)
        np.exp(kernels, out=kernels)
        return (kernels @ heights[:, :, None])[:, :, 0].T


def category_weights(values: Array, k: int, prior_weight: float) -> Array:
    """Probabilities of ``k`` levels, ``(k,)``, from ``(n,)`` indices, the oldest first.

    A kernel has ``1 + prior_weight / (n + 1)`` parts at its own level and ``prior_weight / (n + 1)`` at every other;
    the prior's is uniform (Watanabe 2023, section 3.3).
    """
    weights = mixture_weights(len(values), prior_weight)
    share = prior_weight / len(weights)
    counts = np.bincount(values.astype(np.intp), weights[:-1], minlength=k)
    return (counts + share * weights[:-1].sum()) / (1 + k * share) + weights[-1] / k


def mixture_weights(n: int, prior_weight: float) -> Array:
    """Weights of ``n`` kernels and of the prior, ``(n + 1,)``, sum 1; of the prior alone, if there is nothing else."""
    weights = np.append(age_weights(n), prior_weight if n else 1.0)
    return weights / weights.sum()
