"""Configurations to and from the unit cube of their space: the one map that everything uses.

Numbers lie in [0, 1] on their own scale (logarithmic ones are uniform in the logarithm), a category (also an ordinal or
a constant) is its index, and a hyperparameter that is inactive in a configuration is NaN. An inactive hyperparameter is
absent from a configuration's mapping and missing in a row of a DataFrame.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import compress
from reprlib import repr as short
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.space import Config
from lcbench.space.rounding import coordinates, proposed

if TYPE_CHECKING:
    import pandas as pd
    from ConfigSpace import ConfigurationSpace

_INACTIVE = 0.5  # where a number that is inactive lies between the active ones


@dataclass(frozen=True, slots=True)
class Encoding:
    """The map between the configurations of a space and its unit cube.

    Attributes:
        space: The search space.
        names: Names of the hyperparameters, in the space's order.
        levels: For each hyperparameter its number of categories; 0 for a number.
    """

    space: "ConfigurationSpace"
    names: tuple[str, ...] = field(init=False)
    levels: tuple[int, ...] = field(init=False)
    _parts: tuple[Any, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.space.keys()))
        object.__setattr__(self, "levels", levels(self.space))
        object.__setattr__(self, "_parts", tuple(self.space.values()))

    @property
    def conditional(self) -> bool:
        """Whether some configurations lack some hyperparameters, or are forbidden."""
        return bool(self.space.conditions or self.space.forbidden_clauses)

    def key(self, config: Config) -> Hashable:
        """What identifies a configuration: its values in the order of the space.

        Raises:
            InputError: If one of them is no single value.
        """
        key = tuple(map(config.get, self.names))
        try:
            hash(key)
        except TypeError:
            raise self._no_single_value(config) from None
        return key

    def encode(self, config: Config) -> NDArray[np.float64]:
        """Where a configuration lies in the unit cube, ``(dimensions,)``.

        Raises:
            InputError: If a hyperparameter is missing, unknown or out of its range.
        """
        point = np.full(len(self.names), np.nan)
        optional = self.space.conditional_hyperparameters
        for j, (name, part) in enumerate(zip(self.names, self._parts, strict=True)):
            if name in config and _is_single(config[name]) and part.legal_value(config[name]):
                point[j] = part.to_vector(config[name])
            elif name in config or name not in optional:
                raise InputError(f"{name} must be a value of {part}, got {short(config.get(name))}.")
        unknown = config.keys() - set(self.names)
        if unknown:
            raise InputError(
                f"config must have hyperparameters of the space only, got {', '.join(sorted(map(str, unknown)))}."
            )
        return coordinates(point)

    def vectors(self, configs: "pd.DataFrame") -> NDArray[np.float64]:
        """ConfigSpace's own numbers for many configurations, to the last digit: ``(n, dimensions)``.

        Args:
            configs: One row per configuration of the space, one column per hyperparameter; missing where inactive.
        """
        vectors = np.full((len(configs), len(self.names)), np.nan)
        for j, (name, part) in enumerate(zip(self.names, self._parts, strict=True)):
            active = configs[name].notna().to_numpy()
            vectors[active, j] = part.to_vector(configs[name].to_numpy()[active])
        return vectors

    def cube(self, configs: "pd.DataFrame") -> NDArray[np.float64]:
        """Where many configurations lie, ``(n, dimensions)``: the same numbers as :meth:`encode`.

        Args:
            configs: As for :meth:`vectors`.

        Raises:
            InputError: If a column is missing or unknown, or a value is missing or out of its range.
        """
        if set(configs.columns) != set(self.names):
            raise InputError(
                f"configs must have one column for each of {', '.join(self.names)}, "
                f"got {', '.join(map(str, configs.columns)) or 'none'}."
            )
        try:
            cube = coordinates(self.vectors(configs))
        except (KeyError, ValueError, TypeError) as error:
            raise InputError(f"configs must be of the search space, got others ({error}).") from error
        optional = self.space.conditional_hyperparameters
        for j, (name, n) in enumerate(zip(self.names, self.levels, strict=True)):
            outside = ~((cube[:, j] >= 0) & (cube[:, j] <= max(n - 1, 1)))
            wrong = outside & configs[name].notna().to_numpy() if name in optional else outside
            if wrong.any():
                value = configs[name].tolist()[int(np.argmax(wrong))]
                raise InputError(f"{name} must be a value of {self.space[name]}, got {value!r}.")
        return cube

    def _no_single_value(self, config: Config) -> InputError:
        wrong = next((name for name in self.names if not _is_single(config.get(name))), self.names[0])
        return InputError(f"{wrong} must be a single value, got {short(config[wrong])}.")

    def decode(self, points: NDArray[np.float64]) -> list[Config]:
        """Turn ``(n, dimensions)`` points into configurations: numbers and categories are rounded to legal ones.

        Where a space is conditional, what is NaN in a point is absent from its configuration. This is where every
        proposal comes from, so numbers are cut short here (see :mod:`lcbench.space.rounding`).
        """
        filled = self.filled(points)
        columns = [
            (part.to_value(np.rint(filled[:, j])) if n else proposed(part, np.clip(filled[:, j], 0, 1))).tolist()
            for j, (part, n) in enumerate(zip(self._parts, self.levels, strict=True))
        ]
        rows = (dict(zip(self.names, row, strict=True)) for row in zip(*columns, strict=True))
        if not self.conditional:
            return list(rows)
        return [dict(compress(row.items(), there)) for row, there in zip(rows, ~np.isnan(points), strict=True)]

    def filled(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points with a coordinate in the middle where they had none (NaN, inactive)."""
        return np.where(np.isnan(points), _INACTIVE, points)

    def snap(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bring ``(n, dimensions)`` points to where the configurations lie that they are decoded to.

        Coordinates are ConfigSpace's own to the last digit, since :meth:`legal` compares them with those of its rules.
        """
        snapped = np.empty_like(points)
        for j, (part, n) in enumerate(zip(self._parts, self.levels, strict=True)):
            if n == 1:
                snapped[:, j] = part.to_vector(part.default_value)  # 1 for a constant, 0 for a category
                continue
            column = points[:, j]
            snapped[:, j] = np.rint(column) if n else part.to_vector(proposed(part, np.clip(column, 0, 1)))
        return snapped

    def legal(self, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Take out of points what is inactive, and say which of them are allowed.

        Args:
            points: ``(n, dimensions)`` points of configurations (see :meth:`snap`).

        Returns:
            The points, NaN where a hyperparameter is inactive, and ``(n,)`` whether each is none of those that the
            space forbids, both by ConfigSpace's own rules.
        """
        vectors = points.T.copy()
        for j, name in enumerate(self.names):  # ConfigSpace keeps parents before their children
            for condition in self.space.parent_conditions_of[name]:
                vectors[j, ~condition.satisfied_by_vector_array(vectors)] = np.nan
        forbidden = np.zeros(len(points), np.bool_)
        for clause in self.space.forbidden_clauses:
            forbidden |= clause.is_forbidden_vector_array(vectors)
        return vectors.T, ~forbidden

    def uniform(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw ``(n, dimensions)`` points uniformly: numbers on their own scale, categories all alike."""
        points = rng.random((n, len(self.levels)))
        for j, k in enumerate(self.levels):
            if k:
                points[:, j] = np.floor(points[:, j] * k)
        return points

    def features(self, cube: NDArray[np.float64]) -> NDArray[np.float64]:
        """Spread ``(n, dimensions)`` points so that Euclidean distance is right for them.

        A number keeps its coordinate; a category becomes one column per level, such that two different levels are at
        distance 1, as far as the ends of a number's range. Inactive numbers lie in the middle, inactive categories are
        all zeros.
        """
        columns: list[NDArray[np.float64]] = []
        for j, n in enumerate(self.levels):
            if n == 0:
                columns.append(np.where(np.isnan(cube[:, j]), _INACTIVE, cube[:, j])[:, None])
            else:
                columns.append((cube[:, j, None] == np.arange(n)) * np.sqrt(0.5))
        return np.concatenate(columns, axis=1)


def equal(first: Config, second: Config) -> bool:
    """Whether two configurations are one; not so if a value is an array, which is equal to nothing."""
    try:
        return bool(first == second)
    except ValueError:  # numpy does not say whether arrays are equal
        return False


def _is_single(value: object) -> bool:
    """Whether a value can be a hyperparameter's at all: no list, no array."""
    return isinstance(value, Hashable) and (isinstance(value, str) or not isinstance(value, Sequence))


def levels(space: "ConfigurationSpace") -> tuple[int, ...]:
    """For each hyperparameter of a space its number of categories; 0 for a number."""
    from ConfigSpace.hyperparameters import NumericalHyperparameter  # slow to import

    return tuple(0 if isinstance(part, NumericalHyperparameter) else int(part.size) for part in space.values())
