"""Networks of different widths as one stack, for devices that need much work at a time.

Each layer is as wide as the widest network's. What a narrower network does not have is filled with zeros, and stays
zero by itself: a unit without weights and bias gives 0, its ReLU passes no gradient, and so its weights get none. The
networks compute what they would compute alone, up to rounding.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lcbench.collection.networks.epoch import hashed_masks, keys_on
from lcbench.collection.networks.measures import Tally
from lcbench.collection.networks.network import Shape
from lcbench.collection.networks.passes import log_softmax, loss_gradient, loss_shares
from lcbench.collection.networks.randomness import Streams
from lcbench.collection.networks.tensors import Tensors


class PaddedStack:
    """Networks with the same number of layers that train together, each with its own parameters and widths.

    Attributes:
        shape: The widths of all together, without dropout.
    """

    def __init__(self, shapes: Sequence[Shape], parameters: Sequence[NDArray[np.float32]], device: torch.device):
        """Take each network's shape and its parameters in the order of ``initial_parameters``."""
        widths = tuple(max(own) for own in zip(*(shape.widths for shape in shapes), strict=True))
        self.shape = Shape(widths, (0.0,) * (len(widths) - 2))
        self._layers = [_Layer(len(shapes), *sizes, device) for sizes in pairwise(widths)]
        for network, (shape, flat) in enumerate(zip(shapes, parameters, strict=True)):
            values, start = torch.from_numpy(flat).to(device), 0
            for layer, (fan_in, fan_out) in zip(self._layers, pairwise(shape.widths), strict=True):
                stop = start + (fan_in + 1) * fan_out
                layer.fill(network, values[start:stop], fan_in, fan_out)
                start = stop

    def __len__(self) -> int:
        return len(self._layers[0].biases)

    def keep(self, n: int) -> None:
        """Go on with the first ``n`` networks only."""
        if n < len(self):
            for layer in self._layers:
                layer.replace(lambda tensor: tensor[:n].clone())

    def repeat(self, times: int) -> None:
        """Go on with so many copies of the networks, one after the other."""
        for layer in self._layers:
            layer.replace(lambda tensor: tensor.repeat(times, 1, 1))

    def logits(self, x: Tensor) -> Tensor:
        """Evaluate all networks on the same rows ``(rows, features)``, without dropout: ``(n, rows, classes)``."""
        hidden = x.expand(len(self), *x.shape)
        for layer in self._layers[:-1]:
            hidden = layer.forward(hidden).relu_()
        return self._layers[-1].forward(hidden)

    def forward(self, x: Tensor, masks: Sequence[Tensor | None]) -> tuple[Tensor, list[Tensor]]:
        """Evaluate each network on its own batch, with dropout; see :class:`Stack`."""
        inputs = [x]
        for mask, layer in zip(masks, self._layers[:-1], strict=True):
            hidden = layer.forward(inputs[-1]).relu_()
            if mask is not None:
                hidden.view(-1, *mask.shape).mul_(mask)
            inputs.append(hidden)
        return self._layers[-1].forward(inputs[-1]), inputs

    def backward(self, gradient: Tensor, inputs: Sequence[Tensor], kept: Sequence[Tensor]) -> None:
        """Compute the gradient of every parameter.

        Args:
            gradient: Of the loss with respect to the logits, ``(n, batch, classes)``.
            inputs: From :meth:`forward`.
            kept: For each hidden layer what its surviving units were multiplied by, ``(n, 1, 1)``.
        """
        for number, layer in reversed(list(enumerate(self._layers))):
            layer.backward(inputs[number], gradient)
            if number:
                gradient = torch.bmm(gradient * kept[number - 1], layer.weights.transpose(1, 2))
                gradient = torch.ops.aten.threshold_backward.default(gradient, inputs[number], 0)

    def step(self, learning_rates: Tensor, momentum: Tensor, weight_decay: Tensor) -> None:
        """Take a step of SGD with momentum and L2 weight decay, as torch's; all arguments ``(n, 1, 1)``."""
        for layer in self._layers:
            layer.step(learning_rates, momentum, weight_decay)


class _Layer:
    """A Linear layer of every network, as wide as the widest."""

    def __init__(self, n: int, fan_in: int, fan_out: int, device: torch.device) -> None:
        self.weights = torch.zeros(n, fan_in, fan_out, device=device)
        self.biases = torch.zeros(n, 1, fan_out, device=device)
        self._velocities = [torch.zeros_like(self.weights), torch.zeros_like(self.biases)]
        self._gradients: list[Tensor] = []

    def fill(self, network: int, values: Tensor, fan_in: int, fan_out: int) -> None:
        """Give one network its parameters: the weights row by row, then the biases."""
        self.weights[network, :fan_in, :fan_out] = values[: fan_in * fan_out].view(fan_in, fan_out)
        self.biases[network, 0, :fan_out] = values[fan_in * fan_out :]

    def replace(self, change: Callable[[Tensor], Tensor]) -> None:
        self.weights, self.biases = change(self.weights), change(self.biases)
        self._velocities = [change(velocity) for velocity in self._velocities]

    def forward(self, x: Tensor) -> Tensor:
        return torch.baddbmm(self.biases, x, self.weights)

    def backward(self, x: Tensor, gradient: Tensor) -> None:
        self._gradients = [torch.bmm(x.transpose(1, 2), gradient), gradient.sum(1, keepdim=True)]

    def step(self, learning_rates: Tensor, momentum: Tensor, weight_decay: Tensor) -> None:
        for own, gradient, velocity in zip((self.weights, self.biases), self._gradients, self._velocities, strict=True):
            velocity.mul_(momentum).add_(gradient).addcmul_(own, weight_decay)
            own.addcmul_(velocity, learning_rates, value=-1)


# One epoch of training for networks of several configurations in one stack.
# Configurations differ in their batch size, so in a step each network has its own number of rows; places without a row
# have no weight in the loss. A network that is through with its rows waits: its step changes nothing.


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
