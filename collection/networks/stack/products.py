"""Products of many pairs of matrices, by the fastest of three libraries.

On a CPU, numpy's matrix product hands each pair to its BLAS from one loop in C, so a call costs next to nothing, and
OpenBLAS, which numpy's wheels bring, is as fast on narrow matrices as on wide ones. MKL, behind PyTorch's batched
product, leaves half of the AVX-512 arithmetic of a processor unused that is not Intel's. Where numpy's BLAS does so as
well, and only there, large products go to oneDNN one by one, which PyTorch ships too and which costs some microseconds
a call. On a GPU the batched product is cuBLAS. The choice depends on the sizes of one pair and on what numpy's BLAS
makes of the processor, never on how many pairs there are or on measured time: results stay reproducible.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from itertools import chain

import numpy as np
import torch
from threadpoolctl import threadpool_info  # type: ignore[import-untyped]
from torch import Tensor

from lcbench.collection.networks._kernels import onednn_linear, relu_backward

_WORTH_A_CALL = 3_500_000  # floating-point operations of one product, from which on oneDNN's call pays
_Linear = Callable[[Tensor, Tensor, Tensor | None, str], Tensor]
_AVX512_KERNELS = {"SkylakeX", "Cooperlake", "SapphireRapids"}  # as OpenBLAS calls them


def _one_by_one(a: Tensor, b: Tensor) -> _Linear | None:
    """Return oneDNN's product if it computes these pairs one by one, None if a BLAS computes them together.

    Args:
        a: ``(..., rows, inner)``.
        b: ``(..., inner, columns)``.
    """
    here = a.device.type == "cpu" and one_by_one_sizes(a.shape[-2], a.shape[-1], b.shape[-1])
    return onednn_linear() if here else None


def one_by_one_sizes(rows: int, inner: int, columns: int) -> bool:
    """Whether products of these sizes go to oneDNN on this processor."""
    return 2 * rows * inner * columns >= _WORTH_A_CALL and _onednn_is_faster()


@cache
def _onednn_is_faster() -> bool:
    """Whether oneDNN uses AVX-512 and numpy's BLAS does not, by itself or because ``OPENBLAS_CORETYPE`` says so."""
    kernels = {library.get("architecture") for library in threadpool_info() if library["user_api"] == "blas"}
    return (
        torch.backends.cpu.get_cpu_capability() == "AVX512"
        and not kernels & _AVX512_KERNELS
        and onednn_linear() is not None
    )


Call = Callable[[], object]
"""A prepared computation: what it reads and writes is settled, and it may be made again and again."""


def product(a: Tensor, b: Tensor, out: Tensor) -> Call:
    """Prepare ``out = a @ b``.

    Args:
        a: ``(..., rows, inner)``, may be transposed.
        b: ``(..., inner, columns)``, may be transposed.
        out: ``(..., rows, columns)``, rows one after the other.
    """
    if a.device.type != "cpu":
        return partial(torch.matmul, a, b, out=out)
    linear = _one_by_one(a, b)
    if linear is not None:
        return partial(_copy_each, linear, list(_pairs(a, b, out)))
    return partial(np.matmul, a.numpy(), b.numpy(), out.numpy())


def affine(x: Tensor, weights: Tensor, biases: Tensor, out: Tensor, *, relu: bool) -> list[Call]:
    """Prepare to apply a layer of each network to its own rows.

    Args:
        x: ``(..., rows, fan_in)``.
        weights: ``(..., fan_in, fan_out)``.
        biases: ``(..., 1, fan_out)``.
        out: ``(..., rows, fan_out)``, where to put the outputs.
        relu: Whether negative outputs become 0.
    """
    linear = _one_by_one(x, weights)
    if linear is not None:
        parts = [(a, b, bias.squeeze(0), place) for a, b, bias, place in _pairs(x, weights, biases, out)]
        return [partial(_apply_each, linear, parts, "relu" if relu else "none")]
    calls: list[Call] = [product(x, weights, out), partial(out.add_, biases)]
    return [*calls, out.relu_] if relu else calls


def through_relu(gradient: Tensor, weights: Tensor, hidden: Tensor, back: Tensor) -> list[Call]:
    """Prepare to take a gradient back through a layer's weights and the ReLU before it.

    Args:
        gradient: With respect to the layer's outputs, ``(..., rows, fan_out)``.
        weights: ``(..., fan_in, fan_out)``.
        hidden: What the ReLU gave, ``(..., rows, fan_in)``, and the gradient passes where it is positive; the gradient
            with respect to what entered the ReLU takes its place.
        back: Memory for the gradient with respect to ``hidden``, of the same shape.
    """
    return [product(gradient, weights.mT, back), relu_backward()(back, hidden)]


def _pairs(*tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Go through the matrices of tensors with the same leading dimensions together."""
    return zip(*(chain.from_iterable(each) if each.dim() == 4 else each for each in tensors), strict=True)


def _copy_each(linear: _Linear, pairs: Sequence[tuple[Tensor, ...]]) -> None:
    for a, b, place in pairs:
        place.copy_(linear(a, b, None, "none"))


def _apply_each(linear: _Linear, parts: Sequence[tuple[Tensor, ...]], activation: str) -> None:
    for a, b, bias, place in parts:
        place.copy_(linear(a, b, bias, activation))
