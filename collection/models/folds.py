"""Folds: a hold-out, the caller's own validation rows, or those of any scikit-learn splitter."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lcbench.errors import DataError, InputError

MOST_FOLDS = 100
"""Each fold is a model of its own."""

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """One division of rows.

    Attributes:
        train: Positions of the rows that train.
        valid: Positions of the rows that validate.
    """

    train: Rows
    valid: Rows


def hold_out(y: NDArray[np.int64], share: float, seed: int) -> Fold:
    """Hold a stratified share of the rows out; a class with a single row trains.

    Raises:
        InputError: If the share is not one, or has no room for a row of each class.
    """
    from sklearn.model_selection import train_test_split

    if not 0 < share < 1:
        raise InputError(f"share of the rows that validate must be in (0, 1), got {share}.")
    single = np.flatnonzero(np.bincount(y)[y] < 2)
    rows = np.setdiff1d(np.arange(len(y)), single)
    classes = len(np.unique(y[rows]))
    if ceil(share * len(rows)) < classes or len(rows) - ceil(share * len(rows)) < classes:
        raise InputError(
            f"share of the rows that validate must leave a row of each of {classes} classes on both sides, "
            f"got {share} of {len(rows)} rows; choose another share or give more rows."
        )
    train, valid = train_test_split(rows, test_size=share, stratify=y[rows], random_state=seed)
    return _checked(np.concatenate([train, single]), valid, y)


def own_rows(rows: ArrayLike, y: NDArray[np.int64]) -> Fold:
    """The caller's own validation rows, as positions or as a mask.

    Raises:
        InputError: If they cannot be used.
    """
    asked = np.asarray(rows)
    if asked.dtype == bool and asked.shape == y.shape:
        asked = np.flatnonzero(asked)
    valid = _positions(asked, len(y))
    return _checked(np.setdiff1d(np.arange(len(y)), valid), valid, y)


def check_groups(groups: ArrayLike | None, splitter: Any, rows: int) -> None:
    """Refuse groups that nothing would ask for: rows of one group would train and validate.

    Raises:
        InputError: If the splitter takes none, or there is not one for each row.
    """
    if groups is None:
        return
    name, ours = type(splitter).__name__, hasattr(splitter, "split")
    if not ours or (type(splitter).__module__.startswith("sklearn.") and "Group" not in name):
        name = f"splitter={splitter!r}" if splitter is None or isinstance(splitter, int | str) else name
        raise InputError(
            f"groups must come with a splitter that uses them, got {name}; give one, such as "
            "splitter=sklearn.model_selection.StratifiedGroupKFold(5), or leave the groups out."
        )
    if len(np.asarray(groups)) != rows:
        raise InputError(f"groups must have one value for each of {rows} rows, got {len(np.asarray(groups))}.")


def split(
    splitter: Any, features: pd.DataFrame, y: NDArray[np.int64], groups: ArrayLike | None, seed: int
) -> tuple[Fold, ...]:
    """The folds of a scikit-learn splitter.

    Args:
        splitter: With ``split(X, y, groups)``; a number of stratified folds; or an iterable of ``(train, valid)``.
        features: ``(rows, columns)``.
        y: ``(rows,)`` class numbers.
        groups: ``(rows,)`` for splitters that need them.
        seed: Taken by a splitter that shuffles and has no seed of its own; the given one is left as it is.

    Raises:
        InputError: If it cannot divide these rows.
    """
    maker = _seeded(_splitter(splitter, seed), seed)
    try:
        pairs: Sequence[Any] = []
        for pair in maker.split(features, y, None if groups is None else np.asarray(groups)):
            pairs = [*pairs, pair]
            if len(pairs) > MOST_FOLDS:
                raise InputError(f"splitter must give at most {MOST_FOLDS} folds, got more; each is a model to fit.")
    except InputError:
        raise
    except (ValueError, TypeError, IndexError) as error:
        raise InputError(
            f"splitter {type(maker).__name__} must divide {len(y)} rows, but says: {_line(error)}"
        ) from error
    if not pairs:
        raise InputError("splitter must give at least one fold, got none.")
    return tuple(_checked(_positions(train, len(y)), _positions(valid, len(y)), y) for train, valid in pairs)


def _splitter(splitter: Any, seed: int) -> Any:
    from sklearn.model_selection import StratifiedKFold, check_cv

    if isinstance(splitter, int | np.integer) and not isinstance(splitter, bool):
        if splitter < 2:
            raise InputError(f"folds must be at least 2, got {splitter}.")
        return StratifiedKFold(int(splitter), shuffle=True, random_state=seed)
    try:
        return check_cv(splitter)
    except ValueError as error:
        raise InputError(
            "splitter must be a scikit-learn splitter, a number of folds or pairs of rows, got "
            f"{type(splitter).__name__}."
        ) from error


def _seeded(splitter: Any, seed: int) -> Any:
    """A copy with the seed where the splitter would otherwise draw on numpy's global state."""
    unset = getattr(splitter, "random_state", seed) is None and getattr(splitter, "shuffle", True)
    if not unset:
        return splitter
    own = copy.copy(splitter)
    own.random_state = seed
    return own


def _positions(rows: ArrayLike, n: int) -> Rows:
    given = np.asarray(rows)
    if given.ndim != 1 or given.dtype.kind not in "iu" or (len(given) and not 0 <= given.min() <= given.max() < n):
        raise InputError(f"rows of a fold must be positions in [0, {n - 1}] or a mask of {n} rows, got others.")
    return given.astype(np.intp)


def _checked(train: Rows, valid: Rows, y: NDArray[np.int64]) -> Fold:
    train, valid = np.unique(train), np.unique(valid)
    if not len(train) or not len(valid):
        raise InputError(f"a fold must train and validate on a row at least, got {len(train)} and {len(valid)} rows.")
    both = np.intersect1d(train, valid, assume_unique=True)
    if len(both):
        raise InputError(f"a fold must not train on what it validates on, got {len(both)} rows in both.")
    if len(np.unique(y[train])) < 2:
        raise DataError("a fold must train on at least 2 classes, got 1; shuffle the rows or stratify the folds.")
    return Fold(train, valid)


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
