"""The fitted models of one run (a budget): its values, its seconds and whether it diverges."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcbench.metric import Metric
from lcbench.simulate.surrogate.basis import Basis, fit_basis
from lcbench.simulate.surrogate.models import get_model
from lcbench.simulate.surrogate.scale import from_pace, from_scale
from lcbench.simulate.surrogate.targets import Targets
from lcbench.simulate.surrogate.trees import Trees

SERIES = ("values", "seconds")
_COMPONENTS = {"values": 3, "seconds": 2}
_EVEN = 0.5  # a configuration is said to diverge if no more of its seeds than this are predicted to reach the end


@dataclass(frozen=True, slots=True)
class Fitted:
    """One fitted model.

    Attributes:
        model: Name of the model.
        text: The model in its own format.
        trees: The same, ready to predict.
        basis: What its outputs mean.
    """

    model: str
    text: str
    trees: Trees
    basis: Basis


@dataclass(frozen=True, slots=True)
class Course:
    """All models of one run.

    Attributes:
        metric: What the values are.
        budget: Epochs.
        values: Coefficients of the curve of values.
        seconds: Coefficients of the logarithm of each epoch's seconds.
        divergence: Share of the seeds that reach the end, and mean share of the epochs that seeds have before they
            diverge; None if no recorded run diverged.
    """

    metric: Metric
    budget: int
    values: Fitted
    seconds: Fitted
    divergence: Fitted | None

    def curves(
        self, features: NDArray[np.float32], noise: "Noise | None" = None, *, cut: bool = True
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Predict ``(n, budget + 1)`` values and cumulative seconds.

        Values are NaN after the epoch at which a run diverges; with ``cut=False`` they go on as if it did not.
        """
        level, shape = _decode(self.values, features)
        pace, rhythm = _decode(self.seconds, features)
        scaled, threshold = level[:, None] + shape, np.full(len(features), _EVEN)
        if noise is not None:
            scaled = scaled + noise.values
            mean = noise.pace.mean(axis=1)
            pace, rhythm, threshold = pace + mean, rhythm + noise.pace - mean[:, None], noise.survival
        values = from_scale(self.metric, scaled)
        if cut and self.divergence is not None:
            _cut(values, *_decode(self.divergence, features), threshold)
        return values, from_pace(pace, rhythm)

    def diverges(self, features: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Whether runs are said to diverge, ``(n,)``."""
        if self.divergence is None:
            return np.zeros(len(features), np.bool_)
        return _decode(self.divergence, features)[0] <= _EVEN


@dataclass(frozen=True, slots=True)
class Noise:
    """What is added to predictions, on the scales of the models.

    Attributes:
        values: ``(n, budget + 1)``.
        pace: ``(n, budget)``.
        survival: ``(n,)`` in [0, 1): a run diverges if the predicted share of survivors is not greater.
    """

    values: NDArray[np.float64]
    pace: NDArray[np.float64]
    survival: NDArray[np.float64]


def fit_course(
    metric: Metric, targets: Targets, features: NDArray[np.float32], models: dict[str, str], seed: int
) -> Course:
    """Fit all models of one run.

    Args:
        metric: What the values are.
        targets: Of some configurations.
        features: Of the same configurations, ``(configs, features)``.
        models: Name of the model for each of :data:`SERIES`; divergence has that of the values.
        seed: Of the models' own randomness.

    Raises:
        InputError: If there is nothing to tell configurations apart.
    """
    level, pace = targets.values[:, -1], _level(targets.pace)
    parts = {
        "values": (targets.survived, level, targets.values - level[:, None]),
        "seconds": (targets.ran, pace, targets.pace - pace[:, None]),
    }
    fitted = {
        name: _fit_series(models[name], features[rows], levels[rows], shapes[rows], _COMPONENTS[name], seed)
        for name, (rows, levels, shapes) in parts.items()
    }
    divergence = None
    if targets.diverges:
        alive, lifetime = targets.alive[targets.ran], targets.lifetime[targets.ran, None]
        basis = Basis(float(alive.mean()), 1.0, lifetime.mean(axis=0), np.ones((1, 1)))
        divergence = fitted_model(models["values"], features[targets.ran], basis.encode(alive, lifetime), basis, seed)
    return Course(metric, targets.values.shape[1] - 1, fitted["values"], fitted["seconds"], divergence)


def fitted_model(
    name: str, features: NDArray[np.float32], targets: NDArray[np.float64], basis: Basis, seed: int
) -> Fitted:
    """Fit one model; predictions come from its text, so that they are the same after saving and loading."""
    model = get_model(name)
    text = model.fit(features, targets, seed)
    return Fitted(name, text, model.read(text, features.shape[1], targets.shape[1]), basis)


def _fit_series(name: str, *arguments: Any) -> Fitted:
    features, levels, shapes, most, seed = arguments
    basis = fit_basis(levels, shapes, most)
    return fitted_model(name, features, basis.encode(levels, shapes), basis, seed)


def _level(pace: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of the mean epoch's seconds."""
    return np.log(np.exp(pace).mean(axis=1))


def _decode(fitted: Fitted, features: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return fitted.basis.decode(fitted.trees.predict(features))


def _cut(
    values: NDArray[np.float64],
    alive: NDArray[np.float64],
    lifetime: NDArray[np.float64],
    threshold: NDArray[np.float64],
) -> None:
    """Write NaN where runs have diverged; from the last epoch at the latest.

    ``lifetime`` is the mean over all seeds, those that reach the end with 1 included: what is left is of the others.
    """
    budget = values.shape[1] - 1
    share = (lifetime[:, 0] - alive) / np.maximum(1 - alive, 0.05)
    last = np.clip(np.rint(share * budget), 0, budget - 1)
    values[(alive <= threshold)[:, None] & (np.arange(budget + 1) > last[:, None])] = np.nan
