"""What a folder may have beside the learning curves: gradients, labels, predictions, and baselines."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import UnknownNameError
from lcbench.files import read_parquet, read_row, read_rows, read_schema
from lcbench.table.manifest import PARTS

if TYPE_CHECKING:
    import pandas as pd


def gradients(path: Path) -> "pd.DataFrame":
    """Statistics of the gradients, one row per run, in ``lcbench.table.manifest.GRADIENT_SCHEMA``."""
    return read_parquet(path).to_pandas()


def labels(path: Path, part: str) -> NDArray[np.int32]:
    """The classes of a part's rows, ``(rows,)``.

    Raises:
        UnknownNameError: If there is no such part.
    """
    check_part(part)
    table = read_parquet(path)
    return table["label"].to_numpy()[table["part"].to_numpy() == part]


def predictions(path: Path, key: Mapping[str, int], part: str, classes: int) -> NDArray[np.float16]:
    """Class probabilities of one run, ``(rows, classes)``; only its row group is read.

    Raises:
        UnknownNameError: If there is no such part, or no such run.
    """
    check_part(part)
    found = read_row(path, key, [part])
    if found is None:
        raise UnknownNameError(f"run in {path.name}", dict(key), [])
    return np.asarray(found[part], np.float16).reshape(-1, classes)


def stacked(
    path: Path, key: Sequence[str], rows: Sequence[tuple[object, ...]], part: str, classes: int
) -> NDArray[np.float16]:
    """Class probabilities of many rows of a table, ``(n, rows, classes)``, in the order in which they are asked for.

    Raises:
        UnknownNameError: If there is no such part, or no such row.
    """
    check_part(part)
    found = read_rows(path, key, rows, [part])
    lacking = next((row for row in rows if row not in found), None)
    if lacking is not None:
        raise UnknownNameError(f"row in {path.name}", dict(zip(key, lacking, strict=True)), [])
    arrays = [found[row][part].reshape(-1, classes) for row in rows]
    return np.stack(arrays) if arrays else np.empty((0, 0, classes), np.float16)


def baselines(path: Path) -> "pd.DataFrame":
    """Seconds and metrics of the baselines, one row per baseline and seed."""
    return read_parquet(path, [name for name in read_schema(path).names if name not in PARTS]).to_pandas()


def check_part(part: str) -> None:
    """Check that a part has predictions.

    Raises:
        UnknownNameError: If it has none.
    """
    if part not in PARTS:
        raise UnknownNameError("part", part, PARTS)
