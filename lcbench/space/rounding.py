"""Numbers cut short, so that they are the same on every machine.

Logarithms and exponentials differ in the last of their 16 digits with the instructions that a processor has. What is
proposed, where it lies and what is predicted are cut well before that digit, in steps that every processor takes alike
(comparing, multiplying, dividing, rounding). Two machines then differ only where a number lies within a last digit of
the middle between two short ones: with 10 digits, about once in a million numbers.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

DIGITS = 10
"""Significant digits of numbers."""

_PLACES = 10  # of coordinates: in the unit cube it is the distance that counts
_MOST = 290
_POWERS = np.array([float(f"1e{exponent}") for exponent in range(-_MOST, _MOST + 1)])


def significant(values: ArrayLike, digits: int = DIGITS) -> Array:
    """Numbers rounded to so many significant decimal digits; what is not finite stays as it is.

    The place of the first digit is looked up, since a logarithm would be one of the numbers that differ.
    """
    array = np.asarray(values, np.float64)
    places = digits - (np.searchsorted(_POWERS, np.abs(array), side="right") - _MOST)  # behind the point
    finer, coarser = _POWERS[np.clip([places, -places], 0, _MOST) + _MOST]  # one of them is 1
    return np.asarray(np.rint(array * finer / coarser) / finer * coarser)


def coordinates(points: Array) -> Array:
    """Coordinates of the unit cube rounded to 10 decimal places; NaN (inactive) stays."""
    return np.round(points, _PLACES)


def compared(values: Array) -> Array:
    """Numbers of which the largest is wanted: those that agree in 8 digits are equal."""
    return significant(values, 8)


def as_bound(part: Any, values: ArrayLike) -> NDArray[Any]:
    """Values of a hyperparameter; what is a bound of a real one rounded to float32 is that bound.

    A column of float32 has 0.1 as 0.10000000149, which would lie outside of a range that ends at 0.1.
    """
    array = np.asarray(values)
    if array.dtype.kind == "f":
        array = array.astype(np.float64)
    for bound in (part.lower, part.upper) if isinstance(getattr(part, "lower", None), float) else ():
        array = np.where(array == np.float64(np.float32(bound)), bound, array)
    return array


def proposed(part: Any, points: Array) -> NDArray[Any]:
    """The values of a numerical hyperparameter at ``(n,)`` coordinates, as they are proposed.

    Integers are ConfigSpace's; other numbers have :data:`DIGITS` digits and stay within the bounds.
    """
    values = np.asarray(part.to_value(points))
    if not np.issubdtype(values.dtype, np.floating):
        return values
    return np.clip(significant(values), part.lower, part.upper)
