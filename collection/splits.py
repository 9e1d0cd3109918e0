"""Which rows train, which validate, which test: the same for every run."""

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from lcbench.errors import DataError

SHARE = 0.33
"""Share of all rows that test, and of the remaining rows that validate: about 45 / 22 / 33 in all."""

SPLIT_SEED = 20200624
"""Seed of every split (the day the paper appeared): a constant, so that no run's seed can move a row."""

Rows = NDArray[np.intp]


class Split(NamedTuple):
    """Positions of the rows of each part, increasing, disjoint and together all rows."""

    train: Rows
    valid: Rows
    test: Rows


def split_rows(y: NDArray[np.int64], classes: Sequence[str], test_rows: Rows | None) -> Split:
    """Split rows into training, validation and test part, each with the classes' shares.

    Args:
        y: ``(rows,)`` class numbers.
        classes: Names of the classes.
        test_rows: The source's own test rows, or None to draw a stratified third of all.

    Raises:
        DataError: If a class or the whole data set is too small.
    """
    rows = np.arange(len(y))
    if test_rows is None:
        _check_counts(y, classes, 3, "rows (one each to train, validate and test)")
        rest, test = _draw(y, rows, classes)
    else:
        test = np.unique(test_rows).astype(np.intp)
        rest = np.setdiff1d(rows, test, assume_unique=True)
    _check_counts(y[rest], classes, 2, "rows outside the test part (one each to train and validate)")
    return Split(*_draw(y, rest, classes), test)


def _draw(y: NDArray[np.int64], rows: Rows, classes: Sequence[str]) -> tuple[Rows, Rows]:
    """Split rows into the rest and a fixed stratified share."""
    if ceil(SHARE * len(rows)) < len(classes):
        raise DataError(
            f"a 33 % split must have room for a row of each of {len(classes)} classes, "
            f"got a split of {len(rows)} rows; give more rows or fewer classes."
        )
    rest, drawn = train_test_split(rows, test_size=SHARE, stratify=y[rows], random_state=SPLIT_SEED)
    return np.sort(rest), np.sort(drawn)


def _check_counts(y: NDArray[np.int64], classes: Sequence[str], least: int, what: str) -> None:
    counts = np.bincount(y, minlength=len(classes))
    if counts.min() < least:
        name = classes[int(counts.argmin())]
        raise DataError(
            f"class {name!r} must have at least {least} {what}, got {counts.min()}; merge it with another or remove it."
        )
