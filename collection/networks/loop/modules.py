"""Networks as PyTorch modules: from prepared float32 inputs ``(rows, inputs)`` to logits ``(rows, classes)``.

A module's ``forward`` takes the randomness of a training step as an argument; without it nothing is random. Whether
batches are normalised by their own statistics or by running ones is the module's mode, as always in PyTorch.

Shake-Shake and ShakeDrop weight residual branches otherwise forward than backward. Their random numbers are one set per
batch and block ("batch level"), as in Auto-PyTorch: all rows share them. See ``docs/decisions/0037-search-space-2.md``.
"""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from lcbench.collection.networks.randomness import draw_mask
from lcbench.collection.networks.recipe import Recipe, ResNetShape, Shape


class Noise:
    """A run's sources of randomness while it trains.

    They give masks of dropout, factors of Shake-Shake and ShakeDrop, and partners of mixup.

    Args:
        dropout: For the masks.
        techniques: For everything else.
        device: Where masks are needed.
    """

    def __init__(self, dropout: np.random.Generator, techniques: np.random.Generator, device: torch.device) -> None:
        self.techniques = techniques
        self._dropout, self._device = dropout, device

    def mask(self, x: Tensor, rate: float) -> Tensor:
        """A dropout mask for ``(rows, width)`` activations: 0 with probability ``rate``, else ``1 / (1 - rate)``."""
        drawn = draw_mask([self._dropout], x.shape[0], x.shape[1], rate)
        return torch.from_numpy(drawn[0]).to(self._device)


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


_linear = partial(skip_init, nn.Linear)  # weights come later, and torch's own randomness is left alone
_MOMENTUM, _EPSILON = 0.1, 1e-5  # PyTorch's defaults


class Norm(nn.Module):
    """Batch normalisation and a ReLU.

    Args:
        width: Columns.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))
        self.register_buffer("running_mean", torch.zeros(width))
        self.register_buffer("running_var", torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise, then apply the ReLU."""
        normal = torch.batch_norm(
            x,
            self.weight,
            self.bias,
            self.running_mean,
            self.running_var,
            self.training,
            _MOMENTUM,
            _EPSILON,
            False,  # cuDNN or not: positional in torch
        )
        return normal.relu_()


