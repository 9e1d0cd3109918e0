"""What is measured of a run, step by step: metrics, which have a goal, and the fidelity that is the axis of a curve."""

import re
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from functools import cache
from itertools import pairwise
from math import inf, isfinite
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lcbench.errors import InputError, NewerFormatError
from lcbench.form import Real

Goal = Literal["maximize", "minimize"]
Part = Literal["train", "valid", "test", "none"]

_Entry = TypeVar("_Entry", "Metric", "Series", "Fidelity")

NAME = re.compile(r".{1,200}")
"""Names of columns, and of what is recorded in them."""

_END = (Real(), None)  # of a range
_RANGE = {"low?": _END, "high?": _END}

GOALS: tuple[Goal, ...] = ("maximize", "minimize")
METRIC_PARTS: tuple[Part, ...] = ("train", "valid", "test", "none")

METRIC_FORM = {"name": NAME, "unit": str, "goal": GOALS, "low": _END, "high": _END, "part?": METRIC_PARTS}
SERIES_FORM = {"name": NAME, "unit": str, **_RANGE}
FIDELITY_FORM = {"name": NAME, "unit": str, "steps?": (Real(), [Real()]), "budgets?": [Real()]}
"""What :func:`to_json` writes, as forms of :mod:`lcbench.form`."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One recorded quantity that is to become large or small.

    Attributes:
        name: Name of its column in the table.
        unit: Such as ``"fraction"``, ``"nats"`` or ``"kWh"``.
        goal: Whether large or small values are good.
        low: Smallest possible value.
        high: Largest possible value.
        part: The part of the data that it is measured on; ``"none"`` for what belongs to no part, such as energy. By
            default the part that the name begins with (``"valid_rmse"``), or ``"none"``.

    Raises:
        InputError: If the goal or the part is none, or the range is empty or lacks the end that losses are counted
            from (``high`` of a metric to maximize, ``low`` of one to minimize).
    """

    name: str
    unit: str
    goal: Goal
    low: float = -inf
    high: float = inf
    part: Part | None = None

    def __post_init__(self) -> None:
        if self.part is None:
            named = (part for part in METRIC_PARTS if self.name.startswith(f"{part}_"))
            object.__setattr__(self, "part", next(named, "none"))
        if not self.name.strip():
            raise InputError("a metric must have a name, got none; its column is named so.")
        if self.goal not in GOALS or self.part not in METRIC_PARTS:
            raise InputError(
                f"goal and part of metric {self.name!r} must be of {', '.join(GOALS)} and of "
                f"{', '.join(METRIC_PARTS)}, got {self.goal!r} and {self.part!r}."
            )
        if not (self.low < self.high and isfinite(self.high if self.goal == "maximize" else self.low)):
            raise InputError(
                f"the range of metric {self.name!r} must have its best end and be no single value, got "
                f"[{self.low}, {self.high}] to {self.goal}; give {'high' if self.goal == 'maximize' else 'low'}."
            )

    @property
    def quantity(self) -> str:
        """What is measured, whatever part of the data it is measured on: the name without the part before it."""
        return self.name.removeprefix(f"{self.part}_")

    @property
    def best(self) -> float:
        """The best possible value, of which the loss is 0."""
        return self.high if self.goal == "maximize" else self.low

    @property
    def sign(self) -> int:
        """-1 if large values are good, 1 if small ones are."""
        return -1 if self.goal == "maximize" else 1

    @property
    def label(self) -> str:
        """Name and unit for the axis of a figure."""
        return f"{self.name.replace('_', ' ')} ({self.unit})"

    def loss(self, values: ArrayLike) -> NDArray[np.float64]:
        """Turn values into losses: smaller is better, and 0 is the best possible.

        ``high - value`` for metrics to maximize, ``value - low`` for metrics to minimize. What is not finite is of a
        run that diverged, whichever its sign, and gives infinity, the worst loss.

        Args:
            values: Array of any shape.

        Returns:
            Array of the same shape, float64.
        """
        array = np.asarray(values, dtype=np.float64)
        loss = self.high - array if self.goal == "maximize" else array - self.low
        return np.where(np.isfinite(loss), loss, np.inf)

    def value(self, loss: float) -> float:
        """The value that has a finite loss: the inverse of :meth:`loss`."""
        return self.high - loss if self.goal == "maximize" else loss + self.low


