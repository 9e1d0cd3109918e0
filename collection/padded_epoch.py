"""One epoch of training for networks of several configurations in one stack.

Configurations differ in their batch size, so in a step each network has its own number of rows; places without a row
have no weight in the loss. A network that is through with its rows waits: its step changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lcbench.collection.dropout import hashed_masks, keys_on
from lcbench.collection.loss import log_softmax, loss_gradient, loss_shares
from lcbench.collection.network import Shape
from lcbench.collection.padded_stack import PaddedStack
from lcbench.collection.randomness import Streams
from lcbench.collection.statistics import Tally
from lcbench.collection.tensors import Tensors


class PaddedTraining:
    """Trains stacks of networks of several configurations.

    Args:
        data: What to train on.
        configs: Batch size, momentum and weight decay of each source.
        shapes: Its widths and dropout rates.
        randomness: Its sources of randomness. Network ``i`` of a stack belongs to source ``i % sources``.
    """

    def __init__(
        self,
        data: Tensors,
        configs: Sequence[Mapping[str, Any]],
        shapes: Sequence[Shape],
        randomness: Sequence[Streams],
    ) -> None:
        self._data, self._randomness = data, randomness
        self._sizes = np.array([int(config["batch_size"]) for config in configs])
        self._steps = -(-len(data.y_train) // self._sizes)
        self._momentum = self._column([float(config["momentum"]) for config in configs])
        self._decay = self._column([float(config["weight_decay"]) for config in configs])
        self._rates = [self._column(rates) for rates in zip(*(shape.dropout for shape in shapes), strict=True)]
        self._kept = [torch.where(rates < 1, 1 / (1 - rates), 1) for rates in self._rates]
        self._drops = np.array([any(shape.dropout) for shape in shapes])

    def epoch(self, stack: PaddedStack, learning_rates: Sequence[float]) -> dict[str, Tensor]:
        """Train every network for one epoch.

        Args:
            stack: ``n`` networks.
            learning_rates: One per network.

        Returns:
            Metrics over the epoch's batches in training mode, each batch before its step; see ``Tally.metrics``.
        """
        copies, rates = len(stack) // len(self._sizes), self._column(learning_rates)
        tally, keys = Tally(len(stack), self._data.weights), self._keys()
        kept = [each.repeat(copies, 1, 1) for each in self._kept]
        for batch in self._batches():
            x = self._data.x_train[batch.rows].repeat(copies, 1, 1)
            labels, there = self._data.y_train[batch.rows].repeat(copies, 1), batch.there.repeat(copies, 1)
            logits, inputs = stack.forward(x, self._masks(keys, batch.number, x.shape[1], stack.shape))
            log_probabilities = log_softmax(logits)
            shares = loss_shares(self._data.weights[labels] * there)
            stack.backward(loss_gradient(log_probabilities, labels, shares), inputs, kept)
            waiting = torch.from_numpy(self._steps <= batch.number).to(x.device)[:, None, None]
            momentum, decay = self._momentum.masked_fill(waiting, 1), self._decay.masked_fill(waiting, 0)
            still = rates.masked_fill(waiting.repeat(copies, 1, 1), 0)
            stack.step(still, momentum.repeat(copies, 1, 1), decay.repeat(copies, 1, 1))
            tally.add(log_probabilities, labels, x.shape[1], there)
        return tally.metrics()

    def _batches(self) -> Iterator["_Batch"]:
        """Go through the training part in each source's own order."""
        n_rows, device = len(self._data.y_train), self._data.weights.device
        order = torch.from_numpy(np.stack([each.order.permutation(n_rows) for each in self._randomness])).to(device)
        places = torch.arange(min(n_rows, int(self._sizes.max())), device=device)
        sizes = torch.from_numpy(self._sizes).to(device)[:, None]
        for number in range(int(self._steps.max())):
            at = number * sizes + places
            there = (places < sizes) & (at < n_rows)
            yield _Batch(number, order.gather(1, at.clamp(max=n_rows - 1)), there.to(self._data.weights.dtype))

    def _keys(self) -> NDArray[np.uint64]:
        """Keys of an epoch's masks, ``(steps, layers, sources)``, drawn as each source would draw them alone."""
        keys = np.zeros((self._steps.max(), len(self._rates), len(self._sizes)), np.uint64)
        for source, streams in enumerate(self._randomness):
            own = keys[: self._steps[source], :, source]
            if self._drops[source] and own.size:
                own[:] = streams.dropout.bit_generator.random_raw(own.size).reshape(own.shape)
        return keys

    def _masks(self, keys: NDArray[np.uint64], step: int, batch: int, shape: Shape) -> list[Tensor | None]:
        if not self._drops.any():
            return [None] * len(self._rates)
        own = keys_on(self._data.weights.device, keys[step])
        widths = shape.widths[1:-1]
        return [
            hashed_masks(each, batch, width, rates) for each, width, rates in zip(own, widths, self._rates, strict=True)
        ]

    def _column(self, values: Sequence[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self._data.weights.device)[:, None, None]


@dataclass(frozen=True, slots=True)
class _Batch:
    """A step's rows of the training part.

    Attributes:
        number: Which step of the epoch.
        rows: ``(sources, largest batch size)``.
        there: 1 where there is a row, 0 elsewhere; the same shape.
    """

    number: int
    rows: Tensor
    there: Tensor
