"""Ensembles of predictions by greedy selection (Caruana et al. 2004; paper, section 3.5).

Starting from nothing, the model that makes the mean of the probabilities best on the validation rows is added, again
and again; a model may be added several times, which gives it weight. As in auto-sklearn only the best models by
themselves are candidates (Caruana et al. 2006), 30 in the paper. Of the ensembles on the way the first of the best ones
counts, as Caruana et al. say; auto-sklearn takes the last. Among equally good models the one that is better by itself
is added, where auto-sklearn draws.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lcbench.errors import InputError, UnknownNameError
from lcbench.table.manifest import LEAST_PROBABILITY

CANDIDATES = 30
"""Number of best models that the paper selects from."""

SIZE = 50
"""Number of times that a model is added; auto-sklearn's number, the paper does not say its own."""

Loss = Callable[[NDArray[np.float64], NDArray[np.integer]], float]
"""Of ``(rows, classes)`` probabilities and ``(rows,)`` numbers of the classes; smaller is better."""

_TIE = 2.0**-26
"""Less than two sums of float16 numbers can differ by, unless they are equal."""

_DECIMALS = 12
"""Losses are compared after rounding, so that the order of a sum decides nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Ensemble:
    """A selection.

    Attributes:
        picks: ``(size,)`` which model was added at each step.
        losses: ``(size,)`` validation loss after each step.
        steps: How many steps the ensemble has: those up to the first lowest loss.
        weights: ``(models,)`` shares of the models in it, adding up to 1.
    """

    picks: NDArray[np.intp]
    losses: NDArray[np.float64]
    steps: int
    weights: NDArray[np.float64]


def model_loss(probabilities: ArrayLike, labels: NDArray[np.integer], metric: str | Loss = "accuracy") -> float:
    """Loss of one model's (or ensemble's) class probabilities.

    Args:
        probabilities: ``(rows, classes)``; of several equal ones the first class is predicted.
        labels: ``(rows,)`` numbers of the classes.
        metric: ``"accuracy"`` or ``"balanced_accuracy"`` (loss is 1 minus it), or ``"cross_entropy"`` (nats;
            probabilities below ``lcbench.table.manifest.LEAST_PROBABILITY`` count as that); or any loss.

    Returns:
        The loss; infinite if a probability is not a number, or the loss itself is none.
    """
    _check_metric(metric)
    chances = np.asarray(probabilities, np.float64)
    if not np.isfinite(chances).all():
        return float("inf")
    if not isinstance(metric, str):
        return float(np.nan_to_num(metric(chances, labels), nan=np.inf, posinf=np.inf))
    if metric == "cross_entropy":
        own = chances[np.arange(len(labels)), labels]
        return float(-np.log(np.maximum(own, LEAST_PROBABILITY)).mean())
    return float(1 - (chances.argmax(axis=1) == labels) @ row_weights(labels, metric))


def greedy_ensemble(
    probabilities: ArrayLike,
    labels: NDArray[np.integer],
    size: int = SIZE,
    candidates: int = CANDIDATES,
    metric: str | Loss = "accuracy",
) -> Ensemble:
    """Select an ensemble.

    Args:
        probabilities: ``(models, rows, classes)`` on the validation rows; a model with NaN is no candidate.
        labels: ``(rows,)`` numbers of the classes.
        size: How many times a model is added.
        candidates: How many of the best models there are to choose from.
        metric: As in :func:`model_loss`. The names are fast; a loss is called for every candidate at every step.

    Raises:
        InputError: If an argument cannot be used, or no model has predictions.
        UnknownNameError: If there is no such metric.
    """
    chances = _checked(probabilities, labels, size, candidates)
    alone = np.round([model_loss(each, labels, metric) for each in chances], _DECIMALS)
    best = np.argsort(alone, kind="stable")[: min(candidates, int(np.isfinite(alone).sum()))]
    if not len(best):
        raise InputError("a model must have predictions that are numbers, got none; every run diverged.")
    picks, losses = _select(_sums(chances[best], labels, metric), size)
    steps = int(losses.argmin()) + 1
    weights = np.bincount(best[picks[:steps]], minlength=len(chances)) / steps
    return Ensemble(best[picks], losses, steps, weights)


def combine(weights: NDArray[np.float64], probabilities: ArrayLike) -> NDArray[np.float64]:
    """An ensemble's class probabilities.

    Args:
        weights: ``(models,)``.
        probabilities: ``(models, rows, classes)``; of models without weight nothing is read.

    Returns:
        ``(rows, classes)``.
    """
    used = np.flatnonzero(weights)
    return np.tensordot(weights[used], np.asarray(probabilities)[used].astype(np.float64), axes=1)


def row_weights(labels: NDArray[np.integer], metric: str) -> NDArray[np.float64]:
    """Weight of each row: alike for accuracy; for balanced accuracy each class that occurs as much as any other."""
    if metric == "accuracy":
        return np.full(len(labels), 1 / len(labels))
    counts = np.bincount(labels)
    return 1 / (counts[labels] * np.count_nonzero(counts))


class _Margins:
    """Sums of the margins of the right class over each other class: a row is right where all are above 0.

    One array of ``(models, rows)`` for each other class, so that all is done along contiguous rows. Sums of float16
    numbers are exact in float64, and so are ties; the first of two equal classes is predicted.
    """

    def __init__(self, chances: NDArray[np.floating], labels: NDArray[np.integer], metric: str) -> None:
        classes, rows = chances.shape[2], np.arange(len(labels))
        own = chances[:, rows, labels].astype(np.float64)
        others = [np.where(other < labels, other, other + 1) for other in range(classes - 1)]
        self._each = [own - chances[:, rows, other] for other in others]
        self._sums = [np.where(other < labels, -_TIE, _TIE) for other in others]
        self._weights = row_weights(labels, metric)
        self._scratch, self._least = np.empty_like(own), np.empty_like(own)

    def losses(self, step: int) -> NDArray[np.float64]:  # noqa: ARG002  # a sum's largest class is that of the mean
        """Loss of the ensemble with each model added."""
        self._least.fill(np.inf)
        for margins, total in zip(self._each, self._sums, strict=True):
            np.add(margins, total, out=self._scratch)
            np.minimum(self._least, self._scratch, out=self._least)
        return 1 - (self._least > 0) @ self._weights

    def add(self, model: int) -> None:
        """Add a model."""
        for margins, total in zip(self._each, self._sums, strict=True):
            total += margins[model]


class _Own:
    """Sums of the probability of the right class: all that cross-entropy needs."""

    def __init__(self, chances: NDArray[np.floating], labels: NDArray[np.integer], metric: str) -> None:  # noqa: ARG002
        self._each = chances[:, np.arange(len(labels)), labels].astype(np.float64)
        self._sum = np.zeros(len(labels))

    def losses(self, step: int) -> NDArray[np.float64]:
        """Loss of the ensemble with each model added as its ``step``-th."""
        return np.asarray(-np.log(np.maximum((self._each + self._sum) / step, LEAST_PROBABILITY)).mean(axis=1))

    def add(self, model: int) -> None:
        """Add a model."""
        self._sum += self._each[model]


class _All:
    """Sums of all probabilities, for any loss."""

    def __init__(self, chances: NDArray[np.floating], labels: NDArray[np.integer], loss: Loss) -> None:
        self._each, self._labels, self._loss = chances.astype(np.float64), labels, loss
        self._sum = np.zeros(chances.shape[1:])

    def losses(self, step: int) -> NDArray[np.float64]:
        """Loss of the ensemble with each model added as its ``step``-th."""
        return np.array([model_loss((each + self._sum) / step, self._labels, self._loss) for each in self._each])

    def add(self, model: int) -> None:
        """Add a model."""
        self._sum += self._each[model]


_Sums = _Margins | _Own | _All

_SUMS: dict[str, Callable[..., _Margins | _Own]] = {
    "accuracy": _Margins,
    "balanced_accuracy": _Margins,
    "cross_entropy": _Own,
}


def _sums(chances: NDArray[np.floating], labels: NDArray[np.integer], metric: str | Loss) -> _Sums:
    return _SUMS[metric](chances, labels, metric) if isinstance(metric, str) else _All(chances, labels, metric)


def _select(sums: _Sums, size: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Add the best model ``size`` times."""
    picks, losses = np.empty(size, np.intp), np.empty(size)
    for step in range(size):
        found = np.round(sums.losses(step + 1), _DECIMALS) + 0.0  # no -0
        picks[step] = found.argmin()
        losses[step] = found[picks[step]]
        sums.add(int(picks[step]))
    return picks, losses


def _check_metric(metric: str | Loss) -> None:
    if isinstance(metric, str) and metric not in _SUMS:
        raise UnknownNameError("metric of an ensemble", metric, _SUMS)


def _checked(probabilities: ArrayLike, labels: NDArray[np.integer], size: int, candidates: int) -> NDArray[np.floating]:
    """Check the arguments of a selection."""
    chances = np.asarray(probabilities)
    if chances.ndim != 3 or chances.shape[1] != len(labels) or not len(labels):
        raise InputError(f"probabilities must be models x {len(labels)} rows x classes, got shape {chances.shape}.")
    if labels.min() < 0 or labels.max() >= chances.shape[2]:
        raise InputError(f"labels must be numbers of {chances.shape[2]} classes, got {labels.min()} to {labels.max()}.")
    for name, value in (("size", size), ("candidates", candidates)):
        if value < 1:
            raise InputError(f"{name} of an ensemble must be at least 1, got {value}.")
    return chances
