"""The ranking-weighted ensemble of Gaussian processes: one for each other task, weighed by how well it ranks ours."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcbench.simulate.contract import Domain
from lcbench.simulate.optimizers._gp import GP, cholesky, fit
from lcbench.simulate.optimizers._model_bo import Acquisition
from lcbench.simulate.optimizers._targets import standardized
from lcbench.simulate.optimizers.gp_bo import GPEI
from lcbench.simulate.sources import Sources
from lcbench.whole import whole

Array = NDArray[np.float64]

_FEWEST = 3  # results before the task at hand has a model, and others are weighed by it
_JITTER = 1e-6  # of the variance of draws, so that their covariance has a square root
_DILUTION = 0.95


class RGPE(GPEI):
    """Expected improvement of an ensemble of Gaussian processes of all tasks, weighed by their ranking of this one.

    Feurer, Letham and Bakshy (2018), *Scalable meta-learning for Bayesian optimization using ranking-weighted Gaussian
    process ensembles*, AutoML workshop at ICML. A model's loss is the number of pairs of our results that a draw from
    it puts in the wrong order; our own model predicts each of them from all others (section 4.1). A weight is the share
    of the draws in which the model has the lowest loss. To prevent dilution, another task's model whose median loss is
    above the 95th percentile of our own model's is left out (section 4.2). The ensemble's mean is the weighted mean,
    its variance the sum of those of its models, weighed by squares.

    Before there are three results all other tasks weigh alike, and the very first configuration is the one of the
    lowest mean. The process of another task is fitted once, to so many of its configurations, drawn at random. Without
    sources it is :class:`lcbench.simulate.optimizers.gp_bo.GPEI`.

    Args:
        domain: Where to look; :attr:`lcbench.simulate.contract.Domain.sources` is what is known of other tasks.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of randomness.
        samples: Draws from each model by which it is weighed.
        rows: Configurations to which the process of another task is fitted at most.
        settings: Further ones of :class:`lcbench.simulate.optimizers.gp_bo.GPBO`.
    """

    transfers = True

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        samples: int = 64,
        rows: int = 100,
        **settings: Any,
    ) -> None:
        super().__init__(domain, budgets, rng, **settings)
        self._samples, most = whole("samples", samples, least=1), whole("rows", rows, least=2)
        self._others: list[GP] = []
        if domain.sources is not None:
            with self._one_thread():
                self._others = [self._source(domain.sources, task, most) for task in range(len(domain.sources.names))]
            self._initial = 0

    def _source(self, sources: Sources, task: int, most: int) -> GP:
        """The process of another task."""
        rows = sources.drawn(task, most, self._rng)
        x, y = self._encoding.features(sources.points[rows]), standardized(sources.losses[rows, task])
        return GP(x, y, self._groups, fit(x, y, self._groups).rounded())

    def _acquisition(self, points: Array, losses: Array, running: Array) -> Acquisition:
        if not self._others:
            return super()._acquisition(points, losses, running)
        features = self._encoding.features
        x, pending = features(points), features(running)
        models, weights = self._ensemble(x, losses, pending)
        if not len(x):
            return lambda candidates: -mixed(models, weights, features(candidates))[0]
        return self._improving(partial(mixed, models, weights), np.concatenate([x, pending]))

    def _ensemble(self, x: Array, losses: Array, pending: Array) -> tuple[list[GP], Array]:
        """The models that have a weight, and their weights."""
        if np.isfinite(losses).sum() < _FEWEST:
            return self._others, np.full(len(self._others), 1 / len(self._others))
        y = standardized(losses)
        known = self._hyperparameters(x, y)
        lost = [draw_losses(each, x, y, self._samples, self._rng) for each in self._others]
        own = own_losses(GP(x, y, self._groups, known), y, self._samples, self._rng)
        weights = ranking_weights(np.array(lost), own)
        models = [*self._others, GP(x, y, self._groups, known, pending)]
        there = np.flatnonzero(weights)
        return [models[place] for place in there], weights[there]


def mixed(models: list[GP], weights: Array, x: Array) -> tuple[Array, Array]:
    """Mean and standard deviation of an ensemble at ``(m, features)`` points, each ``(m,)``."""
    means, stds = zip(*(model.predict(x) for model in models), strict=True)
    return weights @ np.array(means), np.sqrt(weights**2 @ np.array(stds) ** 2)


def draw_losses(model: GP, x: Array, y: Array, samples: int, rng: np.random.Generator) -> Array:
    """How many ordered pairs of results draws from another task's model put in the wrong order, ``(samples,)``."""
    mean = model.predict(x)[0]
    spread = cholesky(model.covariance(x), _JITTER)
    drawn = mean[:, None] + spread @ rng.standard_normal((len(x), samples))
    return 2 * misranked(drawn, drawn, y)


def own_losses(model: GP, y: Array, samples: int, rng: np.random.Generator) -> Array:
    """The same of the task's own model, which predicts each result from all others; ``(samples,)``."""
    mean, std = model.left_out()
    drawn = mean[:, None] + std[:, None] * rng.standard_normal((len(y), samples))
    there = np.broadcast_to(y[:, None], drawn.shape)
    return misranked(drawn, there, y) + misranked(there, drawn, y)


def misranked(lower: Array, upper: Array, y: Array) -> Array:
    """Of all pairs with ``y[j] < y[k]`` how many have ``lower[j] >= upper[k]``.

    Args:
        lower: ``(n, samples)``.
        upper: ``(n, samples)``.
        y: ``(n,)``.

    Returns:
        ``(samples,)``.
    """
    first, second = np.nonzero(y[:, None] < y)
    return np.asarray((lower[first] >= upper[second]).sum(axis=0), np.float64)


def ranking_weights(lost: Array, own: Array) -> Array:
    """Weights of models by their ranking losses.

    Args:
        lost: ``(others, samples)`` losses of the other tasks' models.
        own: ``(samples,)`` losses of the task's own.

    Returns:
        ``(others + 1,)``, the task's own last; they sum to 1. Of equally good models of a draw the task's own counts if
        it is among them, and all of them alike otherwise.
    """
    diluting = np.median(lost, axis=1) > np.quantile(own, _DILUTION)
    every = np.vstack([np.where(diluting[:, None], np.inf, lost), own])
    winners = every == every.min(axis=0)
    winners[:-1] &= ~winners[-1]
    return np.asarray((winners / winners.sum(axis=0)).mean(axis=1))
