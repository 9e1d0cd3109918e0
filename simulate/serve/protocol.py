"""Lines of the protocol: what is said of a contest, and what a client may write."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from reprlib import repr as short
from typing import TYPE_CHECKING, Any

from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate.contract import Result

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace
    from ConfigSpace.hyperparameters import Hyperparameter

PROTOCOL = 1
"""Version of the protocol; another one may take other lines."""

LONGEST_LINE = 1_000_000
"""Characters that a client's line may have."""

KEYS = ("config", "budget", "trial", "parent", "wait", "stop")
"""What a client's line may hold."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client asks for.

    Attributes:
        config: The configuration of a new trial.
        trial: The trial that is to go on; None for a new one.
        budget: What it is to be trained to; None for the largest.
        parent: The trial whose state a new one starts from.
        wait: Whether nothing is to be started before the next result.
        stop: Whether the contest is to end.
    """

    config: Mapping[str, Any] | None = None
    trial: int | None = None
    budget: float | None = None
    parent: int | None = None
    wait: bool = False
    stop: bool = False


def read_wish(line: str) -> Wish:
    """Read a line of a client.

    Raises:
        InputError: If it is not one of the lines that a client may write.
    """
    try:
        found = json.loads(line, parse_constant=_no_constant) if len(line) <= LONGEST_LINE else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InputError(f'a line must be one JSON object, such as {{"config": {{...}}}}, got {short(line.strip())}.')
    for name in found:
        if name not in KEYS:
            raise UnknownNameError("key of a line", name, KEYS)
    wish = Wish(**found)
    wanted = [
        name for name in ("config", "trial", "wait", "stop") if not (found.get(name) is None or found[name] is False)
    ]
    if len(wanted) != 1:
        raise InputError(f"a line must have one of config, trial, wait and stop, got {', '.join(wanted) or 'none'}.")
    for name in ("trial", "parent", "budget"):
        value = found.get(name)
        if not (value is None or _is_whole(value)):
            raise InputError(f"{name} must be a whole number, got {short(value)}.")
    if wanted == ["config"] and not isinstance(wish.config, dict):
        raise InputError(f"config must be an object of hyperparameters and values, got {short(wish.config)}.")
    if wish.parent is not None and wish.config is None:
        raise InputError("parent must come with the config of a new trial, got none.")
    return wish


def _is_whole(value: object) -> bool:
    """Whether a value of JSON is a whole number: 50 or 50.0, but not 1e400, which is read as infinite."""
    return value.is_integer() if isinstance(value, float) else isinstance(value, int) and not isinstance(value, bool)


def written(kind: str, **entries: Any) -> str:
    """A line for a client. JSON has no infinite numbers and no NaN: they are null."""
    return json.dumps({"type": kind, **plain(entries)}, allow_nan=False)


def plain(value: Any) -> Any:
    """The same in the types of JSON."""
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if hasattr(value, "tolist"):  # numpy's numbers, texts and arrays
        return plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def result_entries(result: Result) -> dict[str, Any]:
    """What is told of a result."""
    return {
        "trial": result.job.trial,
        "config": dict(result.job.config),
        "budget": result.job.budget,
        "loss": result.loss,
        "value": result.curve.values[-1],
        "curve": result.curve.values,
        "seconds": result.finished - result.started,
        "worker": result.worker,
        "now": result.finished,
    }


def described_space(space: "ConfigurationSpace") -> list[dict[str, Any]]:
    """The hyperparameters of a space, in plain words; its forbidden combinations are in ConfigSpace's own JSON only."""
    conditions = {condition.child.name: str(condition) for condition in space.conditions}
    return [_described(part, conditions.get(part.name)) for part in space.values()]


def _described(part: "Hyperparameter[Any, Any]", condition: str | None) -> dict[str, Any]:
    from ConfigSpace.hyperparameters import (
        CategoricalHyperparameter,
        Constant,
        IntegerHyperparameter,
        OrdinalHyperparameter,
    )

    from lcbench.space.rules import choices

    said: dict[str, Any] = {"name": part.name}
    if isinstance(part, CategoricalHyperparameter | OrdinalHyperparameter | Constant):
        kind = "ordinal" if isinstance(part, OrdinalHyperparameter) else "categorical"
        said |= {"type": kind, "choices": choices(part)}
    else:
        kind = "integer" if isinstance(part, IntegerHyperparameter) else "float"
        said |= {"type": kind, "lower": part.lower, "upper": part.upper, "log": bool(part.log)}  # type: ignore[attr-defined]
    said["default"] = part.default_value
    return said if condition is None else said | {"condition": condition}


def _no_constant(name: str) -> Any:
    raise ValueError(name)
