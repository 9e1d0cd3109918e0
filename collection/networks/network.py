"""The shaped MLP, and many networks of one shape as one stack.

A stack holds ``n`` networks whose layers have the same sizes, each layer's parameters in one tensor, so that a training
step is a handful of products of many matrices however many networks there are. The backward
pass is written out: a chain of Linear-ReLU-Dropout needs no automatic differentiation. Tests hold it against PyTorch's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, pairwise
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from lcbench.collection.networks.passes import Layer, Passes
from lcbench.collection.networks.products import Call, affine

_MIN_DROPOUT = 0.05  # the released generator adds dropout layers only above this


@dataclass(frozen=True, slots=True)
class Shape:
    """Layer sizes and dropout rates of a multilayer perceptron.

    Attributes:
        widths: Features, hidden widths, classes; one more than there are Linear layers.
        dropout: Rate after each hidden layer, 0 for none.
    """

    widths: tuple[int, ...]
    dropout: tuple[float, ...]

    @property
    def n_parameters(self) -> int:
        """Number of weights and biases."""
        return sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(self.widths))


def shaped_mlp(n_features: int, n_classes: int, num_layers: int, max_units: int, max_dropout: float) -> Shape:
    """The funnel-shaped MLP of the paper (equation 1), rounded as the released generator does.

    ``num_layers`` counts Linear layers, the output layer included; 1 is a linear model. The first hidden layer has
    ``max(n_features, max_units)`` units, each further one fewer by a constant step. Dropout rates fall linearly from
    ``max_dropout`` in steps of a thousandth; at or below 0.05 there is no dropout.

    Returns:
        The shape, ``num_layers - 1`` hidden layers.
    """
    hidden = num_layers - 1
    if hidden == 0:
        return Shape((n_features, n_classes), ())
    first = max(n_features, max_units)
    step = max(0, int((first - n_classes) / hidden))
    widths = [first - i * step for i in range(hidden)]
    rate = max_dropout if max_dropout > _MIN_DROPOUT else 0.0
    dropout = [rate * (1000 - i * int(1000 / hidden)) / 1000 for i in range(hidden)]
    return Shape((n_features, *widths, n_classes), tuple(dropout))


class Networks(Protocol):
    """Networks that are evaluated together.

    Attributes:
        shape: Their shape, or the widest of it.
    """

    shape: Shape

    def __len__(self) -> int: ...

    def logits(self, x: Tensor) -> Tensor:
        """Evaluate all networks on the same rows ``(rows, features)``, without dropout: ``(n, rows, classes)``."""


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

    def keep(self, n: int) -> None:
        """Go on with the first ``n`` networks only."""
        if n < len(self):
            self._hold(self._parameters[:n], self._velocities[:n])

    def repeat(self, times: int) -> None:
        """Go on with so many copies of the networks, one after the other."""
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
        options = {"momentum": momentum, "weight_decay": weight_decay, "dampening": 0, "nesterov": False}
        options |= {"maximize": False, "is_first_step": False}
        calls: list[Call] = []
        start = 0
        for rate, group in groupby(learning_rates):
            own = slice(start, start + len(list(group)))
            parts = [[flat[own]] for flat in (self._parameters, self._gradients, self._velocities)]
            calls.append(partial(torch._fused_sgd_, *parts, lr=rate, **options))
            start = own.stop
        return calls


def initial_parameters(shape: Shape, rng: np.random.Generator) -> np.ndarray:
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
