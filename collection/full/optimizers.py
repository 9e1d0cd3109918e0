"""SGD with momentum, and Adam: all parameters of a network in one call."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor


class Optimizer(Protocol):
    """Changes parameters by their gradients."""

    def step(self, gradients: Sequence[Tensor], learning_rate: float) -> None:
        """Take a step."""


def make_optimizer(parameters: Sequence[Tensor], momentum: float | None, weight_decay: float) -> Optimizer:
    """SGD with this momentum, or Adam if there is none; L2 weight decay is added to the gradients in both."""
    if momentum is None:
        return Adam(parameters, weight_decay)
    return SGD(parameters, momentum, weight_decay)


class SGD:
    """As ``torch.optim.SGD``: momentum without dampening, no Nesterov.

    Args:
        parameters: What is changed.
        momentum: Factor of the velocity.
        weight_decay: Factor of the parameters that is added to their gradients.
    """

    def __init__(self, parameters: Sequence[Tensor], momentum: float, weight_decay: float) -> None:
        self._parameters = list(parameters)
        self._velocities = [torch.zeros_like(parameter) for parameter in parameters]
        self._momentum, self._weight_decay = momentum, weight_decay

    def step(self, gradients: Sequence[Tensor], learning_rate: float) -> None:
        """Take a step."""
        torch._fused_sgd_(
            self._parameters,
            list(gradients),
            self._velocities,
            weight_decay=self._weight_decay,
            momentum=self._momentum,
            lr=learning_rate,
            dampening=0,
            nesterov=False,
            maximize=False,
            is_first_step=False,
        )


class Adam:
    """As ``torch.optim.Adam`` (Kingma and Ba 2015), with its defaults: betas 0.9 and 0.999, epsilon 1e-8.

    Args:
        parameters: What is changed.
        weight_decay: Factor of the parameters that is added to their gradients (L2, not decoupled as in AdamW).
    """

    def __init__(self, parameters: Sequence[Tensor], weight_decay: float) -> None:
        self._parameters = list(parameters)
        self._means = [torch.zeros_like(parameter) for parameter in parameters]
        self._squares = [torch.zeros_like(parameter) for parameter in parameters]
        self._steps = torch.zeros((), device=parameters[0].device)
        self._weight_decay = weight_decay

    def step(self, gradients: Sequence[Tensor], learning_rate: float) -> None:
        """Take a step."""
        self._steps += 1
        torch._fused_adam_(
            self._parameters,
            list(gradients),
            self._means,
            self._squares,
            [],
            [self._steps] * len(self._parameters),
            lr=learning_rate,
            beta1=0.9,
            beta2=0.999,
            weight_decay=self._weight_decay,
            eps=1e-8,
            amsgrad=False,
            maximize=False,
        )
