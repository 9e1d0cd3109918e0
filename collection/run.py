"""One trained run, as every problem gives it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

SUCCESS, DIVERGED = "success", "diverged"


@dataclass(frozen=True, slots=True)
class Run:
    """One trained run.

    Attributes:
        budget: Steps of the problem's fidelity.
        seed: Its seed.
        columns: One value for each of the record's ``columns``.
        series: For each of the record's ``names`` a ``(budget + 1,)`` float32 array, index = steps.
        further: The value of each further fidelity.
        gradients: If asked for, for each of ``lcbench.table.manifest.GRADIENT_STATISTICS`` a ``(1 + layers, budget +
            1)`` array: of all parameters, then of each layer; NaN at index 0, where there was no step.
        predictions: If asked for, class probabilities after the last step: ``(rows, classes)`` of ``"valid"`` and
            ``"test"``.
    """

    budget: int
    seed: int
    columns: Mapping[str, Any]
    series: Mapping[str, NDArray[np.float32]]
    further: Mapping[str, float] = field(default_factory=dict)
    gradients: Mapping[str, NDArray[np.float32]] | None = None
    predictions: Mapping[str, NDArray[np.float16]] | None = None

    @property
    def diverged(self) -> bool:
        """Whether it has no values from some step on."""
        return bool(self.columns.get("status") == DIVERGED)
