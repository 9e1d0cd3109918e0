"""The plain loop: one network trained from scratch, epoch by epoch, stopped early if asked for, and kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lcbench.collection.networks.gradients import statistics_of
from lcbench.collection.networks.loop.modules import Network, drawn_network
from lcbench.collection.networks.loop.training import Training
from lcbench.collection.networks.measures import evaluate, probabilities, rows_at_once
from lcbench.collection.networks.metrics import RECORD
from lcbench.collection.networks.recipe import Candidate, Shape, cosine
from lcbench.collection.networks.recorder import Metrics, Recorder
from lcbench.collection.networks.tensors import Tensors
from lcbench.collection.run import SUCCESS, Run
from lcbench.collection.tasks import Extras
from lcbench.errors import InputError

_Number = TypeVar("_Number", bound=np.floating)

Score = Callable[[NDArray[np.float32]], float]
"""From class probabilities ``(validation rows, classes)`` to a number of which larger is better."""


@dataclass(frozen=True, slots=True)
class Stopping:
    """When training stops before its budget is spent.

    After ``patience`` epochs in a row none of which is better than the best one before, training stops and the network
    is that of the best epoch again (the first of equal ones; the untrained network is none). The curve keeps that
    epoch's values to the end of the budget, in all series, and no further seconds are spent. A run that is not stopped
    is as it would be without.

    Attributes:
        metric: Name of a metric of the validation part.
        patience: Epochs, at least 1.

    Raises:
        UnknownNameError: If there is no such metric.
        InputError: If the metric is not of the validation part, or the patience is too small.
    """

    metric: str
    patience: int

    def __post_init__(self) -> None:
        if RECORD.metric(self.metric).part != "valid":
            raise InputError(f"metric to stop by must be one of the validation part, got {self.metric!r}.")
        if self.patience < 1:
            raise InputError(f"patience must be at least 1 epoch, got {self.patience}.")

    @property
    def sign(self) -> int:
        """1 if small values are good, -1 if large ones are."""
        return RECORD.metric(self.metric).sign


@dataclass(frozen=True, slots=True, eq=False)
class FittedNetwork:
    """A trained network.

    Attributes:
        run: Its learning curves, and class probabilities of the validation and the test part.
        network: In evaluation mode, from prepared float32 inputs ``(rows, inputs)`` to logits ``(rows, classes)``; its
            ``state_dict`` is the whole model, which
            :func:`lcbench.collection.networks.loop.modules.empty_network` can load.
        scores: ``(budget + 1,)`` what ``score`` gave after each epoch, NaN where the run diverged; None without one.
    """

    run: Run
    network: Network
    scores: NDArray[np.float64] | None = None


def train(
    data: Tensors,
    candidates: Sequence[Candidate],
    budgets: Sequence[int],
    seeds: Sequence[int],
    clock: Callable[[], float],
    step_seconds: Sequence[float] | None,
    extras: Extras,
) -> list[list[Run]]:
    """Train networks of any recipe, run by run; see :meth:`lcbench.collection.problem.Problem.train_all`."""
    found = []
    for number, candidate in enumerate(candidates):
        seconds = None if step_seconds is None else step_seconds[number]
        fit_one = partial(fit, data, candidate, clock=clock, step_seconds=seconds, gradients=extras.gradients)
        runs = [fit_one(budget, seed).run for budget in budgets for seed in seeds]
        found.append(runs if extras.predictions else [replace(run, predictions=None) for run in runs])
    return found


@torch.no_grad()
def fit(
    data: Tensors,
    candidate: Candidate,
    budget: int,
    seed: int,
    clock: Callable[[], float],
    *,
    stopping: Stopping | None = None,
    step_seconds: float | None = None,
    gradients: bool = False,
    score: Score | None = None,
) -> FittedNetwork:
    """Train one run from scratch.

    A run diverges when a metric is not finite: it is recorded as such and trained no further, so its seconds end there,
    too.

    Args:
        data: The data set.
        candidate: The network, how it is trained, and its randomness.
        budget: Epochs of the cosine.
        seed: The run's seed.
        clock: Gives seconds; it is asked at the start and at the end of every epoch, evaluation included.
        stopping: When to stop before; None for never.
        step_seconds: What to record for each epoch, from a cost model, instead of what the clock says.
        gradients: Whether to log statistics of the gradients, every epoch.
        score: What else to know of the validation part after each epoch. With it, ``stopping`` goes by it instead of
            by its metric.

    Returns:
        The run and its network.
    """
    recipe, randomness = candidate.recipe, candidate.streams(seed)
    directions = None if recipe.svd_dim is None else data.directions[:, : recipe.svd_dim].contiguous()
    network = drawn_network(recipe, directions, randomness.parameters).to(data.x_train.device).eval()
    training = Training(network, data, recipe, randomness)
    single = _Single(network, (data.n_features, *recipe.shape.widths))
    course = _LoggedRun(data, single, budget, recipe.learning_rate, score)
    best = None if stopping is None else Best(stopping, network)
    for epoch in range(1, budget + 1):
        metrics = course.epoch(epoch, training, clock, step_seconds)
        if gradients:
            course.log.gradients(epoch, statistics_of(*training.flat_gradients()))
        if not _finite(metrics):
            break
        loss = course.loss(epoch, metrics, stopping)
        at_its_end = epoch == budget  # where no run is stopped
        if best is not None and not at_its_end and not best.should_continue(epoch, loss):
            break
    course.end(epoch)
    if best is not None:
        best.restore()
    run = course.run(seed)
    if best is None:
        return FittedNetwork(run, network, course.scores)
    return FittedNetwork(best.extended(run), network, None if course.scores is None else best.held(course.scores))


class _Single:
    """One network in evaluation mode as :class:`lcbench.collection.networks.measures.Networks`.

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


