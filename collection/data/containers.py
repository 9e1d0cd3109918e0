"""Tables and columns as Python holds them: pandas, polars, Arrow, numpy and lists."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api import types

from lcbench.errors import DataError


def named_frame(table: Any) -> pd.DataFrame | None:
    """A table whose columns have names, of pandas, polars, Arrow or what else has Arrow's interface, as a DataFrame.

    Returns:
        The frame; None of an array or a list, whose columns have none.
    """
    if isinstance(table, pd.DataFrame):
        return table
    if isinstance(table, pd.Series) or not hasattr(table, "__arrow_c_stream__"):
        return None
    return None if _is_column(table) else pa.table(table).to_pandas()


def frame_of(table: Any) -> tuple[pd.DataFrame, bool]:
    """A table as a DataFrame with rows numbered from 0, and whether its columns have names.

    The columns of an array are named by their places. Text in a list or an array of objects makes no text of the
    numbers beside it.

    Raises:
        DataError: If it is sparse, or not of two dimensions.
    """
    frame = named_frame(table)
    if frame is not None:
        return frame.reset_index(drop=True), True
    if hasattr(table, "toarray"):
        raise DataError("features must be a dense table, got a sparse matrix; give X.toarray().")
    array = array_of(table)
    if array.ndim != 2:
        raise DataError(
            f"features must be 2-d (rows x columns), got shape {array.shape}; reshape your data, "
            "such as X.reshape(1, -1) for a single row."
        )
    return pd.DataFrame(array, columns=[str(j) for j in range(array.shape[1])]).infer_objects(), False


def column_of(values: Any) -> pd.Series:
    """One column, such as a target, as a Series with rows numbered from 0, of the type that its values have.

    Raises:
        DataError: If it is not one column.
    """
    if isinstance(values, pa.Array):
        values = pa.chunked_array([values])
    if isinstance(values, pd.Series):
        column = values
    elif isinstance(values, pd.Categorical | pd.api.extensions.ExtensionArray | pd.Index):
        column = pd.Series(values)
    elif hasattr(values, "__arrow_c_stream__") and not isinstance(values, pd.DataFrame):
        read = pa.chunked_array(values) if _is_column(values) else pa.table(values).to_pandas()
        column = read.to_pandas() if isinstance(read, pa.ChunkedArray) else read
    else:
        array = values.to_numpy() if isinstance(values, pd.DataFrame) else array_of(values)
        array = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
        if array.ndim != 1:
            raise DataError(f"the target must be one column, got shape {array.shape}; give one class for each row.")
        column = pd.Series(array)
    if isinstance(column, pd.DataFrame):
        return column_of(column)
    return _plain(column.reset_index(drop=True).infer_objects())


def _plain(column: pd.Series) -> pd.Series:
    """Numbers and booleans without gaps in numpy's types."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column
    if types.infer_dtype(column, skipna=False) in ("mixed-integer-float", "decimal"):
        return pd.to_numeric(column)
    numbers = types.is_bool_dtype(column.dtype) or types.is_numeric_dtype(column.dtype)
    return (
        column if isinstance(column.dtype, np.dtype) or not numbers or column.hasnans else pd.Series(column.to_numpy())
    )


def _is_column(values: Any) -> bool:
    """Whether what speaks Arrow's interface is a column (of Arrow or polars) and no table."""
    return isinstance(values, pa.ChunkedArray) or not hasattr(values, "columns")


def array_of(values: Any) -> np.ndarray:
    """An array of the values' own types: numbers beside text stay numbers, and gaps stay gaps."""
    if isinstance(values, np.ma.MaskedArray):
        objects = values.data.astype(object)
        objects[np.ma.getmaskarray(values)] = None
        return objects
    array = values.to_numpy() if hasattr(values, "to_numpy") else np.asarray(values)
    if isinstance(values, np.ndarray) or hasattr(values, "to_numpy") or array.dtype.kind not in "US":
        return array
    objects = np.asarray(values, dtype=object)
    return objects if objects.shape == array.shape else array
