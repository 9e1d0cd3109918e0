"""DEHB: Hyperband's brackets, filled by differential evolution with a subpopulation for each budget."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers._differential import PARENTS, Population, Rates, evolve, mutant, to_point, to_vector
from lcbench.simulate.optimizers._proposal import propose_at, propose_uniform
from lcbench.simulate.optimizers._trials import Running
from lcbench.simulate.optimizers.rungs import (
    Variant,
    check_eta,
    geometric_rungs,
    hyperband_brackets,
    infer_eta,
    promote,
)
from lcbench.space import Config
from lcbench.space.encoding import Encoding

Array = NDArray[np.float64]
Individual = tuple[int, Config, Array]
"""Trial, configuration and vector."""


def subpopulation_sizes(table: Sequence[Sequence[int]], rungs: int) -> tuple[int, ...]:
    """For each budget the most trials that a bracket trains for it (as in the program DEHB).

    Args:
        table: For each bracket the number of trials on each of its rungs; a bracket with fewer rungs uses the last.
        rungs: Number of budgets.
    """
    at = [[sizes[i - rungs] for sizes in table if len(sizes) >= rungs - i] for i in range(rungs)]
    return tuple(map(max, at))


@dataclass(slots=True, eq=False)
class _Bracket:
    """One bracket, rung by rung: the next begins when all results of the last are there."""

    sizes: Sequence[int]
    first: int
    """Number of the budget of the first rung."""
    number: int
    promotes: bool
    """Whether a rung takes on the best trials of the last one, or is filled by evolution."""
    rung: int = 0
    left: int = 0
    """Jobs of the rung that are still to be handed out."""
    running: int = 0
    finished: list[tuple[float, Individual]] = field(default_factory=list)
    promoted: list[Individual] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.left = self.sizes[0]

    @property
    def done(self) -> bool:
        return not self.left and not self.running

    def climb(self) -> None:
        """Move to the next rung, if this one is complete and there is one."""
        if self.done and self.rung < len(self.sizes) - 1:
            self.rung += 1
            self.left = self.sizes[self.rung]
            if self.promotes:
                best = promote([loss for loss, _ in self.finished], self.left)
                self.promoted = [self.finished[i][1] for i in best]
                self.left, self.finished = len(best), []


class DEHB:
    """Differential evolution and Hyperband.

    Awad, Mallik and Hutter (2021), *DEHB: evolutionary Hyperband for scalable, robust and efficient hyperparameter
    optimization*, IJCAI, with rand/1/bin and F = CR = 0.5. Every budget has a subpopulation. In the first round of
    brackets, the very first rung is random and the best of each rung are promoted, as in Hyperband. From then on (and
    on the first rungs of the other brackets of the first round) every job is a child: its target is the next individual
    of its budget's subpopulation; its parents come from the best individuals of the next lower budget, as many as the
    rung has trials, on a bracket's first rung from those of its own budget; if these are fewer than three, mutants of
    all subpopulations make them four. The target is no parent of its own child, and if only two others are left, the
    third parent is a uniformly random vector. So the three individuals of the largest budget always have a stranger
    among the parents: with 12, 25 and 50 epochs nothing else can bring back what four, two and three individuals have
    lost. A child that is no worse than its target takes the place.

    With several workers a bracket that waits for results does not keep the next from starting, as in the program.

    Where the program DEHB 0.1.2 differs: it promotes the best of a whole subpopulation rather than of the bracket's
    rung (the same unless brackets overlap or a subpopulation has evolved) and trains them from scratch; mutants that
    fill a parent pool may leave the cube there; and its very first rung is evolved from random vectors instead of being
    random. (The paper adds individuals of all subpopulations to a small parent pool; mutants, as in the program, did
    better.) On a table ours evaluates the nearest free row, whose place then goes into the subpopulation.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; the rungs are those about ``eta`` apart.
        rng: Source of randomness.
        eta: Halving rate; by default the one that fits the budgets.
        variant: Which of Hyperband's bracket tables.
        rates: F and CR.
    """

    multi_fidelity = True

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        eta: int | None = None,
        variant: Variant = "floor",
        rates: Rates | None = None,
    ) -> None:
        eta = infer_eta(budgets) if eta is None else check_eta(eta)
        self._domain, self._rng = domain, rng
        self._budgets = budgets = geometric_rungs(budgets, eta)
        self._rates = rates or Rates()
        self._levels = Encoding(domain.space).levels
        self._table = hyperband_brackets(len(budgets), eta, variant)
        sizes = subpopulation_sizes(self._table, len(budgets))
        self._populations = [Population(size, len(self._levels), rng) for size in sizes]
        self._numbers = count()
        self._active: list[_Bracket] = []
        self._exhausted = False
        self._running: Running[tuple[_Bracket, int, Individual]] = Running()

    def ask(self) -> Job | None:
        """The next job; None once a table has no rows left and all jobs are handed out."""
        for bracket in self._active:
            job = self._job_of(bracket)
            if job is not None:
                return job
        if self._exhausted:
            return None
        number = next(self._numbers)
        sizes = self._table[number % len(self._table)]
        self._active.append(_Bracket(sizes, len(self._budgets) - len(sizes), number, number < len(self._table)))
        return self._job_of(self._active[-1])

    def tell(self, result: Result) -> None:
        """Select between the individual and its target, and let its bracket climb."""
        bracket, place, individual = self._running.end(result)
        self._populations[bracket.first + bracket.rung].select(place, individual[2], result.loss)
        bracket.running -= 1
        bracket.finished.append((result.loss, individual))
        bracket.climb()
        self._active = [bracket for bracket in self._active if not bracket.done]

    def _job_of(self, bracket: _Bracket) -> Job | None:
        """A job of the bracket's rung; None if it has to wait or nothing is left."""
        while bracket.left:
            level = bracket.first + bracket.rung
            place = self._populations[level].next_place()
            if bracket.promoted:
                individual: Individual | None = bracket.promoted.pop(0)
            else:
                individual = self._new_individual(bracket, level, place)
            if individual is not None:
                bracket.left -= 1
                bracket.running += 1
                trial, config, _ = individual
                self._running.begin(trial, (bracket, place, individual))
                return Job(trial, config, self._budgets[level])
            self._exhausted, bracket.left = True, 0
            bracket.climb()
        return None

    def _new_individual(self, bracket: _Bracket, level: int, place: int) -> Individual | None:
        """A new trial: random on the very first rung, else a child."""
        vector = self._populations[level].vectors[place]
        if bracket.number == 0:
            found = propose_uniform(self._domain, self._rng)
        else:
            vector = evolve(self._rng, vector, self._parent_pool(bracket, level, place), self._rates)
            found = propose_at(self._domain, self._rng, to_point(vector, self._levels))
        if found is None:
            return None
        return self._running.new_trial(), found[0], to_vector(found[1], vector, self._levels)

    def _parent_pool(self, bracket: _Bracket, level: int, place: int) -> Array:
        """The best of the next lower budget (or of the bracket's first), mutants if they are few; never the target."""
        source = self._populations[level - 1 if bracket.rung else level]
        pool = source.vectors[source.best(bracket.sizes[bracket.rung])]
        if len(pool) < PARENTS:
            strangers = self._rng.random((PARENTS, pool.shape[1]))  # a single budget has a single individual
            everybody = np.concatenate([population.vectors for population in self._populations])
            everybody = np.concatenate([everybody, strangers[len(everybody) :]])
            mutants = [mutant(self._rng, everybody, self._rates) for _ in range(PARENTS + 1 - len(pool))]
            pool = np.concatenate([pool, mutants])
        others = pool[(pool != self._populations[level].vectors[place]).any(axis=1)]
        missing = max(PARENTS - len(others), 0)
        return np.concatenate([others, self._rng.random((missing, pool.shape[1]))])


