"""Products of many pairs of matrices, by the fastest of three libraries.

On a CPU, numpy's matrix product hands each pair to its BLAS from one loop in C, so a call costs next to nothing, and
OpenBLAS, which numpy's wheels bring, is as fast on narrow matrices as on wide ones. MKL, behind PyTorch's batched
product, leaves half of the AVX-512 arithmetic of a processor unused that is not Intel's. Where numpy's BLAS does so as
well, and only there, large products go to oneDNN one by one, which PyTorch ships too and which costs some microseconds
a call. On a GPU the batched product is cuBLAS. The choice depends on the sizes of one pair and on what numpy's BLAS
makes of the processor, never on how many pairs there are or on measured time: results stay reproducible.
"""

import os
from functools import cache

import numpy as np
import torch
from threadpoolctl import threadpool_info  # type: ignore[import-untyped]
from torch import Tensor

# oneDNN keeps compiled products for every size it has met, 1024 of them if it is not told otherwise: hundreds of
# megabytes. A configuration has a few dozen sizes. Read when oneDNN is first used, not when torch is imported.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "96")

_WORTH_A_CALL = 3_500_000  # floating-point operations of one product, from which on oneDNN's call pays
_AVX512_KERNELS = {"SkylakeX", "Cooperlake", "SapphireRapids"}  # as OpenBLAS calls them


def one_by_one(a: Tensor, b: Tensor) -> bool:
    """Whether these products go to oneDNN.

    Args:
        a: ``(n, rows, inner)``.
        b: ``(n, inner, columns)``.
    """
    return a.device.type == "cpu" and one_by_one_sizes(a.shape[1], a.shape[2], b.shape[2])


def one_by_one_sizes(rows: int, inner: int, columns: int) -> bool:
    """Whether products of these sizes go to oneDNN on this processor."""
    return 2 * rows * inner * columns >= _WORTH_A_CALL and _onednn_is_faster()


@cache
def _onednn_is_faster() -> bool:
    """Whether oneDNN uses AVX-512 and numpy's BLAS does not, by itself or because ``OPENBLAS_CORETYPE`` says so."""
    kernels = {library.get("architecture") for library in threadpool_info() if library["user_api"] == "blas"}
    return (
        torch.backends.mkldnn.is_available()
        and torch.backends.cpu.get_cpu_capability() == "AVX512"
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
        and not kernels & _AVX512_KERNELS
    )


def affine(x: Tensor, weights: Tensor, biases: Tensor, *, relu: bool) -> Tensor:
    """Apply a layer of each network to its own rows.

    Args:
        x: ``(n, rows, fan_in)``.
        weights: ``(n, fan_in, fan_out)``.
        biases: ``(n, 1, fan_out)``.
        relu: Whether negative outputs become 0.

    Returns:
        ``(n, rows, fan_out)``.
    """
    if not one_by_one(x, weights):
        out = batched(x, weights).add_(biases)
        return out.relu_() if relu else out
    out = x.new_empty(len(x), x.shape[1], weights.shape[2])
    for place, rows, weight, bias in zip(out, x, weights, biases, strict=True):
        place.copy_(_onednn(rows, weight, bias.squeeze(0), "relu" if relu else "none"))
    return out


def multiply(a: Tensor, b: Tensor, out: Tensor | None = None) -> Tensor | list[Tensor]:
    """Multiply pairs of matrices.

    Args:
        a: ``(n, rows, inner)``, may be transposed.
        b: ``(n, inner, columns)``, may be transposed.
        out: Where to put the result if it comes as one tensor.

    Returns:
        ``(n, rows, columns)``, or as many single matrices.
    """
    if one_by_one(a, b):
        return [_onednn(left, right, None, "none") for left, right in zip(a, b, strict=True)]
    return batched(a, b, out)


def batched(a: Tensor, b: Tensor, out: Tensor | None = None) -> Tensor:
    """Multiply pairs of matrices together, ``(n, rows, inner)`` and ``(n, inner, columns)``, both may be transposed."""
    if out is None:
        out = a.new_empty(len(a), a.shape[1], b.shape[2])
    if a.device.type != "cpu":
        return torch.bmm(a, b, out=out)
    np.matmul(a.numpy(), b.numpy(), out=out.numpy())
    return out


def through_relu(gradient: Tensor, weights: Tensor, hidden: Tensor) -> Tensor:
    """Take a gradient back through a layer's weights and the ReLU before it.

    Args:
        gradient: With respect to the layer's outputs, ``(n, rows, fan_out)``.
        weights: ``(n, fan_in, fan_out)``.
        hidden: What the ReLU gave, ``(n, rows, fan_in)``; the gradient passes where it is positive.

    Returns:
        Gradient with respect to what entered the ReLU, ``(n, rows, fan_in)``.
    """
    back = multiply(gradient, weights.transpose(1, 2))
    if isinstance(back, Tensor):
        return torch.ops.aten.threshold_backward.grad_input(back, hidden, 0, grad_input=back)
    out = torch.empty_like(hidden)
    for place, single, own in zip(out, back, hidden, strict=True):
        torch.ops.aten.threshold_backward.grad_input(single, own, 0, grad_input=place)
    return out


def _onednn(a: Tensor, b: Tensor, bias: Tensor | None, activation: str) -> Tensor:
    product: Tensor = torch.ops.mkldnn._linear_pointwise.default(a, b.t(), bias, activation, [], "")
    return product
