"""One published run, checked and brought into our units."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.table.doors.official.gradients import read_gradients
from lcbench.table.doors.official.names import OPTIONAL, PERCENT, TAGS
from lcbench.table.manifest import DOUBLE_SOFTMAX, LONGEST_BUDGET

COUNTS = ("instances", "features", "classes", "OpenML_task_id")
"""Results that say something of the data set."""

LARGEST = 2**31 - 1
_FACTORS = np.array([[0.01 if name in PERCENT else 1.0] for name in TAGS])
_SECONDS_TAG = list(TAGS).index("seconds")


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
    time = values[_SECONDS_TAG]
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


ORDER = tuple(TAGS)
_LOSS, _RATE, _SECONDS = (ORDER.index(name) for name in ("train_loss", "learning_rate", "seconds"))
_MEASURED = [i for i, name in enumerate(ORDER) if name not in ("learning_rate", "seconds")]
_MOST_LAYERS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One run as the benchmark folder has it.

    Attributes:
        config_id: Number of the configuration.
        budget: Epochs.
        seed: Seed.
        status: ``"success"`` or ``"diverged"``.
        epochs: Epochs before it diverged; the budget if it did not.
        curves: ``(series, budget + 1)`` array, series in the order of ``ORDER``; NaN where there is none.
        extra: ``(series,)`` array, the entry after the last epoch; None if there is none.
        seconds_untrained: Seconds before the first epoch.
        time: As published, ``(points,)``, if it goes down somewhere; else None.
        double_softmax: Whether there is a test cross-entropy of two softmaxes.
        config: Hyperparameters and settings.
        results: As published.
        gradients: ``(tags, points)`` array as published (see ``gradient_tags``); None if there are none.
    """

    config_id: int
    budget: int
    seed: int
    status: str
    epochs: int
    curves: NDArray[np.float32]
    extra: NDArray[np.float32] | None
    seconds_untrained: float
    time: NDArray[np.float64] | None
    double_softmax: bool
    config: Mapping[str, Any]
    results: Mapping[str, Any]
    gradients: NDArray[np.float32] | None

    @property
    def n_parameters(self) -> int:
        """Numbers that were trained."""
        return int(self.results["model_parameters"])

    @property
    def results_json(self) -> str:
        """The results as text."""
        return json.dumps(self.results)


def read_run(where: str, config_id: int, entry: Mapping[str, Any]) -> Run:
    """Bring a published run into our units.

    Percent become fractions, and ``learning_rate`` repeats its first value at index 0 (published: 0). ``seconds`` start
    at 0 after the untrained network was evaluated, and never go down: the largest so far takes the place of a smaller
    one. A run whose training loss becomes non-finite and stays so has diverged: NaN from there on. The entry after the
    last epoch is kept apart.

    Args:
        where: How to call the run in an error.
        config_id: Number of its configuration.
        entry: ``log``, ``results`` and ``config``.

    Raises:
        InputError: If something is missing or not as it must be.
    """
    log, results, config = (member(where, entry, part) for part in ("log", "results", "config"))
    check_results(where, results)
    budget = whole(where, results, "budget", LONGEST_BUDGET)
    values = read_values(where, log, budget)
    time = values[_SECONDS].copy()
    curves = _in_our_terms(values)
    epochs = _epochs(curves[_LOSS, : budget + 1])
    if epochs < budget:
        curves[_MEASURED, epochs + 1 :] = np.nan
    return Run(
        config_id=config_id,
        budget=budget,
        seed=whole(where, results, "seed"),
        status="success" if epochs == budget else "diverged",
        epochs=epochs,
        curves=np.ascontiguousarray(curves[:, : budget + 1]),
        extra=curves[:, budget + 1] if curves.shape[1] == budget + 2 else None,
        seconds_untrained=float(time[0]),
        time=time if (np.diff(time) < 0).any() else None,
        double_softmax=TAGS[DOUBLE_SOFTMAX] in log,
        config=config,
        results=results,
        gradients=read_gradients(where, log, whole(where, config, "num_layers", _MOST_LAYERS), curves.shape[1]),
    )


def _in_our_terms(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Turn the time into seconds of training, and begin the rates with the first."""
    values[_SECONDS] = np.maximum.accumulate(values[_SECONDS] - values[_SECONDS, 0])
    values[_RATE, 0] = values[_RATE, 1]
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def _epochs(loss: NDArray[np.float32]) -> int:
    """Epochs before the loss is non-finite for good."""
    bad = ~np.isfinite(loss)
    if not bad[-1]:
        return len(loss) - 1
    return 0 if bad.all() else max(0, len(loss) - 1 - int(np.argmin(bad[::-1])))
