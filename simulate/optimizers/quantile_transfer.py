"""Transfer of quantiles: what a configuration's rank was on other tasks is where its loss is believed to lie here."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcbench.simulate.contract import Domain
from lcbench.simulate.optimizers._gp import GP
from lcbench.simulate.optimizers._model_bo import Acquisition
from lcbench.simulate.optimizers.forest import Forest, check_trees
from lcbench.simulate.optimizers.gp_bo import GPEI
from lcbench.simulate.sources import normal_scores
from lcbench.space import Config
from lcbench.whole import whole

Array = NDArray[np.float64]

_LEAST = 0.1  # standard deviations of the normal scores


class QuantileTransfer(GPEI):
    """Gaussian copula process: a prior of normal scores from other tasks, and a Gaussian process on what it misses.

    Salinas, Shen and Perrone (2020), *A quantile-based approach for hyperparameter transfer learning*, ICML. The losses
    of each task become quantiles of the normal distribution, so that all tasks have one scale (section 4.1). A model of
    the scores gives a mean and a deviation for each configuration; the first configurations are found by Thompson
    sampling from it ("CTS", section 4.2: candidates are drawn, each gets a draw, the smallest is taken). From then on a
    Gaussian process models ``(score - mean) / deviation`` of the task's own results, and the expected improvement of
    the sum decides ("GCP", section 4.3).

    The paper's model is a neural network; ours is a forest, whose trees give the deviation. Without sources it is
    :class:`lcbench.simulate.optimizers.gp_bo.GPEI`.

    Args:
        domain: Where to look; :attr:`lcbench.simulate.contract.Domain.sources` is what is known of other tasks.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of randomness.
        rows: Configurations of each other task from which the prior is learnt at most, drawn at random.
        trees: Number of trees.
        settings: Further ones of :class:`lcbench.simulate.optimizers.gp_bo.GPBO`.
    """

    transfers = True

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        rows: int = 200,
        trees: int = 10,
        **settings: Any,
    ) -> None:
        super().__init__(domain, budgets, rng, **settings)
        most, trees, sources = whole("rows", rows, least=1), check_trees(trees), domain.sources
        self._forest: Forest | None = None
        if sources is not None:
            drawn = [sources.drawn(task, most, rng) for task in range(len(sources.names))]
            x = np.concatenate([self._encoding.features(sources.points[each]) for each in drawn])
            y = np.concatenate([sources.scores[each, task] for task, each in enumerate(drawn)])
            self._forest = Forest(x, y, rng, trees=trees)

    def _prior(self, x: Array) -> tuple[Array, Array]:
        """Mean and deviation of the normal scores at ``(m, features)`` points, each ``(m,)``."""
        assert self._forest is not None  # noqa: S101  # the callers have looked
        mean, std = self._forest.predict(x)
        return mean, np.maximum(std, _LEAST)

    def _draw(self) -> Config | None:
        """By Thompson sampling from the prior."""
        points = np.empty((0, 0)) if self._forest is None else self._domain.candidates(512, self._rng)
        if not len(points):
            return super()._draw()
        mean, std = self._prior(self._encoding.features(points))
        chosen = int((mean + std * self._rng.standard_normal(len(points))).argmin())
        configs = self._domain.realize(points[[chosen]])[0]
        if not configs:
            return super()._draw()
        self._domain.take(configs[0])
        return configs[0]

    def _acquisition(self, points: Array, losses: Array, running: Array) -> Acquisition:
        if self._forest is None:
            return super()._acquisition(points, losses, running)
        features = self._encoding.features
        x, pending = features(points), features(running)
        mean, std = self._prior(x)
        missed = (normal_scores(losses) - mean) / std
        level = float(missed.mean())  # our results are better than most: their scores are among themselves
        gp = GP(x, missed - level, self._groups, self._hyperparameters(x, missed - level), pending)

        def predict(at: Array) -> tuple[Array, Array]:
            (believed, scale), (shift, spread) = self._prior(at), gp.predict(at)
            return believed + scale * shift, scale * spread

        return self._improving(predict, np.concatenate([x, pending]))
