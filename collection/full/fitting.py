"""One run of a configuration of any search space, with the network that comes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from collection.full.build import build_network, drawn_network
from collection.full.evaluation import Single
from collection.full.modules import Network
from collection.full.settings import settings_of
from collection.full.stopping import Best, Stopping
from collection.full.training import Training
from collection.gradients import statistics_of
from collection.randomness import streams
from collection.recorder import Recorder, Run
from collection.schedule import cosine
from collection.statistics import evaluate, probabilities
from collection.tensors import Tensors

_Metrics = Mapping[str, Mapping[str, NDArray[np.floating]]]

__all__ = ["FittedNetwork", "Stopping", "build_network", "fit"]


@dataclass(frozen=True, slots=True, eq=False)
class FittedNetwork:
    """A trained network.

    Attributes:
        run: Its learning curves, and class probabilities of the validation and the test part.
        network: In evaluation mode, from prepared float32 inputs ``(rows, inputs)`` to logits ``(rows, classes)``; its
            ``state_dict`` is the whole model, which :func:`build_network` takes up again.
    """

    run: Run
    network: Network


@torch.no_grad()
def fit(
    data: Tensors,
    config: Mapping[str, Any],
    budget: int,
    seed: int,
    plan_seed: int,
    clock: Callable[[], float],
    *,
    stopping: Stopping | None = None,
    epoch_seconds: float | None = None,
    gradients: bool = False,
) -> FittedNetwork:
    """Train one run from scratch.

    All randomness comes from (plan seed, data set, configuration, seed), so the numbers do not depend on what was
    trained before. A run diverges when a metric is not finite: it is recorded as such and trained no further, so its
    seconds end there, too.

    Args:
        data: The data set.
        config: The active hyperparameters of a configuration of any search space, in plain types (see
            :func:`lcbench.space.records`).
        budget: Epochs of the cosine.
        seed: The run's seed.
        plan_seed: Seed of the whole collection.
        clock: Gives seconds; it is asked at the start and at the end of every epoch, evaluation included.
        stopping: When to stop before; None for never.
        epoch_seconds: What to record for each epoch, from a cost model, instead of what the clock says.
        gradients: Whether to log statistics of the gradients, every epoch.

    Returns:
        The run and its network.
    """
    settings = settings_of(config, data.n_features, data.n_classes)
    randomness = streams(plan_seed, data.name, config, seed)
    directions = None if settings.svd_dim is None else data.directions[:, : settings.svd_dim].contiguous()
    network = drawn_network(settings, directions, randomness.parameters).to(data.x_train.device).eval()
    training = Training(network, data, settings, randomness)
    course = _Course(data, Single(network, (data.n_features, *settings.shape.widths)), budget, settings.learning_rate)
    best = None if stopping is None else Best(stopping, network)
    for epoch in range(1, budget + 1):
        metrics = course.epoch(epoch, training, clock, epoch_seconds)
        if gradients:
            course.log.gradients(epoch, statistics_of(*training.gradient_values()))
        if not _finite(metrics) or (
            best is not None and not best.goes_on(epoch, _value(metrics, best.stopping.metric))
        ):
            break
    course.end(epoch)
    if best is not None:
        best.restore()
    run = course.run(seed)
    return FittedNetwork(run if best is None else best.continued(run), network)


class _Course:
    """Trains a network epoch by epoch and logs it.

    Args:
        data: The data set.
        single: The network, untrained.
        budget: Epochs of the cosine.
        learning_rate: At its beginning.
    """

    def __init__(self, data: Tensors, single: Single, budget: int, learning_rate: float) -> None:
        self._data, self._single, self._budget = data, single, budget
        self._rates = [cosine(epoch, budget, learning_rate) for epoch in range(budget)]
        self.log = Recorder(1, 1, budget)
        self.log.metrics(0, self._measured(evaluate(single, data.x_train, data.y_train, data.weights)))

    def epoch(
        self, epoch: int, training: Training, clock: Callable[[], float], epoch_seconds: float | None
    ) -> _Metrics:
        """Train and evaluate; returns what was logged."""
        started = clock()
        metrics = self._measured(training.epoch(self._rates[epoch - 1]))
        spent = clock() - started
        self.log.metrics(epoch, metrics)
        self.log.learning_rate(epoch, self._rates[epoch - 1 : epoch])
        self.log.seconds(epoch, spent if epoch_seconds is None else epoch_seconds, 1)
        return metrics

    def end(self, last: int) -> None:
        """After this epoch nothing is trained: no time passes."""
        for epoch in range(last + 1, self._budget + 1):
            self.log.learning_rate(epoch, self._rates[epoch - 1 : epoch])
            self.log.seconds(epoch, 0.0, 1)

    def run(self, seed: int) -> Run:
        """Read out the run, with the predictions of the network as it is now."""
        network, data = self._single.network, self._data
        parts = {"valid": data.x_valid, "test": data.x_test}
        self.log.predictions([0], {part: probabilities(self._single, x) for part, x in parts.items()})
        return self.log.run(0, self._budget, seed, sum(parameter.numel() for parameter in network.parameters()))

    def _measured(self, train: Mapping[str, Tensor]) -> _Metrics:
        """Metrics of all parts of the data."""
        single, data = self._single, self._data
        parts = {
            "train": train,
            "valid": evaluate(single, data.x_valid, data.y_valid, data.weights),
            "test": evaluate(single, data.x_test, data.y_test, data.weights),
        }
        return {part: {name: values.cpu().numpy() for name, values in found.items()} for part, found in parts.items()}


def _goes_on(epoch: int, metrics: _Metrics, best: Best | None) -> bool:
    """Whether there is to be another epoch."""
    return _finite(metrics) and (best is None or best.goes_on(epoch, _value(metrics, best.stopping.metric)))


def _value(metrics: _Metrics, name: str) -> float:
    part, _, kind = name.partition("_")
    return float(metrics[part][kind][0])


def _finite(metrics: _Metrics) -> bool:
    return all(np.isfinite(value).all() for found in metrics.values() for value in found.values())
