"""BOHB, Bayesian optimization with its model alone, and the kernel density model that both share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers._kde import KDE
from lcbench.simulate.optimizers._trials import History, Running
from lcbench.simulate.optimizers.hyperband import Hyperband
from lcbench.simulate.optimizers.random_search import draw
from lcbench.simulate.optimizers.rungs import Variant
from lcbench.space import Config
from lcbench.space.encoding import Encoding
from lcbench.space.rounding import compared

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class KDESettings:
    """Settings of the model and of its draws; the defaults are those of the paper's runs.

    Attributes:
        top: Fraction q of the results that count as good.
        candidates: Number N_s of points drawn, of which the one with the largest ratio of densities is taken.
        random_fraction: Fraction rho of configurations drawn uniformly.
        bandwidth_factor: Factor b_w on the bandwidths for drawing.
        min_bandwidth: Smallest bandwidth.
        min_points: N_min, by default the number of hyperparameters + 1.
    """

    top: float = 0.15
    candidates: int = 64
    random_fraction: float = 1 / 3
    bandwidth_factor: float = 3.0
    min_bandwidth: float = 1e-3
    min_points: int | None = None

    def __post_init__(self) -> None:
        for name, legal, wanted in (
            ("top", 0 < self.top < 1, "in (0, 1)"),
            ("candidates", self.candidates >= 1, "at least 1"),
            ("random_fraction", 0 <= self.random_fraction <= 1, "in [0, 1]"),
            ("bandwidth_factor", self.bandwidth_factor > 0, "more than 0"),
            ("min_bandwidth", self.min_bandwidth > 0, "more than 0"),
            ("min_points", self.min_points is None or self.min_points >= 2, "at least 2"),
        ):
            if not legal:
                raise InputError(f"{name} must be {wanted}, got {getattr(self, name)}.")


def split(losses: Array, top: float, min_points: int) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """Divide results into good and bad ones (Falkner et al. 2018, equation 3).

    ``N_l = max(N_min, q * N)`` good ones and ``N_g = max(N_min, N - N_l)`` bad ones; with few results some are both.
    A diverged run (infinite loss) is never good.

    Args:
        losses: ``(N,)`` losses.
        top: The fraction q.
        min_points: N_min.

    Returns:
        Indices of the good and of the bad, best first; None unless there are ``N_min + 2`` results, at least ``N_min``
        of them finite.
    """
    n, finite = len(losses), int(np.isfinite(losses).sum())
    if n < min_points + 2 or finite < min_points:
        return None
    order = np.argsort(losses, kind="stable")
    n_good = max(min_points, int(top * n))
    return order[: min(n_good, finite)], order[-max(min_points, n - n_good) :]


class KDEModel:
    """Proposes configurations: some at random, the others where good ones are dense and bad ones are not.

    The model is that of the largest budget with enough results. Of 64 points drawn around good configurations the one
    with the largest l(x) / g(x) is taken, where l and g are the densities of good and of bad configurations. On a table
    the points are first brought to rows not yet taken, and the ratio is that of the rows.

    Args:
        domain: Where to look.
        budgets: The budgets whose results are learned from, increasing.
        rng: Source of randomness.
        settings: How to model and sample.
    """

    def __init__(
        self, domain: Domain, budgets: Sequence[int], rng: np.random.Generator, settings: KDESettings | None = None
    ) -> None:
        self._domain = domain
        self._rng = rng
        self._settings = settings or KDESettings()
        self._levels = Encoding(domain.space).levels
        self._min_points = self._settings.min_points or len(self._levels) + 1
        self._told = {budget: History(len(self._levels)) for budget in budgets}
        self._model: tuple[KDE, KDE] | None = None
        self._model_budget = 0
        self._stale = False

    def tell(self, result: Result) -> None:
        """Learn a result; one of another budget is of no use here."""
        budget = result.job.budget
        if budget not in self._told:
            return
        self._told[budget].add(self._domain.encode(result.job.config), result.loss)
        self._stale |= budget >= self._model_budget

    def propose(self) -> Config | None:
        """A configuration from the model, or a random one; None once a table has no rows left."""
        if self._model is None and self._stale:
            self._fit()
        if self._model is not None and self._rng.random() >= self._settings.random_fraction:
            config = self._best_candidate(*self._latest(self._model))
            if config is not None:
                self._domain.take(config)
                return config
        return draw(self._domain, self._rng)

    def _latest(self, model: tuple[KDE, KDE]) -> tuple[KDE, KDE]:
        """The model of all results (it is fitted only when it is drawn from)."""
        if self._stale:
            self._fit()
        return self._model or model

    def _best_candidate(self, good: KDE, bad: KDE) -> Config | None:
        drawn = good.sample(self._rng, self._settings.candidates, self._settings.bandwidth_factor)
        configs, points = self._domain.realize(drawn)
        if not configs:
            return None
        return configs[int(np.argmax(compared(good.log_density(points) - bad.log_density(points))))]

    def _fit(self) -> None:
        """Fit the model of the largest budget that has enough results."""
        self._stale = False
        for budget in sorted(self._told, reverse=True):
            told = self._told[budget]
            parts = split(told.losses, self._settings.top, self._min_points)
            if parts is not None:
                good, bad = (KDE.fit(told.points[part], self._levels, self._settings.min_bandwidth) for part in parts)
                self._model, self._model_budget = (good, bad), budget
                return


# BO with BOHB's model alone: no brackets, every trial trained for the largest budget.


class KDEBO:
    """Bayesian optimization with kernel density estimates, as the paper's "BO".

    The model of Falkner, Klein and Hutter (2018), *BOHB*, ICML, section 4, without Hyperband: a variant of the
    tree-structured Parzen estimator (Bergstra et al. 2011, *Algorithms for hyper-parameter optimization*, NIPS) with
    one multivariate density for the good and one for the bad results. The first N_min + 2 results come from random
    configurations, and a third of the later ones do.

    Jobs that run on other workers are not modelled (as in BOHB): what keeps parallel proposals apart is that each is
    the best of its own 64 draws, and on a table that no row is offered twice.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of randomness.
        settings: How to model and sample.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        settings: KDESettings | None = None,
    ) -> None:
        self._budget = checked(budgets)[-1]
        self._model = KDEModel(domain, (self._budget,), rng, settings)
        self._running: Running[None] = Running()

    def ask(self) -> Job | None:
        """A new configuration; None once a table has none left."""
        config = self._model.propose()
        if config is None:
            return None
        return self._running.job(config, self._budget, None)

    def tell(self, result: Result) -> None:
        """Learn a result."""
        self._running.end(result)
        self._model.tell(result)


