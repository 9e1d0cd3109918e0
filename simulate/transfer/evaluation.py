"""The evaluations of a build, as tasks and as outcomes."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lcbench.space import Config
from lcbench.work import Task

SUCCESS, DIVERGED, TIMEOUT, FAILED = "success", "diverged", "timeout", "failed"
STATUSES = (SUCCESS, DIVERGED, TIMEOUT, FAILED)


@dataclass(frozen=True, slots=True)
class EvaluationTask(Task):
    """A configuration to be trained on a data set.

    Attributes:
        dataset: Name of the data set.
        config_id: Number of the configuration in the build: (number of the data set whose search found it) * trials
            + (which of its trials it was). Two evaluations are the same if data set, number and budget are.
        budget: Epochs.
        config: The configuration.
    """

    dataset: str
    config_id: int
    budget: int
    config: Config = field(compare=False, repr=False)

    @property
    def key(self) -> tuple[str, int, int]:
        """Its identity: data set, number of the configuration, budget."""
        return self.dataset, self.config_id, self.budget

    def __str__(self) -> str:
        return f"configuration {self.config_id} on {self.dataset}, {self.budget} epochs"


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Outcome of training a configuration.

    Attributes:
        status: One of :data:`STATUSES`.
        valid: Validation accuracy after each epoch, ``(budget + 1,)``; NaN from where it diverged, and throughout if it
            ran out of time or failed.
        seconds: Processor seconds by epoch, cumulative, ``(budget + 1,)``.
        test: Test accuracy after the last epoch; NaN likewise.
        reason: None, or why there is no run, in one line.
    """

    status: str
    valid: NDArray[np.float64]
    seconds: NDArray[np.float64]
    test: float
    reason: str | None = None

    @classmethod
    def without_run(cls, budget: int, status: str, reason: str, seconds: float = 0.0) -> "Evaluation":
        """An evaluation that ran out of time, or failed."""
        spent = np.linspace(0.0, seconds, budget + 1)
        return cls(status, np.full(budget + 1, np.nan), spent, float("nan"), reason)
