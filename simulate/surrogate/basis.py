"""Few numbers in place of a whole curve: its level, and how it deviates from the mean curve's shape."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError

_WEIGHT = 0.3
_LEAST_SHARE = 1e-4  # of a component in the variance of the shapes


@dataclass(frozen=True, slots=True)
class Basis:
    """The map between curves and coefficients.

    The first coefficient is the level (for accuracies the last value of the curve), so that what matters most is
    modelled by itself; the others are the principal components of the shapes (curve minus level). All have mean 0;
    the level has variance 1 and the components less, by what they contribute to an average point of the curve and
    another 0.3, so that models with outputs in common look after the level first.

    Attributes:
        level: Mean level.
        spread: Standard deviation of the level.
        shape: ``(points,)``: the mean shape.
        components: ``(components, points)``: orthogonal rows.
    """

    level: float
    spread: float
    shape: NDArray[np.float64]
    components: NDArray[np.float64]

    @property
    def outputs(self) -> int:
        """Number of coefficients."""
        return 1 + len(self.components)

    def encode(self, levels: NDArray[np.float64], shapes: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(n,)`` levels and ``(n, points)`` shapes as ``(n, outputs)`` coefficients."""
        return np.column_stack([levels - self.level, (shapes - self.shape) @ self.components.T]) / self.spread

    def decode(self, coefficients: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The inverse of :meth:`encode`, up to the shapes' lesser components."""
        levels = self.level + self.spread * coefficients[:, 0]
        norms = np.square(self.components).sum(axis=1)
        weights = self.spread * coefficients[:, 1:] / norms
        shapes = np.repeat(self.shape[None], len(coefficients), axis=0)
        for weight, component in zip(weights.T, self.components, strict=True):  # a row's numbers depend on it alone
            shapes += weight[:, None] * component
        return levels, shapes

    def to_json(self) -> dict[str, Any]:
        """Plain types only."""
        rows = {"shape": self.shape.tolist(), "components": self.components.tolist()}
        return {"level": self.level, "spread": self.spread} | rows

    @classmethod
    def from_json(cls, document: Any, points: int) -> "Basis":
        """Read a basis of curves of so many points.

        Raises:
            DamagedFileError: If it is none.
        """
        try:
            level, spread = float(document["level"]), float(document["spread"])
            shape = np.array(document["shape"], np.float64)
            components = np.array(document["components"], np.float64).reshape(-1, points)
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedFileError(f"a basis of curves cannot be understood ({error}).") from error
        finite = np.isfinite([level, spread, *shape.ravel(), *components.ravel()]).all()
        if shape.shape != (points,) or not finite or spread <= 0 or not components.any(axis=1).all():
            raise DamagedFileError(f"a basis of curves must have {points} finite points, got something else.")
        return cls(level, spread, shape, components)


def fit_basis(levels: NDArray[np.float64], shapes: NDArray[np.float64], most: int) -> Basis:
    """Find the basis of ``(n,)`` levels and ``(n, points)`` shapes, with at most so many components.

    Where all levels are the same, the shapes have variance 1; where these are the same too, there is nothing to tell
    configurations apart by, and the one curve is predicted for all.
    """
    mean = shapes.mean(axis=0)
    least = 1e-12 * max(1.0, float(np.abs(levels).max()))
    spread = next((each for each in (float(levels.std()), float((shapes - mean).std())) if each > least), 1.0)
    _, sizes, rows = np.linalg.svd(shapes - mean, full_matrices=False)
    share = np.square(sizes) / max(float(np.square(sizes).sum()), 1e-300)
    kept = (share > _LEAST_SHARE) & (np.square(sizes) > 1e-12 * len(shapes)) & (np.arange(len(sizes)) < most)
    return Basis(float(levels.mean()), spread, mean, rows[kept] * _WEIGHT / np.sqrt(shapes.shape[1]))
