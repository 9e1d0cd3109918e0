"""How the learning rate falls with the epochs."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lcbench.collection.networks.measures import Tally
from lcbench.collection.networks.network import Stack
from lcbench.collection.networks.passes import log_softmax, loss_gradient, loss_shares
from lcbench.collection.networks.randomness import Streams
from lcbench.collection.networks.tensors import Tensors

ETA_MIN = 1e-8


def cosine(epoch: int, budget: int, learning_rate: float) -> float:
    """Learning rate of an epoch, counted from 0, under cosine annealing to 1e-8 over ``budget`` epochs."""
    return ETA_MIN + (learning_rate - ETA_MIN) * (1 + math.cos(math.pi * epoch / budget)) / 2


# Dropout masks, drawn fast.
# Masks depend on the run's seed alone, so the runs of one seed at several budgets share them, and they need drawing
# only once. On a CPU one raw 64-bit word of numpy's generator gives four Bernoulli variables of 16 bits each, so a rate
# is met to within 1/131072. On a GPU one such word is the key of a mask, whose entries are hashed from their places in
# it: a kernel for all networks, and the same masks whatever else is in the stack.

_LEVELS = 1 << 16
_ROW_STRIDE = 1 << 16  # the place of a unit in a mask does not depend on the mask's width

Draw = Callable[[int, int, float], Tensor]
"""Draws one mask for every seed: from rows in the batch, width and rate, ``(seeds, batch, width)``."""


def draw_masks(draw: Draw, batch: int, widths: Sequence[int], rates: Sequence[float]) -> list[Tensor | None]:
    """Draw the masks of one training step.

    Args:
        draw: From :func:`on_cpu` or :func:`hashed`.
        batch: Rows in the batch.
        widths: Width of each hidden layer.
        rates: Dropout rate of each hidden layer, in [0, 1].

    Returns:
        For each hidden layer a ``(seeds, batch, width)`` float32 tensor, 0 with probability ``rate`` and
        ``1 / (1 - rate)`` otherwise; None where the rate is 0.
    """
    return [draw(batch, width, rate) if rate > 0 else None for width, rate in zip(widths, rates, strict=True)]


def masks_for(device: torch.device, rngs: Sequence[np.random.Generator]) -> Draw:
    """The way of drawing that fits a device, one source of randomness per seed."""
    return on_cpu(rngs) if device.type == "cpu" else hashed(device, rngs)


def on_cpu(rngs: Sequence[np.random.Generator]) -> Draw:
    """Draw with numpy's raw generators."""

    def draw(batch: int, width: int, rate: float) -> Tensor:
        mask = np.empty((len(rngs), batch * width), np.float32)
        threshold = round(rate * _LEVELS)
        kept = np.float32(1 / (1 - rate)) if threshold < _LEVELS else np.float32(0)
        for row, rng in zip(mask, rngs, strict=True):
            np.multiply(_sixteen_bits(rng, len(row)) >= threshold, kept, out=row)
        return torch.from_numpy(mask).view(len(rngs), batch, width)

    return draw


def _sixteen_bits(rng: np.random.Generator, n: int) -> NDArray[np.uint16]:
    words = rng.bit_generator.random_raw(-(-n // 4))
    return np.asarray(words, np.uint64).view(np.uint16)[:n]


def hashed(device: torch.device, rngs: Sequence[np.random.Generator]) -> Draw:
    """Draw on a device by hashing each place in the mask, with a key from each generator."""

    def draw(batch: int, width: int, rate: float) -> Tensor:
        keys = np.array([rng.bit_generator.random_raw() for rng in rngs], np.uint64)
        return hashed_masks(keys_on(device, keys), batch, width, torch.full((len(rngs), 1, 1), rate, device=device))

    return draw


def keys_on(device: torch.device, keys: NDArray[np.uint64]) -> Tensor:
    """Bring 64-bit keys of any shape to a device, each as two 32-bit integers in a last dimension."""
    return torch.from_numpy(keys[..., None].view(np.int32).copy()).to(device)


def hashed_masks(keys: Tensor, batch: int, width: int, rates: Tensor) -> Tensor:
    """Masks whose every entry follows from its key, row and unit alone, on any device and in any stack.

    A unit is dropped if a hash of its place is below its rate. The hash is "lowbias32" (C. Wellons, *Prospecting for
    hash functions*, 2018) with half of the key before each of its two rounds.

    Args:
        keys: ``(n, 2)`` int32.
        batch: Rows, at most 32,768.
        width: Units.
        rates: ``(n, 1, 1)`` in [0, 1].

    Returns:
        ``(n, batch, width)`` float32: 0 where a unit is dropped, ``1 / (1 - rate)`` elsewhere.
    """
    rows, units = (torch.arange(size, dtype=torch.int32, device=keys.device) for size in (batch, width))
    bits = (rows[:, None] * _ROW_STRIDE + units) ^ keys[:, 0, None, None]
    bits ^= (bits >> 16) & 0xFFFF
    bits *= 0x7FEB352D
    bits ^= keys[:, 1, None, None]
    bits ^= (bits >> 15) & 0x1FFFF
    bits *= 0x846CA68B - (1 << 32)
    bits ^= (bits >> 16) & 0xFFFF
    threshold = (rates.double() * (1 << 32) - (1 << 31)).round().clamp(max=(1 << 31) - 1).to(torch.int32)
    kept = torch.where(rates < 1, 1 / (1 - rates), 0)
    return (bits >= threshold).to(rates.dtype).mul_(kept)


# One epoch of training for all networks of a stack.

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
