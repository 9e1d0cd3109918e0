"""Many networks of one shape as one stack.

A stack holds ``n`` networks whose layers have the same sizes, each layer's parameters in one tensor, so that a training
step is a handful of products of many matrices however many networks there are. The backward pass is written out: a
chain of Linear-ReLU-Dropout needs no automatic differentiation. Tests hold it against PyTorch's.
"""

from collections.abc import Sequence
from functools import partial
from itertools import groupby, pairwise
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lcbench.collection.networks._kernels import sgd_step
from lcbench.collection.networks.recipe import Shape
from lcbench.collection.networks.stack.products import Call, affine, product, through_relu


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


class Passes:
    """Forward and backward pass of networks of one shape over batches of one size, prepared once for every step.

    At these sizes a step's products take some dozen microseconds each, so that making memory and views anew for each of
    them would be felt. Everything has four dimensions here, ``(copies, seeds, rows, columns)``: networks of one seed
    share batches and masks, which so are held once per seed.

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
        """Evaluate each network on its seed's batch; see :meth:`Stack.forward`."""
        self._x.copy_(x)
        for calls, out, mask in zip(self._forward, self._outputs, (*masks, None), strict=True):
            for call in calls:
                call()
            if mask is not None:
                out.mul_(mask)
        return self._outputs[-1].flatten(0, 1)

    def backward(self, gradient: Tensor) -> None:
        """Compute the gradients of all parameters; see :meth:`Stack.backward`."""
        self._gradient.copy_(gradient.mT)
        for call in self._backward:
            call()


class Stack:
    """Networks of one shape that train together, each with its own parameters.

    All parameters of a network lie together, so that a step of networks with one learning rate is one call.

    Attributes:
        shape: Their shape.
        layers: Their Linear layers, the output layer last.
    """

    def __init__(self, shape: Shape, parameters: Tensor) -> None:
        """Take ``(n, shape.n_parameters)`` parameters: layer by layer the weights row by row, then the biases."""
        self.shape = shape
        self._hold(torch.empty_like(parameters), torch.zeros_like(parameters))
        for layer, values in zip(self.layers, parameters.split(self._sizes(), 1), strict=True):
            layer.fill(values)

    def _hold(self, parameters: Tensor, velocities: Tensor) -> None:
        self._parameters, self._velocities = parameters, velocities
        self._gradients = torch.empty_like(parameters)
        parts = [flat.split(self._sizes(), 1) for flat in (parameters, self._gradients)]
        self.layers = [
            Layer(own, gradients, fan_in, fan_out)
            for own, gradients, (fan_in, fan_out) in zip(*parts, pairwise(self.shape.widths), strict=True)
        ]
        self._passes: dict[tuple[int, int], Passes] = {}

    def _sizes(self) -> list[int]:
        return [(fan_in + 1) * fan_out for fan_in, fan_out in pairwise(self.shape.widths)]

    def __len__(self) -> int:
        return len(self._parameters)

    def flat_gradients(self) -> list[list[list[Tensor]]]:
        """Gradients of the last step, layer by layer; see :meth:`Layer.flat_gradients`."""
        return [layer.flat_gradients() for layer in self.layers]

    def keep(self, n: int) -> None:
        """Keep the first ``n`` networks only."""
        if n < len(self):
            self._hold(self._parameters[:n], self._velocities[:n])

    def repeat(self, times: int) -> None:
        """Repeat the networks so many times, one copy after the other."""
        if times > 1:
            self._hold(self._parameters.repeat(times, 1), self._velocities.repeat(times, 1))

    def logits(self, x: Tensor) -> Tensor:
        """Evaluate all networks on the same rows, without dropout.

        Args:
            x: ``(rows, features)``.

        Returns:
            ``(n, rows, classes)``.
        """
        hidden = x.expand(len(self), *x.shape)
        for layer in self.layers:
            out = x.new_empty(len(self), len(x), layer.biases.shape[-1])
            for call in affine(hidden, layer.weights, layer.biases, out, relu=layer is not self.layers[-1]):
                call()
            hidden = out
        return hidden

    def forward(self, x: Tensor, masks: Sequence[Tensor | None]) -> Tensor:
        """Evaluate each network on its seed's batch, with dropout.

        Args:
            x: ``(seeds, batch, features)`` with ``n`` a multiple of ``seeds``: network ``i`` uses row ``i % seeds``.
            masks: For each hidden layer, 0 where a unit is dropped and ``1 / (1 - rate)`` elsewhere, of shape
                ``(seeds, batch, width)``. None: no dropout there.

        Returns:
            Logits ``(n, batch, classes)``; their memory is used again at the next call.
        """
        key = (len(x), x.shape[1])
        if key not in self._passes:
            self._passes[key] = Passes(self.layers, (0.0, *self.shape.dropout), *key)
        self._last = self._passes[key]
        return self._last.forward(x, masks)

    def backward(self, gradient: Tensor) -> None:
        """Compute the gradient of every parameter, for the batch of the last :meth:`forward`; once for each of them.

        A hidden unit passes a gradient just where its value is positive: where it is neither cut off by the ReLU nor
        dropped.

        Args:
            gradient: Of the loss with respect to the logits, ``(n, batch, classes)``.
        """
        self._last.backward(gradient)

    def steps(self, learning_rates: Sequence[float], momentum: float, weight_decay: float) -> list[Call]:
        """Prepare a step of stochastic gradient descent with momentum, L2 weight decay and no Nesterov (torch's SGD).

        Args:
            learning_rates: One per network.
            momentum: Factor of the velocity.
            weight_decay: Factor of the parameters that is added to their gradient.

        Returns:
            What makes the step, for each group of neighbours with one learning rate; good until :meth:`keep` or
            :meth:`repeat`.
        """
        step, calls = sgd_step(), list[Call]()
        start = 0
        for rate, group in groupby(learning_rates):
            own = slice(start, start + len(list(group)))
            parts = [[flat[own]] for flat in (self._parameters, self._gradients, self._velocities)]
            calls.append(partial(step, *parts, lr=rate, momentum=momentum, weight_decay=weight_decay))
            start = own.stop
        return calls


def initial_parameters(shape: Shape, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw one network's parameters as PyTorch's Linear does by default: uniform in ``±1 / sqrt(fan_in)``.

    Returns:
        ``(shape.n_parameters,)`` float32 array: layer by layer, the weights ``(fan_in, fan_out)`` row by row, then
        the biases.
    """
    flat = rng.random(shape.n_parameters, dtype=np.float32)
    start = 0
    for fan_in, fan_out in pairwise(shape.widths):
        stop = start + (fan_in + 1) * fan_out
        flat[start:stop] = (2 * flat[start:stop] - 1) / np.float32(np.sqrt(fan_in))
        start = stop
    return flat
