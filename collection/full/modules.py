"""Networks as PyTorch modules: from prepared float32 inputs ``(rows, inputs)`` to logits ``(rows, classes)``.

A module's ``forward`` takes the randomness of a training step as an argument; without it nothing is random. Whether
batches are normalised by their own statistics or by running ones is the module's mode, as always in PyTorch.
"""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from lcbench.collection.full.noise import Noise
from lcbench.collection.full.shake import shake_drop, shake_shake
from lcbench.collection.full.shapes import ResNetShape
from lcbench.collection.network import Shape

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
        """Normalise and cut off."""
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
        """Project prepared inputs ``(rows, inputs)``; what comes is what the body takes."""
        return x if self.directions is None else x @ self.directions

    def forward(self, x: Tensor) -> Tensor:
        """Compute the logits of prepared inputs; nothing is random."""
        return self.body(self.project(x))


def linear_layers(network: nn.Module) -> Sequence[nn.Linear]:
    """The Linear layers of a network, in the order in which inputs pass them."""
    return [module for module in network.modules() if isinstance(module, nn.Linear)]
