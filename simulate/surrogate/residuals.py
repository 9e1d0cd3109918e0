"""Noise from the recorded seeds: how single runs deviate from the mean over the seeds of their configuration."""

from dataclasses import dataclass
from functools import cached_property
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from lcbench.errors import InputError
from lcbench.metric import get_metric
from lcbench.simulate.surrogate.course import Noise
from lcbench.simulate.surrogate.recorded import Recorded
from lcbench.simulate.surrogate.scale import to_pace, to_scale

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
    values, seconds = recorded.values[run], recorded.seconds[run]
    ended: NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(values) & np.isfinite(seconds), axis=2)
    usable = np.flatnonzero(ended.sum(axis=1) >= 2)
    if not len(usable):
        raise InputError(
            "noise='residual' must have configurations with two seeds or more that did not diverge, got none "
            f"at budget {run}; use noise='none'."
        )
    metric = get_metric(recorded.metric)
    scaled = [_centred(to_scale(metric, values[row][ended[row]])) for row in usable.tolist()]
    pace = [_centred(to_pace(seconds[row][ended[row]])) for row in usable.tolist()]
    first = np.concatenate([[0], np.cumsum(ended[usable].sum(axis=1))])
    return Residuals(features[usable], first, np.concatenate(scaled), np.concatenate(pace))


def _centred(curves: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(seeds, points)`` curves minus their mean, with the spread that single runs have."""
    seeds = len(curves)
    return (curves - curves.mean(axis=0)) * np.sqrt(seeds / (seeds - 1))