# BOHB: Hyperband whose new configurations come from a model of the good ones.


class BOHB(Hyperband):
    """Bayesian optimization and Hyperband.

    Falkner, Klein and Hutter (2018), *BOHB: robust and efficient hyperparameter optimization at scale*, ICML,
    algorithm 2. Brackets are Hyperband's. A fraction of the new configurations is drawn uniformly; the others come from
    the model of the largest budget with enough results: of 64 points drawn around good configurations the one with the
    largest l(x) / g(x), where l and g are the densities of good and of bad configurations. On a table the points are
    first brought to rows not yet taken, and the ratio is that of the rows.

    With two or three hyperparameters N_min is small, and on a space the first good points can draw all others to them
    (not on a table, where each row is offered once); ``min_points`` is there to raise it.

    Where the program HpBandSter differs: it never lets good and bad overlap (so its first model needs about 2 (d + 1)
    results, not d + 3), it fills inactive hyperparameters in at random, and its model keeps the bandwidth of a
    category's index.

    Args:
        domain: Where to look.
        budgets: Epochs of the rungs, increasing; see :func:`lcbench.simulate.optimizers.rungs.rungs_of` if there are
            many.
        rng: Source of randomness.
        eta: Halving rate; by default the one that fits the budgets.
        variant: Which of Hyperband's bracket tables.
        settings: How to model and sample.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        eta: int | None = None,
        variant: Variant = "floor",
        settings: KDESettings | None = None,
    ) -> None:
        super().__init__(domain, budgets, rng, eta=eta, variant=variant)
        self._model = KDEModel(domain, self._rungs, rng, settings)

    def tell(self, result: Result) -> None:
        """Learn a result."""
        super().tell(result)
        self._model.tell(result)

    def _propose(self) -> Config | None:
        """A configuration from the model, or a random one."""
        return self._model.propose()
