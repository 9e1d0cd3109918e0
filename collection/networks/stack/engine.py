"""The stack engine: all budgets and seeds of a shaped MLP train together.

Runs of one seed start from the same parameters whatever their budget, and see the same batches and the same dropout
masks while they overlap; only their cosines differ.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from lcbench.collection.networks.gradients import Piece, statistics_of
from lcbench.collection.networks.measures import (
    Networks,
    Tally,
    evaluate,
    log_softmax,
    loss_gradient,
    loss_shares,
    probabilities,
)
from lcbench.collection.networks.randomness import Streams, draw_masks
from lcbench.collection.networks.recipe import Candidate, Recipe, Shape, cosine
from lcbench.collection.networks.recorder import Metrics, Recorder
from lcbench.collection.networks.stack.stack import Stack, initial_parameters
from lcbench.collection.networks.tensors import Tensors
from lcbench.collection.run import Run
from lcbench.collection.tasks import Extras


class Trainable(Networks, Protocol):
    """A stack of networks: budget by budget, then by configuration, then by seed."""

    def keep(self, n: int) -> None:
        """Keep the first ``n`` networks only."""

    def repeat(self, times: int) -> None:
        """Repeat the networks so many times, one copy after the other."""

    def flat_gradients(self) -> Sequence[Sequence[Piece]]:
        """Gradients of the last step, layer by layer, see :func:`statistics_of`."""


_BLOCK_VALUES = 1 << 20  # log-probabilities kept before they are tallied: 4 MB
_Stack = TypeVar("_Stack", bound=Trainable)


@np.errstate(over="ignore", invalid="ignore")  # a run that diverges is a result, not a mistake
@torch.inference_mode()
def train(
    data: Tensors,
    candidates: Sequence[Candidate],
    budgets: Sequence[int],
    seeds: Sequence[int],
    clock: Callable[[], float],
    step_seconds: Sequence[float] | None,
    extras: Extras,
) -> list[list[Run]]:
    """Train shaped MLPs, each at every budget and seed; see :meth:`lcbench.collection.problem.Problem.train_all`.

    An epoch's time is shared out evenly among the runs that were in it.
    """
    found = []
    for number, candidate in enumerate(candidates):
        shape, randomness = shape_of(candidate), [candidate.streams(seed) for seed in seeds]
        drawn = [initial_parameters(shape, source.parameters) for source in randomness]
        stack = Stack(shape, torch.from_numpy(np.stack(drawn)))
        epoch = _Training(data, candidate.recipe, randomness).epoch
        seconds = None if step_seconds is None else step_seconds[number : number + 1]
        found += train_stack(data, [candidate], stack, epoch, budgets, seeds, clock, seconds, extras)
    return found


def shape_of(candidate: Candidate) -> Shape:
    """The shape of a candidate's network, which is an MLP."""
    shape = candidate.recipe.shape
    assert isinstance(shape, Shape)  # noqa: S101  # the problem gives this engine nothing else
    return shape


def train_stack(
    data: Tensors,
    candidates: Sequence[Candidate],
    stack: _Stack,
    train_epoch: Callable[[_Stack, Sequence[float]], Mapping[str, Tensor]],
    budgets: Sequence[int],
    seeds: Sequence[int],
    clock: Callable[[], float],
    step_seconds: Sequence[float] | None,
    extras: Extras,
) -> list[list[Run]]:
    """Train one stack.

    Args:
        data: The data set.
        candidates: Whose networks they are.
        stack: A network for each candidate and seed, untrained.
        train_epoch: Trains a stack for one epoch, given a learning rate for each network, and returns its metrics.
        budgets: See :func:`train`, as for the further arguments and what is returned.
        seeds: See there.
        clock: See there.
        step_seconds: See there.
        extras: See there.
    """
    longest_first, n = sorted(budgets, reverse=True), len(candidates) * len(seeds)
    log = Recorder(n, len(budgets), longest_first[0])
    log.metrics(0, _measured(stack, data, evaluate(stack, data.x_train, data.y_train, data.weights)))
    for epoch in range(longest_first[0]):
        started = clock()
        active = [b for b in longest_first if b > epoch]
        rates = [cosine(epoch, b, c.recipe.learning_rate) for b in active for c in candidates for _ in seeds]
        if epoch == 1:  # until now all budgets were alike: every cosine begins with the configuration's rate
            stack.repeat(len(budgets))
            log.part()
        stack.keep(len(rates))
        log.metrics(epoch + 1, _measured(stack, data, train_epoch(stack, rates[: len(stack)])))
        log.learning_rate(epoch + 1, rates)
        spent = (clock() - started) / len(stack)
        own = spent if step_seconds is None else np.tile(np.repeat(step_seconds, len(seeds)), len(active))
        log.seconds(epoch + 1, own, len(rates))
        if extras.gradients:
            log.gradients(epoch + 1, statistics_of(stack.flat_gradients()))
        if extras.predictions and epoch + 1 in budgets:
            found = {"valid": probabilities(stack, data.x_valid), "test": probabilities(stack, data.x_test)}
            log.predictions(range(len(rates) - n, len(rates)), found)
    rows = {b: first for first, b in zip(range(0, n * len(budgets), n), longest_first, strict=True)}
    return [
        [
            log.run(rows[b] + c * len(seeds) + s, b, seed, shape_of(candidate).n_parameters)
            for b in budgets
            for s, seed in enumerate(seeds)
        ]
        for c, candidate in enumerate(candidates)
    ]


