"""Training of single runs one by one: no folder, no plan, only a data set and the seeds."""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lcbench.collection.data.prepared import Prepared
from lcbench.collection.problem import get_problem
from lcbench.table.curve import Curve

if TYPE_CHECKING:
    from lcbench.collection.networks.recorder import Run


class Trainer:
    """Trains single runs exactly as a collection does.

    All randomness comes from (plan seed, data set, configuration, seed), see
    :mod:`lcbench.collection.networks.randomness`; so a run has the networks of the same run in a collection, in
    whatever order runs are asked for.

    Args:
        problem: Name of the problem.
        data: The data set; it is copied to the device once, when the first run is asked for.
        metric: Name of the metric that is asked for.
        seeds: Seeds of the runs; they train as one stack.
        plan_seed: Seed of the collection.
        device: Where to compute.
    """

    def __init__(
        self, problem: str, data: Prepared, metric: str, seeds: Sequence[int], plan_seed: int, device: str
    ) -> None:
        self.problem, self.data, self.metric, self.seeds = problem, data, metric, tuple(seeds)
        self.plan_seed, self.device = plan_seed, device
        self._loaded: Any = None

    def curve(self, config: Mapping[str, Any], budget: int) -> Curve:
        """Train on one thread. Torch is imported here: the process that hands out jobs never needs it."""
        from lcbench.collection.networks.tensors import one_thread

        problem = get_problem(self.problem)
        with one_thread():
            if self._loaded is None:
                self._loaded = problem.load(self.data, self.device)
            (runs,) = problem.train_all(
                self._loaded, [config], (budget,), self.seeds, self.plan_seed, time.perf_counter
            )
        return Curve(_mean(runs, self.metric), _mean(runs, "seconds"))


def _mean(runs: "Sequence[Run]", name: str) -> NDArray[np.float64]:
    """Mean over the seeds, as a replay of several seeds takes it; of one seed its own numbers."""
    return np.stack([run.series[name] for run in runs]).mean(axis=0, dtype=np.float64)
