"""Dropout masks, drawn fast.

Masks depend on the run's seed alone, so the runs of one seed at several budgets share them, and they need drawing only
once. On a CPU one raw 64-bit word of numpy's generator gives four Bernoulli variables of 16 bits each, so a rate is met
to within 1/131072. On a GPU one such word is the key of a mask, whose entries are hashed from their places in it: a
kernel for all networks, and the same masks whatever else is in the stack.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_LEVELS = 1 << 16
_ROW_STRIDE = 1 << 16  # the place of a unit in a mask does not depend on the mask's width

Draw = Callable[[int, int, float], Tensor]
"""Draws one mask for every seed: from rows in the batch, width and rate, ``(seeds, batch, width)``."""


def draw_masks(draw: Draw, batch: int, widths: Sequence[int], rates: Sequence[float]) -> list[Tensor | None]:
    """Draw the masks of one training step.

    Args:
        draw: From :func:`on_cpu` or :func:`hashed`.
        batch: Rows in the batch.
        widths: Width of each hidden layer.
        rates: Dropout rate of each hidden layer, in [0, 1].

    Returns:
        For each hidden layer a ``(seeds, batch, width)`` float32 tensor, 0 with probability ``rate`` and
        ``1 / (1 - rate)`` otherwise; None where the rate is 0.
    """
    return [draw(batch, width, rate) if rate > 0 else None for width, rate in zip(widths, rates, strict=True)]


def masks_for(device: torch.device, rngs: Sequence[np.random.Generator]) -> Draw:
    """The way of drawing that fits a device, one source of randomness per seed."""
    return on_cpu(rngs) if device.type == "cpu" else hashed(device, rngs)


def on_cpu(rngs: Sequence[np.random.Generator]) -> Draw:
    """Draw with numpy's raw generators."""

    def draw(batch: int, width: int, rate: float) -> Tensor:
        mask = np.empty((len(rngs), batch * width), np.float32)
        threshold = round(rate * _LEVELS)
        kept = np.float32(1 / (1 - rate)) if threshold < _LEVELS else np.float32(0)
        for row, rng in zip(mask, rngs, strict=True):
            np.multiply(_sixteen_bits(rng, len(row)) >= threshold, kept, out=row)
        return torch.from_numpy(mask).view(len(rngs), batch, width)

    return draw


def _sixteen_bits(rng: np.random.Generator, n: int) -> NDArray[np.uint16]:
    words = rng.bit_generator.random_raw(-(-n // 4))
    return np.asarray(words, np.uint64).view(np.uint16)[:n]


def hashed(device: torch.device, rngs: Sequence[np.random.Generator]) -> Draw:
    """Draw on a device by hashing each place in the mask, with a key from each generator."""

    def draw(batch: int, width: int, rate: float) -> Tensor:
        keys = np.array([rng.bit_generator.random_raw() for rng in rngs], np.uint64)
        return hashed_masks(keys_on(device, keys), batch, width, torch.full((len(rngs), 1, 1), rate, device=device))

    return draw


def keys_on(device: torch.device, keys: NDArray[np.uint64]) -> Tensor:
    """Bring 64-bit keys of any shape to a device, each as two 32-bit integers in a last dimension."""
    return torch.from_numpy(keys[..., None].view(np.int32).copy()).to(device)


def hashed_masks(keys: Tensor, batch: int, width: int, rates: Tensor) -> Tensor:
    """Masks whose every entry follows from its key, row and unit alone, on any device and in any stack.

    A unit is dropped if a hash of its place is below its rate. The hash is "lowbias32" (C. Wellons, *Prospecting for
    hash functions*, 2018) with half of the key before each of its two rounds.

    Args:
        keys: ``(n, 2)`` int32.
        batch: Rows, at most 32,768.
        width: Units.
        rates: ``(n, 1, 1)`` in [0, 1].

    Returns:
        ``(n, batch, width)`` float32: 0 where a unit is dropped, ``1 / (1 - rate)`` elsewhere.
    """
    rows, units = (torch.arange(size, dtype=torch.int32, device=keys.device) for size in (batch, width))
    bits = (rows[:, None] * _ROW_STRIDE + units) ^ keys[:, 0, None, None]
    bits ^= (bits >> 16) & 0xFFFF
    bits *= 0x7FEB352D
    bits ^= keys[:, 1, None, None]
    bits ^= (bits >> 15) & 0x1FFFF
    bits *= 0x846CA68B - (1 << 32)
    bits ^= (bits >> 16) & 0xFFFF
    threshold = (rates.double() * (1 << 32) - (1 << 31)).round().clamp(max=(1 << 31) - 1).to(torch.int32)
    kept = torch.where(rates < 1, 1 / (1 - rates), 0)
    return (bits >= threshold).to(rates.dtype).mul_(kept)
