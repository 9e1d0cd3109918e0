"""Search spaces as ConfigSpace objects, and batches of configurations.

A batch of configurations is a DataFrame with one column per hyperparameter, in the order of the space. A hyperparameter
that is inactive in a configuration is missing there, and absent from the single configuration that :func:`records`
makes of a row.
"""

import json
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from ConfigSpace import AndConjunction, ConfigurationSpace, OrConjunction
from ConfigSpace.hyperparameters import Hyperparameter, NumericalHyperparameter
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError, InputError
from lcbench.files import NOT_UNDERSTOOD


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


def completed(space: ConfigurationSpace, config: Mapping[str, Any]) -> dict[str, Any]:
    """Give a configuration the space's defaults for the active hyperparameters that it lacks.

    So a configuration that was stored before the space had a hyperparameter stays usable.

    Args:
        space: The search space.
        config: Values of some hyperparameters; those that the space does not know, or that are inactive, stay.
    """
    active: dict[str, Any] = {}
    for name, hyperparameter in space.items():
        if all(_holds(condition, active) for condition in space.parent_conditions_of[name]):
            active[name] = config[name] if name in config else _own(hyperparameter.default_value)
    return dict(config) | active


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


MOST_CONFIGS = 1_000_000
"""Configurations that are drawn at once."""


def to_json(space: ConfigurationSpace) -> dict[str, Any]:
    """Write a space as ConfigSpace's own JSON structure."""
    return json.loads(json.dumps(space.to_serialized_dict()))  # plain types only


def from_json(document: Mapping[str, Any]) -> ConfigurationSpace:
    """Read a space from ConfigSpace's own JSON structure.

    Raises:
        DamagedFileError: If it is not one.
    """
    try:
        space = ConfigurationSpace.from_serialized_dict(deepcopy(dict(document)))  # it takes its argument apart
    except NOT_UNDERSTOOD as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise DamagedFileError(f"the search space in benchmark.json cannot be read ({reason}).") from error
    if len(space) == 0:
        raise DamagedFileError("the search space in benchmark.json has no hyperparameters.")
    return space


