"""Syne Tune's JSON of a search space, to and from ConfigSpace.

A hyperparameter is ``{"domain_cls": ..., "domain_kwargs": {...}, "sampler_cls": ...}``; a plain value is a constant.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ConfigSpace import Categorical, ConfigurationSpace, Constant, Float, Integer, OrdinalHyperparameter
from ConfigSpace.hyperparameters import (
    CategoricalHyperparameter,
    UniformFloatHyperparameter,
    UniformIntegerHyperparameter,
)

from lcbench.errors import DamagedFileError, InputError
from lcbench.files import understood
from lcbench.space.rules import choices

_LOG = "LogUniform"
_BASE = {"base": math.e}


def from_domains(document: Any, name: str, path: Path) -> ConfigurationSpace:
    """Read a search space.

    Args:
        document: What ``configspace.json`` holds.
        name: Of the space.
        path: Of the file, for messages.

    Raises:
        DamagedFileError: If it is not in Syne Tune's layout, or has a domain that we do not know.
    """
    if not isinstance(document, dict) or not document:
        raise DamagedFileError(f"{path} must be an object of hyperparameters, got something else; get it again.")
    space = ConfigurationSpace(name=name)
    with understood(path):
        space.add([_hyperparameter(path, each, given) for each, given in document.items()])
    return space


def _hyperparameter(path: Path, name: str, given: Any) -> Any:
    if not isinstance(given, dict):
        return Constant(name, given)
    kind, arguments = given["domain_cls"], given["domain_kwargs"]
    if kind in ("Float", "Integer"):
        low, high, log = arguments["lower"], arguments["upper"], given.get("sampler_cls") == _LOG
        if low == high:
            return Constant(name, low)
        return (
            Float(name, (float(low), float(high)), log=log) if kind == "Float" else Integer(name, (low, high), log=log)
        )
    if kind == "FiniteRange":
        return _ordered(name, _finite_range(**arguments))
    if kind in ("Categorical", "Ordinal", "OrdinalNearestNeighbor"):
        levels = arguments["categories"]
        return _ordered(name, levels) if kind != "Categorical" and len(levels) > 1 else _unordered(name, levels)
    raise DamagedFileError(f"hyperparameter {name} in {path} must be of a known domain, got {str(kind)[:50]!r}.")


def _ordered(name: str, levels: Sequence[Any]) -> Any:
    return OrdinalHyperparameter(name, list(levels)) if len(levels) > 1 else Constant(name, levels[0])


def _unordered(name: str, levels: Sequence[Any]) -> Any:
    return Categorical(name, list(levels)) if len(levels) > 1 else Constant(name, levels[0])


def _finite_range(lower: float, upper: float, size: int, log_scale: bool = False, cast_int: bool = False) -> list[Any]:
    """The values of a finite range, as Syne Tune computes them."""
    if not 1 <= size <= 10_000:
        raise ValueError(f"a finite range of {size} values")
    first, last = (float(np.log(end)) if log_scale else float(end) for end in (lower, upper))
    values = np.linspace(first, last, size)
    values = np.clip(np.exp(values) if log_scale else values, lower, upper)
    return [int(np.rint(value)) for value in values] if cast_int else [float(value) for value in values]


def snapped(space: ConfigurationSpace, configs: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Configurations whose numbers are the levels of the space that they stand for.

    A table may hold 0.3 where the range computes 0.30000000000000004.

    Raises:
        DamagedFileError: If a column is missing, or a value is near no level.
    """
    if set(configs) != set(space):
        raise DamagedFileError(
            f"{path} must have the columns {', '.join(sorted(space))}, got {', '.join(sorted(map(str, configs)))}."
        )
    found = {}
    for name, part in space.items():
        column = configs[name]
        if not isinstance(part, UniformFloatHyperparameter | UniformIntegerHyperparameter):
            column = _levels(name, column, choices(part), path)
        elif column.dtype.kind not in "iuf":
            raise DamagedFileError(f"{path} must have numbers in column {name}, got {column.dtype}.")
        elif isinstance(part, UniformFloatHyperparameter):
            column = column.astype(np.float64)
        found[name] = column
    return pd.DataFrame(found)


def _levels(name: str, column: pd.Series, levels: Sequence[Any], path: Path) -> pd.Series:
    if all(type(level) in (int, float) for level in levels) and column.dtype.kind in "iuf":
        known, values = np.array(levels, np.float64), column.to_numpy(np.float64)
        nearest = np.abs(values[:, None] - known).argmin(axis=1)
        wrong = ~np.isclose(values, known[nearest], rtol=1e-5, atol=1e-12)
        column = pd.Series([levels[at] for at in nearest], dtype=object)
        if wrong.any():
            raise DamagedFileError(f"{path} must have levels of the space in column {name}, got {values[wrong][0]!r}.")
    return column.astype(object)


def to_domains(space: ConfigurationSpace) -> dict[str, Any]:
    """Write a search space.

    Raises:
        InputError: If it has conditions, or a distribution that Syne Tune has no name for.
    """
    if space.conditions:
        child = next(iter(space.conditional_hyperparameters))
        raise InputError(f"a space for Syne Tune must have no conditions, got one on {child}; export other tables.")
    return {name: _domain(part) for name, part in space.items()}


def _domain(part: Any) -> dict[str, Any]:
    if isinstance(part, UniformFloatHyperparameter | UniformIntegerHyperparameter):
        kind = float if isinstance(part, UniformFloatHyperparameter) else int
        ends = {"lower": kind(part.lower), "upper": kind(part.upper)}
        return _described(kind.__name__.replace("int", "integer").title(), ends, log=part.log)
    if isinstance(part, CategoricalHyperparameter | Constant):
        return _described("Categorical", {"categories": choices(part)})
    if isinstance(part, OrdinalHyperparameter):
        levels = choices(part)
        numbers = all(type(level) in (int, float) for level in levels)
        if numbers and len({type(level) for level in levels}) == 1 and all(a < b for a, b in pairwise(levels)):
            return {
                "domain_cls": "OrdinalNearestNeighbor",
                "domain_kwargs": {"categories": levels, "log_scale": False},
                "sampler_cls": "Uniform",
                "sampler_kwargs": {},
            }
        return _described("Ordinal", {"categories": levels})
    raise InputError(
        f"hyperparameter {part.name} must be uniform or of levels for Syne Tune, got {type(part).__name__}."
    )


def _described(kind: str, arguments: Mapping[str, Any], log: bool = False) -> dict[str, Any]:
    return {
        "domain_cls": kind,
        "domain_kwargs": dict(arguments),
        "sampler_cls": _LOG if log else "Uniform",
        "sampler_kwargs": _BASE if log else {},
    }
