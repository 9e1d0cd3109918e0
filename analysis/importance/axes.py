"""The scale of each hyperparameter: which coordinates it can take, and with what probability.

A marginal is a mean over configurations, so it needs a distribution of them. Ours is the one that random search draws
from: every hyperparameter on its own, a real number uniform in the unit cube (that is, on its log scale if it has
one), an integer by the values it can take, a category uniform over its levels. Everything that is computed over the
boxes of trees needs the distribution only as *shares*: the probability of lying at or below a threshold.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lcbench.errors import InputError, UnknownNameError
from lcbench.space.encoding import Encoding

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace
    from ConfigSpace.hyperparameters import Hyperparameter

MOST_VALUES = 4096
"""An integer with more values than this is treated as a real number."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The distribution of one hyperparameter's coordinate.

    Attributes:
        name: Name of the hyperparameter.
        points: ``(values,)`` increasing coordinates that it can take; empty for a real number, uniform in [0, 1].
        masses: ``(values,)`` their probabilities, which sum to 1.
    """

    name: str
    points: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    masses: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    _cumulative: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        if len(self.points) != len(self.masses):
            raise InputError(f"masses must be one for each of {len(self.points)} points, got {len(self.masses)}.")
        if self.is_discrete and not np.isclose(self.masses.sum(), 1.0):
            raise InputError(f"masses of {self.name} must sum to 1, got {self.masses.sum():g}.")
        if (np.diff(self.points) <= 0).any() or (self.masses < 0).any():
            raise InputError(f"points of {self.name} must increase and masses must not be negative.")
        # Trees compare float32 coordinates with float64 thresholds, so a value lies where its float32 lies.
        object.__setattr__(self, "points", self.points.astype(np.float32).astype(np.float64))
        object.__setattr__(self, "_cumulative", np.append(0.0, np.cumsum(self.masses)))

    @property
    def is_discrete(self) -> bool:
        """Whether it takes single values only."""
        return len(self.points) > 0

    def share(self, thresholds: ArrayLike) -> NDArray[np.float64]:
        """Probability of a coordinate at or below each threshold, any shape; infinite ones are allowed."""
        array = np.asarray(thresholds, dtype=np.float64)
        if not self.is_discrete:
            return np.clip(array, 0.0, 1.0)
        return np.asarray(self._cumulative[np.searchsorted(self.points, array, side="right")])

    def draw(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw ``(n,)`` coordinates."""
        uniform = rng.random(n)
        if not self.is_discrete:
            return uniform
        places = np.searchsorted(self._cumulative[1:], uniform, side="right")
        return self.points[np.minimum(places, len(self.points) - 1)]

    def grid(self, most: int = 101) -> NDArray[np.float64]:
        """Increasing coordinates to evaluate a curve at, at most ``most``.

        They are evenly spaced; those of a discrete axis are the values next to such ones, or all if they are few.
        """
        if not self.is_discrete:
            return np.linspace(0.0, 1.0, most)
        if len(self.points) <= most:
            return self.points
        even = np.linspace(self.points[0], self.points[-1], most)
        return self.points[np.unique(np.abs(even[:, None] - self.points).argmin(axis=1))]


def axes_of(space: "ConfigurationSpace") -> tuple[Axis, ...]:
    """The axes of a search space: the dimensions and coordinates of :class:`lcbench.space.encoding.Encoding`.

    So what has one value only, a constant or a category of one level, has no axis, and explains nothing.

    An integer's probability is that of drawing it: all alike on a linear scale; on a log scale that of a real number,
    log-uniform between half below the least and half above the greatest, which rounds to it. In the unit cube itself
    the least and the greatest have half the room of the others (``num_layers`` lies at 0, 0.25, 0.5, 0.75 and 1), so
    that a mean over the cube would give them half the weight. Levels of a category weigh alike; distributions other
    than uniform ones (ConfigSpace's normal and beta, weights of categories) are not used.
    """
    encoding = Encoding(space)
    return tuple(_axis(name, part) for name, part in zip(encoding.names, encoding.parts, strict=True))


def cube_axes(names: tuple[str, ...]) -> tuple[Axis, ...]:
    """Axes on which every coordinate is a real number in [0, 1], integers too: what other fANOVA programs assume."""
    return tuple(Axis(name) for name in names)


def place_of(axes: tuple[Axis, ...], name: str) -> int:
    """Index of the axis of a hyperparameter.

    Raises:
        UnknownNameError: If there is no such hyperparameter.
    """
    names = [axis.name for axis in axes]
    if name not in names:
        raise UnknownNameError("hyperparameter", name, names)
    return names.index(name)


def fill_inactive(cube: NDArray[np.float64], axes: tuple[Axis, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    """Give inactive hyperparameters (NaN) coordinates drawn from their axes, as if they were set and had no effect.

    Args:
        cube: ``(configs, dimensions)`` coordinates.
        axes: One per dimension.
        rng: Source of randomness; untouched if nothing is inactive.

    Returns:
        A new array without NaN.
    """
    filled = cube.copy()
    for j, axis in enumerate(axes):
        missing = np.isnan(filled[:, j])
        if missing.any():
            filled[missing, j] = axis.draw(int(missing.sum()), rng)
    return filled


def _axis(name: str, part: "Hyperparameter[Any, Any]") -> Axis:
    """The axis of one hyperparameter."""
    from ConfigSpace.hyperparameters import IntegerHyperparameter, NumericalHyperparameter  # slow to import

    if not isinstance(part, NumericalHyperparameter):
        levels = int(part.size)
        return Axis(name, np.arange(levels, dtype=np.float64), np.full(levels, 1 / levels))
    if not isinstance(part, IntegerHyperparameter) or part.size > MOST_VALUES:
        return Axis(name)
    values = np.arange(part.lower, part.upper + 1)
    masses = np.log((values + 0.5) / (values - 0.5)) if part.log else np.ones(len(values))
    return Axis(name, part.to_vector(values), masses / masses.sum())
