"""Synchronous brackets, and successive halving and Hyperband, which run them.

Optimizers on brackets differ in the table of brackets and in the source of new configurations.
"""

from collections.abc import Callable, Sequence
from itertools import cycle

import numpy as np

from lcbench.errors import InputError
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers.random_search import draw
from lcbench.simulate.optimizers.rungs import (
    Variant,
    bracket_sizes,
    halving,
    hyperband_brackets,
    promote,
)
from lcbench.space import Config

Propose = Callable[[], Config | None]
"""Gives a new configuration, or None if there is none left."""


class Bracket:
    """One bracket: a rung is promoted when all its results are there.

    Args:
        sizes: Number of trials on each rung.
        budgets: Epochs of each rung.
    """

    def __init__(self, sizes: Sequence[int], budgets: Sequence[int]) -> None:
        self._sizes = tuple(sizes)
        self._budgets = tuple(budgets)
        self._rung = 0
        self._open = sizes[0]  # new trials that the first rung still takes
        self._waiting: list[tuple[int, Config]] = []
        self._members: dict[int, Config] = {}
        self._losses: dict[int, float] = {}

    @property
    def done(self) -> bool:
        """Whether there is nothing left to hand out or to wait for."""
        last = self._rung == len(self._sizes) - 1
        return not self._open and not self._waiting and (last or not self._members) and self._full

    @property
    def rungs(self) -> int:
        """Number of its rungs."""
        return len(self._sizes)

    @property
    def open(self) -> bool:
        """Whether a new trial may come in."""
        return self._open > 0

    def enter(self, trial: int, config: Config) -> None:
        """Let a new trial in."""
        self._open -= 1
        self._waiting.append((trial, config))

    def close(self) -> None:
        """Let no more new trials in: there are no configurations left. The bracket continues with those it has."""
        self._open = 0
        self._climb()

    def next_job(self) -> Job | None:
        """A job of the running rung, or None if all are handed out."""
        if not self._waiting:
            return None
        trial, config = self._waiting.pop(0)
        self._members[trial] = config
        return Job(trial, config, self._budgets[self._rung])

    def tell(self, trial: int, loss: float) -> None:
        """Note a result of the running rung, and promote if it was the last."""
        if trial not in self._members or trial in self._losses:
            raise InputError(f"a result must be of a job that is running, got a second one of trial {trial}.")
        self._losses[trial] = loss
        self._climb()

    @property
    def _full(self) -> bool:
        return len(self._losses) == len(self._members)

    def _climb(self) -> None:
        """Promote the best of the running rung once it is complete."""
        if self._open or self._waiting or not self._full or self._rung == len(self._sizes) - 1:
            return
        best = promote([self._losses[trial] for trial in self._members], self._sizes[self._rung + 1])
        members = list(self._members.items())
        self._waiting = [members[i] for i in best]
        self._members, self._losses = {}, {}
        self._rung += 1


class Brackets:
    """Brackets one after another, for any number of workers.

    While the running bracket waits for results, the next bracket starts, so that no worker is idle; the oldest bracket
    that has a job goes first. This is how HpBandSter runs Hyperband and BOHB in parallel.

    Args:
        table: For each bracket the number of trials on each rung; after the last the first comes again.
        budgets: Epochs of all rungs; a bracket with fewer rungs uses the last ones.
        propose: Where new configurations come from.

    Attributes:
        rung: Number of the rung, from 0, on which the bracket begins that a new configuration is for.
    """

    def __init__(self, table: Sequence[Sequence[int]], budgets: Sequence[int], propose: Propose) -> None:
        self._coming = cycle(table)
        self._budgets = tuple(budgets)
        self._propose = propose
        self._active: list[Bracket] = []
        self._bracket_of: dict[int, Bracket] = {}
        self._exhausted = False
        self.rung = 0

    def ask(self) -> Job | None:
        """The next job; None once there are no configurations left and all jobs are handed out."""
        for bracket in self._active:
            job = self._job_of(bracket)
            if job is not None:
                return job
        if self._exhausted:
            return None
        sizes = next(self._coming)
        self._active.append(Bracket(sizes, self._budgets[len(self._budgets) - len(sizes) :]))
        return self._job_of(self._active[-1])

    def tell(self, result: Result) -> None:
        """Hand a result to its bracket."""
        bracket = self._bracket_of.get(result.job.trial)
        if bracket is None:
            raise InputError(f"a result must be of a job asked before, got trial {result.job.trial}.")
        bracket.tell(result.job.trial, result.loss)
        if bracket.done:
            self._active.remove(bracket)

    def _job_of(self, bracket: Bracket) -> Job | None:
        if bracket.open:
            self._fill(bracket)
        return bracket.next_job()

    def _fill(self, bracket: Bracket) -> None:
        """Bring one new trial into a bracket's first rung."""
        self.rung = len(self._budgets) - bracket.rungs
        config = None if self._exhausted else self._propose()
        if config is None:
            self._exhausted = True
            bracket.close()
            return
        bracket.enter(len(self._bracket_of), config)
        self._bracket_of[len(self._bracket_of)] = bracket


