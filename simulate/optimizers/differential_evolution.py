"""Differential evolution at the largest budget."""

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Config, Domain, Job, Result
from lcbench.simulate.encoding import levels
from lcbench.simulate.optimizers.differential import PARENTS, Population, Rates, evolve, to_point, to_vector
from lcbench.simulate.optimizers.proposal import propose_at, propose_uniform
from lcbench.simulate.optimizers.running import Running

Array = NDArray[np.float64]


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

    On a table a child is evaluated at the nearest free row, and that row's place is what goes on into the population.

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
        self._levels = levels(domain.space)
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
        trial = self._running.new_trial()
        self._running.begin(trial, (place, vector))
        return Job(trial, config, self._budget)

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
