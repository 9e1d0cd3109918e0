"""A prior: where a user believes that good configurations lie, as a density for each hyperparameter.

Densities are over the unit cube (see :mod:`lcbench.space.encoding`), so the uniform prior has density 1 everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.space.encoding import Encoding

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

Array = NDArray[np.float64]

PARTS = 1000
"""Equal parts of a number's range on each of which its density is constant."""

_LEAST = 1e-12  # density where a prior has none: a belief can be wrong, and its logarithm must be finite


@dataclass(frozen=True)
class Prior:
    """Independent densities of the free hyperparameters of a space.

    Attributes:
        masses: For each hyperparameter the probabilities of its levels, ``(k,)``, or of the equal parts of its range,
            ``(PARTS,)``; each sums to 1.
        levels: For each of them its number of categories, 0 for a number.
    """

    masses: tuple[Array, ...]
    levels: tuple[int, ...]

    @classmethod
    def uniform(cls, levels: Sequence[int]) -> "Prior":
        """The prior of somebody who believes nothing."""
        return cls(tuple(np.full(k or PARTS, 1 / (k or PARTS)) for k in levels), tuple(levels))

    @classmethod
    def around(cls, point: Array, levels: Sequence[int], std: float = 0.25, share: float = 0.75) -> "Prior":
        """Around a point: a normal density cut to the range for a number, a favoured level for a category.

        Args:
            point: ``(dimensions,)`` in the unit cube; uniform where it is NaN (inactive).
            levels: For each hyperparameter its number of categories, 0 for a number.
            std: Standard deviation of the normal density.
            share: Probability of the point's own level; the others share the rest alike.
        """
        masses = []
        for at, k, flat in zip(point, levels, cls.uniform(levels).masses, strict=True):
            if np.isnan(at) or k == 1:
                masses.append(flat)
            elif k:
                masses.append(np.where(np.arange(k) == at, share, (1 - share) / (k - 1)))
            else:
                masses.append(_normalized(np.exp(-0.5 * ((_middles() - at) / std) ** 2)))
        return cls(tuple(masses), tuple(levels))

    @classmethod
    def of(cls, space: "ConfigurationSpace", believed: "ConfigurationSpace") -> "Prior":
        """The prior that a space with distributions states (ConfigSpace's normal, beta, uniform, and weights).

        Args:
            space: The search space.
            believed: Some or all of its hyperparameters, with the same ranges, scales and levels; the others are
                uniform.

        Raises:
            InputError: If it has a hyperparameter that the space has not, or one of another range.
        """
        encoding = Encoding(space)
        unknown = [name for name in believed if name not in space]
        if unknown:
            raise InputError(f"prior must have hyperparameters of the space only, got {', '.join(unknown)}.")
        flat = cls.uniform(encoding.levels)
        masses = [
            _stated(part, believed[name], k) if name in believed else mass
            for name, part, k, mass in zip(encoding.names, encoding.parts, encoding.levels, flat.masses, strict=True)
        ]
        return cls(tuple(masses), encoding.levels)

    @cached_property
    def is_uniform(self) -> bool:
        """Whether it says nothing."""
        return all(np.allclose(mass, mass[0], rtol=1e-9, atol=0) for mass in self.masses)

    @cached_property
    def mode(self) -> Array:
        """The point of the largest density, ``(dimensions,)``; of equal ones the middle one."""
        places = []
        for mass, k in zip(self.masses, self.levels, strict=True):
            best = np.flatnonzero(mass >= mass.max() * (1 - 1e-9))
            places.append(float(best[0]) if k else (float(best[0] + best[-1]) + 1) / 2 / PARTS)
        return np.array(places)

    @cached_property
    def _logs(self) -> tuple[Array, ...]:
        return tuple(np.log(np.maximum(mass * len(mass), _LEAST)) for mass in self.masses)

    @cached_property
    def _cumulative(self) -> tuple[Array, ...]:
        return tuple(np.cumsum(mass)[:-1] for mass in self.masses)

    def log_density(self, points: Array) -> Array:
        """Logarithms of the density at ``(n, dimensions)`` points, ``(n,)``; what is inactive (NaN) counts 0."""
        total = np.zeros(len(points))
        for column, logs, k in zip(points.T, self._logs, self.levels, strict=True):
            inactive = np.isnan(column)
            place = np.where(inactive, 0, column if k else column * PARTS).astype(np.intp)
            total += np.where(inactive, 0.0, logs[np.minimum(place, len(logs) - 1)])
        return total

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """Draw ``(n, dimensions)`` points."""
        drawn = np.empty((n, len(self.levels)))
        for j, (cumulative, k) in enumerate(zip(self._cumulative, self.levels, strict=True)):
            part = np.searchsorted(cumulative, rng.random(n), side="right")
            drawn[:, j] = part if k else (part + rng.random(n)) / PARTS
        return drawn


def _middles() -> Array:
    return (np.arange(PARTS) + 0.5) / PARTS


def _normalized(heights: Array) -> Array:
    return np.asarray(heights / heights.sum())


def _stated(part: Any, believed: Any, k: int) -> Array:
    """Masses of one hyperparameter as it is believed to be.

    Raises:
        InputError: If its range is another one.
    """
    if k:
        return _weights(part, believed, k)
    same = all(getattr(part, name) == getattr(believed, name, None) for name in ("lower", "upper", "log"))
    if not same:
        raise InputError(f"prior of {part.name} must have the space's range, {part}, got {believed}.")
    heights = np.asarray(believed.pdf_values(part.to_value(_middles())), np.float64)
    if not (np.isfinite(heights).all() and heights.sum() > 0):
        raise InputError(f"prior of {part.name} must have a density within its range, got {believed}.")
    return _normalized(heights)


def _weights(part: Any, believed: Any, k: int) -> Array:
    from lcbench.space.rules import choices  # ConfigSpace is slow to import

    levels, stated = choices(part), choices(believed) if hasattr(believed, "to_vector") else []
    if len(stated) != k or any(level not in stated for level in levels):
        raise InputError(f"prior of {part.name} must have the space's levels, {part}, got {believed}.")
    weights = getattr(believed, "probabilities", None)  # an ordinal has none
    return np.full(k, 1 / k) if weights is None else _normalized(np.array([weights[stated.index(x)] for x in levels]))
