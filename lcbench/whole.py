"""Whole numbers, as people give them: 12, 12.0 and numpy's 12 are one number, 12.5, "12" and True are none."""

from numbers import Real
from reprlib import repr as short
from typing import Any

import numpy as np

from lcbench.errors import InputError


def is_number(value: object) -> bool:
    """Whether a value is a real number, Python's or numpy's."""
    return isinstance(value, Real)


def as_whole(value: Any) -> Any:
    """A whole number as Python's own; anything else as it came."""
    number = value.item() if isinstance(value, np.generic) else value
    return int(number) if isinstance(number, float) and number.is_integer() else number


def whole(name: str, value: Any, least: int | None = None) -> int:
    """Check that an argument is a whole number.

    Args:
        name: Of the argument.
        value: What was given.
        least: The smallest number that can be used, if there is one.

    Returns:
        The number.

    Raises:
        InputError: If it is none, or too small.
    """
    number = as_whole(value)
    if not isinstance(number, int) or isinstance(number, bool):
        raise InputError(f"{name} must be a whole number, got {short(number)}.")
    if least is not None and number < least:
        raise InputError(f"{name} must be at least {least}, got {number}.")
    return number


def numbers(name: str, text: str) -> tuple[int, ...]:
    """Read whole numbers between commas.

    Args:
        name: Of the option.
        text: What was given.

    Raises:
        InputError: If one is none.
    """
    try:
        return tuple(int(number) for number in text.split(",") if number.strip())
    except ValueError:
        raise InputError(f"{name} must be whole numbers such as 2 or 1,3, got {text!r}.") from None
