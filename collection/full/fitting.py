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
    single, log = Single(network, (data.n_features, *settings.shape.widths)), Recorder(1, 1, budget)
    log.metrics(0, _measured(single, data, evaluate(single, data.x_train, data.y_train, data.weights)))
    best = None if stopping is None else Best(stopping, network)
    going = True
    for epoch in range(1, budget + 1):
        started, rate = clock(), cosine(epoch - 1, budget, settings.learning_rate)
        spent = 0.0
        if going:
            metrics = _measured(single, data, training.epoch(rate))
            spent = clock() - started if epoch_seconds is None else epoch_seconds
            log.metrics(epoch, metrics)
            if gradients:
                log.gradients(epoch, statistics_of(*training.gradient_values()))
            going = _finite(metrics) and (best is None or best.goes_on(epoch, _value(metrics, best.stopping.metric)))
        log.learning_rate(epoch, [rate])
        log.seconds(epoch, spent, 1)
    n_parameters = sum(parameter.numel() for parameter in network.parameters())
    if best is not None:
        best.restore()
    log.predictions([0], {"valid": probabilities(single, data.x_valid), "test": probabilities(single, data.x_test)})
    run = log.run(0, budget, seed, n_parameters)
    return FittedNetwork(run if best is None else best.continued(run), network)


def _measured(single: Single, data: Tensors, train: Mapping[str, Tensor]) -> dict[str, dict[str, NDArray[np.floating]]]:
    """Metrics of all parts of the data."""
    parts = {
        "train": train,
        "valid": evaluate(single, data.x_valid, data.y_valid, data.weights),
        "test": evaluate(single, data.x_test, data.y_test, data.weights),
    }
    return {part: {name: values.cpu().numpy() for name, values in found.items()} for part, found in parts.items()}


def _value(metrics: Mapping[str, Mapping[str, NDArray[np.floating]]], name: str) -> float:
    part, _, kind = name.partition("_")
    return float(metrics[part][kind][0])


def _finite(metrics: Mapping[str, Mapping[str, NDArray[np.floating]]]) -> bool:
    return all(np.isfinite(value).all() for found in metrics.values() for value in found.values())
