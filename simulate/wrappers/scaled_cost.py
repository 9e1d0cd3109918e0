"""Training that takes longer, or shorter."""

from collections.abc import Callable

import numpy as np

from lcbench.curve import Curve
from lcbench.errors import InputError
from lcbench.simulate.contract import Backend, Config
from lcbench.simulate.wrappers.wrapper import Wrapper


class ScaledCost(Wrapper):
    """Multiplies the seconds of every run.

    >>> ScaledCost(backend, 60.0)  # a table in seconds stands for one in minutes
    >>> ScaledCost(backend, lambda config: 1.0 + config["num_layers"])  # a machine on which depth is expensive

    Args:
        backend: The backend inside.
        factor: A number, or a pure function of the configuration that gives one; finite and more than 0.

    Raises:
        InputError: If a factor cannot be used.
    """

    def __init__(self, backend: Backend, factor: float | Callable[[Config], float]) -> None:
        super().__init__(backend)
        self._factor = factor if callable(factor) else _checked(factor)

    def curve(self, config: Config, budget: int) -> Curve:
        """The curve inside with other seconds.

        Raises:
            InputError: If the factor of this configuration cannot be used.
        """
        factor = _checked(self._factor(config)) if callable(self._factor) else self._factor
        inner = self._inner.curve(config, budget)
        return Curve(inner.values, inner.seconds.astype(np.float64) * factor)


def _checked(factor: float) -> float:
    if not 0 < factor < np.inf:
        raise InputError(f"factor must be finite and more than 0, got {factor}.")
    return factor
