"""Who validates if nobody says: folds where rows are few, a share of them where they are many."""

from typing import Any

import pandas as pd
from numpy.typing import ArrayLike

AUTO = "auto"

FOLDS = 5
"""Stratified folds where there are few rows."""

MOST_ROWS = 5000
"""Up to so many rows there are folds; beyond them a model takes long enough once, and a share is rows enough."""


def chosen(splitter: Any, target: pd.Series | ArrayLike, validation: Any = None) -> Any:
    """The splitter that is meant.

    Args:
        splitter: A splitter, a number of folds, None for a share, or :data:`AUTO`.
        target: ``(rows,)`` classes.
        validation: The caller's own validation part, or None.

    Returns:
        The splitter; of :data:`AUTO` :data:`FOLDS` for at most :data:`MOST_ROWS` rows with :data:`FOLDS` of each class
        and no validation part of the caller's, otherwise None.
    """
    if not isinstance(splitter, str) or splitter != AUTO:
        return splitter
    counts = pd.Series(target).astype(str).value_counts()  # as text: what cannot be a class is said later
    few = counts.sum() <= MOST_ROWS and len(counts) > 0 and counts.min() >= FOLDS
    return FOLDS if few and validation is None else None