class MLP(nn.Module):
    """Linear layers with ReLU and dropout between them."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self._rates = shape.dropout
        self.layers = nn.ModuleList(_linear(*sizes) for sizes in pairwise(shape.widths))

    def forward(self, x: Tensor, noise: Noise | None = None) -> Tensor:
        """Compute logits; with noise, units are dropped."""
        *hidden, last = self.layers
        for layer, rate in zip(hidden, self._rates, strict=True):
            x = layer(x).relu_()
            if noise is not None and rate > 0:
                x = x * noise.mask(x, rate)
        return last(x)


class Branch(nn.Module):
    """A residual branch: [normalise, ReLU,] Linear, normalise, ReLU, dropout, Linear.

    Args:
        fan_in: Columns that come.
        fan_out: Columns that go.
        dropout: Rate.
        normalised: Whether its input is normalised already.
    """

    def __init__(self, fan_in: int, fan_out: int, dropout: float, *, normalised: bool) -> None:
        super().__init__()
        self._rate = dropout
        self.first_norm = None if normalised else Norm(fan_in)
        self.first = _linear(fan_in, fan_out)
        self.second_norm = Norm(fan_out)
        self.second = _linear(fan_out, fan_out)

    def forward(self, x: Tensor, noise: Noise | None) -> Tensor:
        """Compute the residual."""
        x = x if self.first_norm is None else self.first_norm(x)
        x = self.second_norm(self.first(x))
        if noise is not None and self._rate > 0:
            x = x * noise.mask(x, self._rate)
        return self.second(x)


class Block(nn.Module):
    """A pre-activation residual block (He et al. 2016, *Identity mappings in deep residual networks*).

    Where the widths differ, the input is normalised once for branches and shortcut, and the shortcut is a Linear layer.
    With both techniques, Shake-Shake mixes the branches and ShakeDrop gates the mixture.

    Args:
        fan_in: Columns that come.
        fan_out: Columns that go.
        dropout: Rate in the branches.
        survival: ShakeDrop's probability for this block; None without ShakeDrop.
        shake_shake: Whether there are two branches.
    """

    def __init__(self, fan_in: int, fan_out: int, dropout: float, survival: float | None, *, shake_shake: bool) -> None:
        super().__init__()
        projects = fan_in != fan_out
        self._survival = survival
        self.norm = Norm(fan_in) if projects else None
        self.shortcut = _linear(fan_in, fan_out) if projects else None
        self.branches = nn.ModuleList(
            Branch(fan_in, fan_out, dropout, normalised=projects) for _ in range(2 if shake_shake else 1)
        )

    def forward(self, x: Tensor, noise: Noise | None) -> Tensor:
        """Add the residual to the shortcut."""
        x = x if self.norm is None else self.norm(x)
        rng = None if noise is None else noise.techniques
        parts = [branch(x, noise) for branch in self.branches]
        residual = parts[0] if len(parts) == 1 else shake_shake(parts[0], parts[1], rng)
        if self._survival is not None:
            residual = shake_drop(residual, self._survival, rng)
        return residual + (x if self.shortcut is None else self.shortcut(x))


class ResNet(nn.Module):
    """A Linear layer, groups of residual blocks, and normalise, ReLU, Linear at the end."""

    def __init__(self, shape: ResNetShape) -> None:
        super().__init__()
        self.first = _linear(*shape.widths[:2])
        self.blocks = nn.ModuleList(_blocks(shape))
        self.norm = Norm(shape.widths[-2])
        self.last = _linear(*shape.widths[-2:])

    def forward(self, x: Tensor, noise: Noise | None = None) -> Tensor:
        """Compute logits; with noise, units are dropped and branches shaken."""
        x = self.first(x)
        for block in self.blocks:
            x = block(x, noise)
        return self.last(self.norm(x))


def _blocks(shape: ResNetShape) -> list[Block]:
    made: list[Block] = []
    for (fan_in, fan_out), rate in zip(pairwise(shape.widths[1:-1]), shape.dropout, strict=True):
        for number in range(shape.blocks_per_group):
            survival = None if shape.max_shake_drop is None else shape.survival(len(made) + 1)
            comes = fan_out if number else fan_in
            made.append(Block(comes, fan_out, rate, survival, shake_shake=shape.shake_shake))
    return made


class Network(nn.Module):
    """A projection of the inputs, learnt from the training rows and not trained, and the network behind it.

    Args:
        body: From (projected) inputs to logits.
        directions: ``(inputs, dimensions)``, what the inputs are multiplied with; None for nothing.
    """

    directions: Tensor | None

    def __init__(self, body: MLP | ResNet, directions: Tensor | None) -> None:
        super().__init__()
        self.body = body
        self.register_buffer("directions", directions)

    def project(self, x: Tensor) -> Tensor:
        """Project prepared inputs ``(rows, inputs)``; the body takes the result."""
        return x if self.directions is None else x @ self.directions

    def forward(self, x: Tensor) -> Tensor:
        """Compute the logits of prepared inputs; nothing is random."""
        return self.body(self.project(x))


def linear_layers(network: nn.Module) -> Sequence[nn.Linear]:
    """The Linear layers of a network, in the order in which inputs pass them."""
    return [module for module in network.modules() if isinstance(module, nn.Linear)]


def empty_network(recipe: Recipe, n_inputs: int) -> Network:
    """Build the network of a recipe, all weights and directions 0.

    Load the state of a fitted network into it with ``load_state_dict``.

    Args:
        recipe: The network; how it is trained does not matter.
        n_inputs: Columns of the prepared data.

    Returns:
        The network in evaluation mode.
    """
    directions = None if recipe.svd_dim is None else torch.zeros(n_inputs, recipe.svd_dim)
    network = _undrawn(recipe, directions)
    with torch.no_grad():
        for layer in linear_layers(network):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
    return network.eval()


def drawn_network(recipe: Recipe, directions: Tensor | None, rng: np.random.Generator) -> Network:
    """Build a network with random weights: each Linear layer's uniform in ``±1 / sqrt(fan_in)``, PyTorch's default.

    They are drawn as :func:`lcbench.collection.networks.stack.stack.initial_parameters` draws those of an MLP.

    Returns:
        The network, in training mode.
    """
    network = _undrawn(recipe, directions)
    with torch.no_grad():
        for layer in linear_layers(network):
            fan_in, fan_out, bound = layer.in_features, layer.out_features, np.float32(np.sqrt(layer.in_features))
            drawn = (2 * rng.random((fan_in + 1, fan_out), dtype=np.float32) - 1) / bound
            layer.weight.copy_(torch.from_numpy(drawn[:-1].T.copy()))
            layer.bias.copy_(torch.from_numpy(drawn[-1]))
    return network


def _undrawn(recipe: Recipe, directions: Tensor | None) -> Network:
    shape = recipe.shape
    return Network(ResNet(shape) if isinstance(shape, ResNetShape) else MLP(shape), directions)
