"""One run's learning curve and what it cost, and which values and seconds of curves cannot be."""

from dataclasses import dataclass
from reprlib import repr as short

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Values and cumulative seconds of one run by epoch.

    Index 0 is the untrained network, index ``i`` the network after ``i`` epochs.

    Attributes:
        values: ``(epochs + 1,)`` array of a metric; other sequences of numbers become one.
        seconds: ``(epochs + 1,)`` array, cumulative, ``seconds[0] == 0``; likewise.

    Raises:
        InputError: If they are no numbers, of two lengths, or ``seconds`` do not begin at 0.
    """

    values: NDArray[np.floating]
    seconds: NDArray[np.floating]

    def __post_init__(self) -> None:
        for name in ("values", "seconds"):
            given = getattr(self, name)
            if type(given) is not np.ndarray or given.dtype.kind != "f":
                object.__setattr__(self, name, _numbers(name, given))
        if self.values.ndim != 1 or self.values.shape != self.seconds.shape or len(self.values) == 0:
            raise InputError(
                f"values and seconds must be 1-d and of one length, got {self.values.shape} and {self.seconds.shape}"
            )
        if self.seconds[0] != 0:
            raise InputError(f"seconds[0] must be 0 (the untrained network), got {self.seconds[0]}")

    @property
    def epochs(self) -> int:
        """Number of epochs trained."""
        return len(self.values) - 1

    def cost(self, start: int, stop: int) -> float:
        """Seconds to train from epoch ``start`` to epoch ``stop``.

        ``cost(a, b) + cost(b, c) == cost(a, c)`` (up to rounding).

        Raises:
            InputError: Unless ``0 <= start <= stop <= epochs``.
        """
        if not 0 <= start <= stop <= self.epochs:
            raise InputError(f"start and stop must satisfy 0 <= start <= stop <= {self.epochs}, got {start}, {stop}")
        return float(self.seconds[stop]) - float(self.seconds[start])

    def until(self, epochs: int) -> "Curve":
        """The first ``epochs`` epochs of this curve (a view)."""
        if not 0 <= epochs <= self.epochs:
            raise InputError(f"epochs must be in [0, {self.epochs}], got {epochs}")
        return Curve(self.values[: epochs + 1], self.seconds[: epochs + 1])


ROUNDING = 1e-5
"""How far float32 arithmetic may carry a mean over many rows beyond its range."""


def outside(values: NDArray[np.float32], ends: tuple[float, float]) -> NDArray[np.float32]:
    """The values that are outside their range; NaN, where a run diverged, is no value."""
    low, high = ends
    return values[(values < low - ROUNDING) | (values > high + ROUNDING)]


def backwards(seconds: NDArray[np.float32], first: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which seconds cannot be: not 0 where a run begins, or not as large as those before.

    Args:
        seconds: Of all runs, one after the other; numbers in diverged runs, too.
        first: Where each run begins.
    """
    begins = np.zeros(len(seconds), np.bool_)
    begins[first] = True
    with np.errstate(invalid="ignore"):
        step = np.diff(seconds, prepend=np.float32(0))
    return np.where(begins, seconds != 0, ~(step >= 0))  # written so that NaN is bad as well


def _numbers(name: str, given: object) -> NDArray[np.float64]:
    """A series as an array."""
    try:
        array = np.asarray(given)
        if array.dtype.kind in "biufO":  # no text, which numpy would read as numbers
            return array.astype(np.float64)
    except (TypeError, ValueError):
        pass
    raise InputError(f"{name} of a curve must be numbers, one for each step from 0 on, got {short(given)}.")