@dataclass(frozen=True, slots=True)
class Series:
    """Another quantity recorded at every step, without a goal, such as the learning rate.

    Attributes:
        name: Name of its column in the table.
        unit: Its unit.
        low: Smallest possible value.
        high: Largest possible value.
    """

    name: str
    unit: str
    low: float = 0.0
    high: float = inf


@dataclass(frozen=True, slots=True)
class Fidelity:
    """What a run is given more or less of: the axis of the curves, or a further one such as the fraction of the data.

    Attributes:
        name: Such as ``"epochs"`` or ``"n_estimators"``.
        budgets: How much of it there can be, increasing. Of the axis of the curves they are numbers of steps, and those
            that are collected if nobody asks for others; of a further fidelity they are the values of its key column.
        unit: What is counted, such as ``"epochs"`` or ``"trees"``; by default its name.
        steps: How many units a step is: one number for all steps, or the units at step 1, 2, ... (such as the anchors
            16, 23, 32 of curves over rows).

    Raises:
        InputError: If steps or budgets are not positive and increasing.
    """

    name: str
    budgets: tuple[float, ...] = ()
    unit: str = ""
    steps: float | tuple[float, ...] = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "unit", self.unit or self.name)
        known = self.steps if isinstance(self.steps, tuple) else (self.steps,)
        for name, given in (("steps", known), ("budgets", self.budgets or (1,))):
            if not given or not given[0] > 0 or any(not a < b for a, b in pairwise(given)):
                shown = getattr(self, name)
                raise InputError(f"{name} of fidelity {self.name!r} must be positive and increasing, got {shown}.")

    @property
    def label(self) -> str:
        """What a number of steps is, for people: ``"epochs"``, ``"n_estimators, steps of 10 trees"``."""
        unit = "" if self.unit == self.name else f" {self.unit}"
        if isinstance(self.steps, tuple):
            shown = ", ".join(f"{units:g}" for units in self.steps[:3]) + (", …" if len(self.steps) > 3 else "")
            return f"{self.name}, steps at {shown}{unit}"
        if self.steps != 1:
            return f"{self.name}, steps of {self.steps:g}{unit}"
        return f"{self.name},{unit}" if unit else self.name


def to_json(entry: Metric | Series | Fidelity) -> dict[str, Any]:
    """Plain types only; an infinite end of a range is null, and a fidelity without budgets says nothing of them."""
    shown = {name: None if value in (-inf, inf) else value for name, value in asdict(entry).items()}
    return {name: value for name, value in shown.items() if name != "budgets" or value}


def from_json(kind: type[_Entry], document: Mapping[str, Any]) -> _Entry:
    """Read what :func:`to_json` wrote.

    Raises:
        NewerFormatError: If it has entries that this program does not know.
        KeyError, TypeError, ValueError, AttributeError: If it is something else.
    """
    known = dict(document)
    for name, value in known.items():
        if value is None:
            known[name] = -inf if name == "low" else inf
        elif type(value) is list:
            known[name] = tuple(value)
    try:
        return kind(**known)
    except TypeError:
        checked_entries(
            kind, document
        )  # says what is wrong; looked for only where something is, as opening is to be fast
        raise


def checked_entries(kind: type, document: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of a JSON object that is to become a dataclass.

    Raises:
        NewerFormatError: If there is an entry that the dataclass has no field for.
        KeyError: If one is missing that has no default.
    """
    needed, known = _entries(kind)
    entries = dict(document)
    if entries.keys() - known:
        what = f"{kind.__name__.lower()} has the entry {min(entries.keys() - known)!r}"
        raise NewerFormatError(f"{what}, which this program does not know; update lcbench.")
    for name in needed:
        entries[name]
    return entries


@cache
def _entries(kind: type) -> tuple[tuple[str, ...], frozenset[str]]:
    """Names of the fields of a dataclass that must be given, and of all."""
    needed = (part.name for part in fields(kind) if part.default is MISSING and part.default_factory is MISSING)
    return tuple(needed), frozenset(part.name for part in fields(kind))