def sample(space: ConfigurationSpace, n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw configurations uniformly from a space (each hyperparameter on its own scale).

    Args:
        space: The search space; its own random state is left alone.
        n: How many, at least 1.
        rng: Source of randomness.

    Returns:
        DataFrame with ``n`` rows and one column per hyperparameter.
    """
    if n < 1:
        raise InputError(f"number of configurations must be at least 1, got {n}.")
    if n > MOST_CONFIGS:
        raise InputError(f"number of configurations must be at most {MOST_CONFIGS}, got {n}; give a file of them.")
    copy = from_json(to_json(space))
    copy.seed(int(rng.integers(2**31)))
    drawn = to_frame(space, [dict(copy.sample_configuration()) for _ in range(n)])
    return pd.DataFrame({name: _typed(hyperparameter, drawn[name]) for name, hyperparameter in space.items()})


def to_frame(space: ConfigurationSpace, configs: list[dict[str, Any]]) -> pd.DataFrame:
    """Gather single configurations into a batch, columns in the space's order; what they lack is NaN."""
    return pd.DataFrame(configs, columns=list(space.keys()))


def records(space: ConfigurationSpace, configs: pd.DataFrame) -> list[dict[str, Any]]:
    """Take a batch apart into single configurations, which have their active hyperparameters only.

    Values are Python's own (``bool``, ``int``, ``float``, ``str``), whatever the batch's columns were made of: a column
    of integers with gaps is one of floats, but a configuration's number of layers is an integer again. So equal
    configurations have equal JSON.

    Args:
        space: The search space.
        configs: One row per configuration of the space, as from :func:`sample` or :func:`check_configs`.

    Returns:
        One dictionary per row, in the space's order.
    """
    columns = [_plain(hyperparameter, configs[name]) for name, hyperparameter in space.items()]
    rows = (dict(zip(space, row, strict=True)) for row in zip(*columns, strict=True))
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def check_configs(space: ConfigurationSpace, configs: pd.DataFrame) -> pd.DataFrame:
    """Check that configurations lie in a space, and bring their columns into its order.

    Args:
        space: The search space.
        configs: One row per configuration; columns beyond the hyperparameters are not allowed.

    Returns:
        The same configurations, columns in the space's order: integers as integers unless some are missing, real
        numbers as float64, categories as the space has them (a boolean is a boolean).

    Raises:
        InputError: If there are none, a column is missing or unknown, or a value is missing, non-finite or out of
            range, or is there though a condition of the space does not hold.
    """
    _check_names(space, list(configs.columns))
    if configs.empty:
        raise InputError("configurations must have at least one row, got none.")
    checked = pd.DataFrame({name: _check_column(space, name, configs[name]) for name in space})
    check_conditions(space, checked)
    return checked


def _check_names(space: ConfigurationSpace, given: list[Any]) -> None:
    found = {
        "missing": [name for name in space if name not in given],
        "unknown": [name for name in given if name not in space],
        "twice": sorted({name for name in given if name in space and given.count(name) > 1}),
    }
    parts = [f"{word} {', '.join(map(str, names))}" for word, names in found.items() if names]
    if parts:
        raise InputError(
            f"configurations must have one column per hyperparameter of space {space.name!r}, got {'; '.join(parts)}."
        )


def _check_column(space: ConfigurationSpace, name: str, column: pd.Series) -> NDArray[Any]:
    hyperparameter = space[name]
    conditional = name in space.conditional_hyperparameters
    for row, value in enumerate(column):
        if conditional and pd.isna(value):
            continue
        if not _is_legal(hyperparameter, value):
            raise InputError(
                f"configuration in row {row}: {name} must be {_describe(hyperparameter)}, got {value!r}; "
                "change the row or choose another --space."
            )
    return _typed(hyperparameter, column)


def _typed(hyperparameter: Hyperparameter[Any, Any], column: pd.Series) -> NDArray[Any]:
    """A column of legal values in the type of its hyperparameter; NaN where missing."""
    values = _plain(hyperparameter, column)
    missing = any(value is None for value in values)
    if not isinstance(hyperparameter, NumericalHyperparameter):
        return np.array([np.nan if value is None else value for value in values], object)
    return np.array(values, np.int64 if _is_whole(hyperparameter) and not missing else np.float64)


def _plain(hyperparameter: Hyperparameter[Any, Any], column: pd.Series) -> list[Any]:
    """A column's values as Python's own; None where missing."""
    there = column.notna().tolist()
    if isinstance(hyperparameter, NumericalHyperparameter):
        kind = int if _is_whole(hyperparameter) else float
        return [kind(value) if given else None for value, given in zip(column.tolist(), there, strict=True)]
    choices = {value: value for value in _choices(hyperparameter)}  # 1 is looked up, True is found
    return [choices[_own(value)] if given else None for value, given in zip(column.tolist(), there, strict=True)]


def _choices(hyperparameter: Hyperparameter[Any, Any]) -> list[Any]:
    """The values of a category, an ordinal or a constant, as Python's own."""
    given = getattr(hyperparameter, "choices", getattr(hyperparameter, "sequence", [hyperparameter.default_value]))
    return [_own(value) for value in given]


def _own(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _is_whole(hyperparameter: NumericalHyperparameter[Any, Any]) -> bool:
    return isinstance(hyperparameter.lower, int | np.integer)


def _is_legal(hyperparameter: Hyperparameter[Any, Any], value: object) -> bool:
    if not isinstance(hyperparameter, NumericalHyperparameter):
        return bool(hyperparameter.legal_value(value))
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    whole = _is_whole(hyperparameter)
    in_range = bool(np.isfinite(value) and hyperparameter.lower <= value <= hyperparameter.upper)
    return in_range and (not whole or float(value).is_integer())


def _describe(hyperparameter: Hyperparameter[Any, Any]) -> str:
    if not isinstance(hyperparameter, NumericalHyperparameter):
        return f"one of {_choices(hyperparameter)}"
    kind = "an integer" if _is_whole(hyperparameter) else "a number"
    return f"{kind} in [{hyperparameter.lower}, {hyperparameter.upper}]"
