"""How large a data set is, and how much work a configuration is on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from collection.cost import Sizes
from collection.network import Shape
from collection.prepared import Prepared
from collection.tensors import Tensors
from collection.train import network_shape


@dataclass(frozen=True, slots=True)
class Extent:
    """How large a data set is.

    Attributes:
        features: Inputs of a network.
        classes: Outputs.
        sizes: Rows.
    """

    features: int
    classes: int
    sizes: Sizes

    @classmethod
    def of(cls, data: Prepared | Tensors) -> "Extent":
        """The extent of a data set."""
        sizes = Sizes(len(data.y_train), len(data.y_valid), len(data.y_test))
        return cls(data.n_features, data.n_classes, sizes)

    def capped(self, rows: int) -> "Extent":
        """The same with at most so many rows to train on, and the other parts in proportion."""
        share = min(1.0, rows / self.sizes.train)
        train, valid, test = (max(1, int(n * share)) for n in (self.sizes.train, self.sizes.valid, self.sizes.test))
        return Extent(self.features, self.classes, Sizes(train, valid, test))


def work_of(extent: Extent, config: Mapping[str, Any]) -> tuple[Shape, int, Sizes]:
    """Shape, batch size and rows, as the cost model counts work."""
    return network_shape(extent.features, extent.classes, config), int(config["batch_size"]), extent.sizes
