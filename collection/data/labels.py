"""The classes of a target, learnt once and told by their text in every later target."""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.api import types

from lcbench.collection.data.containers import column_of
from lcbench.collection.data.words import NO_VALUES, text_of
from lcbench.errors import DamagedFileError, DataError, DataWarning

_MOST_NUMBERS = 50
"""A target of real numbers with more distinct values than this is taken for a regression's, and one of whole numbers
may be."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The classes of a target.

    Attributes:
        values: ``(classes,)`` in the target's own type, sorted as by ``numpy.unique``: class number i is entry i.
    """

    values: NDArray[Any]

    @classmethod
    def learn(cls, target: pd.Series | ArrayLike) -> tuple[Self, NDArray[np.int64]]:
        """Find the classes of a target and number them.

        Args:
            target: ``(rows,)`` booleans, integers, text, categories, or few different real numbers.

        Returns:
            The classes, and ``(rows,)`` class numbers.

        Raises:
            DataError: If values are missing or infinite, or there is one class, or it is no classification.
        """
        numbers, values, _ = _numbered(column_of(target))
        if isinstance(target, np.ndarray) and target.dtype.kind == "U":
            values = values.astype(target.dtype)
        order = np.argsort(values, kind="stable")
        return cls(values[order]), np.argsort(order)[numbers]

    @property
    def real(self) -> bool:
        """Whether classes are numbers that are not whole, which scikit-learn takes for a regression's."""
        return self.values.dtype.kind == "f" and not bool((self.values == np.floor(self.values)).all())

    def number(self, target: pd.Series | ArrayLike) -> NDArray[np.int64]:
        """Number the values of another target, told by their text.

        Raises:
            DataError: If one is none of the classes.
        """
        places = {text_of(value): number for number, value in enumerate(self.values.tolist())}
        codes, found = pd.factorize(column_of(target), use_na_sentinel=False)
        texts = [text_of(value) for value in found]
        other = next((text for text in texts if text not in places), None)
        if other is not None:
            raise DataError(f"the target must be one of the {len(places)} classes of training, got {other!r}.")
        return np.array([places[text] for text in texts], np.int64)[codes]

    def to_json(self) -> dict[str, Any]:
        """In plain types."""
        kept = "object" if self.values.dtype == object else self.values.dtype.str
        return {"type": kept, "values": self.values.tolist()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_json` wrote.

        Raises:
            DamagedFileError: If it is anything else.
        """
        try:
            kind = np.dtype(str(document["type"]))
            values = np.array(document["values"], kind) if kind.kind in "biufUO" else np.empty(0)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise DamagedFileError(f"the classes cannot be understood ({type(error).__name__}: {error}).") from error
        if values.ndim != 1 or len(values) < 2 or not all(isinstance(v, str | int | float) for v in values.tolist()):
            raise DamagedFileError("the classes must be at least 2 numbers or texts, got others.")
        return cls(values)


def number_classes(target: pd.Series | ArrayLike) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Number the classes of a target.

    Classes are named by text and sorted by it; if all of them are integers they are sorted as numbers.

    Args:
        target: ``(rows,)`` booleans, integers, real numbers, text or categories.

    Returns:
        ``(rows,)`` array of class numbers from 0, and the classes' names.

    Raises:
        DataError: If values are missing or infinite, there is but one class, or it is no classification.
    """
    numbers, _, classes = _numbered(column_of(target))
    return numbers, classes


def real_numbers(target: pd.Series | ArrayLike) -> NDArray[np.float64]:
    """The numbers of a real target.

    Args:
        target: ``(rows,)`` numbers, or text that a file has for them.

    Raises:
        DataError: If values are missing, infinite, no numbers, or all the same.
    """
    column = column_of(target)
    check_values(column)
    numbers = pd.to_numeric(column.astype(object), errors="coerce").astype(float)
    wrong = numbers.isna()
    if wrong.any():
        raise DataError(
            f"a real target must hold numbers, got {column[wrong].iloc[0]!r} and {int(wrong.sum()) - 1} more that are "
            "none; choose another target, or a problem of classes."
        )
    found: NDArray[np.float64] = np.asarray(numbers, np.float64)
    if np.isinf(found).any() or (found == found[0]).all():
        raise DataError("a real target must hold finite numbers, not all the same, got others; mend it.")
    return found


def written_classes(target: pd.Series) -> pd.Series:
    """The classes of a file of text: numbers if all are written as Python writes them, otherwise the text itself.

    Args:
        target: ``(rows,)`` text as it is in the file, so that 01, 1.10 and true stay what they are.
    """
    found = target.dropna()
    taken = sorted({word for word in found.unique() if word in NO_VALUES})
    for word in taken:
        warnings.warn(
            f"the target has {int((found == word).sum())} rows of {word!r}, which is a class of its own; empty these "
            "cells if it marks a class that is missing.",
            DataWarning,
            stacklevel=2,
        )
    if len(found) == len(target) and all(re.fullmatch(r"0|-?[1-9]\d{0,17}", word) for word in found.unique()):
        return target.astype(np.int64)
    if len(found) == len(target) and all(_is_real(word) for word in found.unique()):
        return target.astype(np.float64)
    return target.astype(object).where(target.notna(), None)


def _is_real(word: str) -> bool:
    """Whether text is a real number as Python writes it."""
    return re.fullmatch(r"-?\d+\.\d+", word) is not None and repr(float(word)) == word


def check_values(target: pd.Series) -> None:
    """Check that every row has a class.

    Raises:
        DataError: If values are missing or infinite.
    """
    missing = int((target.isna() | _blank(target)).sum())
    if missing:
        raise DataError(
            f"the target must have a value in every row, got none in {missing} of {len(target)}; remove those rows."
        )
    infinite = int(np.isinf(target.to_numpy()).sum()) if types.is_float_dtype(target.dtype) else 0
    if infinite:
        raise DataError(
            f"the target must be finite, got infinite values in {infinite} of {len(target)} rows; remove those rows."
        )


def _blank(target: pd.Series) -> pd.Series:
    """Which rows hold text without a letter in it."""
    codes, found = pd.factorize(target)
    blank = np.array([*(isinstance(value, str) and not value.strip() for value in found), False], bool)
    return pd.Series(blank[codes])


def _numbered(target: pd.Series) -> tuple[NDArray[np.int64], NDArray[Any], tuple[str, ...]]:
    """Class numbers of the rows, one value of each class, and the classes' names."""
    _check_type(target)
    check_values(target)
    found, distinct = pd.factorize(target)
    _check_classification(target, distinct)
    texts = [text_of(value) for value in distinct]
    classes = tuple(_sorted(texts))
    if len(classes) < 2:
        raise DataError(
            f"the target must have at least 2 classes, got {len(classes)}: {', '.join(classes) or 'none'}; "
            "give rows of another class, or choose another target."
        )
    places = {name: number for number, name in enumerate(classes)}
    numbers = np.array([places[text] for text in texts], np.int64)
    first = np.unique(numbers, return_index=True)[1]
    return numbers[found], _plain(np.asarray(distinct)[first], target), classes


_PLAIN = ("string", "boolean", "integer", "floating", "mixed-integer-float", "decimal")


def _check_type(target: pd.Series) -> None:
    """Refuse what no class can be.

    Raises:
        DataError: If the values are dates, bytes, intervals, lists or other objects.
    """
    held = pd.Series(target.cat.categories) if isinstance(target.dtype, pd.CategoricalDtype) else target
    kind = types.infer_dtype(held, skipna=True)
    if kind in _PLAIN or held.isna().all():
        return
    if kind.startswith("mixed") and all(isinstance(v, str | int | float | np.number | np.bool_) for v in held.dropna()):
        return
    what = str(held.dtype) if held.dtype != object else kind if not kind.startswith("mixed") else "mixed"
    raise DataError(
        f"the target must hold classes (text, whole numbers or booleans), got {what} values; write classes as text."
    )


def _check_classification(target: pd.Series, distinct: Any) -> None:
    if len(distinct) <= _MOST_NUMBERS or not _are_numbers(target, distinct):
        return
    if _are_whole(distinct):
        warnings.warn(
            f"the target has {len(distinct)} different whole numbers, each of them a class (a regression?); bin the "
            "values if they are quantities.",
            DataWarning,
            stacklevel=2,
        )
        return
    raise DataError(
        f"the target must be classes, got {len(distinct)} different real numbers (a regression?), Unknown label type: "
        "continuous; write classes as integers or text, or bin the values."
    )


def _are_numbers(target: pd.Series, distinct: Any) -> bool:
    if isinstance(target.dtype, pd.CategoricalDtype):
        return False  # somebody said that these are classes
    if types.is_numeric_dtype(target.dtype):
        return True
    numbers = pd.to_numeric(pd.Series(np.asarray(distinct, object)), errors="coerce")
    return bool(numbers.notna().all())


def _are_whole(distinct: Any) -> bool:
    numbers = pd.to_numeric(pd.Series(np.asarray(distinct, object))).astype(float)
    return bool((numbers == np.floor(numbers)).all())


def _sorted(texts: list[str]) -> list[str]:
    whole = all(re.fullmatch(r"[+-]?[0-9]+", text) for text in texts)
    return sorted(set(texts), key=lambda text: (int(text) if whole else 0, text))


def _plain(values: NDArray[Any], target: pd.Series) -> NDArray[Any]:
    """Values that JSON and sorting know, in the target's type: what is neither text nor number becomes text."""
    if values.dtype != object:
        return values
    if isinstance(target.dtype, pd.CategoricalDtype) and target.cat.categories.dtype.kind in "biuf":
        return values.astype(target.cat.categories.to_numpy().dtype)
    plain = [value.item() if isinstance(value, np.generic) else value for value in values]
    kinds = {str if isinstance(value, str) else float if isinstance(value, int | float) else object for value in plain}
    plain = plain if kinds in ({str}, {float}) else [text_of(value) for value in plain]
    return np.array(plain, object)
