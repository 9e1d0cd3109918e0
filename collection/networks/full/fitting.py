"""A single network where stacks of networks are evaluated."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lcbench.collection.networks.epoch import cosine
from lcbench.collection.networks.full.modules import Network, build_network, drawn_network
from lcbench.collection.networks.full.settings import settings_of
from lcbench.collection.networks.full.stopping import Best, Stopping
from lcbench.collection.networks.full.training import Training
from lcbench.collection.networks.measures import chunk_rows, evaluate, probabilities, statistics_of
from lcbench.collection.networks.network import Shape
from lcbench.collection.networks.randomness import streams
from lcbench.collection.networks.recorder import Recorder, Run
from lcbench.collection.networks.tensors import Tensors
from lcbench.collection.tasks import Extras


class Single:
    """One network in evaluation mode as :class:`lcbench.collection.networks.network.Networks`.

    Attributes:
        network: The network.
        shape: What is widest in it, for the size of chunks.
    """

    def __init__(self, network: Network, widths: tuple[int, ...]) -> None:
        self.network, self.shape = network, Shape(widths, ())

    def __len__(self) -> int:
        return 1

    def logits(self, x: Tensor) -> Tensor:
        """``(1, rows, classes)``."""
        return self.network(x)[None]


# One run of a configuration of any search space, with the network that comes of it.

__all__ = ["FittedNetwork", "Stopping", "build_network", "fit"]

_Metrics = Mapping[str, Mapping[str, NDArray[np.floating]]]

Score = Callable[[NDArray[np.float32]], float]
"""From class probabilities ``(validation rows, classes)`` to a number of which larger is better."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedNetwork:
    """A trained network.

    Attributes:
        run: Its learning curves, and class probabilities of the validation and the test part.
        network: In evaluation mode, from prepared float32 inputs ``(rows, inputs)`` to logits ``(rows, classes)``; its
            ``state_dict`` is the whole model, which :func:`build_network` takes up again.
        scores: ``(budget + 1,)`` what ``score`` gave after each epoch, NaN where the run diverged; None without one.
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
            :func:`lcbench.space.spaces.records`).
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
    single = Single(network, (data.n_features, *settings.shape.widths))
    course = _Course(data, single, budget, settings.learning_rate, score)
    best = None if stopping is None else Best(stopping, network)
    for epoch in range(1, budget + 1):
        metrics = course.epoch(epoch, training, clock, epoch_seconds)
        if gradients:
            course.log.gradients(epoch, statistics_of(*training.flat_gradients()))
        if not _finite(metrics):
            break
        loss = course.loss(epoch, metrics, stopping)
        if best is not None and epoch < budget and not best.goes_on(epoch, loss):  # at its end no run is stopped
            break
    course.end(epoch)
    if best is not None:
        best.restore()
    run = course.run(seed)
    if best is None:
        return FittedNetwork(run, network, course.scores)
    return FittedNetwork(best.continued(run), network, None if course.scores is None else best.held(course.scores))


class _Course:
    """Trains a network epoch by epoch and logs it.

    Args:
        data: The data set.
        single: The network, untrained.
        budget: Epochs of the cosine.
        learning_rate: At its beginning.
        score: What else to know of the validation part.

    Attributes:
        log: What was measured.
        scores: ``(budget + 1,)``, what ``score`` gave; None without one.
    """

    def __init__(self, data: Tensors, single: Single, budget: int, learning_rate: float, score: Score | None) -> None:
        self._data, self._single, self._budget, self._score = data, single, budget, score
        self._rates = [cosine(epoch, budget, learning_rate) for epoch in range(budget)]
        self.log = Recorder(1, 1, budget)
        self.log.metrics(0, self._measured(evaluate(single, data.x_train, data.y_train, data.weights)))
        self.scores = None if score is None else np.full(budget + 1, np.nan)
        self._note_score(0)

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

    def loss(self, epoch: int, metrics: _Metrics, stopping: Stopping | None) -> float:
        """What early stopping goes by after a finite epoch: the score's negative, or its own metric's loss."""
        self._note_score(epoch)
        if self.scores is not None:
            return -float(self.scores[epoch])
        return 0.0 if stopping is None else stopping.sign * _value(metrics, stopping.metric)

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

    def _note_score(self, epoch: int) -> None:
        if self._score is not None and self.scores is not None:
            self.scores[epoch] = self._score(_chances(self._single, self._data.x_valid))


def _value(metrics: _Metrics, name: str) -> float:
    part, _, kind = name.partition("_")
    return float(metrics[part][kind][0])


def _finite(metrics: _Metrics) -> bool:
    return all(np.isfinite(value).all() for found in metrics.values() for value in found.values())


def _chances(single: Single, x: Tensor) -> NDArray[np.float32]:
    """``(rows, classes)`` class probabilities."""
    parts = [torch.softmax(single.logits(part)[0], 1) for part in x.split(chunk_rows(single.shape, 1))]
    return torch.cat(parts).cpu().numpy()


# All budgets and seeds of a configuration of Search Space 2, one run after the other.


def fit_all(
    data: Tensors,
    config: Mapping[str, Any],
    budgets: Sequence[int],
    seeds: Sequence[int],
    plan_seed: int,
    clock: Callable[[], float],
    epoch_seconds: float | None,
    extras: Extras,
) -> list[Run]:
    """Train one configuration at every budget and seed: see :func:`lcbench.collection.networks.train.train`."""
    return [
        _asked(
            fit(
                data, config, budget, seed, plan_seed, clock, epoch_seconds=epoch_seconds, gradients=extras.gradients
            ).run,
            extras,
        )
        for budget in budgets
        for seed in seeds
    ]


def _asked(run: Run, extras: Extras) -> Run:
    return run if extras.predictions else replace(run, predictions=None)
