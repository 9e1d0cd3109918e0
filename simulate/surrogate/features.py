"""What a model sees of a configuration: finite numbers."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.contract import Config
from lcbench.simulate.encoding import Encoding
from lcbench.simulate.rounding import coordinates

_INACTIVE = -1.0  # below every active number: one test of a tree tells it from all of them


def features(encoding: Encoding, cube: NDArray[np.float64]) -> NDArray[np.float32]:
    """Turn points of the unit cube into features.

    A number keeps its coordinate in [0, 1], a category becomes one column of 0 and 1 per level. An inactive number is
    -1, an inactive category all zeros.

    Args:
        encoding: Of the search space.
        cube: ``(n, dimensions)``; NaN where inactive.

    Returns:
        ``(n, features)``, finite.
    """
    columns = [
        np.where(np.isnan(cube[:, j]), _INACTIVE, cube[:, j])[:, None] if n == 0 else cube[:, j, None] == np.arange(n)
        for j, n in enumerate(encoding.levels)
    ]
    return np.concatenate(columns, axis=1, dtype=np.float32)


def n_features(encoding: Encoding) -> int:
    """Number of features."""
    return sum(max(n, 1) for n in encoding.levels)


def encode_frame(encoding: Encoding, configs: pd.DataFrame) -> NDArray[np.float64]:
    """Where many configurations lie in the unit cube, ``(n, dimensions)``.

    Args:
        encoding: Of the search space.
        configs: One row per configuration, one column per hyperparameter; missing where inactive.

    Raises:
        InputError: If a column is missing or unknown, or a value is missing or out of its range.
    """
    from lcbench.space import encode

    if set(configs.columns) != set(encoding.names):
        raise InputError(
            f"configs must have one column for each of {', '.join(encoding.names)}, "
            f"got {', '.join(map(str, configs.columns)) or 'none'}."
        )
    optional = encoding.space.conditional_hyperparameters
    try:
        cube = coordinates(encode(encoding.space, configs))
    except (KeyError, ValueError, TypeError) as error:
        raise InputError(f"configs must be of the search space, got others ({error}).") from error
    for j, (name, n) in enumerate(zip(encoding.names, encoding.levels, strict=True)):
        active = configs[name].notna().to_numpy()
        inside = (cube[:, j] >= 0) & (cube[:, j] <= max(n - 1, 1))
        wrong = ~inside if name not in optional else active & ~inside
        if wrong.any():
            value = configs[name].tolist()[int(np.argmax(wrong))]
            raise InputError(f"{name} must be a value of {encoding.space[name]}, got {value!r}.")
    return cube


def frame(encoding: Encoding, configs: Sequence[Config]) -> pd.DataFrame:
    """Many configurations as a DataFrame with a column for each hyperparameter."""
    return pd.DataFrame([dict(config) for config in configs], columns=list(encoding.names))
