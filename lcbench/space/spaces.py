"""Search spaces as ConfigSpace objects, and batches of configurations.

A batch of configurations is a DataFrame with one column per hyperparameter, in the order of the space. A hyperparameter
that is inactive in a configuration is missing there, and absent from the single configuration that :func:`records`
makes of a row.
"""

import json
from collections.abc import Hashable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ConfigSpace import ConfigurationSpace
from ConfigSpace.hyperparameters import Hyperparameter, NumericalHyperparameter
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError, InputError
from lcbench.files import NOT_UNDERSTOOD
from lcbench.space.rounding import as_bound
from lcbench.space.rules import Rules, check_levels, choices, own
from lcbench.wanted import Wanted

CONFIG_ID = "config_id"
"""Column of a table of configurations that numbers them."""

MOST_CONFIGS = 1_000_000
"""Configurations that are drawn at once."""


def to_json(space: ConfigurationSpace) -> dict[str, Any]:
    """Write a space as ConfigSpace's own JSON structure.

    Raises:
        InputError: If it has levels that JSON has not, see :func:`lcbench.space.rules.check_levels`.
    """
    check_levels(space)
    return json.loads(json.dumps(space.to_serialized_dict(), default=own))  # plain types only


SPACE = Wanted("a search space, a JSON file that ConfigSpace wrote (space.to_json(FILE))")
"""What :func:`read_space_file` reads."""


def read_space_file(path: Path, wanted: Wanted = SPACE) -> ConfigurationSpace:
    """Read a file that ``ConfigurationSpace.to_json`` wrote.

    Args:
        path: The file.
        wanted: What the space is for.

    Raises:
        InputError: If there is no such file, or it is of another kind.
        DamagedFileError: If the space in it cannot be used.
    """
    document = wanted.read_json(path)
    if not isinstance(document, dict) or "hyperparameters" not in document:
        raise InputError(wanted.refusal(path, "JSON of something else"))
    return from_json(document, str(path))


def from_json(document: Mapping[str, Any], where: str = "benchmark.json") -> ConfigurationSpace:
    """Read a space from ConfigSpace's own JSON structure.

    Args:
        document: The structure.
        where: The file that it is from, for messages.

    Raises:
        DamagedFileError: If it is not one, or has levels that a table cannot hold.
    """
    try:
        space = ConfigurationSpace.from_serialized_dict(deepcopy(dict(document)))  # it takes its argument apart
    except NOT_UNDERSTOOD as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise DamagedFileError(f"the search space in {where} cannot be read ({reason}).") from error
    if len(space) == 0:
        raise DamagedFileError(f"the search space in {where} has no hyperparameters.")
    try:
        check_levels(space)
    except InputError as error:
        raise DamagedFileError(f"the search space in {where} cannot be used: {error}") from error
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


def categories(space: ConfigurationSpace) -> list[str]:
    """Names of the hyperparameters that are no numbers: a file of text must give their levels as they are written."""
    return [name for name, part in space.items() if not isinstance(part, NumericalHyperparameter)]


def check_configs(space: ConfigurationSpace, configs: pd.DataFrame) -> pd.DataFrame:
    """Check that configurations lie in a space, and bring their columns into its order.

    Args:
        space: The search space.
        configs: One row per configuration; columns beyond the hyperparameters are not allowed, but for ``config_id``,
            a table's own name for a row, which is left out.

    Returns:
        The same configurations, columns in the space's order: integers as integers unless some are missing, real
        numbers as float64, categories as the space has them (a boolean is a boolean, also one given as text). A bound
        that float32 has rounded to beyond the range is that bound.

    Raises:
        InputError: If there are none, a column is missing or unknown, a value is missing, non-finite or out of range,
            or is there though a condition of the space does not hold, or a combination is forbidden.
    """
    check_levels(space)
    configs = configs.drop(columns=[name for name in configs if name == CONFIG_ID and name not in space])
    _check_names(space, list(configs.columns))
    if configs.empty:
        raise InputError("configurations must have at least one row, got none.")
    checked = pd.DataFrame({name: _check_column(space, name, configs[name]) for name in space})
    for row, said in Rules(space).complaints(checked):
        raise InputError(f"configuration in row {row}: {said}.")
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
    is_number = isinstance(hyperparameter, NumericalHyperparameter)
    known = {} if is_number else _by_value_or_text(hyperparameter)
    for row, value in enumerate(column):
        if conditional and pd.isna(value):
            continue
        if not (_is_number(hyperparameter, value) if is_number else _is_among(known, value)):
            raise InputError(
                f"configuration in row {row}: {name} must be {_describe(hyperparameter)}, got {value!r}; "
                "change the row, or the search space."
            )
    return _typed(hyperparameter, column)


