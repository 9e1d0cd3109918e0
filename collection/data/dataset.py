"""One data set as its source gives it: the few column types it may have, and its classes as numbers."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from lcbench.errors import DataError

_DATE = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")
"""A date or a time as ISO 8601 and pandas write them."""


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """A data set for classification, as its source gives it.

    Attributes:
        name: Name in the table.
        source: Where it comes from, as ``load_dataset`` takes it.
        features: ``(rows, columns)`` DataFrame; each column is numeric, boolean or categorical.
        target: ``(rows,)`` Series, the class of each row.
        test_rows: Positions of the source's own test rows, increasing; None if the source has no 33 % hold-out.
        openml_task_id: OpenML's number of the task, if it has one.
        openml_dataset_id: OpenML's number of the data set, if it has one.
        licence: Licence of the data, if the source says.
        empty_columns: Columns of the source without a single value; they are not among ``features``.
    """

    name: str
    source: str
    features: pd.DataFrame
    target: pd.Series
    test_rows: NDArray[np.intp] | None = None
    openml_task_id: int | None = None
    openml_dataset_id: int | None = None
    licence: str | None = None
    empty_columns: tuple[str, ...] = ()


def empty_columns(features: pd.DataFrame) -> list[str]:
    """Names of the columns without a single value."""
    return [str(name) for name, missing in features.isna().all().items() if missing]


def tidy_columns(features: pd.DataFrame) -> pd.DataFrame:
    """Bring every column to numbers, booleans or categories; text becomes categories in alphabetical order.

    Args:
        features: DataFrame as a file gives it; no column is wholly missing.

    Returns:
        DataFrame of the same shape, columns named by strings, rows numbered from 0.

    Raises:
        DataError: If there are no columns, two have one name, or one holds dates, lists or other objects.
    """
    if features.shape[1] == 0:
        raise DataError(
            "a data set must have at least one feature column beside its target, got none; give columns to learn from."
        )
    names = distinct_names(features)
    columns = [tidy_column(name, features.iloc[:, j]) for j, name in enumerate(names)]
    return pd.DataFrame(dict(zip(names, columns, strict=True))).reset_index(drop=True)


def distinct_names(features: pd.DataFrame) -> list[str]:
    """Names of the columns as text.

    Raises:
        DataError: If two have one name.
    """
    names = [str(name) for name in features.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"names of columns must differ, got {', '.join(map(repr, twice))} twice; rename one.")
    return names


def tidy_column(name: str, column: pd.Series) -> pd.Series:
    """Bring one column to numbers, booleans or categories.

    Raises:
        DataError: If it holds dates, lists or other objects.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column
    if types.is_bool_dtype(column.dtype) or types.is_numeric_dtype(column.dtype):
        return _plain_numbers(name, column)
    kind = types.infer_dtype(column, skipna=True)
    if kind in ("string", "boolean"):
        return column.astype("category")
    if kind in ("integer", "floating", "mixed-integer-float", "decimal"):
        return pd.to_numeric(column)
    what = column.dtype if column.dtype != object else _held(column, kind)
    raise DataError(
        f"column {name!r} must hold numbers, booleans or text, got {what} values; {_remedy(str(what))} or remove it."
    )


def refuse_written_dates(features: pd.DataFrame) -> None:
    """Refuse columns of text that is a date in every row: a CSV file does not say which of its columns are dates.

    As categories, nearly all of them would be new at prediction. A categorical column is left alone: somebody said so.

    Raises:
        DataError: If there is one.
    """
    for name, column in features.items():
        if types.is_object_dtype(column.dtype) or isinstance(column.dtype, pd.StringDtype):
            given = column.dropna()
            if len(given) and all(isinstance(value, str) and _DATE.fullmatch(value) for value in given):
                raise DataError(
                    f"column {str(name)!r} must hold numbers, booleans or text, got dates such as {given.iloc[0]!r}; "
                    f"{_remedy('date')} or remove it."
                )


def text_of(value: object) -> str:
    """A class or category as text: whole numbers without a point, whatever type they have."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _held(column: pd.Series, kind: str) -> str:
    """Describe the content of a column of objects: pandas' word for it, or the types of its first values."""
    if not kind.startswith("mixed"):
        return kind
    found = dict.fromkeys(type(value).__name__ for value in column[column.notna()].iloc[:1000])
    return " and ".join(dict.fromkeys("list" if name in ("ndarray", "tuple") else name for name in list(found)[:3]))


def _remedy(what: str) -> str:
    if "date" in what:
        return "turn it into numbers (such as days since a date)"
    if "time" in what or "period" in what:
        return "turn it into numbers (such as seconds)"
    return "write all of them as text" if " and " in what else "make one column per part"


def _plain_numbers(name: str, column: pd.Series) -> pd.Series:
    """Numbers in one of numpy's types; pandas' nullable ones become float64 where a value is missing."""
    if types.is_complex_dtype(column.dtype):
        raise DataError(f"column {name!r} must hold real numbers, got {column.dtype}; split or remove it.")
    if isinstance(column.dtype, np.dtype):
        return column
    return pd.Series(column.to_numpy(np.float64, na_value=np.nan) if column.hasnans else column.to_numpy())


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
