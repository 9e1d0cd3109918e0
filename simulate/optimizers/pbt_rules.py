"""The rules of population-based training, as pure functions: when to stop, whom to copy, how to move."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.budgets import checked
from lcbench.simulate.optimizers.proposal import fill_inactive, uniform_point

Array = NDArray[np.float64]

_STEPS = 10  # by default a member stops about so often


@dataclass(frozen=True, slots=True)
class Settings:
    """How a population is trained.

    Attributes:
        population: Number of members.
        interval: Least number of epochs between two chances to copy, by default a tenth of the largest budget.
        truncation: Fraction of the population that counts as poor, and as good; at most 1/2.
        resample: Probability that a hyperparameter of a copy is drawn anew instead of being moved.
        step: How far a number is moved up or down in the unit cube.
    """

    population: int = 10
    interval: int | None = None
    truncation: float = 0.2
    resample: float = 0.25
    step: float = 0.1

    def __post_init__(self) -> None:
        for name, legal, wanted in (
            ("population", self.population >= 1, "at least 1"),
            ("interval", self.interval is None or self.interval >= 1, "at least 1"),
            ("truncation", 0 <= self.truncation <= 0.5, "in [0, 0.5]"),
            ("resample", 0 <= self.resample <= 1, "in [0, 1]"),
            ("step", 0 < self.step <= 1, "in (0, 1]"),
        ):
            if not legal:
                raise InputError(f"{name} must be {wanted}, got {getattr(self, name)}.")


def stops(budgets: Sequence[int], interval: int | None = None) -> tuple[int, ...]:
    """The budgets at which members stop and may copy: at least ``interval`` epochs apart, and the last.

    With the epochs 1 to 50 and the default, a tenth of the largest: 5, 10, ..., 50. With 12, 25, 50: all of them.
    """
    budgets = checked(budgets)
    interval = -(-budgets[-1] // _STEPS) if interval is None else interval
    found = [0]
    for budget in budgets:
        if budget - found[-1] >= interval and budgets[-1] - budget >= interval:
            found.append(budget)
    return (*found[1:], budgets[-1])


def truncation_selection(losses: Sequence[float], truncation: float) -> tuple[list[int], list[int]]:
    """The poor and the good: ``floor(truncation * n)`` each.

    Args:
        losses: ``(n,)`` losses.
        truncation: The fraction.

    Returns:
        Indices of the highest losses, and of the lowest ones that are finite; of equal losses the earlier is better.
    """
    n = int(truncation * len(losses))
    order = np.argsort(losses, kind="stable").tolist()
    return order[len(order) - n :], [i for i in order[:n] if np.isfinite(losses[i])]


def explore(rng: np.random.Generator, point: Array, levels: tuple[int, ...], settings: Settings) -> Array:
    """Move a point of the unit cube: each number a step up or down, or each hyperparameter drawn anew.

    Args:
        rng: Source of randomness.
        point: ``(dimensions,)`` coordinates, NaN where inactive.
        levels: Numbers of categories, 0 for a number.
        settings: Probability of drawing anew, and the step.

    Returns:
        ``(dimensions,)`` point without NaN; a category that is not drawn anew stays.
    """
    d = len(levels)
    start = fill_inactive(rng, point, levels)
    moved = np.clip(start + settings.step * rng.choice([-1.0, 1.0], d), 0.0, 1.0)
    kept = np.where(np.array(levels) == 0, moved, start)
    return np.where(rng.random(d) < settings.resample, uniform_point(rng, levels), kept)
