"""One epoch of training for all networks of a stack."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lcbench.collection.dropout import draw_masks, masks_for
from lcbench.collection.loss import log_softmax, loss_gradient, loss_shares
from lcbench.collection.network import Stack
from lcbench.collection.randomness import Streams
from lcbench.collection.statistics import Tally
from lcbench.collection.tensors import Tensors

_BLOCK_VALUES = 1 << 20  # log-probabilities kept before they are tallied: 4 MB


class Training:
    """Trains stacks whose networks belong to one configuration.

    Args:
        data: What to train on.
        config: Batch size, momentum and weight decay.
        randomness: One per seed; network ``i`` of a stack belongs to seed ``i % seeds``.
    """

    def __init__(self, data: Tensors, config: Mapping[str, Any], randomness: Sequence[Streams]) -> None:
        self._data = data
        self._batch_size = int(config["batch_size"])
        self._momentum, self._weight_decay = float(config["momentum"]), float(config["weight_decay"])
        self._orders = [source.order for source in randomness]
        self._draw = masks_for(data.weights.device, [source.dropout for source in randomness])

    def epoch(self, stack: Stack, learning_rates: Sequence[float]) -> dict[str, Tensor]:
        """Train every network for one epoch.

        Args:
            stack: ``n`` networks.
            learning_rates: One per network.

        Returns:
            Metrics over the epoch's batches in training mode, each batch before its step; see ``Tally.metrics``.
        """
        tally, block = Tally(len(stack), self._data.weights), _Block(self._batch_size, self._data.n_classes)
        copies = len(stack) // len(self._orders)
        steps = stack.steps(learning_rates, self._momentum, self._weight_decay)
        for x, labels, shares in self._batches():
            masks = draw_masks(self._draw, x.shape[1], stack.shape.widths[1:-1], stack.shape.dropout)
            log_probabilities = log_softmax(stack.forward(x, masks))
            own = labels.repeat(copies, 1)
            stack.backward(loss_gradient(log_probabilities, own, shares.repeat(copies, 1)))
            for step in steps:
                step()
            block.add(log_probabilities, own, tally)
        block.flush(tally)
        return tally.metrics()

    def _batches(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Go through the training part in each seed's own order.

        Yields:
            Rows ``(seeds, batch, features)``, labels ``(seeds, batch)`` and their shares in the batch's loss.
        """
        data, rows, size = self._data, len(self._data.y_train), self._batch_size
        order = torch.from_numpy(np.stack([rng.permutation(rows) for rng in self._orders])).to(data.weights.device)
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
