"""An epoch of the plain loop: batches, mixup, optimizers and gradients."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lcbench.collection.networks._kernels import adam_step, sgd_step
from lcbench.collection.networks.gradients import Piece
from lcbench.collection.networks.loop.modules import Network, Noise, linear_layers
from lcbench.collection.networks.measures import Tally, log_softmax
from lcbench.collection.networks.randomness import Streams
from lcbench.collection.networks.recipe import Recipe, ResNetShape
from lcbench.collection.networks.tensors import Tensors


def batch_sizes(rows: int, size: int, smallest: int) -> list[int]:
    """Divide rows into batches of one size; the last is smaller, or larger where it would be too small.

    Batch normalisation cannot be trained on a single row, so with ``smallest`` 2 a last batch of one row goes with the
    batch before it. (PyTorch's loaders would drop the row.)

    Args:
        rows: How many there are.
        size: Rows in a batch.
        smallest: Rows that the last batch must have, if there are more batches.

    Returns:
        Sizes, in order; they sum to ``rows``.
    """
    whole, rest = divmod(rows, size)
    sizes = [size] * whole
    if rest and (rest >= smallest or not whole):
        return [*sizes, rest]
    if rest:
        sizes[-1] += rest
    return sizes


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Labels of a batch's rows.

    Attributes:
        y: ``(rows,)`` labels.
        other: Labels of the rows that are mixed in; None for none.
        share: Weight of ``y``; the other label has the rest.
    """

    y: Tensor
    other: Tensor | None = None
    share: float = 1.0

    def loss(self, logits: Tensor, class_weights: Tensor) -> Tensor:
        """The loss that training minimizes: ``share * L(y) + (1 - share) * L(other)``.

        ``L`` is the class-weighted cross-entropy ``sum(w_y * -log p_y) / sum(w_y)``.
        """
        log_probabilities = functional.log_softmax(logits, 1)
        loss = functional.nll_loss(log_probabilities, self.y, class_weights)
        if self.other is None:
            return loss
        return self.share * loss + (1 - self.share) * functional.nll_loss(log_probabilities, self.other, class_weights)


def mix(x: Tensor, y: Tensor, alpha: float, rng: np.random.Generator) -> tuple[Tensor, Targets]:
    """Mix the rows of a batch with each other: mixup (Zhang et al. 2018).

    One ``share ~ Beta(alpha, alpha)`` for the batch, and a random partner j for each row i: ``share * x_i + (1 - share)
    * x_j``. As in the authors' code, shares are drawn once for a batch and partners come from it.

    Args:
        x: ``(rows, inputs)``.
        y: ``(rows,)`` labels.
        alpha: Of the Beta distribution; 0 for no mixing (its limit: shares of 0 and 1).
        rng: Source of randomness.

    Returns:
        ``(rows, inputs)`` mixed, and what to classify them as.
    """
    if alpha == 0:
        return x, Targets(y)
    share = float(rng.beta(alpha, alpha))
    partner = torch.from_numpy(rng.permutation(len(x))).to(x.device)
    return torch.lerp(x[partner], x, share), Targets(y, y[partner], share)


class Optimizer(Protocol):
    """Changes all parameters of a network in one call, by their gradients."""

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
        self._step = partial(sgd_step(), momentum=momentum, weight_decay=weight_decay)

    def step(self, gradients: Sequence[Tensor], learning_rate: float) -> None:
        """Take a step."""
        self._step(self._parameters, list(gradients), self._velocities, lr=learning_rate)


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
        self._step = partial(adam_step(), weight_decay=weight_decay)

    def step(self, gradients: Sequence[Tensor], learning_rate: float) -> None:
        """Take a step."""
        self._steps += 1
        steps = [self._steps] * len(self._parameters)
        self._step(self._parameters, list(gradients), self._means, self._squares, [], steps, lr=learning_rate)


class Training:
    """Trains one network, epoch by epoch.

    The numbers are those of :class:`lcbench.collection.networks.stack.engine.train` where both can train a
    network: same order of rows, same masks.

    Args:
        network: What is trained; in training mode during an epoch, and in evaluation mode after it.
        data: What it is trained on.
        recipe: How.
        randomness: The run's.
    """

    def __init__(self, network: Network, data: Tensors, recipe: Recipe, randomness: Streams) -> None:
        self._network, self._recipe, self._data = network, recipe, data
        self._x = network.project(data.x_train)
        self._parameters = list(network.parameters())
        self._optimizer = make_optimizer(self._parameters, recipe.momentum, recipe.weight_decay)
        self._order = randomness.order
        self._noise = Noise(randomness.dropout, randomness.techniques, data.x_train.device)
        normalises = isinstance(recipe.shape, ResNetShape)
        self._sizes = batch_sizes(len(self._x), recipe.batch_size, smallest=2 if normalises else 1)
        self._gradients: Sequence[Tensor] = ()

    def epoch(self, learning_rate: float) -> dict[str, Tensor]:
        """Train for one epoch.

        Returns:
            Metrics of the training part as :meth:`lcbench.collection.networks.measures.Tally.metrics`, each ``(1,)``,
            of the logits that the training itself computed, so in training mode. Under mixup, of the mixed rows: each
            counts for its two labels, by their shares.
        """
        logits, targets = [], []
        self._network.train()
        for x, target in self._batches():
            logits.append(self._step(x, target, learning_rate))
            targets.append(target)
        self._network.eval()
        return self._metrics(torch.cat(logits), targets)

    def flat_gradients(self) -> tuple[list[list[Piece]], list[Piece]]:
        """Gradients of the last step, without weight decay, in pieces of one row.

        Returns:
            Of each Linear layer (weights and biases), and of each parameter of the normalisations.
        """
        left = {
            id(parameter): [gradient.reshape(1, -1)]
            for parameter, gradient in zip(self._parameters, self._gradients, strict=True)
        }
        layers: list[list[Piece]] = [
            [left.pop(id(layer.weight)), left.pop(id(layer.bias))] for layer in linear_layers(self._network)
        ]
        return layers, list(left.values())

    def _batches(self) -> Iterator[tuple[Tensor, Targets]]:
        order = torch.from_numpy(self._order.permutation(len(self._x))).to(self._x.device)
        for rows in order.split(self._sizes):
            yield mix(self._x[rows], self._data.y_train[rows], self._recipe.mixup_alpha, self._noise.techniques)

    def _step(self, x: Tensor, targets: Targets, learning_rate: float) -> Tensor:
        with torch.enable_grad():
            logits = self._network.body(x, self._noise)
            loss = targets.loss(logits, self._data.weights)
        self._gradients = torch.autograd.grad(loss, self._parameters)
        self._optimizer.step(self._gradients, learning_rate)
        return logits.detach()

    def _metrics(self, logits: Tensor, targets: Sequence[Targets]) -> dict[str, Tensor]:
        tally, log_probabilities = Tally(1, self._data.weights), log_softmax(logits[None])
        labels = torch.cat([each.y for each in targets])[None]
        others = [each.other for each in targets if each.other is not None]
        if not others:
            tally.add(log_probabilities, labels, self._sizes)
            return tally.metrics()
        shares = torch.cat([logits.new_full((len(each.y),), each.share) for each in targets])[None]
        tally.add(log_probabilities, labels, self._sizes, shares)
        tally.add(log_probabilities, torch.cat(others)[None], self._sizes, 1 - shares)
        return tally.metrics()
