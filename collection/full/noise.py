"""The randomness of training steps: masks of dropout, factors of Shake-Shake and ShakeDrop, partners of mixup."""

import numpy as np
import torch
from torch import Tensor

from lcbench.collection.dropout import masks_for


class Noise:
    """A run's sources of randomness while it trains.

    Args:
        dropout: For the masks.
        techniques: For everything else.
        device: Where masks are needed.
    """

    def __init__(self, dropout: np.random.Generator, techniques: np.random.Generator, device: torch.device) -> None:
        self.techniques = techniques
        self._draw = masks_for(device, [dropout])

    def mask(self, x: Tensor, rate: float) -> Tensor:
        """A dropout mask for ``(rows, width)`` activations: 0 with probability ``rate``, else ``1 / (1 - rate)``."""
        return self._draw(x.shape[0], x.shape[1], rate)[0]
