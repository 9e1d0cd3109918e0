"""The rows of a data set as all systems see them: the same parts for every system, worker count and seed."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.collection.data.dataset import Dataset
from lcbench.collection.data.labels import number_classes
from lcbench.collection.data.preparation import split_rows
from lcbench.collection.data.sources import load_dataset
from lcbench.collection.models import LearningTask

METRIC = "accuracy"
"""The metric (paper, section 5.1.2)."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """A data set in its parts: a third tests; of the rest a third validates, or all of it, in folds.

    The hold-out is the paper's (section 4.1.1); folds are what the tool itself takes where rows are few
    (:mod:`lcbench.simulate.autotabular.settings`).

    Attributes:
        name: Of the data set.
        features: ``(rows, columns)`` raw, those outside the test part.
        target: ``(rows,)`` their classes.
        folds: In how many stratified folds all of them validate; 0 for the hold-out.
        validates: ``(rows,)`` mask of those that validate.
        test: ``(test rows, columns)`` raw.
        answers: ``(test rows,)`` class numbers, as in the problem.
        problem: What is learnt; it keeps the test rows, not their classes.
    """

    name: str
    features: pd.DataFrame
    target: pd.Series
    folds: int
    validates: NDArray[np.bool_]
    test: pd.DataFrame
    answers: NDArray[np.int64]
    problem: LearningTask

    @classmethod
    def of(cls, dataset: Dataset, folds: int = 0) -> Self:
        """Split a data set as the collection does, which no seed enters.

        Args:
            dataset: The data set.
            folds: In how many stratified folds all rows outside the test part validate; 0 for the hold-out.

        Raises:
            DataError: If it cannot be learnt from.
        """
        numbers, classes = number_classes(dataset.target)
        parts = split_rows(numbers, classes, dataset.test_rows)
        outside = np.sort(np.concatenate([parts.train, parts.valid]))
        features, target = dataset.features.iloc[outside], dataset.target.iloc[outside]
        validates = np.full(len(outside), True) if folds else np.isin(outside, parts.valid)
        test = dataset.features.iloc[parts.test]
        problem = LearningTask.of(features, target, metric=METRIC, test=test, **_validation(folds, validates))
        answers = problem.labels.number(dataset.target.iloc[parts.test])
        return cls(dataset.name, features, target, folds, validates, test, answers, problem)

    @property
    def train_rows(self) -> int:
        """Number of rows that train, in one fold or another."""
        return len(self.validates) if self.folds else int((~self.validates).sum())


def _validation(folds: int, validates: NDArray[np.bool_]) -> dict[str, Any]:
    return {"splitter": folds} if folds else {"validation": validates}


def load_rows(source: str, folds: int = 0) -> Rows:
    """Load a data set and split it, see :meth:`Rows.of`.

    Raises:
        UnknownNameError: If there is no such source.
        DataError: If the data cannot be fetched, read or used.
    """
    return Rows.of(load_dataset(source), folds)


def accuracy(chances: NDArray[np.floating], answers: NDArray[np.int64]) -> float:
    """Share of the rows that are right.

    Args:
        chances: ``(rows, classes)`` probabilities.
        answers: ``(rows,)`` class numbers.
    """
    return float((chances.argmax(axis=1) == answers).mean())
