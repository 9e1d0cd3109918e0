"""Several losses folded to one number."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def weighted_sum(losses: ArrayLike, weights: ArrayLike) -> NDArray[np.float64]:
    """``sum_j w_j f_j``: finds solutions on the convex part of the Pareto front only.

    Args:
        losses: ``(objectives, ...)`` array.
        weights: ``(objectives,)``.

    Returns:
        Array of the shape of one objective.
    """
    return np.tensordot(np.asarray(weights, np.float64), np.asarray(losses, np.float64), axes=1)


def chebyshev(losses: ArrayLike, weights: ArrayLike, rho: float = 0.05) -> NDArray[np.float64]:
    """The augmented Chebyshev function ``max_j w_j f_j + rho * sum_j w_j f_j``: finds any Pareto-optimal solution.

    Knowles (2006), *ParEGO*, IEEE Transactions on Evolutionary Computation 10(1), equation 2, with its rho of 0.05.

    Args:
        losses: ``(objectives, ...)`` array.
        weights: ``(objectives,)``.
        rho: Weight of the sum.

    Returns:
        Array of the shape of one objective.
    """
    array = np.asarray(losses, np.float64)
    weighted = np.asarray(weights, np.float64).reshape(-1, *[1] * (array.ndim - 1)) * array
    return np.asarray(weighted.max(axis=0) + rho * weighted.sum(axis=0))