class OnBrackets:
    """An optimizer on brackets, which draws configurations uniformly; subclasses propose others.

    Args:
        domain: Where to look.
        rng: Source of randomness.
        table: For each bracket the number of trials on each rung.
        rungs: Epochs of the rungs.
    """

    multi_fidelity = True

    def __init__(
        self, domain: Domain, rng: np.random.Generator, table: Sequence[Sequence[int]], rungs: tuple[int, ...]
    ) -> None:
        self._domain, self._rng, self._rungs = domain, rng, rungs
        self._brackets = Brackets(table, rungs, self._propose)

    def ask(self) -> Job | None:
        """The next job; None once a table has no rows left and all jobs are handed out."""
        return self._brackets.ask()

    def tell(self, result: Result) -> None:
        """Learn a result."""
        self._brackets.tell(result)

    def _propose(self) -> Config | None:
        """A new configuration, taken from the domain; None if there is none left."""
        return draw(self._domain, self._rng)


# Successive halving: many trials on the smallest budget, the best 1/eta on the next, and so on.


class SuccessiveHalving(OnBrackets):
    """Synchronous successive halving, again and again with new random configurations.

    Jamieson and Talwalkar (2016), *Non-stochastic best arm identification and hyperparameter optimization*, AISTATS.
    The rungs are the backend's budgets; with 12, 25, 50 and eta 2 a bracket has 4, 2, 1 trials.

    Args:
        domain: Where to look.
        budgets: Epochs of the rungs, increasing; see :func:`lcbench.simulate.optimizers.rungs.rungs_of` if there are
            many.
        rng: Source of randomness.
        eta: Halving rate; by default the one that fits the budgets.
        n: Trials of a bracket; by default ``eta ** (rungs - 1)``, which leaves one on the last rung.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        eta: int | None = None,
        n: int | None = None,
    ) -> None:
        eta, rungs = halving(budgets, eta)
        if n is not None and n < 1:
            raise InputError(f"n must be at least 1 (trials of a bracket), got {n}.")
        sizes = bracket_sizes(eta ** (len(rungs) - 1) if n is None else n, len(rungs), eta)
        super().__init__(domain, rng, [sizes], rungs)


# Hyperband: successive halving with several trade-offs between many trials and long ones.


class Hyperband(OnBrackets):
    """Hyperband with synchronous brackets.

    Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar (2018), *Hyperband: a novel bandit-based approach to
    hyperparameter optimization*, JMLR 18(185). The rungs are the backend's budgets (the paper computes them from R and
    eta); with 12, 25, 50 and eta 2 the brackets have (4, 2, 1), (2, 1), (3) trials. After the last bracket the first
    comes again.

    Args:
        domain: Where to look.
        budgets: Epochs of the rungs, increasing; see :func:`lcbench.simulate.optimizers.rungs.rungs_of` if there are
            many.
        rng: Source of randomness.
        eta: Halving rate; by default the one that fits the budgets.
        variant: Which of the two bracket tables, see :func:`lcbench.simulate.optimizers.rungs.hyperband_brackets`.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        eta: int | None = None,
        variant: Variant = "floor",
    ) -> None:
        self._eta, rungs = halving(budgets, eta)
        super().__init__(domain, rng, hyperband_brackets(len(rungs), self._eta, variant), rungs)
