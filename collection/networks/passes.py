"""One Linear layer of many networks: views of the memory that holds their parameters."""

from collections.abc import Sequence
from functools import partial
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lcbench.collection.networks.products import Call, affine, product, through_relu


class Layer:
    """The same Linear layer of ``n`` networks.

    The weights lie in memory with the longer side last: products of a narrow matrix are several times as fast so.

    Args:
        parameters: ``(n, (fan_in + 1) * fan_out)``, the weights as they lie, then the biases; of each network together.
        gradients: Their gradients, in the same places.
        fan_in: Inputs.
        fan_out: Outputs.

    Attributes:
        weights: ``(n, fan_in, fan_out)``, a view.
        biases: ``(n, 1, fan_out)``, a view.
        weight_gradients: Of the loss with respect to the weights, **as they lie in memory**.
        bias_gradients: ``(n, 1, fan_out)``.
        turned: Whether weights lie in memory as ``(n, fan_out, fan_in)``.
    """

    def __init__(self, parameters: Tensor, gradients: Tensor, fan_in: int, fan_out: int) -> None:
        self.turned = fan_in > fan_out
        lying = (fan_out, fan_in) if self.turned else (fan_in, fan_out)
        self._gradients, self._size = gradients, fan_in * fan_out
        weights, self.biases = self._views(parameters, lying)
        self.weights = weights.mT if self.turned else weights
        self.weight_gradients, self.bias_gradients = self._views(gradients, lying)

    def _views(self, flat: Tensor, lying: tuple[int, int]) -> tuple[Tensor, Tensor]:
        return flat[:, : self._size].unflatten(1, lying), flat[:, self._size :].unsqueeze(1)

    def fill(self, values: Tensor) -> None:
        """Set the parameters to ``(n, ...)`` values: the weights row by row, then the biases."""
        self.weights.copy_(values[:, : self._size].view_as(self.weights))
        self.biases.copy_(values[:, self._size :].unsqueeze(1))

    def flat_gradients(self) -> list[list[Tensor]]:
        """Views of the gradients of each network's parameters.

        Returns:
            Those of the weights, in no particular order, and those of the biases: each one tensor ``(n, parameters)``.
        """
        return [[self._gradients[:, : self._size]], [self._gradients[:, self._size :]]]


# The class-weighted cross-entropy and its gradient.
# Probabilities lie with the classes before the rows, ``(n, classes, rows)``: a softmax over few classes is several
# times as fast so.

NOTHING = 1e-30
"""Weight of a batch without rows, so that 0 / 0 is 0."""


def class_weights(labels: NDArray[np.int64], n_classes: int) -> NDArray[np.float32]:
    """Weights of the loss: ``rows / (classes * count)``, where a class that does not occur counts as one row."""
    counts = np.bincount(labels, minlength=n_classes)
    return (len(labels) / (n_classes * np.maximum(counts, 1))).astype(np.float32)


def log_softmax(logits: Tensor) -> Tensor:
    """Turn logits ``(n, rows, classes)`` into log-probabilities ``(n, classes, rows)``."""
    return torch.log_softmax(logits.transpose(1, 2).contiguous(), 1)


def loss_shares(weights: Tensor) -> Tensor:
    """What each row counts in its batch's loss, ``w_y / sum(w_y)``, from its class's weight: both ``(n, rows)``."""
    return weights / weights.sum(1, keepdim=True).clamp_(min=NOTHING)


def loss_gradient(log_probabilities: Tensor, labels: Tensor, shares: Tensor) -> Tensor:
    """Gradient of a batch's loss with respect to the logits: ``w_y (p - onehot(y)) / sum(w_y)``.

    Args:
        log_probabilities: ``(n, classes, rows)``.
        labels: ``(n, rows)``.
        shares: ``(n, rows)``, from :func:`loss_shares`.

    Returns:
        ``(n, rows, classes)``, a view of memory that has the classes first.
    """
    gradient = log_probabilities.exp()
    gradient.scatter_add_(
        1, labels.unsqueeze(1), gradient.new_full((1, 1, 1), -1).expand(len(labels), 1, labels.shape[1])
    )
    return gradient.mul_(shares.unsqueeze(1)).mT


# Forward and backward pass of a training step, prepared once and made at every step.
# At these sizes a step's products take some dozen microseconds each, so that making memory and views anew for each of
# them would be felt. Everything has four dimensions here, ``(copies, seeds, rows, columns)``: networks of one seed
# share batches and masks, which so are held once per seed.


class Passes:
    """The passes of networks of one shape over batches of one size.

    Args:
        layers: Their layers; network ``i`` belongs to seed ``i % seeds``.
        rates: Dropout rates of the inputs of the first layer (0), and of those of each further one.
        seeds: Number of seeds.
        batch: Rows in a batch.
    """

    def __init__(self, layers: Sequence[Layer], rates: Sequence[float], seeds: int, batch: int) -> None:
        n = len(layers[0].biases)
        self._by_seed = (n // seeds, seeds)
        new = layers[0].biases.new_empty
        self._x = new(seeds, batch, layers[0].weights.shape[1])
        self._outputs = [new(*self._by_seed, batch, layer.biases.shape[-1]) for layer in layers]
        self._inputs = [self._x.expand(*self._by_seed, -1, -1), *self._outputs[:-1]]
        self._gradient = new(n, layers[-1].biases.shape[-1], batch)  # classes before rows, as the loss gives it
        self._spare = new(max((each.numel() for each in self._outputs[:-1]), default=0))
        self._forward = [
            affine(x, self._split(layer.weights), self._split(layer.biases), out, relu=layer is not layers[-1])
            for layer, x, out in zip(layers, self._inputs, self._outputs, strict=True)
        ]
        self._backward = self._prepared_backward(layers, rates)

    def _prepared_backward(self, layers: Sequence[Layer], rates: Sequence[float]) -> list[Call]:
        calls: list[Call] = []
        gradient = self._split(self._gradient.mT)
        for number, layer in reversed(list(enumerate(layers))):
            x = self._inputs[number]
            left, right = (gradient, x) if layer.turned else (x, gradient)
            calls.append(product(left.mT, right, self._split(layer.weight_gradients)))
            calls.append(partial(torch.sum, gradient, 2, keepdim=True, out=self._split(layer.bias_gradients)))
            if number:
                if 0 < rates[number] < 1:
                    calls.append(partial(gradient.mul_, 1 / (1 - rates[number])))
                back = self._spare[: prod(x.shape)].view_as(x)
                calls += through_relu(gradient, self._split(layer.weights), x, back)
                gradient = x  # what the ReLU gave is not needed any more
        return calls

    def _split(self, tensor: Tensor) -> Tensor:
        return tensor.unflatten(0, self._by_seed)

    def forward(self, x: Tensor, masks: Sequence[Tensor | None]) -> Tensor:
        """Evaluate each network on its seed's batch; see :meth:`lcbench.collection.networks.network.Stack.forward`."""
        self._x.copy_(x)
        for calls, out, mask in zip(self._forward, self._outputs, (*masks, None), strict=True):
            for call in calls:
                call()
            if mask is not None:
                out.mul_(mask)
        return self._outputs[-1].flatten(0, 1)

    def backward(self, gradient: Tensor) -> None:
        """Compute the gradients of all parameters; see :meth:`lcbench.collection.networks.network.Stack.backward`."""
        self._gradient.copy_(gradient.mT)
        for call in self._backward:
            call()
