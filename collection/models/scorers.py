"""Scorers: any scikit-learn scorer or function, on stored probabilities (paper, section 3.4)."""

import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from lcbench.collection.data.labels import Labels
from lcbench.errors import InputError, UnknownNameError

Metric = str | Callable[..., Any]
"""A scorer's name, a scorer ``(estimator, X, y)``, or a function ``(y_true, y_pred)`` of which larger is better."""


class Stored(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A classifier with stored answers, for scikit-learn's scorers.

    Args:
        probabilities: ``(rows, classes)``.
        classes: ``(classes,)`` sorted labels.
    """

    def __init__(self, probabilities: NDArray[np.float64], classes: NDArray[Any]) -> None:
        self.probabilities, self.classes = probabilities, classes
        self.classes_ = classes

    def predict_proba(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """``(rows, classes)`` of the rows with these numbers."""
        return self.probabilities[rows.index]

    def predict(self, rows: pd.DataFrame) -> NDArray[Any]:
        """``(rows,)`` labels of the largest probability, the first of several."""
        return self.classes_[self.predict_proba(rows).argmax(axis=1)]


@dataclass(frozen=True, slots=True, eq=False)
class Scorer:
    """A scorer of class probabilities on fixed rows. Make it with :func:`make`.

    Attributes:
        name: Name of scikit-learn's scorer, or of the function.
        call: scikit-learn's scorer ``(estimator, X, y)``; larger is better.
        best: The score of perfect predictions, from which losses are counted: 1, and 0 of ``neg_*`` and functions.
        rows: ``(rows, columns)`` what the scorer is shown, numbered from 0.
        y: ``(rows,)`` class numbers.
        classes: ``(classes,)`` sorted labels that scorers see.
    """

    name: str
    call: Callable[..., Any]
    best: float
    rows: pd.DataFrame
    y: NDArray[np.int64]
    classes: NDArray[Any]

    def on(self, places: NDArray[np.intp]) -> "Scorer":
        """The same scorer on some of its rows."""
        return replace(self, rows=self.rows.iloc[places].reset_index(drop=True), y=self.y[places])

    def score(self, probabilities: ArrayLike) -> float:
        """Score of ``(rows, classes)`` probabilities, as scikit-learn gives it; NaN if one is not a number."""
        return float(self.scores(np.asarray(probabilities)[None])[0])

    def scores(self, probabilities: ArrayLike) -> NDArray[np.float64]:
        """Scores ``(models,)`` of ``(models, rows, classes)`` probabilities."""
        chances = np.asarray(probabilities)
        if chances.ndim != 3 or chances.shape[1:] != (len(self.y), len(self.classes)):
            raise InputError(
                f"probabilities must be (models, {len(self.y)}, {len(self.classes)}), got {chances.shape}."
            )
        found = np.full(len(chances), np.nan)
        sound = np.isfinite(chances).all(axis=(1, 2))
        found[sound] = _FAST.get(self.name, self._each)(self, chances[sound]) if sound.any() else []
        return found

    def losses(self, probabilities: ArrayLike) -> NDArray[np.float64]:
        """Losses ``(models,)``: smaller is better; infinite where there is no score."""
        losses = self.best - self.scores(probabilities)
        return np.where(np.isnan(losses), np.inf, losses)

    def loss(self, probabilities: ArrayLike) -> float:
        """Loss of ``(rows, classes)`` probabilities."""
        return float(self.losses(np.asarray(probabilities)[None])[0])

    @staticmethod
    def _each(scorer: "Scorer", chances: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.array([scorer.asked(each.astype(np.float64)) for each in chances])

    def asked(self, chances: NDArray[np.float64]) -> float:
        """Value of scikit-learn's scorer for ``(rows, classes)`` probabilities.

        A scorer that takes probabilities may want a column for each class that occurs and for no other: then it gets
        these, in shares of their sum.
        """
        there = np.unique(self.y)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a class without rows: said in the score, NaN
            try:
                return self._called(chances / chances.sum(axis=1, keepdims=True), self.classes)
            except ValueError:
                if len(there) < 2:
                    return float("nan")  # what sets classes against each other says nothing of one
                if len(there) == len(self.classes):
                    raise
            few = np.maximum(chances[:, there], np.finfo(np.float64).tiny)
            return self._called(few / few.sum(axis=1, keepdims=True), self.classes[there])

    def _called(self, chances: NDArray[np.float64], classes: NDArray[Any]) -> float:
        return float(self.call(Stored(chances, classes), self.rows, self.classes[self.y]))


def make(metric: Metric, rows: pd.DataFrame, y: NDArray[np.int64], known: Labels) -> Scorer:
    """Make a scorer, and try it once.

    Args:
        metric: What counts.
        rows: ``(rows, columns)`` the rows that are scored, numbered from 0.
        y: ``(rows,)`` their class numbers.
        known: The classes.

    Raises:
        UnknownNameError: If scikit-learn has no such scorer.
        InputError: If it cannot score these classes.
    """
    name, call, best = _resolved(metric)
    classes = labels = known.values  # noqa: PD011  # an attribute of ours
    if known.real and isinstance(metric, str):
        classes = np.arange(len(labels))  # scikit-learn takes them for a regression's
    elif isinstance(metric, str) and len(labels) == 2 and not any(value == 1 for value in labels.tolist()):
        classes = np.arange(2)  # what counts the positives takes 1 for them: here the second class
    scorer = Scorer(name, call, best, rows, y, classes)
    shares = np.bincount(y, minlength=len(labels)) + 1.0
    try:
        found = scorer.score(np.tile(shares / shares.sum(), (len(y), 1)))
    except Exception as error:  # whatever a caller's own function may raise
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise _cannot(name, len(labels), len(y), said) from error
    if np.isnan(found):
        raise _cannot(name, len(labels), len(y), f"nan, with {len(np.unique(y))} classes in these rows")
    return scorer


def _cannot(name: str, classes: int, rows: int, said: str) -> InputError:
    return InputError(
        f"metric {name!r} must score {classes} classes on {rows} rows, but says: {said}; "
        "choose another, such as accuracy, balanced_accuracy or neg_log_loss."
    )


def _resolved(metric: Metric) -> tuple[str, Callable[..., Any], float]:
    """Name, scorer and best score."""
    from sklearn.metrics import get_scorer, get_scorer_names

    if isinstance(metric, str):
        if metric not in get_scorer_names():
            raise UnknownNameError("metric", metric, get_scorer_names())
        return metric, get_scorer(metric), 0.0 if metric.startswith("neg_") else 1.0
    if not callable(metric):
        raise InputError(f"metric must be a scorer's name or a function, got {type(metric).__name__}.")
    name = getattr(metric, "__name__", None) or str(metric)
    if _n_arguments(metric) >= 3:
        return name, metric, 0.0
    if name.endswith(("_loss", "_error")):
        raise InputError(
            f"metric must be larger for better predictions, got the loss {name}; "
            f"give make_scorer({name}, greater_is_better=False)."
        )
    return name, _OfLabels(metric), 0.0


def _n_arguments(function: Callable[..., Any]) -> int:
    """Positional arguments without a default."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 2
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in places and p.default is inspect.Parameter.empty for p in parameters)


