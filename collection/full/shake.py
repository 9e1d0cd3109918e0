"""Shake-Shake and ShakeDrop: residual branches that are weighted otherwise forward than backward.

The random numbers are one set per batch and block ("batch level"), as in Auto-PyTorch: all rows share them. See
``docs/decisions/0037-search-space-2.md``.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor


class _ShakeShake(torch.autograd.Function):
    """``alpha * a + (1 - alpha) * b`` forward, ``beta`` in place of ``alpha`` backward."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, alpha: float, beta: float) -> Tensor:
        ctx.beta = beta
        return torch.lerp(b, a, alpha)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        (gradient,) = gradients
        return gradient * ctx.beta, gradient * (1 - ctx.beta), None, None


class _Gate(torch.autograd.Function):
    """``forward * x`` forward, ``backward * gradient`` backward."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, forward: float, backward: float) -> Tensor:
        ctx.backward_factor = backward
        return x * forward

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = gradients
        return gradient * ctx.backward_factor, None, None


def shake_shake(a: Tensor, b: Tensor, rng: np.random.Generator | None) -> Tensor:
    """Mix two branches (Gastaldi 2017, *Shake-Shake regularization*, equation 2).

    Args:
        a: ``(rows, width)``, the first branch.
        b: The second, alike.
        rng: Draws alpha and beta from U(0, 1), independently; None in evaluation, where both are their expectation 0.5.

    Returns:
        ``alpha * a + (1 - alpha) * b``; backward, the branches get ``beta`` and ``1 - beta`` of the gradient.
    """
    if rng is None:
        return torch.lerp(b, a, 0.5)
    alpha, beta = rng.random(), rng.random()
    return _ShakeShake.apply(a, b, alpha, beta)  # type: ignore[no-untyped-call]


def shake_drop(x: Tensor, survival: float, rng: np.random.Generator | None) -> Tensor:
    """Gate a residual branch (Yamada et al. 2019, *ShakeDrop regularization*, equation 6).

    Args:
        x: ``(rows, width)``, the branch.
        survival: The block's probability p that b is 1.
        rng: Draws b from Bernoulli(p), alpha from U(-1, 1) and beta from U(0, 1); None in evaluation.

    Returns:
        ``(b + alpha - b * alpha) * x``, and ``b + beta - b * beta`` times the gradient backward; in evaluation the
        expectation of the forward factor, ``p * x``.
    """
    if rng is None:
        return x * survival
    survives, alpha, beta = rng.random() < survival, 2 * rng.random() - 1, rng.random()
    return x if survives else _Gate.apply(x, alpha, beta)  # type: ignore[no-untyped-call]  # b = 1 gives x both ways
