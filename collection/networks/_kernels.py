"""The kernels of torch that are not part of its public interface, each with a public one to fall back to.

They are several times as fast as the public functions at our sizes, and any release of torch may change or remove them.
So each is tried on a small example when it is first asked for, once in a process; if it fails there, or gives other
numbers than public functions do, those take its place. They differ from it by rounding only.
"""

import os
from collections.abc import Callable, Sequence
from functools import cache, partial
from math import sqrt
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

# oneDNN keeps compiled products for every size it has met, 1024 of them if it is not told otherwise: hundreds of
# megabytes. A configuration has a few dozen sizes. Read when oneDNN is first used, not when torch is imported.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "96")

BETAS, EPSILON = (0.9, 0.999), 1e-8
"""Of Adam: the defaults of Kingma and Ba (2015), and torch's."""

_TOLERANCE = 1e-4  # relative; float32 rounding of the examples is below a hundredth of it

Tensors = Sequence[Tensor]
Step = Callable[..., object]
Prepare = Callable[[Tensor, Tensor], Callable[[], object]]


@cache
def sgd_step() -> Step:
    """A step of stochastic gradient descent, in place, as ``torch.optim.SGD``: no dampening, no Nesterov.

    Returns:
        A function of lists of parameters, gradients and velocities, and by name of ``lr``, ``momentum`` and
        ``weight_decay``.
    """

    def example() -> tuple[Any, ...]:
        return [_numbers(1)], [_numbers(2)], [_numbers(3)]

    options = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}
    return _fused_sgd() if _agree(_fused_sgd, lambda: _public_sgd, example, options) else _public_sgd


@cache
def adam_step() -> Step:
    """A step of Adam, in place, as ``torch.optim.Adam``: weight decay is added to the gradients.

    Returns:
        A function of lists of parameters, gradients, first and second moments, an empty list and a list with the number
        of this step for each parameter (scalar tensors), and by name of ``lr`` and ``weight_decay``.
    """

    def example() -> tuple[Any, ...]:
        return [_numbers(1)], [_numbers(2)], [_numbers(3)], [_numbers(4).abs()], [], [torch.tensor(3.0)]

    options = {"lr": 0.1, "weight_decay": 0.01}
    return _fused_adam() if _agree(_fused_adam, lambda: _public_adam, example, options) else _public_adam


@cache
def relu_backward() -> Prepare:
    """A gradient back through a ReLU, in place.

    Returns:
        A function of the memory of the gradient and of what the ReLU gave. It prepares a call that puts the gradient in
        the place of the latter: 0 where that is not positive.
    """

    def example() -> tuple[Any, ...]:
        return _numbers(1), _numbers(2).relu_()

    private, public = (lambda: lambda *memory: _aten_relu_backward(*memory)()), (lambda: _public_relu_backward)
    if _agree(private, public, example, {}):
        return _aten_relu_backward
    return lambda gradient, hidden: partial(_public_relu_backward, gradient, hidden)


@cache
def onednn_linear() -> Callable[[Tensor, Tensor, Tensor | None, str], Tensor] | None:
    """The product of two matrices ``a @ b`` by oneDNN, with a bias and an activation (``"relu"`` or ``"none"``).

    Returns:
        The function; None where torch has none, or it fails. Another library computes the products then.
    """

    def example() -> tuple[Any, ...]:
        return _numbers(1).view(4, 16), _numbers(2).view(16, 4), _numbers(3)[:4], "relu"

    usable = torch.backends.mkldnn.is_available() and _agree(
        lambda: _mkldnn_linear, lambda: _public_linear, example, {}
    )
    return _mkldnn_linear if usable else None


def _numbers(frequency: int) -> Tensor:
    """64 different numbers of both signs."""
    return torch.cos(frequency * torch.arange(64, dtype=torch.float32))


def _agree(
    private: Callable[[], Step],
    public: Callable[[], Step],
    example: Callable[[], tuple[Any, ...]],
    options: dict[str, Any],
) -> bool:
    """Whether two functions return the same on an example, and change their arguments in the same way.

    Args:
        private: Gives the first, which may be missing or fail.
        public: Gives the second.
        example: Makes the arguments.
        options: Arguments by name.
    """
    theirs, ours = example(), example()
    try:
        returned = private()(*theirs, **options)
    except (RuntimeError, AttributeError, TypeError, ValueError, NotImplementedError):
        return False
    found, wanted = _tensors((returned, *theirs)), _tensors((public()(*ours, **options), *ours))
    return len(found) == len(wanted) and all(
        one.shape == other.shape and torch.allclose(one, other, rtol=_TOLERANCE, atol=_TOLERANCE)
        for one, other in zip(found, wanted, strict=True)
    )


def _tensors(values: Sequence[object]) -> list[Tensor]:
    lists = [value if isinstance(value, list) else [value] for value in values]
    return [each for own in lists for each in own if isinstance(each, Tensor)]


def _fused_sgd() -> Step:
    return partial(torch._fused_sgd_, dampening=0, nesterov=False, maximize=False, is_first_step=False)


def _public_sgd(
    parameters: Tensors, gradients: Tensors, velocities: Tensors, *, lr: float, momentum: float, weight_decay: float
) -> None:
    for own, gradient, velocity in zip(parameters, gradients, velocities, strict=True):
        velocity.mul_(momentum).add_(gradient).add_(own, alpha=weight_decay)
        own.add_(velocity, alpha=-lr)


def _fused_adam() -> Step:
    fixed = {"beta1": BETAS[0], "beta2": BETAS[1], "eps": EPSILON, "amsgrad": False, "maximize": False}
    return partial(torch._fused_adam_, **fixed)


def _public_adam(
    parameters: Tensors,
    gradients: Tensors,
    means: Tensors,
    squares: Tensors,
    _: Tensors,
    steps: Tensors,
    *,
    lr: float,
    weight_decay: float,
) -> None:
    for own, gradient, mean, square, step in zip(parameters, gradients, means, squares, steps, strict=True):
        first, second = (1 - beta ** float(step) for beta in BETAS)
        decayed = gradient.add(own, alpha=weight_decay)
        mean.lerp_(decayed, 1 - BETAS[0])
        square.mul_(BETAS[1]).addcmul_(decayed, decayed, value=1 - BETAS[1])
        own.addcdiv_(mean, (square.sqrt() / sqrt(second)).add_(EPSILON), value=-lr / first)


def _aten_relu_backward(gradient: Tensor, hidden: Tensor) -> Callable[[], object]:
    return partial(torch.ops.aten.threshold_backward.grad_input, gradient, hidden, 0, grad_input=hidden)


def _public_relu_backward(gradient: Tensor, hidden: Tensor) -> None:
    hidden.copy_(gradient.masked_fill(hidden <= 0, 0))


def _mkldnn_linear(a: Tensor, b: Tensor, bias: Tensor | None, activation: str) -> Tensor:
    product: Tensor = torch.ops.mkldnn._linear_pointwise.default(a, b.t(), bias, activation, [], "")
    return product


def _public_linear(a: Tensor, b: Tensor, bias: Tensor | None, activation: str) -> Tensor:
    product = functional.linear(a, b.t(), bias)
    return product.relu_() if activation == "relu" else product
