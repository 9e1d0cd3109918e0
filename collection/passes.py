"""Forward and backward pass of a training step, prepared once and made at every step.

At these sizes a step's products take some dozen microseconds each, so that making memory and views anew for each of
them would be felt. Everything has four dimensions here, ``(copies, seeds, rows, columns)``: networks of one seed share
batches and masks, which so are held once per seed.
"""

from collections.abc import Sequence
from functools import partial
from math import prod

import torch
from torch import Tensor

from lcbench.collection.layer import Layer
from lcbench.collection.products import Call, affine, product, through_relu


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
        """Evaluate each network on its seed's batch; see :meth:`lcbench.collection.network.Stack.forward`."""
        self._x.copy_(x)
        for calls, out, mask in zip(self._forward, self._outputs, (*masks, None), strict=True):
            for call in calls:
                call()
            if mask is not None:
                out.mul_(mask)
        return self._outputs[-1].flatten(0, 1)

    def backward(self, gradient: Tensor) -> None:
        """Compute the gradients of all parameters; see :meth:`lcbench.collection.network.Stack.backward`."""
        self._gradient.copy_(gradient.mT)
        for call in self._backward:
            call()