def _typed(hyperparameter: Hyperparameter[Any, Any], column: pd.Series) -> NDArray[Any]:
    """A column of legal values in the type of its hyperparameter; NaN where missing."""
    values = _plain(hyperparameter, column)
    missing = any(value is None for value in values)
    if not isinstance(hyperparameter, NumericalHyperparameter):
        return np.array([np.nan if value is None else value for value in values], object)
    if is_whole(hyperparameter):
        return np.array(values, np.float64 if missing else np.int64)
    return as_bound(hyperparameter, np.array(values, np.float64))


def is_number(hyperparameter: Hyperparameter[Any, Any]) -> bool:
    """Whether a hyperparameter's values are numbers on a scale, and no categories."""
    return isinstance(hyperparameter, NumericalHyperparameter)


def levels_of(hyperparameter: Hyperparameter[Any, Any], column: pd.Series) -> tuple[NDArray[np.float64], list[Any]]:
    """A column of a category as places of its levels, NaN where missing, and the levels as Python's own."""
    levels, known = choices(hyperparameter), _by_value_or_text(hyperparameter)
    places = {level: place for place, level in reversed(list(enumerate(levels)))}
    codes, different = pd.factorize(column)
    found = [float(places[known[own(value)]]) for value in different]
    return np.array([*found, np.nan])[codes], levels


def _plain(hyperparameter: Hyperparameter[Any, Any], column: pd.Series) -> list[Any]:
    """A column's values as Python's own; None where missing."""
    there = column.notna().tolist()
    if isinstance(hyperparameter, NumericalHyperparameter):
        kind = int if is_whole(hyperparameter) else float
        return [kind(value) if given else None for value, given in zip(column.tolist(), there, strict=True)]
    known = _by_value_or_text(hyperparameter)
    return [known[own(value)] if given else None for value, given in zip(column.tolist(), there, strict=True)]


def _by_value_or_text(hyperparameter: Hyperparameter[Any, Any]) -> dict[Hashable, Any]:
    """The levels of a category, also by their text, as files of text have them; 1 is looked up, True is found."""
    levels = choices(hyperparameter)
    return {str(level): level for level in levels} | {level: level for level in levels}


def is_whole(hyperparameter: Any) -> bool:
    """Whether the values of a hyperparameter that is a number are integers."""
    return isinstance(hyperparameter.lower, int | np.integer)


def _is_among(known: Mapping[Hashable, Any], value: object) -> bool:
    return isinstance(value, Hashable) and own(value) in known


def _is_number(hyperparameter: Any, value: object) -> bool:
    """Whether a value is one that a numerical hyperparameter can have."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    low, high = hyperparameter.lower, hyperparameter.upper
    if is_whole(hyperparameter):
        return bool(low <= value <= high and float(value).is_integer())
    return bool(low <= value <= high or low <= as_bound(hyperparameter, value) <= high)


def _describe(hyperparameter: Hyperparameter[Any, Any]) -> str:
    if not isinstance(hyperparameter, NumericalHyperparameter):
        return f"one of {choices(hyperparameter)}"
    kind = "an integer" if is_whole(hyperparameter) else "a number"
    return f"{kind} in [{hyperparameter.lower}, {hyperparameter.upper}]"
