"""One epoch of training for all networks of a stack."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from lcbench.collection.networks.loss import log_softmax, loss_gradient, loss_shares
from lcbench.collection.networks.measures import Tally
from lcbench.collection.networks.randomness import Streams, draw_masks
from lcbench.collection.networks.recipe import Recipe, Shape
from lcbench.collection.networks.stack.stack import Stack
from lcbench.collection.networks.tensors import Tensors

_BLOCK_VALUES = 1 << 20  # log-probabilities kept before they are tallied: 4 MB


class Training:
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
