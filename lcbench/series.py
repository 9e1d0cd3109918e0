"""Read one series of one data set into its flat array."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError
from lcbench.files import read_parquet
from lcbench.layout import Layout
from lcbench.schema import KEY


def read_series(path: Path, metric: str, layout: Layout) -> NDArray[np.float32]:
    """Read one list column of a data set's runs; no other column but the key is touched.

    Args:
        path: The file of runs.
        metric: Name of a series.
        layout: Which runs there should be.

    Returns:
        ``(layout.size,)`` read-only array in the layout's order, NaN where a run is missing; runs of budgets that the
        layout lacks are left out. A view of what was read if every run is there.

    Raises:
        DamagedFileError: If a run is unknown or there twice, or a curve is not ``budget + 1`` long.
    """
    table = read_parquet(path, [*KEY, metric]).combine_chunks()
    table = _of_budgets(table, list(layout.budgets.places))
    budgets, config_ids, seeds = (_numbers(table[key]) for key in KEY)
    _check_lengths(path, table[metric], budgets)
    values = _numbers(pc.list_flatten(table[metric]))
    starts = _starts(path, layout, budgets, config_ids, seeds)
    if len(values) != layout.size or np.any(starts != np.cumsum(budgets + 1) - (budgets + 1)):
        values = _scattered(values, starts, budgets + 1, layout.size)
    values.flags.writeable = False
    return values


def _numbers(column: pa.ChunkedArray) -> NDArray[Any]:
    """A column as a read-only view, nulls as NaN. pyarrow's own ``to_numpy`` imports pandas, ten times slower."""
    array = column.combine_chunks()
    array = array.fill_null(np.nan) if array.null_count else array
    if not len(array):
        return np.empty(0, array.type.to_pandas_dtype())
    content = np.frombuffer(array.buffers()[-1], array.type.to_pandas_dtype())
    return content[array.offset : array.offset + len(array)]


def _of_budgets(table: pa.Table, budgets: list[int]) -> pa.Table:
    known = np.isin(_numbers(table["budget"]), budgets)
    return table if known.all() else table.filter(pa.array(known))


def _check_lengths(path: Path, column: pa.ChunkedArray, budgets: NDArray[np.int32]) -> None:
    wrong = budgets[_numbers(pc.list_value_length(column)) != budgets + 1]
    if len(wrong):
        raise DamagedFileError(f"{path} has a curve at budget {wrong[0]} that is not {wrong[0] + 1} long.")


def _starts(path: Path, layout: Layout, *key: NDArray[np.int32]) -> NDArray[np.intp]:
    """Where each run's curve begins."""
    budgets, config_ids, seeds = key
    for index, ids in ((layout.configs, config_ids), (layout.seeds, seeds)):
        unknown = set(np.unique(ids).tolist()) - index.places.keys()
        if unknown:
            raise DamagedFileError(
                f"{path} has a run of a configuration or seed that the manifest lacks: {min(unknown)}."
            )
    starts = layout.places(config_ids, budgets, seeds, np.zeros(len(budgets), np.intp))
    ordered = np.sort(starts)
    twice = ordered[1:][np.diff(ordered) == 0]
    if len(twice):
        budget = budgets[starts == twice[0]][0]
        raise DamagedFileError(f"{path} has a run twice at budget {budget}; restore it or collect again.")
    return starts


def _scattered(
    values: NDArray[np.float32], starts: NDArray[np.intp], lengths: NDArray[np.int32], size: int
) -> NDArray[np.float32]:
    """Curves brought to their places, NaN elsewhere."""
    within = np.arange(len(values)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    full = np.full(size, np.nan, np.float32)
    full[np.repeat(starts, lengths) + within] = values
    return full
