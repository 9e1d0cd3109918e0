"""Metrics of many networks at once, tallied over blocks of rows."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lcbench.collection.networks.network import Networks, Shape, Stack
from lcbench.collection.networks.passes import NOTHING, log_softmax
from lcbench.table.manifest import GRADIENT_STATISTICS

_CHUNK_VALUES = 1 << 21  # activations held at once while evaluating: 8 MB


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
    chunk = chunk_rows(stack.shape, len(stack))
    for part, own in zip(x.split(chunk), labels.split(chunk), strict=True):
        tally.add(log_softmax(stack.logits(part)), own.expand(len(stack), -1), len(own))
    return tally.metrics()


def probabilities(stack: Networks, x: Tensor) -> NDArray[np.float16]:
    """Class probabilities of all networks on the same rows, in evaluation mode.

    Returns:
        ``(n, rows, classes)``.
    """
    parts = [torch.softmax(stack.logits(part), 2).half().cpu() for part in x.split(chunk_rows(stack.shape, len(stack)))]
    return torch.cat(parts, 1).numpy()


def chunk_rows(shape: Shape, n: int) -> int:
    """How many rows ``n`` networks are evaluated on at once."""
    return rows_at_once(shape.widths, n)


def rows_at_once(widths: Sequence[int], n: int = 1) -> int:
    """The same by the numbers that a network has for a row, layer by layer."""
    return max(1, _CHUNK_VALUES // (n * max(widths)))


# Statistics of the gradients at the end of an epoch.
# As the released generator logs them: the values (signed) of the gradient that the epoch's last step used, without
# weight decay, over all parameters and over each Linear layer (weights and biases). Up to 16,384 values the statistics
# are exact; beyond, they are those of a fixed random subsample of that size (the norm scaled to the whole).

SAMPLE = 16_384
_QUANTILES = {"median": 0.5, "q10": 0.1, "q25": 0.25, "q75": 0.75, "q90": 0.9}

Piece = Sequence[Tensor]
"""Gradients that lie together: one tensor ``(n, parameters)``, or ``n`` of them with one row."""


def gradient_statistics(stack: Stack) -> dict[str, NDArray[np.float32]]:
    """Summarize the gradients that a stack holds.

    Args:
        stack: ``n`` networks of ``L`` layers, after a step.

    Returns:
        For each of ``schema.GRADIENT_STATISTICS`` an ``(n, 1 + L)`` array: of all parameters, then of each layer.
    """
    return statistics_of([layer.flat_gradients() for layer in stack.layers])


def statistics_of(layers: Sequence[Sequence[Piece]], others: Sequence[Piece] = ()) -> dict[str, NDArray[np.float32]]:
    """Summarize gradients of ``n`` networks.

    Args:
        layers: Of the parameters of each Linear layer, in pieces.
        others: Of parameters that belong to no Linear layer; they count among all parameters only.

    Returns:
        As :func:`gradient_statistics`.
    """
    whole = [*(piece for layer in layers for piece in layer), *others]
    columns = [_statistics(*_subsample(pieces)) for pieces in (whole, *layers)]
    return {name: np.stack([column[name] for column in columns], axis=1) for name in GRADIENT_STATISTICS}


def _subsample(pieces: Sequence[Piece]) -> tuple[NDArray[np.float32], int]:
    """At most :data:`SAMPLE` values of each network, always the same ones, and how many there were.

    Only what is sampled is copied: large networks have millions of gradients.
    """
    sizes = tuple(piece[0].shape[1] for piece in pieces)
    if sum(sizes) > SAMPLE:
        chosen = zip(pieces, _places(sizes), strict=True)
        pieces = [[part.index_select(1, places.to(part.device)) for part in piece] for piece, places in chosen]
    joined = [piece[0] if len(piece) == 1 else torch.cat(list(piece)) for piece in pieces]
    return torch.cat(joined, 1).cpu().numpy(), sum(sizes)


@lru_cache(maxsize=16)  # one network has six columns at most; a process meets thousands of networks
def _places(sizes: tuple[int, ...]) -> list[Tensor]:
    """Which values of pieces of these sizes are in the sample: for each piece places in it, increasing."""
    size = sum(sizes)
    drawn = np.sort(np.random.default_rng(size).choice(size, SAMPLE, replace=False))
    starts = np.cumsum((0, *sizes[:-1]))
    own = np.split(drawn, np.searchsorted(drawn, starts[1:]))
    return [torch.from_numpy(places - start) for places, start in zip(own, starts, strict=True)]


def _statistics(values: NDArray[np.float32], size: int) -> Mapping[str, NDArray[np.float32]]:
    """Statistics of each row; ``size`` is what the row stands for. The values are overwritten."""
    values.sort(axis=1)  # with vector instructions faster than any selection
    n = values.shape[1]
    mean = values.mean(axis=1)
    found = {"max": values[:, -1].copy(), "mean": mean, "norm": _norm(values) * np.float32(np.sqrt(size / n))}
    found |= {name: _quantile(values, q) for name, q in _QUANTILES.items()}
    values -= mean[:, None]
    return found | {"std": _norm(values) / np.float32(np.sqrt(n))}


def _norm(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """L2 norm of each row."""
    return torch.linalg.vector_norm(torch.from_numpy(values), dim=1).numpy()


def _quantile(ordered: NDArray[np.float32], q: float) -> NDArray[np.float32]:
    """Linear interpolation between neighbours, as ``numpy.quantile``."""
    place = q * (ordered.shape[1] - 1)
    low = int(place)
    high = min(low + 1, ordered.shape[1] - 1)
    return ordered[:, low] + np.float32(place - low) * (ordered[:, high] - ordered[:, low])
