"""Configurations to and from the unit cube of their space: the one map that everything uses.

The cube has a dimension for each free hyperparameter: one that has more than one value. Constants and categories of one
level are in every configuration, and nowhere in the cube: no model, importance or picture knows of them.

Numbers lie in [0, 1] on their own scale (logarithmic ones are uniform in the logarithm), a category (also an ordinal)
is its index, and a hyperparameter that is inactive in a configuration is NaN. An inactive hyperparameter is absent from
a configuration's mapping and missing in a row of a DataFrame.
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
from lcbench.space.rounding import as_bound, coordinates, proposed

if TYPE_CHECKING:
    import pandas as pd
    from ConfigSpace import Configuration, ConfigurationSpace

    from lcbench.space.rules import Rules

_INACTIVE = 0.5  # where a number that is inactive lies between the active ones


@dataclass(frozen=True, slots=True)
class Encoding:
    """The map between the configurations of a space and its unit cube.

    Attributes:
        space: The search space.
        names: Names of the free hyperparameters, in the space's order: the dimensions of the cube. (If none is free,
            the first of the space.)
        levels: For each of them its number of categories; 0 for a number.
        parts: The same hyperparameters as ConfigSpace has them.
        conditional: Whether some configurations lack some of them, or are forbidden.
        rules: What the space asks of a configuration as a whole.

    Raises:
        InputError: If a table cannot hold a level of the space.
    """

    space: "ConfigurationSpace"
    names: tuple[str, ...] = field(init=False)
    levels: tuple[int, ...] = field(init=False)
    parts: tuple[Any, ...] = field(init=False)
    conditional: bool = field(init=False)
    rules: "Rules" = field(init=False, repr=False, compare=False)
    _all: tuple[str, ...] = field(init=False, repr=False)
    _known: frozenset[str] = field(init=False, repr=False)
    _every: tuple[tuple[str, Any], ...] = field(init=False, repr=False)
    _places: NDArray[np.intp] = field(init=False, repr=False, compare=False)
    """Of the free hyperparameters among all."""
    _fixed: dict[str, Any] = field(init=False, repr=False, compare=False)
    """The value of each of the others."""

    def __post_init__(self) -> None:
        from lcbench.space.rules import Rules, check_levels, own  # ConfigSpace is slow to import

        check_levels(self.space)
        names, counts, parts = tuple(self.space.keys()), levels(self.space), tuple(self.space.values())
        free = [j for j, n in enumerate(counts) if n != 1] or [0]
        for name, each in (("names", names), ("levels", counts), ("parts", parts)):
            object.__setattr__(self, name, tuple(each[j] for j in free))
        fixed = {name: own(self.space[name].default_value) for name in names if name not in self.names}
        own_parts = {"_all": names, "_known": frozenset(names), "_every": tuple(zip(names, parts, strict=True))}
        for name, value in (own_parts | {"_places": np.array(free), "_fixed": fixed}).items():
            object.__setattr__(self, name, value)
        optional = any(self.space.parent_conditions_of[name] for name in self.names)
        object.__setattr__(self, "conditional", optional or bool(self.space.forbidden_clauses))
        object.__setattr__(self, "rules", Rules(self.space))

    def key(self, config: Config) -> Hashable:
        """What identifies a configuration: its values in the order of the space.

        Raises:
            InputError: If one of them is no single value.
        """
        key = tuple(map(config.get, self._all))
        try:
            hash(key)
        except TypeError:
            raise self._no_single_value(config) from None
        return key

    def encode(self, config: Config) -> NDArray[np.float64]:
        """Where a configuration lies in the unit cube, ``(dimensions,)``.

        Raises:
            InputError: If a hyperparameter is missing, unknown or out of its range, is given though it is inactive, or
                the space forbids the combination.
        """
        point = self.place(config)
        said = self.rules.complaint(given(config))
        if said is not None:
            raise InputError(f"{said}.")
        return point

    def place(self, config: Config) -> NDArray[np.float64]:
        """As :meth:`encode`, whatever conditions and forbidden combinations say: a suggestion that may be no legal one.

        Raises:
            InputError: If a hyperparameter is missing, unknown or out of its range.
        """
        vector = np.full(len(self._all), np.nan)
        optional = self.space.conditional_hyperparameters
        for j, (name, part) in enumerate(self._every):
            value = config.get(name)
            if _is_single(value) and _is_legal(part, value):
                vector[j] = part.to_vector(value)
            elif not (_is_missing(value) and name in optional):
                vector[j] = _rounded(name, part, value)
        unknown = set(config.keys()) - self._known
        if unknown:
            raise InputError(
                f"config must have hyperparameters of the space only, got {', '.join(sorted(map(str, unknown)))}."
            )
        return coordinates(vector[self._places])

    def vectors(self, configs: "pd.DataFrame") -> NDArray[np.float64]:
        """ConfigSpace's own numbers for many configurations, to the last digit: ``(n, dimensions)``.

        Args:
            configs: One row per configuration of the space, one column per hyperparameter; missing where inactive.
        """
        vectors = np.full((len(configs), len(self.names)), np.nan)
        for j, (name, part, n) in enumerate(zip(self.names, self.parts, self.levels, strict=True)):
            active = configs[name].notna().to_numpy()
            values = configs[name].to_numpy()[active]
            is_array_of_objects = n == 0 and values.dtype.kind not in "biuf"
            if is_array_of_objects and any(isinstance(value, str | bytes) for value in values):
                raise TypeError(f"text in the place of numbers of {name}")
            vectors[active, j] = part.to_vector(values if n else as_bound(part, values))
        return vectors

    def cube(self, configs: "pd.DataFrame") -> NDArray[np.float64]:
        """Where many configurations lie, ``(n, dimensions)``: the same numbers as :meth:`encode`.

        Args:
            configs: As for :meth:`vectors`.

        Raises:
            InputError: If a column is missing or unknown, or a row is no configuration of the space, as in
                :meth:`encode`.
        """
        if set(configs.columns) != set(self._all):
            raise InputError(
                f"configs must have one column for each of {', '.join(self._all)}, "
                f"got {', '.join(map(str, configs.columns)) or 'none'}."
            )
        try:
            cube = coordinates(self.vectors(configs))
        except (KeyError, ValueError, TypeError, OverflowError) as error:
            raise InputError(f"configs must be of the search space, got others ({error}).") from error
        wrong = {
            name: ~((cube[:, j] >= 0) & (cube[:, j] <= max(n - 1, 1)))
            for j, (name, n) in enumerate(zip(self.names, self.levels, strict=True))
        }
        wrong |= {name: (configs[name] != value).to_numpy() for name, value in self._fixed.items()}
        for name in self._all:
            there = configs[name].notna().to_numpy()
            bad = wrong[name] & there if name in self.space.conditional_hyperparameters else wrong[name]
            if bad.any():
                value = configs[name].tolist()[int(np.argmax(bad))]
                raise InputError(f"{name} must be a value of {self.space[name]}, got {value!r}.")
        for row, said in self.rules.complaints(configs):
            raise InputError(f"configuration in row {row}: {said}.")
        return cube

    def points(self, configurations: "Sequence[Configuration]") -> NDArray[np.float64]:
        """Where ConfigSpace's own configurations lie, ``(n, dimensions)``, to the last digit."""
        return np.stack([each.get_array() for each in configurations])[:, self._places]

    def _no_single_value(self, config: Config) -> InputError:
        wrong = next((name for name in self._all if not _is_single(config.get(name))), self._all[0])
        return InputError(f"{wrong} must be a single value, got {short(config[wrong])}.")

    def decode(self, points: NDArray[np.float64]) -> list[Config]:
        """Turn ``(n, dimensions)`` points into configurations: numbers and categories are rounded to legal ones.

        Where a space is conditional, what is NaN in a point is absent from its configuration. This is where every
        proposal comes from, so numbers are cut short here (see :mod:`lcbench.space.rounding`).
        """
        filled = self.filled(points)
        columns = dict.fromkeys(self._all) | {name: [value] * len(points) for name, value in self._fixed.items()}
        for j, (name, part, n) in enumerate(zip(self.names, self.parts, self.levels, strict=True)):
            place = filled[:, j]
            columns[name] = (part.to_value(np.rint(place)) if n else proposed(part, np.clip(place, 0, 1))).tolist()
        rows = (dict(zip(self._all, row, strict=True)) for row in zip(*columns.values(), strict=True))
        if not self.space.conditions:
            return list(rows)
        return [dict(compress(row.items(), there)) for row, there in zip(rows, self._there(points), strict=True)]

    def _there(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which hyperparameters the configurations at points have, ``(n, all)``: fixed ones as conditions ask."""
        there = np.ones((len(points), len(self._all)), np.bool_)
        if any(self.space.parent_conditions_of[name] for name in self._fixed):
            there = ~np.isnan(self._active(points).T)
        there[:, self._places] = ~np.isnan(points)
        return there

    def _active(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """ConfigSpace's own vectors of points, ``(all, n)``; NaN where a hyperparameter is inactive."""
        vectors = np.empty((len(self._all), len(points)))
        vectors[self._places] = points.T
        for j, name in enumerate(self._all):  # ConfigSpace keeps parents before their children
            if name in self._fixed:
                vectors[j] = self.space[name].to_vector(self._fixed[name])
            for condition in self.space.parent_conditions_of[name]:
                vectors[j, ~condition.satisfied_by_vector_array(vectors)] = np.nan
        return vectors

    def filled(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points with a coordinate in the middle where they had none (NaN, inactive)."""
        return np.where(np.isnan(points), _INACTIVE, points)

    def snap(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bring ``(n, dimensions)`` points to where the configurations lie that they are decoded to.

        Coordinates are ConfigSpace's own to the last digit, since :meth:`legal` compares them with those of its rules.
        """
        snapped = np.empty_like(points)
        for j, (part, n) in enumerate(zip(self.parts, self.levels, strict=True)):
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
        vectors = self._active(points)
        forbidden = np.zeros(len(points), np.bool_)
        for clause in self.space.forbidden_clauses:
            forbidden |= clause.is_forbidden_vector_array(vectors)
        return vectors[self._places].T, ~forbidden

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
    """Whether two configurations are one, whatever stands where nothing is; an array is equal to nothing."""
    try:
        return bool(first == second or given(first) == given(second))
    except ValueError:  # numpy does not say whether arrays are equal
        return False


def given(config: Config) -> dict[str, Any]:
    """A configuration without what is missing in it: None and NaN, as a row of a table has them for the inactive."""
    if type(config) is dict and not any(map(_is_missing, config.values())):
        return config
    return {name: value for name, value in config.items() if not _is_missing(value)}


def _is_missing(value: object) -> bool:
    """Whether a value is none at all; pandas' own missing ones are told by name, since it is slow to import."""
    kind = type(value)
    if kind is str or kind is int:
        return False
    if kind is float or isinstance(value, np.floating):
        return bool(value != value)
    return value is None or kind.__name__ in ("NAType", "NaTType")


def _is_legal(part: Any, value: Any) -> bool:
    """Whether ConfigSpace takes a value, of whatever kind and size it is."""
    try:
        return bool(part.legal_value(value))
    except (TypeError, ValueError, OverflowError):
        return False


def _rounded(name: str, part: Any, value: Any) -> float:
    """Where a value lies that is none of the hyperparameter's, unless float32 has made it so.

    Raises:
        InputError: If it is not.
    """
    if isinstance(value, float | np.floating):
        bound = as_bound(part, value).item()
        if _is_legal(part, bound):
            return float(part.to_vector(bound))
    raise InputError(f"{name} must be a value of {part}, got {short(value)}.")


def _is_single(value: object) -> bool:
    """Whether a value can be a hyperparameter's at all: no list, no array."""
    return isinstance(value, Hashable) and (isinstance(value, str) or not isinstance(value, Sequence))


def levels(space: "ConfigurationSpace") -> tuple[int, ...]:
    """For each hyperparameter of a space its number of categories; 0 for a number."""
    from ConfigSpace.hyperparameters import NumericalHyperparameter  # slow to import

    return tuple(0 if isinstance(part, NumericalHyperparameter) else int(part.size) for part in space.values())
