"""What an optimizer has been told, as arrays that grow."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class History:
    """Points of the unit cube and their losses, in the order in which they came.

    Args:
        dimensions: Number of hyperparameters.
    """

    def __init__(self, dimensions: int) -> None:
        self._points = np.empty((16, dimensions))
        self._losses = np.empty(16)
        self._n = 0

    def __len__(self) -> int:
        return self._n

    @property
    def points(self) -> Array:
        """``(n, dimensions)``, a view; NaN where a hyperparameter is inactive."""
        return self._points[: self._n]

    @property
    def losses(self) -> Array:
        """``(n,)``, a view; infinite where a run diverged."""
        return self._losses[: self._n]

    def add(self, point: Array, loss: float) -> None:
        """Note one result; a NaN loss counts as infinite."""
        if self._n == len(self._losses):
            self._points = np.concatenate([self._points, np.empty_like(self._points)])
            self._losses = np.concatenate([self._losses, np.empty_like(self._losses)])
        self._points[self._n] = point
        self._losses[self._n] = np.inf if np.isnan(loss) else loss
        self._n += 1
