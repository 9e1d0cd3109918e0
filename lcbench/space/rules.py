"""What a search space asks of a configuration as a whole: levels that can be told apart, conditions, forbidden values.

This is the one place that says so; encodings, batches and every backend ask it.
"""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

import pandas as pd
from ConfigSpace import AndConjunction, ConfigurationSpace, NotEqualsCondition, OrConjunction
from ConfigSpace.hyperparameters import Hyperparameter, NumericalHyperparameter

from lcbench.errors import InputError


def choices(part: Hyperparameter[Any, Any]) -> list[Any]:
    """The values of a category, an ordinal or a constant, as Python's own."""
    given = getattr(part, "choices", getattr(part, "sequence", [part.default_value]))
    return [own(value) for value in given]


def own(value: Any) -> Any:
    """A numpy scalar as Python has it; everything else as it is."""
    return value.item() if hasattr(value, "dtype") and getattr(value, "ndim", 1) == 0 else value


def check_levels(space: ConfigurationSpace) -> None:
    """Check that a table can hold every level: a number, a boolean or text.

    None is what a table has where a hyperparameter is inactive, and JSON has no tuples and no bytes.

    Raises:
        InputError: If a category, an ordinal or a constant has another level.
    """
    for name, part in space.items():
        if isinstance(part, NumericalHyperparameter):
            continue
        for level in choices(part):
            if not (isinstance(level, str | bool | int) or (isinstance(level, float) and isfinite(level))):
                raise InputError(
                    f"levels of {name} must be finite numbers, booleans or text, got {level!r}; "
                    f"write it as text, such as {str(level)!r}."
                )


def active_names(space: ConfigurationSpace, values: Mapping[str, Any]) -> list[str]:
    """Names of the hyperparameters that are active in a configuration, in the space's order.

    A conditional one is active if its conditions hold, as ConfigSpace draws: a parent that is inactive differs from
    every value, and so meets a condition that its value is not some value, and no other.

    Args:
        space: The search space.
        values: The values of those that others depend on; those of inactive ones are not looked at.
    """
    active: dict[str, Any] = {}
    for name in space:  # ConfigSpace keeps parents before their children
        if is_active(space, name, active):
            active[name] = values.get(name)
    return list(active)


def is_active(space: ConfigurationSpace, name: str, values: Mapping[str, Any]) -> bool:
    """Whether a hyperparameter is active, given the values of the active ones before it in the space's order."""
    return all(_holds(condition, values) for condition in space.parent_conditions_of[name])


def completed(space: ConfigurationSpace, config: Mapping[str, Any]) -> dict[str, Any]:
    """Give a configuration the space's defaults for the active hyperparameters that it lacks.

    So a configuration that was stored before the space had a hyperparameter stays usable.

    Args:
        space: The search space.
        config: Values of some hyperparameters; those that the space does not know stay, inactive ones are left out.
    """
    active: dict[str, Any] = {}
    for name, hyperparameter in space.items():
        if is_active(space, name, active):
            active[name] = config[name] if name in config else own(hyperparameter.default_value)
    return {name: value for name, value in config.items() if name not in space} | active


class Rules:
    """The conditions and the forbidden combinations of a space.

    Which hyperparameters are active depends on the values of a few; what was found for them is kept, so that a
    configuration is checked in about a microsecond.

    Args:
        space: The search space.
    """

    def __init__(self, space: ConfigurationSpace) -> None:
        self._space = space
        self._parents = tuple(name for name in space if space.child_conditions_of[name])
        self._optional = tuple(name for name in space if space.parent_conditions_of[name])
        self._forbidden = tuple(space.forbidden_clauses)
        self._active: dict[tuple[Any, ...], frozenset[str]] = {}

    def complaint(self, config: dict[str, Any]) -> str | None:
        """What is wrong with a configuration of values that are legal one by one; None if nothing is.

        Args:
            config: A value for each hyperparameter that is given; inactive ones are absent.
        """
        if self._optional:
            active = self.active(config)
            for name in self._optional if config.keys() != active else ():
                if (name in config) != (name in active):
                    return self._lacking(name) if name in active else self._beyond(name, config[name])
        for clause in self._forbidden:
            if clause.is_forbidden_value(config):
                said = str(clause).removeprefix("Forbidden: ")
                return f"values must not be together what the space forbids, got {said}; choose others"
        return None

    def active(self, config: Mapping[str, Any]) -> frozenset[str]:
        """Names of the hyperparameters that are active where their parents have these values."""
        key = tuple(map(config.get, self._parents))
        found = self._active.get(key)
        if found is None:
            found = frozenset(active_names(self._space, dict(zip(self._parents, key, strict=True))))
            if len(self._active) < _MOST_KEPT:
                self._active[key] = found
        return found

    def complaints(self, configs: pd.DataFrame) -> Iterator[tuple[int, str]]:
        """The rows of a batch that have a :meth:`complaint`, and what it is.

        Args:
            configs: One row per configuration, one column per hyperparameter, legal one by one; missing where inactive.
        """
        names = list(self._space) if self._forbidden else list(dict.fromkeys([*self._parents, *self._optional]))
        if not names:
            return
        columns = [configs[name].tolist() for name in names]
        missing = [configs[name].isna().tolist() for name in names]
        for row, (values, gaps) in enumerate(zip(zip(*columns, strict=True), zip(*missing, strict=True), strict=True)):
            config = {name: value for name, value, gap in zip(names, values, gaps, strict=True) if not gap}
            said = self.complaint(config)
            if said is not None:
                yield row, said

    def _beyond(self, name: str, value: Any) -> str:
        return f"{name} must be missing unless {self._when(name)}, got {value!r}; leave it empty"

    def _lacking(self, name: str) -> str:
        return f"{name} must have a value where {self._when(name)}, got none; give it one"

    def _when(self, name: str) -> str:
        return " and ".join(str(c).removeprefix(f"{name} | ") for c in self._space.parent_conditions_of[name])


_MOST_KEPT = 10_000
"""Combinations of parents' values: a parent may be a real number."""


def _holds(condition: Any, active: Mapping[str, Any]) -> bool:
    if isinstance(condition, AndConjunction | OrConjunction):
        parts = [_holds(part, active) for part in condition.components]
        return all(parts) if isinstance(condition, AndConjunction) else any(parts)
    if condition.parent.name in active:
        return bool(condition.satisfied_by_value(active))
    return isinstance(condition, NotEqualsCondition)
