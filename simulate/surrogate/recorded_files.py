"""What a surrogate was fitted to, as Parquet."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError
from lcbench.files import read_parquet, write_parquet
from lcbench.schema import check_budgets
from lcbench.simulate.surrogate.recorded import Recorded

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

CONFIGS = "configs.parquet"
RECORDED = "recorded.parquet"
_SERIES = ("values", "seconds")


def write(folder: Path, recorded: Recorded) -> list[str]:
    """Write both files and give their paths within the folder."""
    configs = pa.Table.from_pandas(recorded.configs.reset_index(), preserve_index=False)
    write_parquet(folder / CONFIGS, configs.replace_schema_metadata(None))
    write_parquet(folder / RECORDED, pa.concat_tables([_table(recorded, run) for run in recorded.runs]))
    return [CONFIGS, RECORDED]


def read(
    checked: Callable[[str], Path],
    *,
    dataset: str,
    metric: str,
    space: "ConfigurationSpace",
    budgets: tuple[int, ...],
    seeds: tuple[int, ...],
    runs: tuple[int, ...],
) -> Recorded:
    """Read what :func:`write` wrote.

    Args:
        checked: From a path within the folder to the path of the file, which it checks.
        dataset: Name of the data set.
        metric: Name of the metric.
        space: The search space.
        budgets: Of the table.
        seeds: Of the table.
        runs: The budgets that are runs.

    Raises:
        DamagedFileError: If the files are not as they must be.
        InputError: If a configuration is not of the space, or the budgets are none.
    """
    if runs not in (check_budgets(budgets), budgets[-1:]):
        raise DamagedFileError(f"runs must be all budgets or the largest one, got {runs} of {budgets}.")
    configs = read_parquet(checked(CONFIGS)).to_pandas().set_index("config_id")
    table = read_parquet(checked(RECORDED), ["budget", *_SERIES])
    budget = table["budget"].to_numpy()
    if len(table) != len(runs) * len(configs) * len(seeds):
        raise DamagedFileError(f"{RECORDED} must have a row for each run, got {len(table)} rows.")
    values, seconds = (
        {run: _array(table.filter(pa.array(budget == run)), name, run, len(seeds)) for run in runs} for name in _SERIES
    )
    recorded = Recorded(dataset, metric, space, configs, budgets, seeds, values, seconds)
    recorded.features()  # checks the configurations
    return recorded


def _table(recorded: Recorded, run: int) -> pa.Table:
    """One row per run; configurations in their order, seeds within."""
    n = len(recorded.configs)
    keys = {
        "budget": np.full(n * len(recorded.seeds), run, np.int32),
        "config_id": np.repeat(recorded.configs.index.to_numpy(np.int32), len(recorded.seeds)),
        "seed": np.tile(np.array(recorded.seeds, np.int32), n),
    }
    series = {"values": recorded.values[run], "seconds": recorded.seconds[run]}
    return pa.table(keys | {name: _lists(array) for name, array in series.items()})


def _lists(array: NDArray[np.float32]) -> pa.Array:
    flat = np.ascontiguousarray(array).reshape(-1)
    offsets = np.arange(0, flat.size + 1, array.shape[2], dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat))


def _array(table: pa.Table, name: str, run: int, seeds: int) -> NDArray[np.float32]:
    lengths = {len(row) for row in table[name]}
    if lengths != {run + 1} or table[name].type != pa.list_(pa.float32()):
        raise DamagedFileError(f"{RECORDED} must have curves of {run + 1} float32 numbers at budget {run}, got others.")
    flat = table[name].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return flat.reshape(-1, seeds, run + 1)
