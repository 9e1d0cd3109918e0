"""The rows of a data set as all systems see them: the same parts for every system, worker count and seed."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from collection.classes import number_classes
from collection.dataset import Dataset
from collection.models import Problem
from collection.sources import load_dataset
from collection.splits import split_rows

METRIC = "accuracy"
"""What counts (paper, section 5.1.2)."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """A data set in its three parts (paper, section 4.1.1): a third tests, a third of the rest validates.

    Attributes:
        name: Of the data set.
        features: ``(rows, columns)`` raw, those outside the test part.
        target: ``(rows,)`` their classes.
        validates: ``(rows,)`` mask of those that validate.
        test: ``(test rows, columns)`` raw.
        answers: ``(test rows,)`` class numbers, as in the problem.
        problem: What is learnt; it keeps the test rows, not their classes.
    """

    name: str
    features: pd.DataFrame
    target: pd.Series
    validates: NDArray[np.bool_]
    test: pd.DataFrame
    answers: NDArray[np.int64]
    problem: Problem

    @classmethod
    def of(cls, dataset: Dataset) -> Self:
        """Split a data set as the collection does, which no seed enters.

        Raises:
            DataError: If it cannot be learnt from.
        """
        numbers, classes = number_classes(dataset.target)
        parts = split_rows(numbers, classes, dataset.test_rows)
        outside = np.sort(np.concatenate([parts.train, parts.valid]))
        features, target = dataset.features.iloc[outside], dataset.target.iloc[outside]
        validates, test = np.isin(outside, parts.valid), dataset.features.iloc[parts.test]
        problem = Problem.of(features, target, metric=METRIC, validation=validates, test=test)
        answers = problem.labels.number(dataset.target.iloc[parts.test])
        return cls(dataset.name, features, target, validates, test, answers, problem)


def load_rows(source: str) -> Rows:
    """Load a data set and split it.

    Raises:
        UnknownNameError: If there is no such source.
        DataError: If the data cannot be fetched, read or used.
    """
    return Rows.of(load_dataset(source))


def accuracy(chances: NDArray[np.floating], answers: NDArray[np.int64]) -> float:
    """Share of the rows that are right.

    Args:
        chances: ``(rows, classes)`` probabilities.
        answers: ``(rows,)`` class numbers.
    """
    return float((chances.argmax(axis=1) == answers).mean())
