"""Statistics of the gradients at the end of an epoch.

As the released generator logs them: the values (signed) of the gradient that the epoch's last step used, without weight
decay, over all parameters and over each Linear layer (weights and biases). Up to 16,384 values the statistics are
exact; beyond, they are those of a fixed random subsample of that size (the norm scaled to the whole).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lcbench.table.manifest import GRADIENT_STATISTICS

SAMPLE = 16_384
_QUANTILES = {"median": 0.5, "q10": 0.1, "q25": 0.25, "q75": 0.75, "q90": 0.9}

Piece = Sequence[Tensor]
"""Gradients that lie together: one tensor ``(n, parameters)``, or ``n`` of them with one row."""


def statistics_of(layers: Sequence[Sequence[Piece]], others: Sequence[Piece] = ()) -> dict[str, NDArray[np.float32]]:
    """Summarize gradients of ``n`` networks of ``L`` Linear layers.

    Args:
        layers: Of the parameters of each Linear layer, in pieces.
        others: Of parameters that belong to no Linear layer; they count among all parameters only.

    Returns:
        For each of ``lcbench.table.manifest.GRADIENT_STATISTICS`` an ``(n, 1 + L)`` array: of all parameters, then of
        each layer.
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
    """Indices of the sampled values within each piece, increasing."""
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
