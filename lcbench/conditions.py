"""Which hyperparameters a configuration of a conditional space has."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import pandas as pd
from ConfigSpace import AndConjunction, ConfigurationSpace, OrConjunction

from lcbench.errors import InputError


def active_names(space: ConfigurationSpace, values: Mapping[str, Any]) -> list[str]:
    """Names of the hyperparameters that are active in a configuration, in the space's order.

    A conditional one is active if its parents are, and their values are those that its conditions ask for.

    Args:
        space: The search space.
        values: The values of those that others depend on; those of inactive ones are not looked at.
    """
    active: dict[str, Any] = {}
    for name in space:  # ConfigSpace keeps parents before their children
        if all(_holds(condition, active) for condition in space.parent_conditions_of[name]):
            active[name] = values.get(name)
    return list(active)


def check_conditions(space: ConfigurationSpace, configs: pd.DataFrame) -> None:
    """Check that every configuration has its active hyperparameters and no other.

    Args:
        space: The search space.
        configs: One row per configuration, one column per hyperparameter, plain values of their types; missing where
            inactive.

    Raises:
        InputError: If one is missing or must not be there.
    """
    optional = [name for name in space if space.parent_conditions_of[name]]
    if not optional:
        return
    parents = [name for name in space if space.child_conditions_of[name]]
    find = cache(lambda key: frozenset(active_names(space, dict(zip(parents, key, strict=True)))))
    given = {name: configs[name].notna().tolist() for name in optional}
    for row, key in enumerate(zip(*(configs[name].tolist() for name in parents), strict=True)):
        wanted = find(tuple(None if pd.isna(value) else value for value in key))
        for name in optional:
            if given[name][row] != (name in wanted):
                raise InputError(_complaint(space, name, row, configs, is_there=given[name][row]))


def _holds(condition: Any, active: Mapping[str, Any]) -> bool:
    if isinstance(condition, AndConjunction | OrConjunction):
        parts = [_holds(part, active) for part in condition.components]
        return all(parts) if isinstance(condition, AndConjunction) else any(parts)
    return condition.parent.name in active and bool(condition.satisfied_by_value(active))


def _complaint(space: ConfigurationSpace, name: str, row: int, configs: pd.DataFrame, *, is_there: bool) -> str:
    conditions = " and ".join(str(c).removeprefix(f"{name} | ") for c in space.parent_conditions_of[name])
    if is_there:
        value = configs[name].tolist()[row]
        return f"configuration in row {row}: {name} must be missing unless {conditions}, got {value!r}; leave it empty."
    return f"configuration in row {row}: {name} must have a value where {conditions}, got none; change the row."
