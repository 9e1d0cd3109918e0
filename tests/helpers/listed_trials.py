"""Trials in a given order with given curves, to work time lines out by hand."""

import numpy as np
from ConfigSpace import ConfigurationSpace

from lcbench.collection.networks.metrics import RECORD
from lcbench.simulate import FunctionBackend, simulate
from lcbench.table.curve import Curve

SPACE = ConfigurationSpace({"x": (0, 1000)})


class ListedDomain:
    """Offers the configurations 0, 1, 2, ... in this order, then none."""

    space = SPACE

    def __init__(self, n):
        self._n, self._taken = n, 0

    def sample(self, rng):
        return {"x": self._taken} if self._taken < self._n else None

    def take(self, config):
        self._taken += 1


def play(optimizer, curves, *, budgets, resumes=True, workers=1, metric="valid_cross_entropy", **settings):
    """Play an optimizer on trials whose values by epoch are given, at 10 s an epoch, until it asks for nothing.

    Args:
        optimizer: The class.
        curves: For each trial its values, from the untrained network on; or one number, its value at all epochs.
        budgets: The epochs that are offered.
        resumes: Whether trials go on where they stopped.
        workers: Number of workers.
        metric: What the values are.
        settings: For the optimizer.

    Returns:
        For each result, in the order in which it was told: trial, budget, started, finished and worker.
    """

    def curve(config, budget):
        values = np.asarray(curves[config["x"]], np.float64)
        values = values[: budget + 1] if values.ndim else np.full(budget + 1, values)
        return Curve(values, 10.0 * np.arange(budget + 1))

    backend = FunctionBackend(SPACE, tuple(budgets), curve, resumes=resumes, metric=RECORD.metric(metric))
    made = optimizer(ListedDomain(len(curves)), backend.budgets, np.random.default_rng(0), **settings)
    results = simulate(made, backend, workers=workers, seconds=1e9).results
    return [(r.job.trial, r.job.budget, r.started, r.finished, r.worker) for r in results]
