"""What a folder may have beside the learning curves: labels, and predictions of runs and baselines."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError, UnknownNameError
from lcbench.files import read_rows
from lcbench.table.manifest import PARTS, PREDICTION_SCHEMA


def labels(path: Path, table: pa.Table, part: str, shape: tuple[int, int]) -> NDArray[np.int32]:
    """The classes of a part's rows, ``(rows,)``; ``shape`` is how many rows and classes there must be.

    Raises:
        UnknownNameError: If there is no such part.
        DamagedFileError: If there are other rows or classes.
    """
    check_part(part)
    found: NDArray[np.int32] = table["label"].to_numpy()[table["part"].to_numpy() == part]
    if len(found) != shape[0] or not np.isin(found, np.arange(shape[1])).all():
        raise DamagedFileError(
            f"{path} must have {shape[0]} labels of {shape[1]} classes for part {part}, got others; restore it."
        )
    return found


def stacked(
    path: Path, key: Sequence[str], rows: Sequence[tuple[object, ...]], part: str, shape: tuple[int, int]
) -> NDArray[np.float16]:
    """Class probabilities of many rows of a table, ``(n, rows, classes)``, in the order in which they are asked for.

    Raises:
        UnknownNameError: If there is no such part, or no such row.
        DamagedFileError: If they are not of the ``shape`` (rows, classes).
    """
    check_part(part)
    found = read_rows(path, key, rows, [part], PREDICTION_SCHEMA)
    lacking = next((row for row in rows if row not in found), None)
    if lacking is not None:
        raise UnknownNameError(f"row in {path.name}", dict(zip(key, lacking, strict=True)), [])
    arrays = [found[row][part] for row in rows]
    if any(len(each) != shape[0] * shape[1] for each in arrays):
        raise DamagedFileError(f"{path} must have predictions of {shape[0]} rows and {shape[1]} classes, got others.")
    return np.stack(arrays).reshape(-1, *shape) if arrays else np.empty((0, *shape), np.float16)


def check_part(part: str) -> None:
    """Check that a part has predictions.

    Raises:
        UnknownNameError: If it has none.
    """
    if part not in PARTS:
        raise UnknownNameError("part", part, PARTS)
