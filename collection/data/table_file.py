"""Data sets from CSV, Parquet and ARFF files; ARFF is read a block of rows at a time."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import arff
import numpy as np
import pandas as pd
import pyarrow as pa

from lcbench.collection.data.dataset import Dataset, empty_columns, tidy_columns
from lcbench.errors import DataError, UnknownNameError
from lcbench.table.manifest import check_dataset_name

_BLOCK = 20_000
"""Rows held as Python objects at one time."""


def read_arff(path: Path) -> pd.DataFrame:
    """Read an ARFF file (dense or sparse).

    Nominal attributes become categories in the order in which the header declares them, numeric ones float64, and
    strings stay text; ``?`` is missing.

    Args:
        path: The file, UTF-8.

    Raises:
        DataError: If it is not ARFF as liac-arff reads it (it knows no dates), or not UTF-8.
    """
    try:
        with path.open(encoding="utf-8") as file:
            content = arff.load(file, encode_nominal=True, return_type=arff.DENSE_GEN)
            return _gather(content["attributes"], content["data"])
    except (arff.ArffException, UnicodeDecodeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise DataError(f"{path} must be an ARFF file, got one that cannot be read: {reason}") from error


def _gather(attributes: list[tuple[str, Any]], rows: Iterator[list[Any]]) -> pd.DataFrame:
    names = [name for name, _ in attributes]
    blocks = [_typed(attributes, block) for block in iter(lambda: list(islice(rows, _BLOCK)), [])]
    frame = pd.concat(blocks or [_typed(attributes, [])], ignore_index=True)
    frame.columns = pd.Index(names)
    return frame


def _typed(attributes: list[tuple[str, Any]], rows: list[list[Any]]) -> pd.DataFrame:
    """One block; its columns are numbered, so that equal names reach the check that names them."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(attributes)
    kinds = [kind for _, kind in attributes]
    return pd.DataFrame({j: _column(kind, columns[j]) for j, kind in enumerate(kinds)})


def _column(kind: str | list[str], values: Sequence[Any]) -> Any:
    if isinstance(kind, list):
        codes = np.array([-1 if value is None else value for value in values], np.int32)
        return pd.Categorical.from_codes(codes, categories=pd.Index(kind))
    if kind == "STRING":
        return np.array(values, object)
    return np.array(values, np.float64)


_OPTIONS = ("target", "name")


def _read_csv(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, low_memory=False)  # whole columns at once, so that each has one type


READERS: Mapping[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": _read_csv,
    ".parquet": pd.read_parquet,
    ".pq": pd.read_parquet,
    ".arff": read_arff,
}
"""Readers of files, by suffix."""


def load_file(text: str) -> Dataset:
    """Read a data set from a file on this machine.

    Args:
        text: ``PATH?target=COLUMN`` or ``PATH?target=COLUMN&name=NAME``. Without a name the data set is called like
            the file, other characters than letters, digits and ``_ . + -`` replaced by ``_``. A comma, ``&``, ``?``
            or ``%`` within a part is written ``%2C``, ``%26``, ``%3F``, ``%25``.

    Raises:
        DataError: If there is no such file, it cannot be read, or a column is wholly missing.
        UnknownNameError: If an option, the file's type or the target's name is not known.
    """
    path, options = _parse(text)
    frame = read_table(path)
    columns = [str(name) for name in frame.columns]
    if options["target"] not in columns:
        raise UnknownNameError(f"target column of {path.name}", options["target"], columns)
    position = columns.index(options["target"])
    if frame.empty:
        raise DataError(f"{path} must have at least one row, got none.")
    features = frame.drop(columns=frame.columns[position])
    _refuse_empty_columns(features)
    return Dataset(
        name=_name(path, options),
        source=f"file:{text}",
        features=tidy_columns(features),
        target=frame.iloc[:, position].reset_index(drop=True),
    )


def _parse(text: str) -> tuple[Path, dict[str, str]]:
    path, _, query = text.partition("?")
    options = {}
    for part in filter(None, query.split("&")):
        key, _, value = part.partition("=")
        if key not in _OPTIONS:
            raise UnknownNameError("option of a file source", key, _OPTIONS)
        options[key] = unquote(value)
    if not options.get("target"):
        raise DataError(f"a file source must name its target column, got 'file:{text}'; write 'file:{path}?target=...'")
    return Path(unquote(path)).expanduser(), options


def read_table(path: Path) -> pd.DataFrame:
    """Read a CSV, Parquet or ARFF file.

    Raises:
        DataError: If there is no such file or it cannot be read.
        UnknownNameError: If its type is not known.
    """
    if path.suffix.lower() not in READERS:
        raise UnknownNameError(f"file type of {path}", path.suffix, READERS)
    try:
        return READERS[path.suffix.lower()](path)
    except FileNotFoundError as error:
        raise DataError(f"{path} must be a file, got nothing there; check the path.") from error
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError, pa.ArrowException) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise DataError(f"{path} must be a readable {path.suffix[1:]} file, got an error: {reason}.") from error


def _refuse_empty_columns(features: pd.DataFrame) -> None:
    empty = empty_columns(features)
    if empty:
        raise DataError(
            f"every column must have at least one value, got none in {', '.join(map(repr, empty))}; "
            "remove it from the file."
        )


def _name(path: Path, options: Mapping[str, str]) -> str:
    """The name that was given, checked, or the file's made legal."""
    if "name" in options:
        return check_dataset_name(options["name"])
    return check_dataset_name(re.sub(r"[^A-Za-z0-9_.+-]", "_", path.stem).lstrip(".+-")[:100] or "unnamed")
