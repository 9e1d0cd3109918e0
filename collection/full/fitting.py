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
from collection.statistics import chunk_rows, evaluate, probabilities
from collection.tensors import Tensors

__all__ = ["FittedNetwork", "Stopping", "build_network", "fit"]


Score = Callable[[NDArray[np.float32]], float]
"""From class probabilities ``(validation rows, classes)`` to a number of which larger is better."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedNetwork:
    """A trained network.

    Attributes:
        run: Its learning curves, and class probabilities of the validation and the test part.
        scores: ``(budget + 1,)`` what ``score`` gave after each epoch, NaN where the run diverged; None without one.
        network: In evaluation mode, from prepared float32 inputs ``(rows, inputs)`` to logits ``(rows, classes)``; its
            ``state_dict`` is the whole model, which :func:`build_network` takes up again.
    """

    run: Run
    network: Network
    scores: NDArray[np.float64] | None = None


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
    score: Score | None = None,
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
        score: What else to know of the validation part after each epoch. With it, ``stopping`` goes by it instead of
            by its metric.

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
    scores = np.full(budget + 1, np.nan)
    if score is not None:
        scores[0] = score(_chances(single, data.x_valid))
    going = True
    for epoch in range(1, budget + 1):
        started, rate = clock(), cosine(epoch - 1, budget, settings.learning_rate)
        spent = 0.0
        if going:
            metrics = _measured(single, data, training.epoch(rate))
            spent = clock() - started if epoch_seconds is None else epoch_seconds
            log.metrics(epoch, metrics)
            if gradients:
                log.gradients(epoch, statistics_of(*training.flat_gradients()))
            going = _finite(metrics)
            if going and score is not None:
                scores[epoch] = score(_chances(single, data.x_valid))
            if going and best is not None and epoch < budget:  # a run that got to its end is not stopped
                loss = best.stopping.sign * _value(metrics, best.stopping.metric) if score is None else -scores[epoch]
                going = best.goes_on(epoch, loss)
        log.learning_rate(epoch, [rate])
        log.seconds(epoch, spent, 1)
    n_parameters = sum(parameter.numel() for parameter in network.parameters())
    if best is not None:
        best.restore()
    log.predictions([0], {"valid": probabilities(single, data.x_valid), "test": probabilities(single, data.x_test)})
    run = log.run(0, budget, seed, n_parameters)
    if best is not None:
        run, scores = best.continued(run), best.held(scores)
    return FittedNetwork(run, network, None if score is None else scores)


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


def _chances(single: Single, x: Tensor) -> NDArray[np.float32]:
    """``(rows, classes)`` class probabilities."""
    parts = [torch.softmax(single.logits(part)[0], 1) for part in x.split(chunk_rows(single.shape, 1))]
    return torch.cat(parts).cpu().numpy()
