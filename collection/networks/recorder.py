"""Recording of networks epoch by epoch."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lcbench.collection.networks.metrics import METRICS, RECORD
from lcbench.collection.run import DIVERGED, SUCCESS, Run

Metrics = Mapping[str, Mapping[str, NDArray[np.floating]]]
"""For each part of the data each metric of the networks, ``(networks,)``."""


class Recorder:
    """Series of runs by epoch, longest budgets first, so that the active runs are always the first ones.

    At first runs are alike whatever their budget, and what is logged counts for the runs of all budgets.

    Args:
        runs: Number of runs of a budget: configurations x seeds.
        budgets: Number of budgets.
        epochs: The longest budget.
    """

    def __init__(self, runs: int, budgets: int, epochs: int) -> None:
        n, self._copies, self._epochs = runs * budgets, budgets, epochs
        self._gradients: dict[str, NDArray[np.float32]] = {}
        self._predictions: dict[int, Mapping[str, NDArray[np.float16]]] = {}
        self._series = {name: np.full((n, epochs + 1), np.nan) for name in RECORD.names}
        self._series["seconds"][:, 0] = 0

    def part(self) -> None:
        """Log every active run from now on: the budgets differ."""
        self._copies = 1

    def metrics(self, epoch: int, parts: Metrics) -> None:
        """Log the metrics of the active runs after ``epoch`` epochs, for each part of the data."""
        for part, found in parts.items():
            for name in ("accuracy", "balanced_accuracy", "cross_entropy"):
                self._log(f"{part}_{name}", epoch, found[name])
        self._log("train_loss", epoch, parts["train"]["loss"])

    def learning_rate(self, epoch: int, rates: Sequence[float]) -> None:
        """Log the learning rates of the epoch that ends at index ``epoch``; index 0 repeats the first."""
        self._series["learning_rate"][: len(rates), epoch] = rates
        if epoch == 1:
            self._series["learning_rate"][: len(rates), 0] = rates

    def seconds(self, epoch: int, spent: ArrayLike, n: int) -> None:
        """Log what the epoch that ends at index ``epoch`` took each of the ``n`` active runs."""
        self._series["seconds"][:n, epoch] = self._series["seconds"][:n, epoch - 1] + spent

    def gradients(self, epoch: int, found: Mapping[str, NDArray[np.float32]]) -> None:
        """Log gradient statistics ``(active runs, 1 + layers)`` of the epoch that ends at index ``epoch``."""
        for name, seen in found.items():
            values = np.tile(seen, (self._copies, 1))
            if name not in self._gradients:
                self._gradients[name] = np.full((len(values), values.shape[1], self._epochs + 1), np.nan, np.float32)
            self._gradients[name][: len(values), :, epoch] = values

    def predictions(self, rows: Sequence[int], found: Mapping[str, NDArray[np.float16]]) -> None:
        """Keep the class probabilities ``(active runs, rows, classes)`` of the runs that end now."""
        for row in rows:
            self._predictions[row] = {part: values[row % len(values)] for part, values in found.items()}

    def _log(self, name: str, epoch: int, values: ArrayLike) -> None:
        array = np.tile(np.asarray(values), self._copies)
        self._series[name][: len(array), epoch] = array

    def run(self, row: int, budget: int, seed: int, n_parameters: int) -> Run:
        """Read out one run; from the first non-finite metric on, all of its metrics are NaN."""
        series = {name: self._series[name][row, : budget + 1].astype(np.float32) for name in RECORD.names}
        finite = np.all([np.isfinite(series[name]) for name in METRICS], axis=0)
        good = budget + 1 if finite.all() else int(np.argmin(finite))
        for name in METRICS:
            series[name][good:] = np.nan
        status = SUCCESS if good == budget + 1 else DIVERGED
        columns = {"status": status, "epochs": max(0, good - 1), "n_parameters": n_parameters}
        gradients = {name: values[row, :, : budget + 1] for name, values in self._gradients.items()} or None
        predictions = self._predictions.get(row)
        return Run(budget, seed, columns, series, gradients=gradients, predictions=predictions)
