"""The loop: a network, its batches, an epoch at a time."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from lcbench.collection.full.batches import batch_sizes
from lcbench.collection.full.mixup import Targets, mix
from lcbench.collection.full.modules import Network, linear_layers
from lcbench.collection.full.noise import Noise
from lcbench.collection.full.optimizers import make_optimizer
from lcbench.collection.full.settings import Settings
from lcbench.collection.full.shapes import ResNetShape
from lcbench.collection.gradients import Piece
from lcbench.collection.loss import log_softmax
from lcbench.collection.randomness import Streams
from lcbench.collection.statistics import Tally
from lcbench.collection.tensors import Tensors


class Training:
    """Trains one network, epoch by epoch.

    The numbers are those of :class:`lcbench.collection.epoch.Training` where both can train a network: same order of
    rows, same masks.

    Args:
        network: What is trained; in training mode during an epoch, and in evaluation mode after it.
        data: What it is trained on.
        settings: How.
        randomness: The run's.
    """

    def __init__(self, network: Network, data: Tensors, settings: Settings, randomness: Streams) -> None:
        self._network, self._settings, self._data = network, settings, data
        self._x = network.project(data.x_train)
        self._parameters = list(network.parameters())
        self._optimizer = make_optimizer(self._parameters, settings.momentum, settings.weight_decay)
        self._order = randomness.order
        self._noise = Noise(randomness.dropout, randomness.techniques, data.x_train.device)
        normalises = isinstance(settings.shape, ResNetShape)
        self._sizes = batch_sizes(len(self._x), settings.batch_size, smallest=2 if normalises else 1)
        self._gradients: Sequence[Tensor] = ()

    def epoch(self, learning_rate: float) -> dict[str, Tensor]:
        """Train for one epoch.

        Returns:
            Metrics of the training part as :meth:`lcbench.collection.statistics.Tally.metrics`, each ``(1,)``, of the
            logits that the training itself computed, so in training mode. Under mixup, of the mixed rows: each counts
            for its two labels, by their shares.
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
            yield mix(self._x[rows], self._data.y_train[rows], self._settings.mixup_alpha, self._noise.techniques)

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
