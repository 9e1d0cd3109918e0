"""Population-based training; its rules are pure functions: when to stop, whom to copy, how to move."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers._proposal import fill_inactive, propose_at, propose_uniform, uniform_point
from lcbench.simulate.optimizers._trials import Running
from lcbench.space import Config
from lcbench.space.encoding import Encoding

Array = NDArray[np.float64]

_STEPS = 10  # by default a member stops about so often


@dataclass(frozen=True, slots=True)
class PBTSettings:
    """Settings of population-based training.

    Attributes:
        population: Number of members.
        interval: Least number of epochs between two chances to copy, by default a tenth of the largest budget.
        truncation: Fraction of the population that counts as poor, and as good; at most 1/2.
        resample: Probability that a hyperparameter of a copy is drawn anew instead of being moved.
        step: How far a number is moved up or down in the unit cube.
    """

    population: int = 10
    interval: int | None = None
    truncation: float = 0.2
    resample: float = 0.25
    step: float = 0.1

    def __post_init__(self) -> None:
        for name, legal, wanted in (
            ("population", self.population >= 1, "at least 1"),
            ("interval", self.interval is None or self.interval >= 1, "at least 1"),
            ("truncation", 0 <= self.truncation <= 0.5, "in [0, 0.5]"),
            ("resample", 0 <= self.resample <= 1, "in [0, 1]"),
            ("step", 0 < self.step <= 1, "in (0, 1]"),
        ):
            if not legal:
                raise InputError(f"{name} must be {wanted}, got {getattr(self, name)}.")


def stops(budgets: Sequence[int], interval: int | None = None) -> tuple[int, ...]:
    """The budgets at which members stop and may copy: at least ``interval`` epochs apart, and the last.

    With the epochs 1 to 50 and the default, a tenth of the largest: 5, 10, ..., 50. With 12, 25, 50: all of them.
    """
    budgets = checked(budgets)
    interval = -(-budgets[-1] // _STEPS) if interval is None else interval
    found = [0]
    for budget in budgets:
        if budget - found[-1] >= interval and budgets[-1] - budget >= interval:
            found.append(budget)
    return (*found[1:], budgets[-1])


def truncation_selection(losses: Sequence[float], truncation: float) -> tuple[list[int], list[int]]:
    """The poor and the good: ``floor(truncation * n)`` each.

    Args:
        losses: ``(n,)`` losses.
        truncation: The fraction.

    Returns:
        Indices of the highest losses, and of the lowest ones that are finite; of equal losses the earlier is better.
    """
    n = int(truncation * len(losses))
    order = np.argsort(losses, kind="stable").tolist()
    return order[len(order) - n :], [i for i in order[:n] if np.isfinite(losses[i])]


def explore(rng: np.random.Generator, point: Array, levels: tuple[int, ...], settings: PBTSettings) -> Array:
    """Move a point of the unit cube: each number a step up or down, or each hyperparameter drawn anew.

    Args:
        rng: Source of randomness.
        point: ``(dimensions,)`` coordinates, NaN where inactive.
        levels: Numbers of categories, 0 for a number.
        settings: Probability of drawing anew, and the step.

    Returns:
        ``(dimensions,)`` point without NaN; a category that is not drawn anew stays.
    """
    d = len(levels)
    start = fill_inactive(rng, point, levels)
    moved = np.clip(start + settings.step * rng.choice([-1.0, 1.0], d), 0.0, 1.0)
    kept = np.where(np.array(levels) == 0, moved, start)
    return np.where(rng.random(d) < settings.resample, uniform_point(rng, levels), kept)


# The population: members copy the weights of better ones and continue with a changed configuration.


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    """A member's state when it last stopped."""

    trial: int
    config: Config
    point: Array
    budget: int


@dataclass(slots=True, eq=False)
class _Population:
    """Members that are compared with each other."""

    open: int
    """Members that are still to be drawn."""
    drawn: int = 0
    running: int = 0
    waiting: deque[int] = field(default_factory=deque)
    """Members that stopped and wait for a worker."""
    states: dict[int, _Checkpoint] = field(default_factory=dict)
    """The last state of each member that has stopped."""
    losses: dict[int, dict[int, float]] = field(default_factory=dict)
    """For each budget the losses of the members that have stopped there."""

    @property
    def done(self) -> bool:
        return not (self.open or self.running or self.waiting)