def _measured(stack: Networks, data: Tensors, train: Mapping[str, Tensor]) -> Metrics:
    """Metrics of all parts of the data, given those of the training part."""
    parts = {
        "train": train,
        "valid": evaluate(stack, data.x_valid, data.y_valid, data.weights),
        "test": evaluate(stack, data.x_test, data.y_test, data.weights),
    }
    return {part: {name: values.cpu().numpy() for name, values in found.items()} for part, found in parts.items()}


class _Training:
    """Trains stacks whose networks belong to one configuration.

    Args:
        data: What to train on.
        recipe: Batch size and weight decay, and the momentum of SGD.
        randomness: One per seed; network ``i`` of a stack belongs to seed ``i % seeds``.
    """

    def __init__(self, data: Tensors, recipe: Recipe, randomness: Sequence[Streams]) -> None:
        self._data, self._recipe = data, recipe
        self._orders = [source.order for source in randomness]
        self._dropout = [source.dropout for source in randomness]

    def epoch(self, stack: Stack, learning_rates: Sequence[float]) -> dict[str, Tensor]:
        """Train every network for one epoch.

        Args:
            stack: ``n`` networks.
            learning_rates: One per network.

        Returns:
            Metrics over the epoch's batches in training mode, each batch before its step; see ``Tally.metrics``.
        """
        tally, block = Tally(len(stack), self._data.weights), _Block(self._recipe.batch_size, self._data.n_classes)
        copies = len(stack) // len(self._orders)
        steps = stack.steps(learning_rates, self._recipe.momentum or 0.0, self._recipe.weight_decay)
        for x, labels, shares in self._batches():
            log_probabilities = log_softmax(stack.forward(x, self._masks(x.shape[1], stack.shape)))
            own = labels.repeat(copies, 1)
            stack.backward(loss_gradient(log_probabilities, own, shares.repeat(copies, 1)))
            for step in steps:
                step()
            block.add(log_probabilities, own, tally)
        block.flush(tally)
        return tally.metrics()

    def _masks(self, batch: int, shape: Shape) -> list[Tensor | None]:
        masks = draw_masks(self._dropout, batch, shape.widths[1:-1], shape.dropout)
        return [None if mask is None else torch.from_numpy(mask) for mask in masks]

    def _batches(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Go through the training part in each seed's own order.

        Yields:
            Rows ``(seeds, batch, features)``, labels ``(seeds, batch)`` and their shares in the batch's loss.
        """
        data, rows, size = self._data, len(self._data.y_train), self._recipe.batch_size
        order = torch.from_numpy(np.stack([rng.permutation(rows) for rng in self._orders]))
        labels = data.y_train[order]
        parts = [whole.split(size, 1) for whole in (order, labels, data.weights[labels])]
        for own, of_own, weights in zip(*parts, strict=True):
            x = data.x_train.index_select(0, own.flatten()).view(*own.shape, data.n_features)
            yield x, of_own, loss_shares(weights)


class _Block:
    """Batches that wait to be tallied together: many small tallies would cost more than the training."""

    def __init__(self, batch_size: int, n_classes: int) -> None:
        self._batch_size = batch_size
        self._batches: list[tuple[Tensor, Tensor]] = []
        self._capacity = max(1, _BLOCK_VALUES // n_classes)
        self._waiting = 0

    def add(self, log_probabilities: Tensor, labels: Tensor, tally: Tally) -> None:
        self._batches.append((log_probabilities, labels))
        self._waiting += labels.numel()
        if self._waiting > self._capacity:
            self.flush(tally)

    def flush(self, tally: Tally) -> None:
        if self._batches:
            log_probabilities, labels = (torch.cat(tensors, -1) for tensors in zip(*self._batches, strict=True))
            tally.add(log_probabilities, labels, self._batch_size)
            self._batches, self._waiting = [], 0
