"""One data set as its source gives it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """A data set for classification or regression, as its source gives it.

    Attributes:
        name: Name in the table.
        source: Where it comes from, as ``load_dataset`` takes it.
        features: ``(rows, columns)`` DataFrame; each column is numeric, boolean or categorical.
        target: ``(rows,)`` Series, the class or the number of each row.
        test_rows: Positions of the source's own test rows, increasing; None if the source has no 33 % hold-out.
        openml_task_id: OpenML's number of the task, if it has one.
        openml_dataset_id: OpenML's number of the data set, if it has one.
        licence: Licence of the data, if the source says.
        empty_columns: Columns of the source without a single value; they are not among ``features``.
        is_regression: Whether the source says that the target is a real number.
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
    is_regression: bool = False
