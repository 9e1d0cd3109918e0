"""From a target column to class numbers."""

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from lcbench.collection.dataset import text_of, tidy_column
from lcbench.errors import DataError

_MOST_REAL_CLASSES = 50
"""A target of real numbers with more distinct values than this is taken for a regression's."""


def number_classes(target: pd.Series) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Number the classes of a target.

    Classes are named by text and sorted by it; if all of them are integers they are sorted as numbers.

    Args:
        target: ``(rows,)`` booleans, integers, real numbers, text or categories.

    Returns:
        ``(rows,)`` array of class numbers from 0, and the classes' names.

    Raises:
        DataError: If values are missing or infinite, there is but one class, or it is no classification.
    """
    check_values(target)
    found, values = pd.factorize(tidy_column(str(target.name), target))
    _check_classification(target, len(values))
    texts = [text_of(value) for value in values]
    classes = tuple(_sorted(texts))
    if len(classes) < 2:
        raise DataError(
            f"the target must have at least 2 classes, got {len(classes)}: {', '.join(classes) or 'none'}; "
            "give rows of another class, or choose another target."
        )
    numbers = {name: number for number, name in enumerate(classes)}
    return np.array([numbers[text] for text in texts], np.int64)[found], classes


def check_values(target: pd.Series) -> None:
    """Check that every row has a class.

    Raises:
        DataError: If values are missing or infinite.
    """
    missing = int(target.isna().sum())
    if missing:
        raise DataError(
            f"the target must have a value in every row, got none in {missing} of {len(target)}; remove those rows."
        )
    infinite = int(np.isinf(target.to_numpy()).sum()) if types.is_float_dtype(target.dtype) else 0
    if infinite:
        raise DataError(
            f"the target must be finite, got infinite values in {infinite} of {len(target)} rows; remove those rows."
        )


def _check_classification(target: pd.Series, n_values: int) -> None:
    if types.is_float_dtype(target.dtype) and n_values > _MOST_REAL_CLASSES:
        raise DataError(
            f"the target must be classes, got {n_values} different real numbers (a regression?); "
            "write classes as integers or text, or bin the values."
        )


def _sorted(texts: list[str]) -> list[str]:
    whole = all(re.fullmatch(r"[+-]?[0-9]+", text) for text in texts)
    return sorted(set(texts), key=lambda text: (int(text) if whole else 0, text))
