"""Preparation: from a data set to the arrays that a network trains, validates and tests on.

Which rows train, which validate and which test is the same for every run.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from lcbench.collection.data.columns import check_finite
from lcbench.collection.data.dataset import Dataset
from lcbench.collection.data.encodings import get_encoding
from lcbench.collection.data.labels import number_classes, real_numbers
from lcbench.collection.data.prepared import Prepared, digest_data, keep_prepared
from lcbench.collection.data.sources import is_source, load_dataset
from lcbench.errors import DataError, InputError
from lcbench.table.manifest import check_dataset_name
from lcbench.work import refuse_other_plan

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


def split_real_rows(n: int, test_rows: Rows | None) -> Split:
    """Split the rows of a real target, as :func:`split_rows` does those of classes; nothing is stratified.

    Args:
        n: Number of rows.
        test_rows: The source's own test rows, or None to draw a third of all.

    Raises:
        DataError: If there are too few rows.
    """
    if n - len(np.arange(0) if test_rows is None else test_rows) < _LEAST_ROWS:
        raise DataError(f"a data set must have at least {_LEAST_ROWS} rows outside its test part, got {n} in all.")
    rows = np.arange(n)
    if test_rows is None:
        rest, test = _drawn(rows)
    else:
        test = np.unique(test_rows).astype(np.intp)
        rest = np.setdiff1d(rows, test, assume_unique=True)
    return Split(*_drawn(rest), test)


_LEAST_ROWS = 6


def _drawn(rows: Rows, classes: NDArray[np.int64] | None = None) -> tuple[Rows, Rows]:
    rest, drawn = train_test_split(rows, test_size=SHARE, stratify=classes, random_state=SPLIT_SEED)
    return np.sort(rest), np.sort(drawn)


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
    return _drawn(rows, y[rows])


def _check_counts(y: NDArray[np.int64], classes: Sequence[str], least: int, what: str) -> None:
    counts = np.bincount(y, minlength=len(classes))
    if counts.min() < least:
        name = classes[int(counts.argmin())]
        raise DataError(
            f"class {name!r} must have at least {least} {what}, got {counts.min()}; merge it with another or remove it."
        )


def prepare(dataset: Dataset, encoding: str = "ordinal", target: str = "classes") -> Prepared:
    """Split, encode, impute and standardize; all is learnt from the training part only.

    Nothing here depends on a run: the same data set gives the same arrays, byte for byte.

    Args:
        dataset: The data set; it is left as it is.
        encoding: A name of :data:`ENCODINGS`. ``"ordinal"`` is what the released data was made with.
        target: ``"classes"``, which are numbered, or ``"real"`` numbers, which stay as they are (regression).

    Raises:
        DataError: If it cannot be trained on: a class too small or missing, values infinite, no columns left.
        UnknownNameError: If there is no such encoding.
    """
    fit = get_encoding(encoding)
    if dataset.is_regression and target != "real":
        raise DataError(f"{dataset.source} is a regression task; choose a problem whose target is real numbers.")
    y, classes = _real(dataset.target) if target == "real" else number_classes(dataset.target)
    check_finite(dataset.features)
    if classes:
        rows = split_rows(y.astype(np.int64, copy=False), classes, dataset.test_rows)
    else:
        rows = split_real_rows(len(y), dataset.test_rows)
    features, dropped = drop_missing(dataset.features, rows.train)
    encode = fit(features.iloc[rows.train])
    arrays: dict[str, NDArray[Any]] = {}
    for part, at in zip(rows._fields, rows, strict=True):
        arrays |= {f"x_{part}": encode(features.iloc[at]), f"y_{part}": y[at]}
    return Prepared(
        name=dataset.name,
        classes=classes,
        class_counts=tuple(np.bincount(y).tolist()) if classes else (),
        encoding=encoding,
        dropped=dropped,
        **arrays,
    )


def _real(target: pd.Series) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    return real_numbers(target), ()


def describe(dataset: Dataset, prepared: Prepared) -> dict[str, Any]:
    """The data set's row in ``lcbench.table.manifest.DATASET_SCHEMA``.

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
        "class_counts": list(prepared.class_counts) or None,
    }


def prepare_all(
    sources: Iterable[str],
    encoding: str,
    *,
    target: str = "classes",
    output: Path,
    known: Mapping[str, str],
    place: Path | None,
    loaded: Callable[[str], None] = lambda _: None,
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Load and prepare the data sets of a plan, and keep them where its workers read them.

    Args:
        sources: The data sets; a task that only a problem knows is its name, and needs nothing.
        encoding: How categories become numbers.
        target: What their targets are, see :func:`prepare`.
        output: The folder that the work is for, for messages.
        known: Digests of the data with which the work was begun, by name; empty for new work.
        place: Where to keep the prepared data; None to keep nothing.
        loaded: Called with the name of each data set when it is ready.

    Returns:
        The row of each data set in ``lcbench.table.manifest.DATASET_SCHEMA``, and its digest, both by name.

    Raises:
        InputError: If a data set cannot be used, or two have one name.
        PlanConflictError: If the data of one have changed since the work was begun.
    """
    rows: dict[str, dict[str, Any]] = {}
    digests: dict[str, str] = {}
    for source in sources:
        dataset = load_dataset(source) if is_source(source) else None
        name = check_dataset_name(source) if dataset is None else dataset.name
        if name in rows:
            raise InputError(f"two data sets are named {name!r}; name one of them with &name=... (openml:3?name=...)")
        if dataset is None:
            rows[name] = {"name": name, "source": name}
            loaded(name)
            continue
        data = prepare(dataset, encoding, target)
        digests[name] = digest_data(data)
        if known.get(name, digests[name]) != digests[name]:
            refuse_other_plan([f"the data of {name} has changed"], output)
        rows[name] = describe(dataset, data)
        if place is not None:
            keep_prepared(place, data, digests[name])
        loaded(name)
    return rows, digests


def drop_missing(features: pd.DataFrame, train: NDArray[np.intp]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Leave out the columns that have no value in the training part; give the frame and the names of the others.

    Raises:
        DataError: If no column is left.
    """
    given = features.iloc[train].notna().any()
    if not given.any():
        raise DataError("a data set must have at least one column with a value in its training part, got none.")
    return features[list(given.index[given])], tuple(given.index[~given])
