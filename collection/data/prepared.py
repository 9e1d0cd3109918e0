"""A data set ready for training. This module imports nothing that prepares one: workers never need it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A data set ready for training.

    Attributes:
        name: Name of the data set.
        x_train: ``(rows, inputs)`` float32, C-contiguous, finite.
        y_train: ``(rows,)`` int64 class numbers.
        x_valid: As ``x_train``.
        y_valid: As ``y_train``.
        x_test: As ``x_train``.
        y_test: As ``y_train``.
        classes: Names of the classes, in the order of their numbers.
        class_counts: Rows of each class in the whole data set.
        encoding: Name of the encoding.
        dropped: Columns without a value in the training part, which are not among the inputs.
    """

    name: str
    x_train: NDArray[np.float32]
    y_train: NDArray[np.int64]
    x_valid: NDArray[np.float32]
    y_valid: NDArray[np.int64]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.int64]
    classes: tuple[str, ...]
    class_counts: tuple[int, ...]
    encoding: str
    dropped: tuple[str, ...]

    @property
    def n_features(self) -> int:
        """Inputs of a network."""
        return int(self.x_train.shape[1])

    @property
    def n_classes(self) -> int:
        """Outputs of a network."""
        return len(self.classes)

    @property
    def instances(self) -> int:
        """Rows of the whole data set."""
        return sum(self.class_counts)
