"""Random search with early termination: the median stopping rule, and extrapolation of learning curves."""

from abc import ABC, abstractmethod
from bisect import insort
from collections import deque
from itertools import pairwise
from math import isfinite

import numpy as np

from lcbench.errors import InputError
from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.extrapolation import MIN_EPOCHS, ExtrapolationSettings, extrapolate
from lcbench.simulate.optimizers._trials import Running
from lcbench.simulate.optimizers.random_search import draw


class EarlyTermination(ABC):
    """Random search that judges each trial at every budget, and continues or ends it.

    A trial that continues asks for its next budget at once, before new trials begin; with the budgets 1, 2, ..., 50 of
    a replay that resumes, it is judged after every epoch. A diverged run is ended.

    Args:
        domain: Where to look.
        budgets: Epochs at which a trial is looked at, increasing.
        rng: Source of randomness.
        grace: Epochs before which no trial is ended (unless it diverged); by default a tenth of the largest budget.
    """

    multi_fidelity = True

    def __init__(
        self, domain: Domain, budgets: tuple[int, ...], rng: np.random.Generator, *, grace: int | None = None
    ) -> None:
        if grace is not None and grace < 0:
            raise InputError(f"grace must be at least 0 epochs, got {grace}.")
        budgets = checked(budgets)
        self._domain, self._budgets, self._rng = domain, budgets, rng
        self._grace = budgets[-1] // 10 if grace is None else grace
        self._next = dict(pairwise(budgets))
        self._going_on: deque[Job] = deque()
        self._running: Running[None] = Running()

    def ask(self) -> Job | None:
        """A trial that continues, or a new one; None once a table has no rows left."""
        job = self._going_on.popleft() if self._going_on else self._new_trial()
        if job is not None:
            self._running.begin(job.trial, None)
        return job

    def _new_trial(self) -> Job | None:
        config = draw(self._domain, self._rng)
        return None if config is None else Job(self._running.new_trial(), config, self._budgets[0])

    def tell(self, result: Result) -> None:
        """Note a result, and decide whether its trial continues."""
        self._running.end(result)
        job = result.job
        hopeless = self._hopeless(result) and job.budget >= self._grace
        if job.budget in self._next and isfinite(result.loss) and not hopeless:
            self._going_on.append(Job(job.trial, job.config, self._next[job.budget]))

    @abstractmethod
    def _hopeless(self, result: Result) -> bool:
        """Note a result, and say whether its trial should end."""


# The median stopping rule: a trial ends if its best value is worse than the median of the others' running averages.


class MedianRule(EarlyTermination):
    """Random search with the median stopping rule.

    Golovin, Solnik, Moitra, Kochanski, Karro and Sculley (2017), *Google Vizier: a service for black-box
    optimization*, KDD, section 3.1. A trial is ended at epoch ``s`` if the best of its losses up to ``s`` is strictly
    worse than the median of the running averages (of the losses after epochs 1 to ``s``) of the other trials that have
    reached ``s``, whether they are running, ended or complete.

    Where we differ: the paper averages over complete trials only, and has no period of grace; others that run count
    too, and at least three must be there, as in the program Ray Tune. On a backend that starts each budget from
    scratch, curves of the same budget are compared with one another.

    Args:
        domain: Where to look.
        budgets: Epochs at which a trial is looked at, increasing.
        rng: Source of randomness.
        grace: Epochs before which no trial is ended (unless it diverged); by default a tenth of the largest budget.
        others: How many other trials must have reached an epoch before one is ended there.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        grace: int | None = None,
        others: int = 3,
    ) -> None:
        super().__init__(domain, budgets, rng, grace=grace)
        if others < 1:
            raise InputError(f"others must be at least 1 (trials to be compared with), got {others}.")
        self._others = others
        self._averages: dict[int, list[float]] = {budget: [] for budget in self._budgets}  # each list is sorted

    def _hopeless(self, result: Result) -> bool:
        losses = result.losses[1:] if isfinite(result.loss) else np.array([np.inf])
        averages = self._averages[result.job.budget]
        hopeless = len(averages) >= self._others and float(losses.min()) > _median(averages)
        insort(averages, float(losses.mean()))
        return hopeless


def _median(ordered: list[float]) -> float:
    """The median of a sorted list."""
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


# Extrapolation: a trial ends when its learning curve is unlikely to beat the best.


class Extrapolation(EarlyTermination):
    """Random search with the predictive termination criterion.

    Domhan, Springenberg and Hutter (2015), *Speeding up automatic hyperparameter optimization of deep neural networks
    by extrapolation of learning curves*, IJCAI, section 4. A trial is ended if the probability that its value at the
    largest budget is better than that of the best trial there so far is less than 5 %. No trial is ended before one
    is complete.

    Where we differ: the ensemble is weighted by fit in closed form (:func:`lcbench.simulate.extrapolation.extrapolate`)
    where the paper samples one weighted sum of the families by Markov chain Monte Carlo, and configurations come from
    random search. On a backend that starts each budget from scratch, a short run's curve stands for the beginning of
    the long run, which it is not: its learning rate has come down earlier, so that it flattens earlier.

    Args:
        domain: Where to look.
        budgets: Epochs at which a trial is looked at, increasing.
        rng: Source of randomness.
        grace: Epochs before which no trial is ended (unless it diverged); by default a tenth of the largest budget.
            Never fewer than 4, with which no family can be fitted.
        threshold: The probability below which a trial is ended.
        settings: How the extrapolation is weighted.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        grace: int | None = None,
        threshold: float = 0.05,
        settings: ExtrapolationSettings | None = None,
    ) -> None:
        super().__init__(domain, budgets, rng, grace=grace)
        if not 0 < threshold < 1:
            raise InputError(f"threshold must be in (0, 1), got {threshold}.")
        self._threshold, self._settings = threshold, settings or ExtrapolationSettings()
        self._best = np.inf

    def _hopeless(self, result: Result) -> bool:
        budget, last = result.job.budget, self._budgets[-1]
        if budget == last:
            self._best = min(self._best, result.loss)
            return True
        if budget < max(self._grace, MIN_EPOCHS) or not (isfinite(result.loss) and isfinite(self._best)):
            return False
        values = np.asarray(result.curve.values[1:], np.float64)
        if not np.isfinite(values).all():
            return False
        wanted = result.metric.value(self._best)
        end = extrapolate(values, last, self._settings)
        better = end.above(wanted) if result.metric.goal == "maximize" else end.below(wanted)
        return better < self._threshold
