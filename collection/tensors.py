"""A prepared data set where it is trained on."""

from functools import cached_property
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from lcbench.collection.full.svd import directions
from lcbench.collection.loss import class_weights
from lcbench.collection.prepared import Prepared


class Tensors:
    """A prepared data set on a device, with its class weights."""

    def __init__(self, data: Prepared, device: str = "cpu") -> None:
        def move(array: NDArray[Any]) -> Tensor:
            return torch.tensor(array, device=device)  # a copy, aligned the same each time: so are the sums

        self.name = data.name
        self.x_train, self.y_train = move(data.x_train), move(data.y_train)
        self.x_valid, self.y_valid = move(data.x_valid), move(data.y_valid)
        self.x_test, self.y_test = move(data.x_test), move(data.y_test)
        self.n_features, self.n_classes = data.n_features, data.n_classes
        self.weights = move(class_weights(data.y_train, self.n_classes))

    @cached_property
    def directions(self) -> Tensor:
        """Right singular vectors of the training inputs, see :func:`lcbench.collection.full.svd.directions`."""
        return directions(self.x_train)
