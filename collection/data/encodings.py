"""Encodings: from columns to numbers; everything is learnt from the training part only.

A category is numbered by its place among the categories that occur in the training part, in declared order. One that
never occurs there is unknown, and is treated as a missing value. (The generator of the released data numbers all
declared categories instead; the two agree wherever training shows every category.)
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler

from lcbench.collection.data.words import text_of
from lcbench.errors import DamagedFileError, UnknownNameError

_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True, eq=False)
class Encoder:
    """Turns ``(rows, columns)`` of any part into a C-contiguous ``(rows, inputs)`` float32 array without NaN.

    Attributes:
        scaled: Columns that become one input each, standardized.
        fills: ``(scaled,)`` what a missing value becomes.
        centres: ``(scaled,)`` what is subtracted.
        scales: ``(scaled,)`` what is divided by then.
        categories: For each categorical column the text of the categories that occurred, in declared order.
        spread: Columns with one input for each of their categories, after the scaled ones; all 0 where it is missing.
    """

    scaled: tuple[str, ...]
    fills: NDArray[np.float64]
    centres: NDArray[np.float64]
    scales: NDArray[np.float64]
    categories: Mapping[str, tuple[str, ...]]
    spread: tuple[str, ...]

    def __call__(self, part: pd.DataFrame) -> NDArray[np.float32]:
        """Encode; categories are told by their text, so they may come as text, numbers or categories."""
        numbers = _numbers(part[list(self.scaled)], self.categories)
        gaps = np.isnan(numbers)
        numbers[gaps] = np.broadcast_to(self.fills, numbers.shape)[gaps]
        numbers -= self.centres
        with np.errstate(over="ignore"):  # a value far from a column that hardly varied; it stays finite
            numbers /= self.scales
        np.clip(numbers, -_LARGEST, _LARGEST, out=numbers)
        indicators = [_indicators(part[name], self.categories[name]) for name in self.spread]
        return np.ascontiguousarray(np.hstack([numbers.astype(np.float32), *indicators]))

    def to_json(self) -> dict[str, Any]:
        """In plain types; :meth:`from_json` gives an encoder with the same outputs to the last bit."""
        return {
            "scaled": list(self.scaled),
            "fills": self.fills.tolist(),
            "centres": self.centres.tolist(),
            "scales": self.scales.tolist(),
            "categories": {name: list(known) for name, known in self.categories.items()},
            "spread": list(self.spread),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_json` wrote.

        Raises:
            DamagedFileError: If it is anything else.
        """
        try:
            fills, centres, scales = (np.array(document[name], np.float64) for name in ("fills", "centres", "scales"))
            names, spread = (tuple(map(str, document[key])) for key in ("scaled", "spread"))
            categories = {str(name): tuple(map(str, known)) for name, known in document["categories"].items()}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DamagedFileError(f"an encoder cannot be understood ({type(error).__name__}: {error}).") from error
        arrays = (fills, centres, scales)
        sound = all(a.shape == (len(names),) and np.isfinite(a).all() for a in arrays) and (scales != 0).all()
        if not sound or not set(spread) <= set(categories):
            raise DamagedFileError("an encoder must have finite numbers for each of its columns, got others.")
        return cls(names, fills, centres, scales, categories, spread)


def fit_ordinal(train: pd.DataFrame) -> Encoder:
    """Every column is a number, categories by their code; means imputed, then mean 0 and variance 1.

    A column that is constant in the training part is 0 there.

    Args:
        train: ``(rows, columns)`` training part, no column of which is wholly missing.
    """
    categories = _seen_categories(train)
    return Encoder(tuple(map(str, train)), *_statistics(_numbers(train, categories)), categories, ())


def fit_onehot(train: pd.DataFrame, most: float = math.inf) -> Encoder:
    """Numbers and booleans as in :func:`fit_ordinal`, then one input for each category of each categorical column.

    A missing or unknown category is 0 in all inputs of its column.

    Args:
        train: ``(rows, columns)`` training part, no column of which is wholly missing.
        most: A column with more categories is a number instead, as in :func:`fit_ordinal`.
    """
    categories = _seen_categories(train)
    spread = [name for name, known in categories.items() if len(known) <= most]
    scaled = [str(name) for name in train if name not in spread]
    return Encoder(tuple(scaled), *_statistics(_numbers(train[scaled], categories)), categories, tuple(spread))


ENCODINGS: dict[str, Callable[[pd.DataFrame], Encoder]] = {"ordinal": fit_ordinal, "onehot": fit_onehot}
"""Encodings by name: each learns from the training part."""


def get_encoding(name: str) -> Callable[[pd.DataFrame], Encoder]:
    """Look up an encoding.

    Raises:
        UnknownNameError: If there is no such encoding.
    """
    if name not in ENCODINGS:
        raise UnknownNameError("encoding", name, ENCODINGS)
    return ENCODINGS[name]


def _seen_categories(train: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """For each categorical column the text of the categories that occur, in declared order."""
    categorical = train.select_dtypes("category")
    return {
        str(name): tuple(map(text_of, column.cat.remove_unused_categories().cat.categories))
        for name, column in categorical.items()
    }


def _codes(column: pd.Series, known: tuple[str, ...]) -> NDArray[np.int32]:
    """``(rows,)`` codes, -1 where missing or unknown."""
    places = {text: code for code, text in enumerate(known)}
    categorical = column if isinstance(column.dtype, pd.CategoricalDtype) else column.astype("category")
    codes = [_place(value, places) for value in categorical.cat.categories]
    return np.array([*codes, -1], np.int32)[categorical.cat.codes.to_numpy()]


def _place(value: object, places: Mapping[str, int]) -> int:
    """The code of a category, -1 of an unknown one; a boolean or a number has the text that training had for it."""
    texts = [text_of(value)]
    if isinstance(value, bool | np.bool_):
        texts += [texts[0].lower(), texts[0].upper()]
    elif isinstance(value, int | float | np.number):
        texts += [str(float(value))]
    return next((places[text] for text in texts if text in places), -1)


def _numbers(part: pd.DataFrame, categories: Mapping[str, tuple[str, ...]]) -> NDArray[np.float64]:
    """``(rows, columns)`` float64, NaN where missing or unknown; a new array, free to be changed."""
    numbers = np.empty(part.shape)
    for j, name in enumerate(map(str, part)):
        if name in categories:
            codes = _codes(part[name], categories[name])
            numbers[:, j] = np.where(codes < 0, np.nan, codes)
        else:
            numbers[:, j] = part[name]
    return numbers


_Array = NDArray[np.float64]


def _statistics(numbers: _Array) -> tuple[_Array, _Array, _Array]:
    """Means of what is there, then means and deviations (1 where there is none) of what is imputed with them."""
    if not numbers.shape[1]:
        return np.empty(0), np.empty(0), np.empty(0)
    imputer, scaler = SimpleImputer(copy=False), StandardScaler(copy=False)
    scaler.fit(imputer.fit_transform(numbers))
    return imputer.statistics_, scaler.mean_, scaler.scale_


def _indicators(column: pd.Series, known: tuple[str, ...]) -> NDArray[np.float32]:
    """``(rows, categories)`` 1 at the category of each row."""
    return (_codes(column, known)[:, None] == np.arange(len(known))).astype(np.float32)
