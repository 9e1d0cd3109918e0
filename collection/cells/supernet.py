"""A network of all cells at once: each edge has every operation, and which of them count is said from outside."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from lcbench.collection.cells.network import flow, operation, skeleton
from lcbench.space.cells import EDGES, NONE, OPERATIONS

Mixture = Sequence[Mapping[int, Tensor | float]]
"""For each edge the operations that are computed, as places in :data:`lcbench.space.cells.OPERATIONS`, and their
weights. Others are as if they were not there."""


class SuperCell(nn.Module):
    """A cell whose edges hold all operations, as its authors search: normalizations learn no scale and no shift.

    Args:
        channels: Channels of its images.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.edges = nn.ModuleList(
            nn.ModuleList(operation(name, channels, affine=False) for name in OPERATIONS) for _ in EDGES
        )

    def forward(self, x: Tensor, mixture: Mixture) -> Tensor:
        """The last node, each edge the weighted sum of its operations."""
        return flow(x, lambda edge, node: self._bring(edge, node, mixture[edge]))

    def _bring(self, edge: int, node: Tensor, weights: Mapping[int, Tensor | float]) -> Tensor | None:
        operations = self.edges[edge]
        terms = [weight * operations[place](node) for place, weight in weights.items() if OPERATIONS[place] != NONE]  # type: ignore[index]
        return sum(terms[1:], terms[0]) if terms else None


class SuperNetwork(nn.Module):
    """The skeleton of :mod:`lcbench.collection.cells.network` around cells that hold all operations.

    Args:
        n_classes: Classes.
    """

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.layers = skeleton(SuperCell, n_classes)

    def forward(self, x: Tensor, mixture: Mixture) -> Tensor:
        """Logits ``(batch, classes)`` of images ``(batch, 1, height, width)``; all cells have the same mixture."""
        for layer in self.layers:
            x = layer(x, mixture) if isinstance(layer, SuperCell) else layer(x)
        return x


def dense(weights: Tensor) -> Mixture:
    """All operations of all edges.

    Args:
        weights: ``(edges, operations)``.
    """
    return [dict(enumerate(row)) for row in weights]


def single(places: Sequence[int]) -> Mixture:
    """One operation of each edge, with weight 1.

    Args:
        places: Of each edge.
    """
    return [{place: 1.0} for place in places]
