"""A fitted model with all that is known of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lcbench.collection.models.columns import Columns
from lcbench.collection.models.part import Part
from lcbench.collection.models.target import Labels
from lcbench.curve import Curve

NETWORK = "network"
"""The kind of a model that is no baseline."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A model fitted to every fold of a problem.

    Attributes:
        kind: ``"network"``, or the name of a baseline.
        config: A network's configuration; None for a baseline.
        budget: Epochs of a network; 1 for a baseline.
        seed: Its source of randomness.
        curve: Score by epoch on the validation rows (larger is better, as the problem's scorer gives it), the mean
            over the folds that define it, and cumulative seconds of all folds. NaN from the epoch on where a fold
            diverged; where no fold by itself defines the score, the last epoch has that of all their rows.
            A baseline has one epoch; before it stand the shares of the classes in the training part.
        valid_probabilities: ``(validation rows, classes)`` float32, in the order of ``problem.valid_rows``; a row that
            validates in several folds has the mean over them. NaN if the network diverged.
        test_probabilities: ``(test rows, classes)`` float32, the mean over the folds; None if there is no test part.
        seconds: What fitting and predicting took in all.
        columns: How frames are read.
        labels: The classes.
        parts: What each fold has learnt.
    """

    kind: str
    config: Mapping[str, Any] | None
    budget: int
    seed: int
    curve: Curve
    valid_probabilities: NDArray[np.float32]
    test_probabilities: NDArray[np.float32] | None
    seconds: float
    columns: Columns
    labels: Labels
    parts: tuple[Part, ...]

    @property
    def diverged(self) -> bool:
        """Whether a network of it has no finite probabilities."""
        return not bool(np.isfinite(self.valid_probabilities).all())

    def predict_proba(self, frame: pd.DataFrame | ArrayLike) -> NDArray[np.float64]:
        """Class probabilities ``(rows, classes)`` of raw rows, the mean over the folds' models.

        Args:
            frame: The columns of training, in any order; further ones are an error, as is one that is missing.

        Raises:
            DataError: If the columns do not fit; one sentence says how.
        """
        return self.predict_tidy(self.columns.align(frame))

    def predict_tidy(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """As :meth:`predict_proba`, of a frame that ``columns.align`` has read already (once for many models)."""
        return mean_of(self.parts, frame)

    def save(self, folder: Path) -> None:
        """Write it into a folder: JSON, arrays, safetensors, the boosters' own formats; no pickle."""
        from lcbench.collection.models.folder import save

        save(folder, self)


def mean_of(parts: tuple[Part, ...], frame: pd.DataFrame) -> NDArray[np.float64]:
    """``(rows, classes)`` mean of the parts' probabilities of a tidy frame."""
    total = parts[0](frame)
    for part in parts[1:]:
        total = total + part(frame)
    return total / len(parts)
