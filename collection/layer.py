"""One Linear layer of many networks: its parameters, their gradients and velocities."""

import torch
from torch import Tensor

from collection.products import multiply

Parts = tuple[list[Tensor], list[Tensor], list[Tensor]]
"""Parameters, their gradients and their velocities: lists of tensors that belong together."""


class Layer:
    """The same Linear layer of ``n`` networks.

    The weights lie in memory with the longer side last: products of a narrow matrix are several times as fast so.

    Attributes:
        weights: ``(n, fan_in, fan_out)``, a view.
        biases: ``(n, 1, fan_out)``.
    """

    def __init__(self, weights: Tensor, biases: Tensor) -> None:
        self._turned = weights.shape[1] > weights.shape[2]
        self._stored = (weights.transpose(1, 2) if self._turned else weights).contiguous()
        self._velocity = torch.zeros_like(self._stored)
        self._gradient: Tensor | list[Tensor] = torch.empty_like(self._stored)
        self._parts: dict[tuple[int, int], Parts] = {}
        self.weights = self._view()
        self.biases = biases.contiguous()
        self._bias_velocity = torch.zeros_like(self.biases)
        self._bias_gradient = torch.empty_like(self.biases)

    def _view(self) -> Tensor:
        return self._stored.transpose(1, 2) if self._turned else self._stored

    def keep(self, n: int) -> None:
        """Go on with the first ``n`` networks only."""
        self._stored, self._velocity, self._gradient = self._stored[:n], self._velocity[:n], self._gradient[:n]
        self.biases, self._bias_velocity = self.biases[:n], self._bias_velocity[:n]
        self._bias_gradient = self._bias_gradient[:n]
        self.weights = self._view()
        self._parts = {}

    def repeat(self, times: int) -> None:
        """Go on with so many copies of the networks, one after the other."""
        self._stored, self._velocity = (t.repeat(times, 1, 1) for t in (self._stored, self._velocity))
        self.biases, self._bias_velocity = (t.repeat(times, 1, 1) for t in (self.biases, self._bias_velocity))
        self._gradient = torch.empty_like(self._stored)
        self._bias_gradient = torch.empty_like(self.biases)
        self.weights = self._view()
        self._parts = {}

    def backward(self, x: Tensor, gradient: Tensor) -> None:
        """Compute the gradients of the parameters.

        Args:
            x: The layer's inputs, ``(n, batch, fan_in)``.
            gradient: Of the loss with respect to its outputs, ``(n, batch, fan_out)``.
        """
        torch.sum(gradient, 1, keepdim=True, out=self._bias_gradient)
        left, right = (gradient, x) if self._turned else (x, gradient)
        out = self._gradient if isinstance(self._gradient, Tensor) else None
        gradients = multiply(left.transpose(1, 2), right, out)
        if type(gradients) is not type(self._gradient):
            self._parts = {}
        self._gradient = gradients

    def flat_gradients(self) -> tuple[list[Tensor], list[Tensor]]:
        """Views of the gradients of each network's parameters.

        Returns:
            Those of the weights, in no particular order, and those of the biases: each one tensor
            ``(n, parameters)``, or ``n`` of them with one row.
        """
        gradient = self._gradient
        weights = [own.view(1, -1) for own in gradient] if isinstance(gradient, list) else [gradient.flatten(1)]
        return weights, [self._bias_gradient.flatten(1)]

    def parts(self, start: int, stop: int) -> Parts:
        """Parameters, gradients and velocities of some of the networks, in as few tensors as they lie in."""
        key = (start, stop)
        if key not in self._parts:
            own = slice(start, stop)
            self._parts[key] = (
                [self.biases[own], *self._pieces(self._stored[own])],
                [self._bias_gradient[own], *self._pieces(self._gradient[own])],
                [self._bias_velocity[own], *self._pieces(self._velocity[own])],
            )
        parameters, gradients, velocities = self._parts[key]
        if isinstance(self._gradient, list):
            gradients = [self._bias_gradient[start:stop], *self._gradient[start:stop]]
        return parameters, gradients, velocities

    def _pieces(self, tensor: Tensor | list[Tensor]) -> list[Tensor]:
        """One tensor, or one per network where their gradients come so."""
        return list(tensor) if isinstance(self._gradient, list) else [tensor]  # type: ignore[list-item]
