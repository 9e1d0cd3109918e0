"""A fitted model with all that is known of it, and the folder that it is saved in."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from collection.models.columns import Columns
from collection.models.target import Labels
from lcbench.curve import Curve


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A model fitted to every fold of a problem.

    Attributes:
        kind: ``"network"``, or the name of a baseline.
        config: A network's configuration; None for a baseline.
        budget: Epochs of a network; 1 for a baseline.
        seed: Its source of randomness.
        curve: Score by epoch on the validation rows (larger is better, as the problem's scorer gives it), the mean
            over the folds, and cumulative seconds of all folds. NaN from the epoch on where a fold diverged. A
            baseline has one epoch; before it stand the shares of the classes in the training part.
        valid_probabilities: ``(validation rows, classes)`` float32, in the order of ``problem.valid_rows``; a row that
            validates in several folds has the mean over them. NaN if the network diverged.
        test_probabilities: ``(test rows, classes)`` float32, the mean over the folds; None if there is no test part.
        seconds: What fitting and predicting took in all.
        columns: How frames are read.
        labels: The classes.
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
        raise NotImplementedError

    def predict_tidy(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """As :meth:`predict_proba`, of a frame that ``columns.align`` has read already (once for many models)."""
        raise NotImplementedError

    def save(self, folder: Path) -> None:
        """Write it into a new or empty folder: JSON, arrays, safetensors, the boosters' own formats; no pickle."""
        raise NotImplementedError


def load_fitted(folder: Path) -> Fitted:
    """Read a saved model; nothing in the folder is executed, and predictions are those of the one that was saved.

    Raises:
        NotABenchmarkError: If there is no model.
        NewerFormatError: If it was written by a newer format.
        DamagedFileError: If a file is missing, truncated or changed, or not what it must be.
    """
    raise NotImplementedError
