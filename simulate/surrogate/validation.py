"""Cross-validation over configurations that are held out whole: all their budgets and seeds together."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.metric import get_metric
from lcbench.simulate.surrogate.course import SERIES, fit_course
from lcbench.simulate.surrogate.recorded import Recorded
from lcbench.simulate.surrogate.scale import from_pace, from_scale
from lcbench.simulate.surrogate.targets import Targets, recorded_targets

FEWEST = 10
"""Configurations without which nothing is fitted."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What a model predicts of configurations that it was not fitted to, and what was recorded of them.

    Attributes:
        predicted: For each of the series ``(configs, budget + 1)`` curves.
        recorded: The same as recorded: means over the seeds; NaN where there is none.
        diverges: ``(configs,)``: whether a run is said to diverge.
        alive: ``(configs,)``: share of the recorded seeds that reached the end; NaN if there is none.
    """

    predicted: dict[str, NDArray[np.float64]]
    recorded: dict[str, NDArray[np.float64]]
    diverges: NDArray[np.bool_]
    alive: NDArray[np.float64]


def assign_folds(features: NDArray[np.float32], folds: int, seed: int) -> NDArray[np.intp]:
    """Deal configurations out to folds of about the same size, equal configurations to the same fold.

    Returns:
        ``(configs,)``: the fold of each configuration, in [0, folds).

    Raises:
        InputError: If there are too few configurations or folds.
    """
    if folds < 2:
        raise InputError(f"folds must be at least 2, got {folds}.")
    unique, group = np.unique(features, axis=0, return_inverse=True)
    if len(unique) < max(folds, FEWEST):
        raise InputError(
            f"a surrogate must have at least {max(folds, FEWEST)} different configurations to be fitted to, "
            f"got {len(unique)}."
        )
    return (np.random.default_rng(seed).permutation(len(unique)) % folds)[group.reshape(-1)]


def hold_out(
    recorded: Recorded, run: int, model: str, fold: NDArray[np.intp], seed: int, done: Callable[[str], None] | None
) -> HeldOut:
    """Predict every configuration by models fitted to the other folds.

    Args:
        recorded: The recorded curves.
        run: The budget.
        model: Name of the model.
        fold: Of each configuration.
        seed: Of the models' own randomness.
        done: Called after each fold, to show progress.
    """
    metric, features = get_metric(recorded.metric), recorded.features()
    targets = recorded_targets(recorded, run)
    predicted = {name: np.full((len(fold), run + 1), np.nan) for name in SERIES}
    diverges = np.zeros(len(fold), np.bool_)
    for number in range(int(fold.max()) + 1):
        out = fold == number
        course = fit_course(metric, targets.take(~out), features[~out], dict.fromkeys(SERIES, model), seed)
        predicted["values"][out], predicted["seconds"][out] = course.curves(features[out], cut=False)
        diverges[out] = course.diverges(features[out])
        if done is not None:
            done(f"{model} at budget {run}, fold {number + 1}")
    return HeldOut(predicted, _recorded(recorded, targets), diverges, targets.alive)


def _recorded(recorded: Recorded, targets: Targets) -> dict[str, NDArray[np.float64]]:
    """The targets as curves again."""
    level = np.log(np.exp(targets.pace).mean(axis=1))
    values = np.where(targets.survived[:, None], from_scale(get_metric(recorded.metric), targets.values), np.nan)
    return {"values": values, "seconds": from_pace(level, targets.pace)}