# Differential evolution at the largest budget.


class DifferentialEvolution:
    """DE/rand/1/bin, with any number of workers.

    Storn and Price (1997), *Differential evolution, a simple and efficient heuristic for global optimization over
    continuous spaces*, Journal of Global Optimization 11, with the settings for hyperparameters of Awad, Mallik and
    Hutter (2021), *DEHB*, IJCAI: F = CR = 0.5, 20 individuals, categories as bins, coordinates that leave [0, 1] drawn
    anew.

    The individuals are the targets in turn, and a child takes its target's place as soon as its result is there, if it
    is no worse than who holds the place then ("immediate" selection); nobody waits for a generation to end. Storn and
    Price select generation by generation. The first individuals are random; a child may have parents whose results are
    not there yet, since rand/1 looks at no losses.

    On a table a child is evaluated at the nearest free row, and that row's point enters the population.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of randomness.
        population: Number of individuals, at least 4.
        rates: F and CR.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        population: int = 20,
        rates: Rates | None = None,
    ) -> None:
        if population <= PARENTS:
            raise InputError(f"population must be at least {PARENTS + 1}, got {population}.")
        self._domain, self._budget, self._rng = domain, checked(budgets)[-1], rng
        self._rates = rates or Rates()
        self._levels = Encoding(domain.space).levels
        self._population = Population(population, len(self._levels), rng)
        self._random_left = population
        self._running: Running[tuple[int, Array]] = Running()

    def ask(self) -> Job | None:
        """A child of the population; None once a table has no rows left."""
        place = self._population.next_place()
        proposal = self._propose(place)
        if proposal is None:
            return None
        config, vector = proposal
        return self._running.job(config, self._budget, (place, vector))

    def tell(self, result: Result) -> None:
        """Select between a child and who holds its target's place."""
        place, vector = self._running.end(result)
        self._population.select(place, vector, result.loss)

    def _propose(self, place: int) -> tuple[Config, Array] | None:
        """A configuration and its vector: random at first, then a child."""
        vector, vectors = self._population.vectors[place], self._population.vectors
        if self._random_left:
            self._random_left -= 1
            found = propose_uniform(self._domain, self._rng)
        else:
            vector = evolve(self._rng, vector, self._population.others(place), self._rates)
            found = propose_at(self._domain, self._rng, to_point(vector, self._levels))
        if found is None:
            return None
        vector = to_vector(found[1], vector, self._levels)
        if np.isinf(self._population.losses[place]):
            vectors[place] = vector  # others may use it as a parent before its result is there
        return found[0], vector
