"""Syne Tune's schedulers under our contract."""

import inspect
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from lcbench.errors import InputError
from lcbench.simulate.adapters._shared import Contained, Placing, asked, require, seed_from
from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers.rungs import infer_eta
from lcbench.space import Config
from lcbench.space.encoding import levels

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

METRIC, EPOCHS = "loss", "epochs"
_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)  # trials carry a date that no scheduler reads


class SyneTuneOptimizer:
    """A scheduler of Syne Tune.

    Salinas, Seeger, Klein, Perrone, Wistuba and Archambeau (2022), *Syne Tune: a library for large scale hyperparameter
    tuning and reproducible research*, AutoML. Tested with Syne Tune 0.16.

    Schedulers of single fidelity (``RandomSearch``, ``TPE``, ``BORE``, ``REA``) train for the largest budget; all
    others are told of each budget in turn, and their decision is followed: CONTINUE asks for the trial's next budget at
    once, STOP ends it, PAUSE keeps it until the scheduler suggests to resume it. A new trial that starts from another's
    checkpoint has that trial as its parent, if there is a budget beyond the parent's.

    On a table a suggestion is brought to the nearest row not yet taken, and the scheduler is told that row's values as
    the trial's. Syne Tune has no conditional spaces: it suggests all hyperparameters, and the inactive ones are left
    out of what is trained. Where it draws from numpy's global state (``TPE`` does, for its random third), that state is
    a private one.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing.
        rng: Source of the scheduler's seed.
        scheduler: Makes the scheduler: a class of ``syne_tune.optimizer.baselines`` or of
            ``syne_tune.optimizer.schedulers``, a ``partial`` of one, or a function. It is called with the space as
            Syne Tune's (the first argument) and with what it names of: ``metric`` or ``metrics``, ``do_minimize``,
            ``random_seed``, ``time_attr``, ``grace_period`` (the smallest budget), ``max_t`` (the largest) and
            ``reduction_factor`` (the eta that fits the budgets). By default ``ASHA``.

    Raises:
        InputError: If Syne Tune is not installed.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        scheduler: Callable[..., Any] | None = None,
    ) -> None:
        budgets = checked(budgets)
        make = scheduler or require("syne_tune.optimizer.baselines", "syne-tune").ASHA
        base = require("syne_tune.optimizer.schedulers.single_fidelity_scheduler", "syne-tune").SingleFidelityScheduler
        self._words = require("syne_tune.optimizer.scheduler", "syne-tune").SchedulerDecision
        self._trial = require("syne_tune.backend.trial_status", "syne-tune").Trial
        seed = seed_from(rng)
        self._contained = Contained(seed)
        with self._contained.here():
            self._scheduler = make(config_space(domain.space), **_named(make, _offered(budgets, seed)))
        self._budgets = budgets[-1:] if isinstance(self._scheduler, base) else budgets
        self._placing = Placing(domain, rng)
        self._trials: dict[int, Any] = {}
        self._jobs: dict[int, Job] = {}  # by trial: its latest
        self._running: dict[int, Any] = {}
        self._told: dict[int, int] = {}  # by trial: the latest budget told
        self._going_on: deque[Job] = deque()

    def ask(self) -> Job | None:
        """The next budget of a trial that continues, or what the scheduler suggests; None if that is nothing."""
        job = self._going_on.popleft() if self._going_on else self._suggested()
        if job is not None:
            self._jobs[job.trial] = job
            self._running[job.trial] = self._trials[job.trial]
        return job

    def tell(self, result: Result) -> None:
        """Tell the scheduler, and follow its decision."""
        job, trial = result.job, asked(self._running, result)
        del self._running[job.trial]
        self._told[job.trial] = job.budget
        known = {METRIC: result.loss, EPOCHS: job.budget}
        with self._contained.here():
            decision = self._scheduler.on_trial_result(trial, known)
            if decision == self._words.CONTINUE and job.budget == self._budgets[-1]:
                self._scheduler.on_trial_complete(trial, known)
                return
        if decision == self._words.CONTINUE:
            self._going_on.append(self._next(job))

    def _suggested(self) -> Job | None:
        """The scheduler's suggestion: a new trial, or one to resume."""
        if self._placing.exhausted:
            return None
        with self._contained.here():
            suggestion = self._scheduler.suggest()
        if suggestion is None:
            return None
        if not suggestion.spawn_new_trial_id:
            return self._resumed(suggestion.checkpoint_trial_id)
        config = self._placing.place(suggestion.config)
        return None if config is None else self._new(suggestion, config)

    def _new(self, suggestion: Any, config: Config) -> Job:
        number, parent = len(self._trials), suggestion.checkpoint_trial_id
        trial = self._trial(number, {**suggestion.config, **config}, _SOME_DAY)
        self._trials[number] = trial
        with self._contained.here():
            self._scheduler.on_trial_add(trial)
        beyond = [budget for budget in self._budgets if budget > self._told.get(parent, 0)]
        if parent is None or not beyond:
            return Job(number, config, self._budgets[0])
        return Job(number, config, beyond[0], parent)

    def _resumed(self, number: int) -> Job:
        if number not in self._told or number in self._running or self._jobs[number].budget == self._budgets[-1]:
            raise InputError(f"a scheduler must resume a trial that is paused, got trial {number}.")
        return self._next(self._jobs[number])

    def _next(self, job: Job) -> Job:
        return Job(job.trial, job.config, self._budgets[self._budgets.index(job.budget) + 1])


def config_space(space: "ConfigurationSpace") -> dict[str, Any]:
    """A search space as Syne Tune's.

    Integers, real numbers and their log scales are kept; an ordinal becomes a choice; a constant stays one; what is not
    uniform (normal or beta) becomes uniform over its range; conditions and forbidden combinations are left out.
    """
    found = require("syne_tune.config_space", "syne-tune")
    return {name: _searched(found, part, n) for (name, part), n in zip(space.items(), levels(space), strict=True)}


def _searched(found: Any, part: Any, n: int) -> Any:
    if n == 1:
        return part.default_value
    if n:
        return found.choice(part.to_value(np.arange(n, dtype=float)).tolist())
    if isinstance(part.lower, int | np.integer):
        return (found.lograndint if part.log else found.randint)(int(part.lower), int(part.upper))
    return (found.loguniform if part.log else found.uniform)(float(part.lower), float(part.upper))


def _offered(budgets: tuple[int, ...], seed: int) -> dict[str, Any]:
    """Arguments that a scheduler may take, by Syne Tune's names."""
    return {
        "metric": METRIC,
        "metrics": [METRIC],
        "do_minimize": True,
        "random_seed": seed,
        "time_attr": EPOCHS,
        "grace_period": budgets[0],
        "max_t": budgets[-1],
        "reduction_factor": infer_eta(budgets),
    }


def _named(make: Callable[..., Any], offered: dict[str, Any]) -> dict[str, Any]:
    """Those arguments that a class or function names (and a ``partial`` has not set)."""
    named = inspect.signature(make).parameters
    given = getattr(make, "keywords", {})
    return {name: value for name, value in offered.items() if name in named and name not in given}
