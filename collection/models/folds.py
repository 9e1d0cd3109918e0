"""Who trains and who validates: a hold-out, the caller's own rows, or any scikit-learn splitter."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """One division of rows.

    Attributes:
        train: Positions of the rows that train.
        valid: Positions of the rows that validate.
    """

    train: NDArray[np.intp]
    valid: NDArray[np.intp]
