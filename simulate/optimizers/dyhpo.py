"""Freeze-thaw: after every step the optimizer decides which run to continue, or to begin another one."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers._gp import GP, Hyperparameters, fit
from lcbench.simulate.optimizers._model_bo import check_model, log_expected_improvement
from lcbench.simulate.optimizers._proposal import propose_at, propose_uniform
from lcbench.simulate.optimizers._targets import one_thread, standardized
from lcbench.simulate.optimizers._trials import History, Running
from lcbench.space import Config
from lcbench.space.encoding import Encoding
from lcbench.space.rounding import compared

Array = NDArray[np.float64]


@dataclass(slots=True)
class Thread:
    """A trial that can go on: its configuration and what it has shown."""

    config: Config
    point: Array
    steps: int = 0
    """How many of the budgets it has been trained for."""
    loss: float = field(default=np.nan)
    """The last one; NaN before the first."""


class DyHPO:
    """Decides step by step which configuration to train further, by a Gaussian process over configurations and epochs.

    Wistuba, Kadra and Grabocka (2022), *Supervising the multi-fidelity race of hyperparameter configurations*, NeurIPS
    (DyHPO), algorithm 1; the idea of pausing and resuming is freeze-thaw (Swersky, Snoek and Adams 2014). Candidates
    are all trials that are paused, each at its next budget, and new configurations at the smallest one. The one with
    the largest multi-fidelity expected improvement takes the next step: over the best loss that was seen
    at that same budget, or the best of all if there is none.

    The paper's process has a kernel on features of a network, which reads the curve so far. Here it is a plain one:
    Matern 5/2 over the configuration, the logarithm of the budget, and the last loss of the curve so far (the mean of
    all for a new configuration), each with a length scale of its own. Losses are winsorized and standardized; what
    diverged counts as the worst and is not continued.

    It is meant for a replay that resumes at every epoch: ``--schedule non-adaptive --budgets 1-50``.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; a step goes from one to the next.
        rng: Source of randomness.
        initial: Number of finite results before the first model; by default one more than there are hyperparameters.
            Until then each is a new configuration.
        candidates: How many new configurations are considered at each step.
        growth: By which factor the number of results must grow before the process is fitted again.
    """

    multi_fidelity = True

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        initial: int | None = None,
        candidates: int = 128,
        growth: float = 1.25,
    ) -> None:
        check_model(initial, 0.0)
        if candidates < 1:
            raise InputError(f"candidates must be at least 1, got {candidates}.")
        if not growth >= 1:
            raise InputError(f"growth must be at least 1, got {growth}.")
        self._domain, self._budgets, self._rng = domain, checked(budgets), rng
        self._encoding = Encoding(domain.space)
        levels = self._encoding.levels
        self._initial = initial or len(levels) + 1
        self._candidates, self._growth = candidates, growth
        groups = np.repeat(np.arange(len(levels)), [k or 1 for k in levels])
        self._groups = np.append(groups, [len(levels), len(levels) + 1])  # budget, and the curve so far
        self._told = History(len(levels) + 2)  # points, number of the budget, loss before
        self._running: Running[Array] = Running()
        self._threads: dict[int, Thread] = {}
        self._paused: list[int] = []
        self._known: Hyperparameters | None = None
        self._fitted = 0
        self._one_thread = one_thread()

    def ask(self) -> Job | None:
        """The next step of a trial that is paused, or of a new one; None if there is neither."""
        trial = self._next()
        if trial is None:
            return None
        thread = self._threads[trial]
        self._running.begin(trial, state(thread))
        return Job(trial, thread.config, self._budgets[thread.steps])

    def tell(self, result: Result) -> None:
        """Learn a result; unless it diverged or was the last, the trial is paused."""
        self._told.add(self._running.end(result), result.loss)
        thread = self._threads[result.job.trial]
        thread.steps, thread.loss = thread.steps + 1, result.loss
        if thread.steps < len(self._budgets) and np.isfinite(result.loss):
            self._paused.append(result.job.trial)

    def _next(self) -> int | None:
        """The trial that takes the next step."""
        if np.isfinite(self._told.losses).sum() < self._initial:
            trial = self._begin(propose_uniform(self._domain, self._rng))
            if trial is not None or not self._paused:
                return trial
        new = self._new_points()
        if not len(new) and not self._paused:
            return None
        with self._one_thread():
            best = self._most_promising(new)
        if best < len(self._paused):
            return self._paused.pop(best)
        return self._begin(propose_at(self._domain, self._rng, np.nan_to_num(new[best - len(self._paused)], nan=0.5)))

    def _begin(self, found: tuple[Config, Array] | None) -> int | None:
        """A new trial."""
        if found is None:
            return None
        trial = self._running.new_trial()
        self._threads[trial] = Thread(*found)
        return trial

    def _new_points(self) -> Array:
        """Points of new configurations, ``(at most candidates, dimensions)``."""
        points = self._domain.candidates(self._candidates, self._rng)
        if len(points) <= self._candidates:
            return points
        return points[self._rng.choice(len(points), self._candidates, replace=False)]

    def _most_promising(self, new: Array) -> int:
        """Which of the paused trials, and after them of the new points, has the largest expected improvement."""
        losses = standardized(self._told.losses)
        features = Features(self._encoding, self._budgets, self._told.losses)
        x, pending = features.of(self._told.points), features.of(self._rows(self._running.notes))
        fresh = np.column_stack([new, np.zeros(len(new)), np.full(len(new), np.nan)])
        rows = np.concatenate([self._rows([state(self._threads[trial]) for trial in self._paused]), fresh])
        gp = GP(x, losses, self._groups, self._hyperparameters(x, losses), pending)
        best = incumbents(self._told.points[:, -2], losses, len(self._budgets))[rows[:, -2].astype(np.intp)]
        mean, std = gp.predict(features.of(rows))
        return int(compared(log_expected_improvement(mean, std, best)).argmax())

    def _rows(self, notes: list[Array]) -> Array:
        return np.array(notes).reshape(-1, self._told.points.shape[1])

    def _hyperparameters(self, x: Array, y: Array) -> Hyperparameters:
        """Those of the last fit, or of a new one: from there, and from one with ten times its noise."""
        if self._known is None or len(y) >= self._growth * self._fitted:
            known = self._known
            starts = () if known is None else (known, replace(known, noise=10 * known.noise))
            self._known, self._fitted = fit(x, y, self._groups, starts).rounded(), len(y)
        return self._known


def state(thread: Thread) -> Array:
    """What a step of a trial is known by: its point, number of the budget, loss before (NaN: none)."""
    return np.append(thread.point, [thread.steps, thread.loss])


def incumbents(steps: Array, losses: Array, count: int) -> Array:
    """The best loss at each budget, or the best of all where there is none, ``(count,)``: what DyHPO improves on.

    Args:
        steps: ``(n,)`` numbers of the budgets of results.
        losses: ``(n,)`` their losses, finite.
        count: Number of budgets.
    """
    best = np.full(count, np.inf)
    np.minimum.at(best, steps.astype(np.intp), losses)
    return np.where(np.isfinite(best), best, losses.min())


@dataclass(frozen=True, slots=True)
class Features:
    """Turns states of trials into what the process sees.

    Attributes:
        encoding: Of the space.
        budgets: Epochs that can be asked for.
        losses: ``(n,)`` of all results; infinite where a run diverged.
    """

    encoding: Encoding
    budgets: tuple[int, ...]
    losses: Array

    def of(self, states: Array) -> Array:
        """Features of ``(n, dimensions + 2)`` states."""
        finite = self.losses[np.isfinite(self.losses)]
        middle, spread = np.median(finite), finite.std() or 1.0
        epochs = np.array(self.budgets, np.float64)[states[:, -2].astype(np.intp)]
        budget = np.log1p(epochs) / np.log1p(self.budgets[-1])
        before = np.nan_to_num(np.clip((states[:, -1] - middle) / spread, -3, 3), nan=0.0) / 6
        return np.column_stack([self.encoding.features(states[:, :-2]), budget, before])
