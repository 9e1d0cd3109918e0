"""The class-weighted cross-entropy and its gradient.

Probabilities lie with the classes before the rows, ``(n, classes, rows)``: a softmax over few classes is several times
as fast so.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

NOTHING = 1e-30
"""Weight of a batch without rows, so that 0 / 0 is 0."""


def class_weights(labels: NDArray[np.int64], n_classes: int) -> NDArray[np.float32]:
    """Weights of the loss: ``rows / (classes * count)``, where a class that does not occur counts as one row."""
    counts = np.bincount(labels, minlength=n_classes)
    return (len(labels) / (n_classes * np.maximum(counts, 1))).astype(np.float32)


def log_softmax(logits: Tensor) -> Tensor:
    """Turn logits ``(n, rows, classes)`` into log-probabilities ``(n, classes, rows)``."""
    return torch.log_softmax(logits.transpose(1, 2).contiguous(), 1)


def loss_shares(weights: Tensor) -> Tensor:
    """What each row counts in its batch's loss, ``w_y / sum(w_y)``, from its class's weight: both ``(n, rows)``."""
    return weights / weights.sum(1, keepdim=True).clamp_(min=NOTHING)


def loss_gradient(log_probabilities: Tensor, labels: Tensor, shares: Tensor) -> Tensor:
    """Gradient of a batch's loss with respect to the logits: ``w_y (p - onehot(y)) / sum(w_y)``.

    Args:
        log_probabilities: ``(n, classes, rows)``.
        labels: ``(n, rows)``.
        shares: ``(n, rows)``, from :func:`loss_shares`.

    Returns:
        ``(n, rows, classes)``, a view of memory that has the classes first.
    """
    gradient = log_probabilities.exp()
    gradient.scatter_add_(
        1, labels.unsqueeze(1), gradient.new_full((1, 1, 1), -1).expand(len(labels), 1, labels.shape[1])
    )
    return gradient.mul_(shares.unsqueeze(1)).mT
