"""Parts of a published run, checked."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.official.layout import OPTIONAL, PERCENT, TAGS

COUNTS = ("instances", "features", "classes", "OpenML_task_id")
"""Results that say something of the data set."""

LARGEST = 2**31 - 1
_FACTORS = np.array([[0.01 if name in PERCENT else 1.0] for name in TAGS])
_SECONDS = list(TAGS).index("seconds")


def check_results(where: str, results: Mapping[str, Any]) -> None:
    """Check the whole numbers among the results; the task of a data set that is not from OpenML may be null.

    Raises:
        InputError: If one is missing or something else.
    """
    for name in ("model_parameters", *COUNTS):
        if not (name == "OpenML_task_id" and results.get(name, 0) is None):
            whole(where, results, name, 2**53)


def read_values(where: str, log: Mapping[str, Any], budget: int) -> NDArray[np.float64]:
    """Read the logged series.

    Returns:
        ``(series, points)`` array in the order of ``TAGS``, percent as fractions; NaN where an optional one lacks.

    Raises:
        InputError: If a tag is missing, its list has another length, or the time is not finite.
    """
    missing = [tag for name, tag in TAGS.items() if tag not in log and name not in OPTIONAL]
    if missing:
        raise InputError(f"{where} must have the tag {missing[0]}, got {', '.join(list(log)[:5]) or 'none'}, …")
    points = len(log["time"]) if isinstance(log["time"], list) else 0
    if points not in (budget + 1, budget + 2):
        raise InputError(f"{where} must have {budget + 1} or {budget + 2} points for budget {budget}, got {points}.")
    try:
        rows = [log.get(tag, [np.nan] * points) for tag in TAGS.values()]
        values = np.array(rows, np.float64)
    except (TypeError, ValueError, OverflowError):
        values = np.empty(0)
    if values.shape != (len(TAGS), points):
        raise InputError(f"every tag of {where} must be a list of {points} numbers; the file is damaged.")
    time = values[_SECONDS]
    if not np.isfinite(time).all():
        raise InputError(f"time of {where} must be finite, got {time[~np.isfinite(time)][0]}.")
    return values * _FACTORS


def member(where: str, entry: Mapping[str, Any], part: str) -> dict[str, Any]:
    """An object within an object, or an error."""
    found = entry.get(part)
    if not isinstance(found, dict):
        raise InputError(f"{where} must have an object {part!r}, got {', '.join(entry) or 'nothing'}.")
    return found


def whole(where: str, results: Mapping[str, Any], name: str, largest: int = LARGEST) -> int:
    """A whole number from 0 to ``largest``, or an error."""
    value = results.get(name)
    if value is True and name == "num_layers":  # a 1, as published
        return 1
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else -1
    if not 0 <= number <= largest or number != int(number):
        raise InputError(f"{name} of {where} must be a whole number, got {value!r}.")
    return int(number)
