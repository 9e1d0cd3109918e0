"""How large a data set is, and how much work a configuration is on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lcbench.collection.data.prepared import Prepared
from lcbench.collection.networks.cost import KINDS, Sizes, epoch_work
from lcbench.collection.networks.full.cost import FULL_KINDS, full_epoch_work
from lcbench.collection.networks.full.settings import settings_of
from lcbench.collection.networks.tensors import Tensors
from lcbench.collection.networks.train import network_shape
from lcbench.space.spaces import is_full


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


def work_of(extent: Extent, config: Mapping[str, Any]) -> dict[str, float]:
    """The work of one epoch of a configuration, by the kinds of the cost model of its search space."""
    if is_full(config):
        work = full_epoch_work(settings_of(config, extent.features, extent.classes), extent.sizes, extent.features)
        return dict(zip(FULL_KINDS, work.tolist(), strict=True))
    shape = network_shape(extent.features, extent.classes, config)
    return dict(zip(KINDS, epoch_work(shape, int(config["batch_size"]), extent.sizes).tolist(), strict=True))
