"""Optuna's samplers and pruners under our contract."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from lcbench.simulate.adapters._shared import Placing, asked, require
from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers._trials import Running
from lcbench.space import Config
from lcbench.space.encoding import levels

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


class OptunaOptimizer:
    """An Optuna study, asked and told.

    Akiba, Sano, Yanase, Ohta and Koyama (2019), *Optuna: a next-generation hyperparameter optimization framework*,
    KDD. Tested with Optuna 5.0.

    Without a pruner each trial is one job at the largest budget. With one it begins at the smallest; each result is
    reported as the intermediate value of its epoch, and the trial continues to the next budget unless it should be
    pruned. A trial that continues does so before a new one begins.

    On a table a suggestion is brought to the nearest row not yet taken, and that row is what the trial holds: the study
    never learns a loss at a place where it was not measured. Conditional spaces are define-by-run, so an inactive
    hyperparameter is not suggested.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing.
        rng: Source of the sampler's seed.
        sampler: Makes the sampler from its seed: a class such as ``optuna.samplers.CmaEsSampler``, or
            ``functools.partial(TPESampler, multivariate=True)``; by default ``TPESampler``.
        pruner: Makes the pruner: a class such as ``optuna.pruners.HyperbandPruner``, or a ``partial`` of one; by
            default there is none.

    Raises:
        InputError: If Optuna is not installed.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        sampler: Callable[..., Any] | None = None,
        pruner: Callable[[], Any] | None = None,
    ) -> None:
        budgets = checked(budgets)
        self._optuna = require("optuna", "optuna")
        seed = int(rng.integers(2**31))
        self._placing = Placing(domain, rng)
        self._sampler = PlacedSampler((sampler or self._optuna.samplers.TPESampler)(seed=seed), domain, self._placing)
        self._settings = {
            "study_name": f"seed {seed}",  # HyperbandPruner draws brackets by the name
            "sampler": self._sampler,
            "pruner": pruner() if pruner else self._optuna.pruners.NopPruner(),
        }
        self._study = self._made(objectives=1)
        self._budgets = budgets if pruner else budgets[-1:]
        self._running: dict[int, Any] = {}
        self._going_on: deque[Job] = deque()

    def _made(self, objectives: int) -> Any:
        """A study of so many objectives."""
        with _quiet(self._optuna):
            return self._optuna.create_study(directions=["minimize"] * objectives, **self._settings)

    def ask(self) -> Job | None:
        """The next budget of a trial that continues, or a new trial; None once a table has no rows left."""
        if self._going_on:
            return self._going_on.popleft()
        if self._placing.exhausted:
            return None
        trial = self._study.ask()
        config = self._sampler.suggest(trial)
        self._running[trial.number] = trial
        return Job(trial.number, config, self._budgets[0])

    def tell(self, result: Result) -> None:
        """Report a result, and let the pruner decide whether its trial continues."""
        job, trial = result.job, asked(self._running, result)
        trial.report(result.loss, step=job.budget)
        if job.budget == self._budgets[-1]:
            self._study.tell(self._running.pop(job.trial), result.loss)
        elif trial.should_prune():
            self._study.tell(self._running.pop(job.trial), state=self._optuna.trial.TrialState.PRUNED)
        else:
            budget = self._budgets[self._budgets.index(job.budget) + 1]
            self._going_on.append(Job(job.trial, job.config, budget))


