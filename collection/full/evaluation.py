"""A single network where stacks of networks are evaluated."""

from torch import Tensor

from lcbench.collection.full.modules import Network
from lcbench.collection.network import Shape


class Single:
    """One network in evaluation mode as :class:`lcbench.collection.network.Networks`.

    Attributes:
        network: The network.
        shape: What is widest in it, for the size of chunks.
    """

    def __init__(self, network: Network, widths: tuple[int, ...]) -> None:
        self.network, self.shape = network, Shape(widths, ())

    def __len__(self) -> int:
        return 1

    def logits(self, x: Tensor) -> Tensor:
        """``(1, rows, classes)``."""
        return self.network(x)[None]
