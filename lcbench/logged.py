"""What a folder may have beside the learning curves: gradients, labels, and predictions after the last epoch."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import UnknownNameError
from lcbench.files import read_parquet, read_row
from lcbench.schema import PARTS

if TYPE_CHECKING:
    import pandas as pd


def gradients(path: Path) -> "pd.DataFrame":
    """Statistics of the gradients, one row per run, in ``lcbench.schema.GRADIENT_SCHEMA``."""
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


def check_part(part: str) -> None:
    """Check that a part has predictions.

    Raises:
        UnknownNameError: If it has none.
    """
    if part not in PARTS:
        raise UnknownNameError("part", part, PARTS)
