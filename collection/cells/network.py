"""Networks of cells: the operations of NAS-Bench-201, a cell that sums them up, and the skeleton around the cells.

Dong and Yang (2020), *NAS-Bench-201*, ICLR, section 2: a stem, stages of equal cells, between two stages a residual
block that halves the image and doubles the channels, then an average over the image and a linear layer. An operation
with weights is ReLU, convolution, batch normalization. The published skeleton has three stages of five cells with 16,
32 and 64 channels; this one is small enough for a processor.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from lcbench.space import Config
from lcbench.space.cells import CONV_1X1, CONV_3X3, EDGES, NONE, OUTPUT, POOL_3X3, SKIP, live_edges, operations_of

CHANNELS = 8
"""Channels of the first stage."""

STAGES = 2
"""Stages, of one cell each."""


class Nothing(nn.Module):
    """The operation ``none``: zeros."""

    def forward(self, x: Tensor) -> Tensor:
        """Zeros like the input."""
        return torch.zeros_like(x)


def convolution(inputs: int, outputs: int, size: int, stride: int = 1, *, affine: bool = True) -> nn.Sequential:
    """ReLU, convolution, batch normalization.

    Args:
        inputs: Channels that come in.
        outputs: Channels that go out.
        size: Of the kernel, in pixels, odd.
        stride: Pixels between two places of the kernel.
        affine: Whether the normalization has a learnt scale and shift.
    """
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False),
        nn.BatchNorm2d(outputs, affine=affine),
    )


def operation(name: str, channels: int, *, affine: bool = True) -> nn.Module:
    """What an edge applies to an image ``(batch, channels, height, width)``, whose shape it leaves.

    Args:
        name: One of :data:`lcbench.space.cells.OPERATIONS`.
        channels: Channels of the image.
        affine: As in :func:`convolution`.
    """
    makers: Mapping[str, Callable[[], nn.Module]] = {
        NONE: Nothing,
        SKIP: nn.Identity,
        CONV_1X1: lambda: convolution(channels, channels, 1, affine=affine),
        CONV_3X3: lambda: convolution(channels, channels, 3, affine=affine),
        POOL_3X3: lambda: nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False),
    }
    return makers[name]()


class Cell(nn.Module):
    """Four nodes, each the sum of what its edges make of earlier nodes; the last one is the output.

    Args:
        edges: By the number of an edge what it applies. An edge that is missing brings nothing.
    """

    def __init__(self, edges: Mapping[int, nn.Module]) -> None:
        super().__init__()
        self.edges = nn.ModuleDict({str(edge): module for edge, module in edges.items()})

    def forward(self, x: Tensor) -> Tensor:
        """The last node; zeros if nothing reaches it."""
        return flow(x, lambda edge, node: self.edges[str(edge)](node) if str(edge) in self.edges else None)


def flow(x: Tensor, bring: Callable[[int, Tensor], Tensor | None]) -> Tensor:
    """Sum up what the edges bring, node by node.

    Args:
        x: The first node.
        bring: Gives what an edge makes of the node that it comes from; None if it brings nothing.

    Returns:
        The last node; zeros if nothing reaches it.
    """
    nodes = {0: x}
    for edge, (start, end) in sorted(enumerate(EDGES), key=lambda each: each[1][1]):
        if start in nodes and (brought := bring(edge, nodes[start])) is not None:
            nodes[end] = nodes[end] + brought if end in nodes else brought
    return nodes[OUTPUT] if OUTPUT in nodes else torch.zeros_like(x)


class Reduction(nn.Module):
    """A residual block that halves the image and doubles the channels.

    Args:
        channels: Channels that come in.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            convolution(channels, 2 * channels, 3, stride=2), convolution(2 * channels, 2 * channels, 3)
        )
        self.shortcut = nn.Sequential(nn.AvgPool2d(2, ceil_mode=True), nn.Conv2d(channels, 2 * channels, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, 2 * channels, ceil(height / 2), ceil(width / 2))``."""
        reduced: Tensor = self.residual(x) + self.shortcut(x)
        return reduced


def skeleton(cell: Callable[[int], nn.Module], n_classes: int) -> nn.Sequential:
    """A network for images ``(batch, 1, height, width)``, which gives logits ``(batch, classes)``.

    Args:
        cell: Makes a cell for so many channels.
        n_classes: Classes.
    """
    channels = CHANNELS
    layers = [nn.Conv2d(1, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), cell(channels)]
    for _ in range(STAGES - 1):
        layers += [Reduction(channels), cell(2 * channels)]
        channels *= 2
    head = [nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, n_classes)]
    model = nn.Sequential(*layers, *head)
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub


def network(cell: Config, n_classes: int) -> nn.Sequential:
    """The network of one cell. Edges that change nothing are left out: they would cost time and weights.

    Args:
        cell: Its configuration.
        n_classes: Classes.
    """
    operations, live = operations_of(cell), live_edges(cell)
    return skeleton(lambda channels: Cell({edge: operation(operations[edge], channels) for edge in live}), n_classes)
