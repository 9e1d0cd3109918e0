"""What a table has recorded of one metric on one data set: what surrogates are fitted to, and stay exact on."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.benchmark import Benchmark
from lcbench.metric import get_metric
from lcbench.simulate.encoding import Encoding
from lcbench.simulate.surrogate.features import encode_frame, features

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


@dataclass(frozen=True, eq=False)
class Recorded:
    """The recorded curves. :class:`lcbench.simulate.replay.ReplayBackend` replays it like a benchmark.

    Attributes:
        dataset: Name of the data set.
        metric: Name of the metric.
        space: The search space.
        configs: One row per configuration; index ``config_id``.
        budgets: All budgets of the table.
        seeds: All seeds of the table.
        values: For each budget that is a run: ``(configs, seeds, budget + 1)`` float32 values of the metric.
        seconds: The same of the cumulative seconds; NaN where a run is missing.
    """

    dataset: str
    metric: str
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

    def array(self, dataset: str, name: str, budget: int) -> NDArray[np.float32]:
        """One series, as :meth:`lcbench.benchmark.Benchmark.array` gives it."""
        if (dataset, budget) != (self.dataset, budget) or name not in (self.metric, "seconds"):
            raise KeyError((dataset, name, budget))
        return (self.seconds if name == "seconds" else self.values)[budget]

    def features(self) -> NDArray[np.float32]:
        """The configurations as the models see them, ``(configs, features)``."""
        encoding = Encoding(self.space)
        return features(encoding, encode_frame(encoding, self.configs))


def record(bench: Benchmark, dataset: str, metric: str, *, resumes: bool) -> Recorded:
    """Take what a surrogate needs from a table.

    Args:
        bench: The table.
        dataset: Name of a data set.
        metric: Name of a metric.
        resumes: Whether the smaller budgets are points on the run of the largest one.

    Raises:
        UnknownNameError: If a name is not in the table.
    """
    name = get_metric(metric).name
    runs = bench.budgets[-1:] if resumes else bench.budgets
    values, seconds = ({b: bench.array(dataset, series, b) for b in runs} for series in (name, "seconds"))
    return Recorded(dataset, name, bench.space, bench.configs, bench.budgets, bench.seeds, values, seconds)
