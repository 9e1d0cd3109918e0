"""One published run in our units."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcbench.metric import METRICS
from lcbench.official.gradients import read_gradients
from lcbench.official.layout import TAGS
from lcbench.official.parsing import check_results, member, read_values, whole
from lcbench.schema import DOUBLE_SOFTMAX, LONGEST_BUDGET

ORDER = tuple(TAGS)
_LOSS, _RATE, _SECONDS = (ORDER.index(name) for name in ("train_loss", "learning_rate", "seconds"))
_MEASURED = [i for i, name in enumerate(ORDER) if name in METRICS or name == DOUBLE_SOFTMAX]
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
