"""Classes in the type of the target that they came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lcbench.collection.classes import number_classes
from lcbench.collection.dataset import text_of
from lcbench.errors import DamagedFileError, DataError

LEAST_ROWS = 5
"""Rows for each class, on average, that there must be to learn from."""


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
        array = _array(target)
        numbers, _ = number_classes(_series(array))
        values = _plain(array[np.unique(numbers, return_index=True)[1]])
        order = np.argsort(values, kind="stable")
        return cls(values[order]), np.argsort(order)[numbers]

    def number(self, target: pd.Series | ArrayLike) -> NDArray[np.int64]:
        """Number the values of another target, told by their text.

        Raises:
            DataError: If one is none of the classes.
        """
        places = {text_of(value): number for number, value in enumerate(self.values)}
        texts = [text_of(value) for value in _array(target)]
        other = next((text for text in texts if text not in places), None)
        if other is not None:
            raise DataError(f"the target must be one of the {len(places)} classes of training, got {other!r}.")
        return np.array([places[text] for text in texts], np.int64)

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


def check_rows(rows: int, classes: int) -> None:
    """Refuse too few rows.

    Raises:
        DataError: If there are fewer than 5 for each class.
    """
    if rows < LEAST_ROWS * classes:
        raise DataError(
            f"a data set must have at least {LEAST_ROWS} rows for each class, got {rows} rows of {classes} classes; "
            "give more rows or merge classes."
        )


def _array(target: pd.Series | ArrayLike) -> NDArray[Any]:
    """The target's values in their own type."""
    array = target.to_numpy() if isinstance(target, pd.Series | pd.DataFrame) else np.asarray(target)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(f"the target must be one column, got shape {array.shape}; give one class for each row.")
    return array


def _series(array: NDArray[Any]) -> pd.Series:
    return pd.Series(array, name="target").infer_objects()


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    """Values that JSON and sorting know: what is neither text nor number becomes text."""
    if values.dtype != object:
        return values
    plain = [value.item() if isinstance(value, np.generic) else value for value in values]
    kinds = {str if isinstance(value, str) else float if isinstance(value, int | float) else object for value in plain}
    plain = plain if kinds in ({str}, {float}) else [text_of(value) for value in plain]
    return np.array(plain, object)