class PBT:
    """Population-based training on recorded curves.

    Jaderberg, Dalibard, Osindero, Czarnecki et al. (2017), *Population based training of neural networks*,
    arXiv:1711.09846, with truncation selection and perturb or resample. All members start at random and stop now and
    then. Before a member continues, it is compared with all that have stopped at the same budget so far; if it is among
    the worst fifth, it becomes a copy of a member drawn from the best fifth: a new trial with that member's last
    weights (``Job.parent``) and a configuration moved from that member's. Nobody waits for the others.

    **A table cannot replay true PBT.** What a network becomes that was trained with one configuration up to some epoch
    and with another from there on is not recorded. Replayed is the curve of the new configuration as if it had been
    trained so from the beginning; the copy pays only the epochs that it adds, on a backend that resumes. So results say
    how well copying and moving finds good configurations, not what schedules of hyperparameters gain. See
    docs/decisions/0026.

    Where it differs from the paper: members are compared at the same number of epochs, since curves are recorded (the
    paper takes everybody's latest evaluation); a move is a step in the unit cube (the paper multiplies by 0.8 or 1.2);
    and when all members have a worker or are trained, a new random population begins, so that no worker is idle and any
    budget is used. On a table a copy's configuration is the nearest free row.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing.
        rng: Source of randomness.
        settings: How a population is trained.
    """

    multi_fidelity = True

    def __init__(
        self, domain: Domain, budgets: tuple[int, ...], rng: np.random.Generator, *, settings: PBTSettings | None = None
    ) -> None:
        self._domain, self._rng = domain, rng
        self._settings = settings or PBTSettings()
        self._stops = stops(budgets, self._settings.interval)
        self._levels = Encoding(domain.space).levels
        self._active: list[_Population] = []
        self._exhausted = False
        self._running: Running[tuple[_Population, int, Array]] = Running()

    def ask(self) -> Job | None:
        """The next job; None once a table has no rows left and all jobs are handed out."""
        for population in self._active:
            job = self._job_of(population)
            if job is not None:
                return job
        if self._exhausted:
            return None
        self._active.append(_Population(self._settings.population))
        return self._job_of(self._active[-1])

    def tell(self, result: Result) -> None:
        """Note where a member stands; it waits for a worker unless it is trained to the end."""
        population, place, point = self._running.end(result)
        trial, config, budget = result.job.trial, result.job.config, result.job.budget
        population.states[place] = _Checkpoint(trial, config, point, budget)
        population.losses.setdefault(budget, {})[place] = result.loss
        population.running -= 1
        if budget < self._stops[-1]:
            population.waiting.append(place)
        self._active = [population for population in self._active if not population.done]

    def _job_of(self, population: _Population) -> Job | None:
        if population.open:
            job = self._first_job(population)
            if job is not None:
                return job
        if not population.waiting:
            return None
        place = population.waiting.popleft()
        return self._copy(population, place) or self._go_on(population, place)

    def _first_job(self, population: _Population) -> Job | None:
        """Draw a new member; if there is none left, the population continues with those that it has."""
        found = propose_uniform(self._domain, self._rng)
        if found is None:
            self._exhausted, population.open = True, 0
            self._active = [population for population in self._active if not population.done]
            return None
        population.open -= 1
        population.drawn += 1
        return self._begin(population, population.drawn - 1, self._running.new_trial(), found, 0)

    def _go_on(self, population: _Population, place: int) -> Job:
        """Train a member on as it is."""
        state = population.states[place]
        return self._begin(population, place, state.trial, (state.config, state.point), state.budget)

    def _copy(self, population: _Population, place: int) -> Job | None:
        """Replace a poor member by a changed copy of a good one; None if it is not poor, or there is none to copy."""
        donor = self._donor(population, place)
        if donor is None:
            return None
        point = explore(self._rng, donor.point, self._levels, self._settings)
        found = propose_at(self._domain, self._rng, point)
        if found is None:
            return None
        return self._begin(population, place, self._running.new_trial(), found, donor.budget, donor.trial)

    def _donor(self, population: _Population, place: int) -> _Checkpoint | None:
        """Whom a member copies: nobody, unless it is poor."""
        places, losses = zip(*population.losses[population.states[place].budget].items(), strict=True)
        poor, good = truncation_selection(losses, self._settings.truncation)
        if places.index(place) not in poor:
            return None
        able = [state for i in good if (state := population.states[places[i]]).budget < self._stops[-1]]
        return able[self._rng.integers(len(able))] if able else None

    def _begin(
        self,
        population: _Population,
        place: int,
        trial: int,
        where: tuple[Config, Array],
        budget: int,
        parent: int | None = None,
    ) -> Job:
        """Train up to the next stop after a budget."""
        config, point = where
        population.running += 1
        self._running.begin(trial, (population, place, point))
        return Job(trial, config, next(stop for stop in self._stops if stop > budget), parent)
