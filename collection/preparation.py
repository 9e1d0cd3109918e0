"""From a data set to the arrays that a network trains, validates and tests on."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.collection.classes import number_classes
from lcbench.collection.dataset import Dataset
from lcbench.collection.encodings import ENCODINGS, get_encoding
from lcbench.collection.prepared import Prepared
from lcbench.collection.splits import split_rows
from lcbench.errors import DataError

__all__ = ["ENCODINGS", "Prepared", "describe", "prepare"]


def prepare(dataset: Dataset, encoding: str = "ordinal") -> Prepared:
    """Split, encode, impute and standardize; all is learnt from the training part only.

    Nothing here depends on a run: the same data set gives the same arrays, byte for byte.

    Args:
        dataset: The data set; it is left as it is.
        encoding: A name of :data:`ENCODINGS`. ``"ordinal"`` is what the released data was made with.

    Raises:
        DataError: If it cannot be trained on: a class too small or missing, values infinite, no columns left.
        UnknownNameError: If there is no such encoding.
    """
    fit = get_encoding(encoding)
    y, classes = number_classes(dataset.target)
    check_finite(dataset.features)
    rows = split_rows(y, classes, dataset.test_rows)
    features, dropped = drop_missing(dataset.features, rows.train)
    encode = fit(features.iloc[rows.train])
    arrays: dict[str, NDArray[Any]] = {}
    for part, at in zip(rows._fields, rows, strict=True):
        arrays |= {f"x_{part}": encode(features.iloc[at]), f"y_{part}": y[at]}
    return Prepared(
        name=dataset.name,
        classes=classes,
        class_counts=tuple(np.bincount(y).tolist()),
        encoding=encoding,
        dropped=dropped,
        **arrays,
    )


def describe(dataset: Dataset, prepared: Prepared) -> dict[str, Any]:
    """The data set's row in ``lcbench.schema.DATASET_SCHEMA``.

    ``features`` counts the source's columns, also those that preparation drops or spreads over several inputs.
    """
    return {
        "name": dataset.name,
        "source": dataset.source,
        "openml_task_id": dataset.openml_task_id,
        "openml_dataset_id": dataset.openml_dataset_id,
        "licence": dataset.licence,
        "instances": prepared.instances,
        "features": dataset.features.shape[1] + len(dataset.empty_columns),
        "classes": prepared.n_classes,
        "train_instances": len(prepared.y_train),
        "valid_instances": len(prepared.y_valid),
        "test_instances": len(prepared.y_test),
        "class_counts": list(prepared.class_counts),
    }


def check_finite(features: pd.DataFrame) -> None:
    """Refuse infinite values, and those too large for float32.

    Raises:
        DataError: If there are any.
    """
    largest = np.finfo(np.float32).max
    for name, column in features.select_dtypes("number").items():
        if column.abs().max() > largest:
            raise DataError(f"column {name!r} must be finite, got {column.abs().max()}; mend or empty those cells.")


def drop_missing(features: pd.DataFrame, train: NDArray[np.intp]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Leave out the columns that have no value in the training part; give the frame and the names of the others.

    Raises:
        DataError: If no column is left.
    """
    given = features.iloc[train].notna().any()
    if not given.any():
        raise DataError("a data set must have at least one column with a value in its training part, got none.")
    return features[list(given.index[given])], tuple(given.index[~given])
