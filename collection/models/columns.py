"""The columns of a frame and the classes of a target, learnt once and checked in every later frame and target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.api import types

from lcbench.collection.data.dataset import number_classes, refuse_written_dates, text_of, tidy_column, tidy_columns
from lcbench.collection.data.preparation import check_finite
from lcbench.errors import DamagedFileError, DataError

_NUMBER, CATEGORY, EMPTY = "number", "category", "empty"


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a raw frame.

    Attributes:
        names: As text, in the order of training.
        kinds: Of each: ``"number"`` (booleans too), ``"category"`` (text, and booleans with gaps), or ``"empty"``
            (without a single value; such a column is never read).
        named: Whether they came with names; those of an array are told by their places.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    named: bool

    @classmethod
    def learn(cls, features: pd.DataFrame | ArrayLike) -> tuple[Self, pd.DataFrame]:
        """Read the first frame.

        Args:
            features: ``(rows, columns)`` DataFrame, or anything that numpy makes such an array of.

        Returns:
            What its columns are, and the tidy frame: float64 numbers and categories, empty columns left out, rows
            numbered from 0.

        Raises:
            DataError: If a column holds dates, lists, infinite values or the like, or there is nothing to learn from.
        """
        frame = _frame(features)
        given = frame.notna().any().to_numpy()
        if frame.shape[1] and not given.any():
            raise DataError(
                f"a data set must have at least one column with a value, got none in all {frame.shape[1]}; "
                "give columns to learn from."
            )
        kinds = np.full(frame.shape[1], EMPTY, object)
        tidy = tidy_columns(frame.loc[:, given] if frame.shape[1] else frame)
        refuse_written_dates(frame.loc[:, given])
        kinds[given] = [CATEGORY if isinstance(t, pd.CategoricalDtype) else _NUMBER for t in tidy.dtypes]
        columns = cls(tuple(map(str, frame.columns)), tuple(kinds), isinstance(features, pd.DataFrame))
        return columns, columns.align(tidy.reindex(columns=list(columns.names)))

    def align(self, features: pd.DataFrame | ArrayLike) -> pd.DataFrame:
        """Read a frame as the first one was read.

        Args:
            features: The same columns in any order. An array's columns are taken in the order of training, as are a
                frame's if training had an array.

        Returns:
            Tidy frame with the columns of training in their order.

        Raises:
            DataError: If a column is missing, unknown, twice there, or holds something else than in training.
        """
        frame = _frame(features)
        if not self.named or not isinstance(features, pd.DataFrame):
            self._check_count(frame)
            frame = frame.set_axis(list(self.names), axis=1)
        frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
        self._check_names(list(frame.columns))
        read = {
            name: _number(name, frame[name]) if kind == _NUMBER else _category(name, frame[name])
            for name, kind in zip(self.names, self.kinds, strict=True)
            if kind != EMPTY
        }
        tidy = pd.DataFrame(read, index=pd.RangeIndex(len(frame)))
        check_finite(tidy)
        return tidy

    def to_json(self) -> dict[str, Any]:
        """In plain types."""
        return {"names": list(self.names), "kinds": list(self.kinds), "named": self.named}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_json` wrote.

        Raises:
            DamagedFileError: If it is anything else.
        """
        try:
            names, kinds = (tuple(map(str, document[key])) for key in ("names", "kinds"))
            named = bool(document["named"])
        except (KeyError, TypeError) as error:
            raise DamagedFileError(f"the columns cannot be understood ({type(error).__name__}: {error}).") from error
        if len(names) != len(kinds) or not set(kinds) <= {_NUMBER, CATEGORY, EMPTY}:
            raise DamagedFileError("the columns must have a name and a kind each, got others.")
        return cls(names, kinds, named)

    def _check_count(self, frame: pd.DataFrame) -> None:
        if frame.shape[1] != len(self.names):
            raise DataError(f"rows must have {len(self.names)} values as in training, got {frame.shape[1]}.")

    def _check_names(self, given: Sequence[str]) -> None:
        found = {
            "missing": [name for name in self.names if name not in set(given)],
            "unknown": [name for name in given if name not in set(self.names)],
            "twice": sorted({name for name in given if given.count(name) > 1}),
        }
        parts = [f"{word} {_listed(names)}" for word, names in found.items() if names]
        if parts:
            raise DataError(f"columns must be those of training, got {'; '.join(parts)}; rename, add or remove them.")


def _frame(features: pd.DataFrame | ArrayLike) -> pd.DataFrame:
    """A frame with rows numbered from 0; an array's columns are named by their places."""
    if isinstance(features, pd.DataFrame):
        return features.reset_index(drop=True)
    if hasattr(features, "toarray"):
        raise DataError("features must be a dense table, got a sparse matrix; give X.toarray().")
    array = features.to_numpy() if isinstance(features, pd.Series) else np.asarray(features)
    if array.ndim != 2:
        raise DataError(
            f"features must be 2-d (rows x columns), got shape {array.shape}; reshape your data, "
            "such as X.reshape(1, -1) for a single row."
        )
    return pd.DataFrame(array, columns=[str(j) for j in range(array.shape[1])]).infer_objects()


def _number(name: str, column: pd.Series) -> NDArray[np.float64]:
    if column.isna().all():
        return np.full(len(column), np.nan)
    tidy = tidy_column(name, column)
    if isinstance(tidy.dtype, pd.CategoricalDtype):
        if types.infer_dtype(tidy.cat.categories) not in ("boolean", "integer", "floating"):
            other = next(value for value in tidy if not pd.isna(value))
            raise DataError(
                f"column {name!r} must hold numbers as in training, got text such as {str(other)!r}; "
                "mend or empty those cells."
            )
        return np.asarray(tidy.astype(object).where(tidy.notna(), np.nan), np.float64)
    return tidy.to_numpy(np.float64)


def _category(name: str, column: pd.Series) -> pd.Categorical:
    if column.isna().all():
        return pd.Categorical([None] * len(column))
    tidy = tidy_column(name, column)
    return pd.Categorical(tidy)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(map(repr, names[:5])) + more


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
