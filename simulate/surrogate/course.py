"""The models of one run: what they are fitted to, what they predict, and how single seeds deviate from it.

They are fitted to means over the recorded seeds; diverged and missing runs are kept apart.
"""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from lcbench.errors import InputError
from lcbench.simulate.surrogate.basis import Basis, fit_basis
from lcbench.simulate.surrogate.features import from_pace, from_scale, to_pace, to_scale
from lcbench.simulate.surrogate.models import get_model
from lcbench.simulate.surrogate.recorded import Recorded
from lcbench.simulate.surrogate.trees import Trees
from lcbench.table.metric import Metric


@dataclass(frozen=True, slots=True)
class Targets:
    """Per configuration, means over those seeds for which they mean something.

    Attributes:
        survived: ``(configs,)`` bool: at least one seed reached the end; only these have ``values``.
        values: ``(configs, budget + 1)``: mean curve of the seeds that reached the end, on the metric's scale; NaN
            where there are none.
        ran: ``(configs,)`` bool: at least one seed was recorded.
        pace: ``(configs, budget)``: logarithm of the seconds of each epoch of the mean over the recorded seeds.
        alive: ``(configs,)``: the share of the recorded seeds that reached the end.
        lifetime: ``(configs,)``: mean share of the epochs that a recorded seed had before it diverged.
    """

    survived: NDArray[np.bool_]
    values: NDArray[np.float64]
    ran: NDArray[np.bool_]
    pace: NDArray[np.float64]
    alive: NDArray[np.float64]
    lifetime: NDArray[np.float64]

    @property
    def diverges(self) -> bool:
        """Whether any recorded run diverged."""
        return bool((self.alive[self.ran] < 1).any())

    @property
    def timed(self) -> bool:
        """Whether there are seconds to predict; not so if every step of every run costs 1."""
        return bool((self.pace[self.ran] != 0).any())

    def take(self, rows: NDArray[np.bool_]) -> "Targets":
        """Those of some configurations."""
        return Targets(*(getattr(self, part.name)[rows] for part in fields(self)))


def make_targets(metric: Metric, values: NDArray[np.float32], seconds: NDArray[np.float32]) -> Targets:
    """Average ``(configs, seeds, budget + 1)`` values and seconds; a value that is not finite is a diverged run's."""
    recorded: NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(seconds), axis=2)
    finite: NDArray[np.bool_] = np.isfinite(values) & recorded[..., None]
    ended: NDArray[np.bool_] = np.logical_and.reduce(finite, axis=2)
    epochs = np.minimum.accumulate(finite, axis=2).sum(axis=2) - 1.0  # index 0 is the untrained network
    return Targets(
        np.logical_or.reduce(ended, axis=1),
        to_scale(metric, _mean(values, ended)),
        np.logical_or.reduce(recorded, axis=1),
        to_pace(_mean(seconds, recorded)),
        _mean(ended, recorded),
        _mean(np.maximum(epochs, 0) / (values.shape[2] - 1), recorded),
    )


def recorded_targets(recorded: Recorded, run: int) -> Targets:
    """The targets of one run (a budget) of a table."""
    return make_targets(recorded.target, recorded.filled(run), recorded.seconds[run])


def _mean(values: NDArray[Any], which: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean over the seeds (axis 1) that are chosen; NaN where none is."""
    chosen = which.reshape(which.shape + (1,) * (values.ndim - 2))
    total = np.where(chosen, values, 0).sum(axis=1, dtype=np.float64)
    count = chosen.sum(axis=1)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


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
        seconds: Coefficients of the logarithm of each epoch's seconds; None if a step costs 1.
        divergence: Share of the seeds that reach the end, and mean share of the epochs that seeds have before they
            diverge; None if no recorded run diverged.
    """

    metric: Metric
    budget: int
    values: Fitted
    seconds: Fitted | None
    divergence: Fitted | None

    def curves(
        self, features: NDArray[np.float32], noise: "Noise | None" = None, *, cut: bool = True
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Predict ``(n, budget + 1)`` values and cumulative seconds.

        Values are NaN after the epoch at which a run diverges; with ``cut=False`` they go on as if it did not.
        """
        level, shape = _decode(self.values, features)
        pace, rhythm = np.zeros(len(features)), np.zeros((len(features), self.budget))
        if self.seconds is not None:
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
    """
    level, pace = targets.values[:, -1], _level(targets.pace)
    parts = {
        "values": (targets.survived, level, targets.values - level[:, None]),
        **({"seconds": (targets.ran, pace, targets.pace - pace[:, None])} if targets.timed else {}),
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
    return Course(metric, targets.values.shape[1] - 1, fitted["values"], fitted.get("seconds"), divergence)


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


_NEAREST = 8


@dataclass(frozen=True)
class Residuals:
    """Whole curves of residuals, so that noise is as alike from epoch to epoch as it is in real runs.

    A draw takes the residuals of one seed of one of the 8 configurations nearest in the unit cube: noise is large where
    it was found large. Residuals are those of runs that reached the end, where at least two seeds of a configuration
    did, times ``sqrt(n / (n - 1))`` for n such seeds, since a mean over few seeds lies close to each of them.

    Attributes:
        features: ``(configs, features)`` of the configurations that have residuals.
        first: ``(configs + 1,)``: where the residuals of each configuration start in the next two.
        values: ``(residuals, budget + 1)``, on the metric's scale.
        pace: ``(residuals, budget)``, on the scale of logarithms.
    """

    features: NDArray[np.float32]
    first: NDArray[np.intp]
    values: NDArray[np.float64]
    pace: NDArray[np.float64]

    @cached_property
    def tree(self) -> KDTree:
        """Finds the nearest configurations."""
        return KDTree(self.features)

    def draw(self, features: NDArray[np.float32], draw_seed: int) -> Noise:
        """Noise for ``(n, features)`` configurations; each row's depends on it and the seed alone."""
        k = min(_NEAREST, len(self.features))
        near = np.asarray(self.tree.query(features, k=range(1, k + 1))[1])
        budget = self.pace.shape[1]
        picks, survival = np.empty(len(features), np.intp), np.empty(len(features))
        for row, point in enumerate(features):
            rng = np.random.default_rng([draw_seed, budget, crc32(point.tobytes())])
            config = near[row, rng.integers(k)]
            picks[row] = rng.integers(self.first[config], self.first[config + 1])
            survival[row] = rng.random()
        return Noise(self.values[picks], self.pace[picks], survival)


def find_residuals(recorded: Recorded, features: NDArray[np.float32], run: int) -> Residuals:
    """Collect the residuals of one run (a budget).

    Raises:
        InputError: If no configuration has two seeds that reached the end.
    """
    values, seconds = recorded.filled(run), recorded.seconds[run]
    ended: NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(values) & np.isfinite(seconds), axis=2)
    usable = np.flatnonzero(ended.sum(axis=1) >= 2)
    if not len(usable):
        raise InputError(
            "noise='residual' must have configurations with two seeds or more that did not diverge, got none "
            f"at budget {run}; use noise='none'."
        )
    scaled = [_centred(to_scale(recorded.target, values[row][ended[row]])) for row in usable.tolist()]
    pace = [_centred(to_pace(seconds[row][ended[row]])) for row in usable.tolist()]
    first = np.concatenate([[0], np.cumsum(ended[usable].sum(axis=1))])
    return Residuals(features[usable], first, np.concatenate(scaled), np.concatenate(pace))


def _centred(curves: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(seeds, points)`` curves minus their mean, with the spread that single runs have."""
    seeds = len(curves)
    return (curves - curves.mean(axis=0)) * np.sqrt(seeds / (seeds - 1))
