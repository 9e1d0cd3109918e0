"""The class-weighted cross-entropy with its gradient, and metrics of many networks, tallied over blocks of rows.

Probabilities lie with the classes before the rows, ``(n, classes, rows)``: a softmax over few classes is several times
as fast so.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lcbench.collection.networks.recipe import Shape

_CHUNK_VALUES = 1 << 21  # activations held at once while evaluating: 8 MB


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
    """Weight of each row in its batch's loss, ``w_y / sum(w_y)``, from its class's weight: both ``(n, rows)``."""
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


class Networks(Protocol):
    """Networks that are evaluated together.

    Attributes:
        shape: Their shape, or the widest of it.
    """

    shape: Shape

    def __len__(self) -> int: ...

    def logits(self, x: Tensor) -> Tensor:
        """Evaluate all networks on the same rows ``(rows, features)``, without dropout: ``(n, rows, classes)``."""


class Tally:
    """Counts from which the metrics of ``n`` networks follow, whatever the number of rows.

    Args:
        n: Networks.
        class_weights: ``(classes,)``, the weights of the training loss.
    """

    def __init__(self, n: int, class_weights: Tensor) -> None:
        self._weights = class_weights
        classes = len(class_weights)
        self._hits = class_weights.new_zeros(n, classes)
        self._counts = torch.zeros_like(self._hits)
        self._cross_entropy = torch.zeros(n, dtype=torch.float64, device=class_weights.device)
        self._loss = torch.zeros_like(self._cross_entropy)

    def add(
        self, log_probabilities: Tensor, labels: Tensor, batches: int | Sequence[int], there: Tensor | None = None
    ) -> None:
        """Count a block of rows.

        Args:
            log_probabilities: ``(n, classes, rows)``.
            labels: ``(n, rows)``.
            batches: Rows in a batch of the weighted loss (the last may be smaller), or in each of the batches.
            there: ``(n, rows)`` float32, how much a row counts, the same within a batch but for 0: 1 for rows, 0 for
                places without one, a share for one of several labels of a row. By default all are rows.
        """
        surprise = -log_probabilities.gather(1, labels.unsqueeze(1)).squeeze(1)
        right = (log_probabilities.max(1).indices == labels).to(surprise.dtype)
        weight, counted = self._weights[labels], torch.ones_like(right) if there is None else there
        if there is not None:
            right, weight = right * there, weight * there
        self._hits.scatter_add_(1, labels, right)
        self._counts.scatter_add_(1, labels, counted)
        of_rows = surprise if there is None else surprise * there
        self._cross_entropy += of_rows.sum(1, dtype=torch.float64)
        loss, weight, rows = _sums(torch.stack([surprise * weight, weight, counted]), batches)
        self._loss += (loss / weight.clamp_(min=NOTHING) * rows).sum(1, dtype=torch.float64)

    def metrics(self) -> dict[str, Tensor]:
        """Compute the metrics.

        Returns:
            Each ``(n,)``: ``accuracy``; ``balanced_accuracy``, the mean over the classes that occur of the fraction
            right; ``cross_entropy``, unweighted, in nats; ``loss``, the class-weighted cross-entropy that training
            minimizes, within a batch ``sum(w_y * -log p_y) / sum(w_y)`` as in PyTorch's ``CrossEntropyLoss``, and
            averaged over batches by their rows.
        """
        occurs, rows = self._counts > 0, self._counts.sum(1, dtype=torch.float64)
        recall = torch.where(occurs, self._hits / self._counts.clamp(min=1), 0)
        return {
            "accuracy": self._hits.sum(1) / rows,
            "balanced_accuracy": recall.sum(1) / occurs.sum(1),
            "cross_entropy": self._cross_entropy / rows,
            "loss": self._loss / rows,
        }


def _sums(values: Tensor, batches: int | Sequence[int]) -> Tensor:
    """Sum ``(..., rows)`` within batches of rows, of so many (the last may be smaller) or of so many each."""
    if not isinstance(batches, int):
        return torch.stack([part.sum(-1) for part in values.split(list(batches), -1)], -1)
    whole = values.shape[-1] // batches * batches
    sums = values[..., :whole].unflatten(-1, (-1, batches)).sum(-1)
    return sums if whole == values.shape[-1] else torch.cat([sums, values[..., whole:].sum(-1, keepdim=True)], -1)


def evaluate(stack: Networks, x: Tensor, labels: Tensor, class_weights: Tensor) -> Mapping[str, Tensor]:
    """Evaluate all networks of a stack on the same rows, in evaluation mode.

    Args:
        stack: ``n`` networks.
        x: ``(rows, features)``.
        labels: ``(rows,)``.
        class_weights: ``(classes,)``.

    Returns:
        As :meth:`Tally.metrics`; the loss is that of all rows as one batch only if they fit into one chunk.
    """
    tally = Tally(len(stack), class_weights)
    chunk = rows_at_once(stack.shape.widths, len(stack))
    for part, own in zip(x.split(chunk), labels.split(chunk), strict=True):
        tally.add(log_softmax(stack.logits(part)), own.expand(len(stack), -1), len(own))
    return tally.metrics()


def probabilities(stack: Networks, x: Tensor) -> NDArray[np.float16]:
    """Class probabilities of all networks on the same rows, in evaluation mode.

    Returns:
        ``(n, rows, classes)``.
    """
    parts = [
        torch.softmax(stack.logits(part), 2).half().cpu()
        for part in x.split(rows_at_once(stack.shape.widths, len(stack)))
    ]
    return torch.cat(parts, 1).numpy()


def rows_at_once(widths: Sequence[int], n: int = 1) -> int:
    """Number of rows that ``n`` networks of these widths, layer by layer, are evaluated on at once."""
    return max(1, _CHUNK_VALUES // (n * max(widths)))
