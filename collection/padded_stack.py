"""Networks of different widths as one stack, for devices that need much work at a time.

Each layer is as wide as the widest network's. What a narrower network does not have is filled with zeros, and stays
zero by itself: a unit without weights and bias gives 0, its ReLU passes no gradient, and so its weights get none. The
networks compute what they would compute alone, up to rounding.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lcbench.collection.network import Shape


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
        """Evaluate each network on its own batch, with dropout; see :class:`lcbench.collection.network.Stack`."""
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