@dataclass(frozen=True, slots=True)
class _OfLabels:
    """A scorer of a function of true and predicted labels."""

    function: Callable[..., Any]

    def __call__(self, estimator: Stored, rows: pd.DataFrame, y: NDArray[Any]) -> float:
        return self.function(y, estimator.predict(rows))


def _accuracy(scorer: Scorer, chances: NDArray[np.floating]) -> NDArray[np.float64]:
    return (chances.argmax(axis=2) == scorer.y).mean(axis=1)


def _balanced_accuracy(scorer: Scorer, chances: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean over the classes that occur of the fraction right."""
    counts = np.bincount(scorer.y)
    weights = 1 / (counts[scorer.y] * np.count_nonzero(counts))
    return (chances.argmax(axis=2) == scorer.y) @ weights


def _log_loss(scorer: Scorer, chances: NDArray[np.floating]) -> NDArray[np.float64]:
    """As scikit-learn's on float64: probabilities below 2.2e-16 count as that."""
    own = chances[:, np.arange(len(scorer.y)), scorer.y].astype(np.float64) / chances.sum(axis=2, dtype=np.float64)
    least = np.finfo(np.float64).eps
    return np.log(np.clip(own, least, 1 - least)).mean(axis=1)


_FAST: dict[str, Callable[[Scorer, NDArray[np.floating]], NDArray[np.float64]]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "neg_log_loss": _log_loss,
}
"""Scorers for many models at once, with scikit-learn's numbers: an ensemble asks for thousands."""