class OptunaObjectives(OptunaOptimizer):
    """An Optuna study of one objective or several, at the largest budget.

    A study has its number of objectives from the beginning, and an optimizer learns it with the first result. So the
    first trials are asked of a study of one; if there are several, those trials are added to a new one with their
    results. Until then a sampler knows no result, so this changes nothing for it.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of the sampler's seed.
        sampler: As :class:`OptunaOptimizer` has it; one for several objectives.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        sampler: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(domain, budgets, rng, sampler=sampler)
        self._books: Running[Any] = Running()

    def ask(self) -> Job | None:
        """A new trial; None once a table has no rows left."""
        if self._placing.exhausted:
            return None
        trial = self._study.ask()
        config = self._sampler.suggest(trial)
        number = self._books.new_trial()
        self._books.begin(number, trial)
        return Job(number, config, self._budgets[-1])

    def tell(self, result: Result) -> None:
        """Report the losses of all objectives."""
        trial, values = self._books.end(result), list(result.objectives)
        if len(self._study.directions) != len(values):
            self._study = self._made(len(values))
        if trial.study is self._study:
            self._study.tell(trial, values)
            return
        frozen = trial.study.get_trials(deepcopy=False)[trial.number]
        self._study.add_trial(
            self._optuna.trial.create_trial(
                params=frozen.params,
                distributions=frozen.distributions,
                system_attrs=frozen.system_attrs,
                values=values,
            )
        )


class PlacedSampler:
    """A sampler whose suggestions are configurations of a domain.

    Suggests all hyperparameters of a trial together, so that the configuration can be brought to a row of a table
    before the trial holds it: what the sampler within suggests together, it is asked for together, and the rest one by
    one, children after the parents that they depend on. All else is the sampler's own.

    Args:
        sampler: Any sampler of Optuna.
        domain: Where to look.
        placing: Brings suggestions to configurations.
    """

    def __init__(self, sampler: Any, domain: Domain, placing: Placing) -> None:
        self._sampler, self._space, self._placing = sampler, domain.space, placing
        self._distributions = distributions(domain.space)
        self._config: Config = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sampler, name)

    def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, Any]:  # noqa: ARG002
        """All hyperparameters: they are suggested together."""
        return self._distributions

    def sample_relative(self, study: Any, trial: Any, search_space: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """The values of the active hyperparameters."""
        from lcbench.space.rules import is_active  # ConfigSpace is slow to import

        together = self._sampler.infer_relative_search_space(study, trial)
        suggested = self._sampler.sample_relative(study, trial, together)
        config: dict[str, Any] = {}
        for name, distribution in self._distributions.items():
            if not is_active(self._space, name, config):
                continue
            if name not in suggested:
                suggested[name] = self._sampler.sample_independent(study, trial, name, distribution)
            config[name] = suggested[name]
        self._config = self._placing.place(config) or config
        return {name: _within(self._distributions[name], value) for name, value in self._config.items()}

    def suggest(self, trial: Any) -> Config:
        """Let a new trial hold its configuration."""
        for name in trial.relative_params:
            distribution = self._distributions[name]
            if hasattr(distribution, "choices"):
                trial.suggest_categorical(name, distribution.choices)
            elif isinstance(distribution.low, int):
                trial.suggest_int(name, distribution.low, distribution.high, log=distribution.log)
            else:
                trial.suggest_float(name, distribution.low, distribution.high, log=distribution.log)
        return self._config


def distributions(space: "ConfigurationSpace") -> dict[str, Any]:
    """A space's hyperparameters as Optuna's distributions.

    Integers, real numbers and their log scales are kept; an ordinal becomes a category, as Optuna has none; what is not
    uniform (normal or beta) becomes uniform over its range.
    """
    found = require("optuna.distributions", "optuna")
    return {name: _distribution(found, part, n) for (name, part), n in zip(space.items(), levels(space), strict=True)}


def _distribution(found: Any, part: Any, n: int) -> Any:
    if n:
        return found.CategoricalDistribution(part.to_value(np.arange(n, dtype=float)).tolist())
    if isinstance(part.lower, int | np.integer):
        return found.IntDistribution(int(part.lower), int(part.upper), log=part.log)
    return found.FloatDistribution(float(part.lower), float(part.upper), log=part.log)


def _within(distribution: Any, value: Any) -> Any:
    """A value as its distribution has it: a row's integer may be a real number, or rounded past an end."""
    if hasattr(distribution, "choices"):
        return value
    return type(distribution.low)(min(max(value, distribution.low), distribution.high))


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Let Optuna say nothing of a study that is made."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
