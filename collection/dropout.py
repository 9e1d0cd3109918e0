"""Dropout masks, drawn fast.

Masks depend on the run's seed alone, so the runs of one seed at several budgets share them, and they need drawing only
once. On a CPU one raw 64-bit word of numpy's generator gives four Bernoulli variables of 16 bits each, so a rate is met
to within 1/131072; on a GPU torch's own generator draws them there.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_LEVELS = 1 << 16

Draw = Callable[[int, int, float], Tensor]
"""Draws one mask for every seed: from rows in the batch, width and rate, ``(seeds, batch, width)``."""


def draw_masks(draw: Draw, batch: int, widths: Sequence[int], rates: Sequence[float]) -> list[Tensor | None]:
    """Draw the masks of one training step.

    Args:
        draw: From :func:`on_cpu` or :func:`on_device`.
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
    return on_cpu(rngs) if device.type == "cpu" else on_device(device, rngs)


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


def on_device(device: torch.device, rngs: Sequence[np.random.Generator]) -> Draw:
    """Draw with torch's generators on a device, seeded from numpy's."""
    generators = [torch.Generator(device).manual_seed(int(rng.integers(2**63))) for rng in rngs]

    def draw(batch: int, width: int, rate: float) -> Tensor:
        mask = torch.empty(len(generators), batch, width, device=device)
        for part, generator in zip(mask, generators, strict=True):
            part.bernoulli_(1 - rate, generator=generator)
        return mask.div_(1 - rate) if rate < 1 else mask

    return draw
