"""From columns to numbers; everything is learnt from the training part only.

A category is numbered by its place among the categories that occur in the training part, in declared order. One that
never occurs there is unknown, and is treated as a missing value. (The generator of the released data numbers all
declared categories instead; the two agree wherever training shows every category.)
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from lcbench.errors import UnknownNameError

Encoder = Callable[[pd.DataFrame], NDArray[np.float32]]
"""Turns ``(rows, columns)`` of any part into a C-contiguous ``(rows, inputs)`` float32 array without NaN."""


def fit_ordinal(train: pd.DataFrame) -> Encoder:
    """Every column is a number, categories by their code; means imputed, then mean 0 and variance 1.

    A column that is constant in the training part is 0 there.

    Args:
        train: ``(rows, columns)`` training part, no column of which is wholly missing.
    """
    seen = _seen_categories(train)
    scaler = make_pipeline(SimpleImputer(copy=False), StandardScaler(copy=False))
    scaler.fit(_numbers(train, seen))
    columns = list(train)
    return lambda part: np.ascontiguousarray(scaler.transform(_numbers(part[columns], seen)), np.float32)


def fit_onehot(train: pd.DataFrame) -> Encoder:
    """Numbers and booleans as in :func:`fit_ordinal`, then one input for each category of each categorical column.

    A missing or unknown category is 0 in all inputs of its column.

    Args:
        train: ``(rows, columns)`` training part, no column of which is wholly missing.
    """
    seen = _seen_categories(train)
    numeric = [name for name in train if name not in seen]
    encoders = [fit_ordinal(train[numeric])] if numeric else []
    if seen:
        encoders.append(_fit_indicators(seen))
    return lambda part: np.ascontiguousarray(np.hstack([encode(part) for encode in encoders]))


ENCODINGS: dict[str, Callable[[pd.DataFrame], Encoder]] = {"ordinal": fit_ordinal, "onehot": fit_onehot}
"""Encodings by name: each learns from the training part."""


def default_encoding(space_name: str) -> str:
    """The encoding that the paper's runs on a search space have: one-hot for space 2, codes for all others."""
    return "onehot" if space_name == "full" else "ordinal"


def get_encoding(name: str) -> Callable[[pd.DataFrame], Encoder]:
    """Look up an encoding.

    Raises:
        UnknownNameError: If there is no such encoding.
    """
    if name not in ENCODINGS:
        raise UnknownNameError("encoding", name, ENCODINGS)
    return ENCODINGS[name]


def _seen_categories(train: pd.DataFrame) -> dict[str, pd.Index]:
    """For each categorical column the categories that occur, in declared order."""
    categorical = train.select_dtypes("category")
    return {str(name): column.cat.remove_unused_categories().cat.categories for name, column in categorical.items()}


def _codes(part: pd.DataFrame, seen: dict[str, pd.Index]) -> NDArray[np.int32]:
    """``(rows, categorical columns)`` codes, -1 where missing or unknown."""
    columns = [part[name].cat.set_categories(known).cat.codes for name, known in seen.items()]
    return np.column_stack([column.to_numpy(np.int32) for column in columns])


def _numbers(part: pd.DataFrame, seen: dict[str, pd.Index]) -> NDArray[np.float64]:
    """``(rows, columns)`` float64, NaN where missing or unknown; a new array, free to be changed."""
    numbers = np.empty(part.shape)
    for j, name in enumerate(part):
        if name in seen:
            codes = _codes(part, {name: seen[name]})[:, 0]
            numbers[:, j] = np.where(codes < 0, np.nan, codes)
        else:
            numbers[:, j] = part[name]
    return numbers


def _fit_indicators(seen: dict[str, pd.Index]) -> Encoder:
    """One input for each known category, in the order of the columns; known beforehand, so nothing is learnt."""
    codes = [np.arange(len(known)) for known in seen.values()]
    encoder = OneHotEncoder(categories=codes, handle_unknown="ignore", sparse_output=False, dtype=np.float32)
    encoder.fit(np.zeros((1, len(seen)), np.int32))
    return lambda part: encoder.transform(_codes(part, seen))
