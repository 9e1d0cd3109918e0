"""DARTS: differentiable architecture search, of first and second order.

Liu, Simonyan and Yang (2019), *DARTS: Differentiable architecture search*, ICLR: an edge is the sum of its operations,
weighted by a softmax. Its logits follow the gradient of the loss on the validation part, the weights that on the
training part, in turns (algorithm 1).
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from lcbench.collection.cells.images import Images
from lcbench.collection.cells.one_shot.search import Learnt
from lcbench.collection.cells.supernet import Mixture, dense
from lcbench.collection.cells.training import WEIGHT_DECAY

Loss = Callable[[Sequence[Tensor], Tensor], Tensor]
"""A loss as a function of weights and architecture."""

_STEP = 0.01  # over the norm of the gradient: the step of the finite difference, as in the paper


class Darts(Learnt):
    """First order: the architecture is judged with the weights as they are."""

    def learn(self, train: Images, valid: Images, progress: float) -> None:  # noqa: ARG002
        """A step of the architecture, then one of the weights."""
        self.architect.zero_grad()
        self.architecture.grad = self.gradient(train, valid)
        self.architect.step()
        self.train_weights(train, _mixture(self.architecture.detach()))

    def gradient(self, train: Images, valid: Images) -> Tensor:  # noqa: ARG002
        """Gradient of the validation loss by the architecture."""
        return torch.autograd.grad(self.loss(valid, _mixture(self.architecture)), self.architecture)[0]


class DartsSecond(Darts):
    """Second order: the architecture is judged with the weights after a step of theirs."""

    def gradient(self, train: Images, valid: Images) -> Tensor:
        """Gradient of the validation loss after a step of the weights, by the architecture."""
        named = dict(self.model.named_parameters())
        rate = self.optimizer.param_groups[0]["lr"]

        def loss_on(images: Images, decay: float) -> Loss:
            def loss(weights: Sequence[Tensor], architecture: Tensor) -> Tensor:
                arguments = (images.x, _mixture(architecture))
                logits = functional_call(self.model, dict(zip(named, weights, strict=True)), arguments)
                found = cross_entropy(logits, images.y)
                return found + decay / 2 * sum(each.square().sum() for each in weights) if decay else found

            return loss

        weights = [each.detach() for each in named.values()]
        return unrolled(loss_on(train, WEIGHT_DECAY), loss_on(valid, 0.0), weights, self.architecture.detach(), rate)


def unrolled(train: Loss, valid: Loss, weights: Sequence[Tensor], architecture: Tensor, rate: float) -> Tensor:
    """Gradient by the architecture of the validation loss after one step of the weights (equations 6 to 8).

    The product with the matrix of second derivatives is a difference of two gradients, on either side of the weights.

    Args:
        train: Loss on the training part.
        valid: Loss on the validation part.
        weights: Where the weights are.
        architecture: Where the architecture is.
        rate: Learning rate of the step.
    """
    stepped = [each - rate * slope for each, slope in zip(weights, _slopes(train, weights, architecture), strict=True)]
    ahead = [each.requires_grad_() for each in stepped]
    free = architecture.clone().requires_grad_()
    direct, *towards = torch.autograd.grad(valid(ahead, free), [free, *ahead])
    norm = torch.stack([each.norm() for each in towards]).norm()
    step = _STEP / norm.clamp_min(torch.finfo(norm.dtype).tiny)
    either = [
        _slope([each + sign * step * slope for each, slope in zip(weights, towards, strict=True)], train, architecture)
        for sign in (1.0, -1.0)
    ]
    return direct - rate * (either[0] - either[1]) / (2 * step)


def _slopes(loss: Loss, weights: Sequence[Tensor], architecture: Tensor) -> tuple[Tensor, ...]:
    free = [each.clone().requires_grad_() for each in weights]
    return torch.autograd.grad(loss(free, architecture), free)


def _slope(weights: Sequence[Tensor], loss: Loss, architecture: Tensor) -> Tensor:
    free = architecture.clone().requires_grad_()
    return torch.autograd.grad(loss(weights, free), free)[0]


def _mixture(architecture: Tensor) -> Mixture:
    return dense(architecture.softmax(1))
