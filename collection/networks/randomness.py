"""The randomness of a run: sources that depend on what identifies the run and on nothing else, and dropout masks.

Masks depend on the run's seed alone, so the runs of one seed at several budgets share them, and they need drawing only
once.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LEVELS = 1 << 16


@dataclass(frozen=True, slots=True)
class Streams:
    """A seed's sources of randomness, independent of each other."""

    parameters: np.random.Generator
    order: np.random.Generator
    dropout: np.random.Generator
    techniques: np.random.Generator


def streams(plan_seed: int, dataset: str, config: Mapping[str, Any], seed: int) -> Streams:
    """Derive a seed's randomness from (plan seed, data set, configuration, seed).

    The configuration enters by the values of its active hyperparameters, not by its number, so that the same
    configuration gives the same curves in another plan. The budget does not enter: runs of one seed start from the
    same parameters and see the same batches and masks while they overlap.
    """
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in config.items()}
    identity = json.dumps([plan_seed, dataset, plain, seed], sort_keys=True, allow_nan=False)
    digest = hashlib.sha256(identity.encode()).digest()
    children = np.random.SeedSequence(int.from_bytes(digest, "big")).spawn(4)
    return Streams(*[np.random.Generator(np.random.SFC64(child)) for child in children])


def draw_masks(
    rngs: Sequence[np.random.Generator], batch: int, widths: Sequence[int], rates: Sequence[float]
) -> list[NDArray[np.float32] | None]:
    """Draw the dropout masks of one training step; see :func:`draw_mask`.

    Args:
        rngs: One source of randomness per seed.
        batch: Rows in the batch.
        widths: Width of each hidden layer.
        rates: Dropout rate of each hidden layer, in [0, 1].

    Returns:
        A mask for each hidden layer; None where the rate is 0.
    """
    return [
        draw_mask(rngs, batch, width, rate) if rate > 0 else None for width, rate in zip(widths, rates, strict=True)
    ]


def draw_mask(rngs: Sequence[np.random.Generator], batch: int, width: int, rate: float) -> NDArray[np.float32]:
    """Draw the dropout mask of a layer for every seed.

    One raw 64-bit word of numpy's generator gives four Bernoulli variables of 16 bits each, so a rate is met to within
    1/131072.

    Returns:
        ``(seeds, batch, width)``: 0 with probability ``rate`` and ``1 / (1 - rate)`` otherwise.
    """
    mask = np.empty((len(rngs), batch * width), np.float32)
    threshold = round(rate * _LEVELS)
    kept = np.float32(1 / (1 - rate)) if threshold < _LEVELS else np.float32(0)
    for row, rng in zip(mask, rngs, strict=True):
        np.multiply(_sixteen_bits(rng, len(row)) >= threshold, kept, out=row)
    return mask.reshape(len(rngs), batch, width)


def _sixteen_bits(rng: np.random.Generator, n: int) -> NDArray[np.uint16]:
    words = rng.bit_generator.random_raw(-(-n // 4))
    return np.asarray(words, np.uint64).view(np.uint16)[:n]