class _LoggedRun:
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

    def __init__(self, data: Tensors, single: _Single, budget: int, learning_rate: float, score: Score | None) -> None:
        self._data, self._single, self._budget, self._score = data, single, budget, score
        self._rates = [cosine(epoch, budget, learning_rate) for epoch in range(budget)]
        self.log = Recorder(1, 1, budget)
        self.log.metrics(0, self._measured(evaluate(single, data.x_train, data.y_train, data.weights)))
        self.scores = None if score is None else np.full(budget + 1, np.nan)
        self._note_score(0)

    def epoch(self, epoch: int, training: Training, clock: Callable[[], float], step_seconds: float | None) -> Metrics:
        """Train and evaluate; returns what was logged."""
        started = clock()
        metrics = self._measured(training.epoch(self._rates[epoch - 1]))
        spent = clock() - started
        self.log.metrics(epoch, metrics)
        self.log.learning_rate(epoch, self._rates[epoch - 1 : epoch])
        self.log.seconds(epoch, spent if step_seconds is None else step_seconds, 1)
        return metrics

    def loss(self, epoch: int, metrics: Metrics, stopping: Stopping | None) -> float:
        """The loss for early stopping after a finite epoch: the negative score, or the loss of its own metric."""
        self._note_score(epoch)
        if self.scores is not None:
            return -float(self.scores[epoch])
        return 0.0 if stopping is None else stopping.sign * _value(metrics, stopping.metric)

    def end(self, last: int) -> None:
        """Record that nothing is trained after this epoch: no time passes."""
        for epoch in range(last + 1, self._budget + 1):
            self.log.learning_rate(epoch, self._rates[epoch - 1 : epoch])
            self.log.seconds(epoch, 0.0, 1)

    def run(self, seed: int) -> Run:
        """Read out the run, with the predictions of the network as it is now."""
        network, data = self._single.network, self._data
        parts = {"valid": data.x_valid, "test": data.x_test}
        self.log.predictions([0], {part: probabilities(self._single, x) for part, x in parts.items()})
        return self.log.run(0, self._budget, seed, sum(parameter.numel() for parameter in network.parameters()))

    def _measured(self, train: Mapping[str, Tensor]) -> Metrics:
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


def _value(metrics: Metrics, name: str) -> float:
    part, _, kind = name.partition("_")
    return float(metrics[part][kind][0])


def _finite(metrics: Metrics) -> bool:
    return all(np.isfinite(value).all() for found in metrics.values() for value in found.values())


def _chances(single: _Single, x: Tensor) -> NDArray[np.float32]:
    """``(rows, classes)`` class probabilities."""
    parts = [torch.softmax(single.logits(part)[0], 1) for part in x.split(rows_at_once(single.shape.widths))]
    return torch.cat(parts).cpu().numpy()


class Best:
    """Follows a run that may be stopped, and keeps its best network.

    Args:
        stopping: When to stop.
        network: What is trained.

    Attributes:
        stopping: As given.
    """

    def __init__(self, stopping: Stopping, network: nn.Module) -> None:
        self.stopping, self._network = stopping, network
        self._epoch, self._loss, self._stopped_at = 0, np.inf, 0
        self._state: dict[str, Tensor] = {}

    def should_continue(self, epoch: int, loss: float) -> bool:
        """Record the loss after an epoch (smaller is better); return whether training continues.

        A loss that is not a number, of a score that these rows do not define, is no reason to stop.
        """
        if not self._state or not loss >= self._loss:
            self._epoch, self._loss = epoch, self._loss if np.isnan(loss) else loss
            self._state = {name: tensor.clone() for name, tensor in self._network.state_dict().items()}
        if epoch - self._epoch >= self.stopping.patience:
            self._stopped_at = epoch
        return not self._stopped_at

    def restore(self) -> None:
        """If training was stopped, restore the network of the best epoch."""
        if self._stopped_at:
            self._network.load_state_dict(self._state)

    def extended(self, run: Run) -> Run:
        """If training was stopped, extend the run to its budget with the values of its best epoch."""
        if not self._stopped_at:
            return run
        series = {name: values.copy() for name, values in run.series.items()}
        for name, values in series.items():
            series[name] = values if name == "seconds" else self.held(values)
        return replace(run, series=series, columns={**run.columns, "status": SUCCESS, "epochs": run.budget})

    def held(self, values: NDArray[_Number]) -> NDArray[_Number]:
        """Values by epoch; if training was stopped, those after the stop are that of the best epoch."""
        if not self._stopped_at:
            return values
        epochs = np.arange(len(values))
        return np.where(epochs > self._stopped_at, values[self._epoch], values)
