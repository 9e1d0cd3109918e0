"""What a table has recorded of one metric on one data set: what surrogates are fitted to, and stay exact on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError, UnknownNameError
from lcbench.files import read_parquet
from lcbench.simulate.surrogate.features import features
from lcbench.space.encoding import Encoding
from lcbench.table.benchmark import Benchmark
from lcbench.table.curve import backwards, outside
from lcbench.table.manifest import check_budgets
from lcbench.table.metric import Metric
from lcbench.table.record import SECONDS
from lcbench.writing import write_parquet

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


@dataclass(frozen=True, eq=False)
class Recorded:
    """The recorded curves. :class:`lcbench.simulate.replay.ReplayBackend` replays it like a benchmark.

    Attributes:
        dataset: Name of the data set.
        target: The metric.
        space: The search space.
        configs: One row per configuration; index ``config_id``.
        budgets: The budgets that the data set has runs at.
        seeds: All seeds of the table.
        values: For each budget that is a run: ``(configs, seeds, budget + 1)`` float32 values of the metric.
        seconds: The same of the cumulative seconds; NaN where a run is missing.
    """

    dataset: str
    target: Metric
    space: "ConfigurationSpace"
    configs: pd.DataFrame
    budgets: tuple[int, ...]
    seeds: tuple[int, ...]
    values: dict[int, NDArray[np.float32]]
    seconds: dict[int, NDArray[np.float32]]

    @property
    def runs(self) -> tuple[int, ...]:
        """Budgets that are runs of their own: all, or the largest if all others are points on its curve."""
        return tuple(self.values)

    def measured(self, run: int) -> NDArray[np.bool_]:
        """At which steps anything was measured, ``(run + 1,)``: maybe not before the first, or at the last only."""
        found: NDArray[np.bool_] = np.logical_or.reduce(np.isfinite(self.values[run]), axis=(0, 1))
        return found

    def filled(self, run: int) -> NDArray[np.float32]:
        """The values of a run; a step at which nothing was measured has those of the next one that was.

        So that there is a whole curve to fit a model to. What it predicts for such a step is never handed out.
        """
        measured = self.measured(run)
        if measured.all() or not measured.any():
            return self.values[run]
        after = np.minimum.accumulate(np.where(measured, np.arange(run + 1), run)[::-1])[::-1]
        return self.values[run][:, :, after]

    def array(self, dataset: str, name: str, budget: int) -> NDArray[np.float32]:
        """One series, as :meth:`lcbench.table.benchmark.Benchmark.array` gives it."""
        if dataset != self.dataset or name not in (self.target.name, SECONDS):
            raise KeyError((dataset, name, budget))
        return (self.seconds if name == SECONDS else self.values)[budget]

    def budgets_of(self, dataset: str) -> tuple[int, ...]:  # noqa: ARG002  # there is one data set
        """All budgets, as :meth:`lcbench.table.benchmark.Benchmark.budgets_of` gives them."""
        return self.budgets

    def metric(self, name: str | None = None) -> Metric:
        """The metric, as :meth:`lcbench.table.benchmark.Benchmark.metric` gives it.

        Raises:
            UnknownNameError: If another one is asked for.
        """
        if name not in (None, self.target.name):
            raise UnknownNameError("metric", name, [self.target.name])
        return self.target

    def objectives(self, text: str | None = None) -> tuple[Metric, ...]:
        """The metric alone, as :meth:`lcbench.table.benchmark.Benchmark.objectives` gives it.

        Raises:
            UnknownNameError: If another one is asked for.
        """
        return (self.metric(text),)

    def features(self) -> NDArray[np.float32]:
        """The configurations as the models see them, ``(configs, features)``."""
        encoding = Encoding(self.space)
        return features(encoding, encoding.cube(self.configs))


def record(bench: Benchmark, dataset: str, metric: str | None, *, resumes: bool) -> Recorded:
    """Take what a surrogate needs from a table.

    Args:
        bench: The table.
        dataset: Name of a data set.
        metric: Name of a metric; by default the table's objective.
        resumes: Whether the smaller budgets are points on the run of the largest one.

    Raises:
        UnknownNameError: If a name is not in the table.
    """
    target = bench.metric(metric)
    budgets = bench.budgets_of(dataset)
    runs = budgets[-1:] if resumes else budgets
    values, seconds = ({b: bench.array(dataset, series, b) for b in runs} for series in (target.name, SECONDS))
    return Recorded(dataset, target, bench.space, bench.configs, budgets, bench.seeds, values, seconds)


CONFIGS = "configs.parquet"
RECORDED = "recorded.parquet"
_SERIES = ("values", "seconds")
_SCHEMA = pa.schema(
    [
        pa.field("budget", pa.int32(), nullable=False),
        *(pa.field(name, pa.list_(pa.float32()), nullable=False) for name in _SERIES),
    ]
)


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
    target: Metric,
    space: "ConfigurationSpace",
    budgets: tuple[int, ...],
    seeds: tuple[int, ...],
    runs: tuple[int, ...],
) -> Recorded:
    """Read what :func:`write` wrote.

    Args:
        checked: From a path within the folder to the path of the file, which it checks.
        dataset: Name of the data set.
        target: The metric.
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
    table = read_parquet(checked(RECORDED), _SCHEMA.names, _SCHEMA)
    budget = table["budget"].to_numpy()
    if len(table) != len(runs) * len(configs) * len(seeds):
        raise DamagedFileError(f"{RECORDED} must have a row for each run, got {len(table)} rows.")
    values, seconds = (
        {run: _array(table.filter(pa.array(budget == run)), name, run, len(seeds)) for run in runs} for name in _SERIES
    )
    for run in runs:
        backward = backwards(seconds[run].reshape(-1), np.arange(0, seconds[run].size, run + 1)).any()
        if backward or len(outside(values[run], (target.low, target.high))):
            raise DamagedFileError(f"{RECORDED} must have values of {target.name} and seconds that can be, got others.")
    recorded = Recorded(dataset, target, space, configs, budgets, seeds, values, seconds)
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
    series = {"values": recorded.values[run], "seconds": recorded.seconds[run]}  # noqa: PD011  # no DataFrame
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
