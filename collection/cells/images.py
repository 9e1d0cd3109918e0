"""Rows of pixels as small images."""

from dataclasses import dataclass
from math import ceil, isqrt

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d

from lcbench.collection.data.prepared import Prepared
from lcbench.errors import InputError

SIDE = 10
"""Pixels of the longer side at most; larger images are averaged down, as ImageNet-16-120 is."""

CUT = 4.0
"""Standard deviations at which a pixel is cut: those near the border are almost always empty."""


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """Images of one part of a data set.

    Attributes:
        x: ``(images, 1, height, width)`` float32.
        y: ``(images,)`` class numbers.
    """

    x: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.y)


def image_shape(pixels: int) -> tuple[int, int]:
    """Height and width of an image: the two factors that are closest, the larger one first.

    64 are 8 x 8, 784 are 28 x 28, and 240 are 16 x 15, as mfeat-pixel has them.

    Raises:
        InputError: If they are a line rather than an image.
    """
    width = next(side for side in range(isqrt(pixels), 0, -1) if pixels % side == 0)
    if width * 2 < pixels // width:
        raise InputError(f"rows must be images, about as high as wide, got {pixels} pixels; try sklearn:digits.")
    return pixels // width, width


def images_of(rows: NDArray[np.float32], classes: NDArray[np.int64]) -> Images:
    """Rows of standardized pixels as images, averaged down until no side is longer than :data:`SIDE`.

    Args:
        rows: ``(images, pixels)``.
        classes: ``(images,)``.

    Raises:
        InputError: If they are no images.
    """
    height, width = image_shape(rows.shape[1])
    x = torch.from_numpy(np.clip(rows, -CUT, CUT)).reshape(-1, 1, height, width)
    if (factor := ceil(height / SIDE)) > 1:
        x = avg_pool2d(x, factor, ceil_mode=True, count_include_pad=False)
    return Images(x.contiguous(memory_format=torch.channels_last), torch.tensor(classes))


def parts_of(task: Prepared) -> dict[str, Images]:
    """The images of the parts ``train``, ``valid`` and ``test``."""
    return {
        "train": images_of(task.x_train, task.y_train),
        "valid": images_of(task.x_valid, task.y_valid),
        "test": images_of(task.x_test, task.y_test),
    }
