"""mixup (Zhang et al. 2018): training on convex combinations of two rows."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What a batch's rows are to be classified as.

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
    """Mix the rows of a batch with each other.

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
