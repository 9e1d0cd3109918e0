"""Early stopping on the validation part."""

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from lcbench.collection.networks.metrics import RECORD
from lcbench.collection.networks.recorder import Run
from lcbench.errors import InputError

_Number = TypeVar("_Number", bound=np.floating)


@dataclass(frozen=True, slots=True)
class Stopping:
    """When training stops before its budget is spent.

    After ``patience`` epochs in a row none of which is better than the best one before, training stops and the network
    is that of the best epoch again (the first of equal ones; the untrained network is none). The curve goes on at that
    epoch's values to the end of the budget, in all series, and no further seconds are spent. A run that is not stopped
    is as it would be without.

    Attributes:
        metric: Name of a metric of the validation part.
        patience: Epochs, at least 1.

    Raises:
        UnknownNameError: If there is no such metric.
        InputError: If the metric is not of the validation part, or the patience is too small.
    """

    metric: str
    patience: int

    def __post_init__(self) -> None:
        if RECORD.metric(self.metric).part != "valid":
            raise InputError(f"metric to stop by must be one of the validation part, got {self.metric!r}.")
        if self.patience < 1:
            raise InputError(f"patience must be at least 1 epoch, got {self.patience}.")

    @property
    def sign(self) -> int:
        """1 if small values are good, -1 if large ones are."""
        return RECORD.metric(self.metric).sign


class Best:
    """Follows a run that may be stopped, and keeps its best network.

    Args:
        stopping: When to stop.
        network: What is trained.

    Attributes:
        stopping: As given.
    """

    def __init__(self, stopping: Stopping, network: nn.Module) -> None:
        self.stopping, self._network = stopping, network
        self._epoch, self._loss, self._stopped_at = 0, np.inf, 0
        self._state: dict[str, Tensor] = {}

    def goes_on(self, epoch: int, loss: float) -> bool:
        """Take note of the loss after an epoch (smaller is better), and say whether there is to be another.

        A loss that is not a number, of a score that these rows do not define, says nothing against going on.
        """
        if not self._state or not loss >= self._loss:
            self._epoch, self._loss = epoch, self._loss if np.isnan(loss) else loss
            self._state = {name: tensor.clone() for name, tensor in self._network.state_dict().items()}
        if epoch - self._epoch >= self.stopping.patience:
            self._stopped_at = epoch
        return not self._stopped_at

    def restore(self) -> None:
        """If training was stopped, make the network that of the best epoch again."""
        if self._stopped_at:
            self._network.load_state_dict(self._state)

    def continued(self, run: Run) -> Run:
        """If training was stopped, let the run go on at its best epoch's values; its series hold no later ones."""
        if not self._stopped_at:
            return run
        series = {name: values.copy() for name, values in run.series.items()}
        for name, values in series.items():
            series[name] = values if name == "seconds" else self.held(values)
        return replace(run, series=series, status="success", epochs=run.budget)

    def held(self, values: NDArray[_Number]) -> NDArray[_Number]:
        """Values by epoch; if training was stopped, from then on that of the best epoch."""
        if not self._stopped_at:
            return values
        epochs = np.arange(len(values))
        return np.where(epochs > self._stopped_at, values[self._epoch], values)
