"""Read an ARFF file into a DataFrame, a block of rows at a time."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import arff
import numpy as np
import pandas as pd

from lcbench.errors import DataError

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
