"""GDAS: one operation of each edge is drawn, and the draw has a gradient.

Dong and Yang (2019), *Searching for a robust neural architecture in four GPU hours*, CVPR, equations 3 to 5: Gumbel's
noise is added to the logits, the largest one is taken, and its gradient is that of a softmax whose temperature falls
from 10 to 0.1. Only what is drawn is computed.
"""

import torch
from torch import Tensor

from lcbench.collection.cells.images import Images
from lcbench.collection.cells.one_shot.search import Learnt
from lcbench.collection.cells.supernet import Mixture

HOT, COLD = 10.0, 0.1


class Gdas(Learnt):
    """Gradient-based search by a differentiable sampler."""

    def learn(self, train: Images, valid: Images, progress: float) -> None:
        """A step of the weights of one drawn cell, then a step of the architecture by another one."""
        temperature = HOT + (COLD - HOT) * progress
        self.train_weights(train, drawn(self.architecture.detach(), temperature, self.rng))
        self.architect.zero_grad()
        loss = self.loss(valid, drawn(self.architecture, temperature, self.rng))
        if loss.requires_grad:
            (self.architecture.grad,) = torch.autograd.grad(loss, [self.architecture], allow_unused=True)
        self.architect.step()


def drawn(logits: Tensor, temperature: float, rng: torch.Generator) -> Mixture:
    """One operation of each edge, with weight 1 and the gradient of a softmax.

    Args:
        logits: ``(edges, operations)``.
        temperature: Of the softmax.
        rng: Source of randomness.
    """
    noise = -torch.empty_like(logits).exponential_(generator=rng).log()
    soft = ((logits.log_softmax(1) + noise) / temperature).softmax(1)
    places = soft.argmax(1).tolist()
    return [{place: 1.0 + soft[edge, place] - soft[edge, place].detach()} for edge, place in enumerate(places)]
