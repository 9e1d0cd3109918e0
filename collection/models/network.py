"""A trained network as a model, in one safetensors file: tensors and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from lcbench.collection.full.fitting import build_network
from lcbench.errors import DamagedFileError, InputError
from lcbench.files import replacing

_ROWS = 4096  # of an evaluation at once


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A network in evaluation mode.

    Attributes:
        module: From ``(rows, inputs)`` float32 to ``(rows, classes)`` logits.
    """

    module: torch.nn.Module

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """``(rows, classes)`` probabilities of ``(rows, inputs)``."""
        with torch.inference_mode():
            parts = [self.module(part) for part in torch.tensor(x).split(_ROWS)]
            return torch.softmax(torch.cat(parts).double(), 1).numpy()

    def write(self, path: Path) -> None:
        """Write weights and buffers as safetensors."""
        from safetensors.torch import save_file

        with replacing(path) as temporary:
            save_file({name: value.contiguous() for name, value in self.module.state_dict().items()}, str(temporary))

    @classmethod
    def read(cls, path: Path, config: Mapping[str, Any], inputs: int, classes: int) -> Self:
        """Read what :meth:`write` wrote into a network built anew.

        Raises:
            DamagedFileError: If it is not the state of such a network.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            module = build_network(config, inputs, classes)
            module.load_state_dict(load_file(str(path)))
        except (SafetensorError, OSError, RuntimeError, KeyError, TypeError, ValueError, InputError) as error:
            said = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise DamagedFileError(f"{path} cannot be read as this network's weights ({said}).") from error
        return cls(module.eval())
