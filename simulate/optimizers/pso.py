"""Particle swarm optimization with constriction."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers._differential import to_point
from lcbench.simulate.optimizers._proposal import propose_at
from lcbench.simulate.optimizers._trials import Running
from lcbench.space.encoding import Encoding
from lcbench.space.rounding import coordinates

Array = NDArray[np.float64]


def constriction(attraction: float) -> float:
    """Clerc and Kennedy's factor on velocities: ``2 / |2 - phi - sqrt(phi ** 2 - 4 phi)|``.

    Clerc and Kennedy (2002), *The particle swarm: explosion, stability, and convergence in a multidimensional complex
    space*, IEEE TEC 6(1), equation 4 with kappa 1; phi = 4.1 gives 0.7298.

    Args:
        attraction: phi, the sum of both attractions, more than 4.

    Raises:
        InputError: If it is not: the swarm would not converge.
    """
    if not attraction > 4:
        raise InputError(f"attraction must be more than 4, got {attraction}.")
    return float(2 / abs(2 - attraction - np.sqrt(attraction**2 - 4 * attraction)))


@dataclass
class Particle:
    """Where one particle is, where it goes, and the best that it has found; all ``(dimensions,)`` in [0, 1]."""

    place: Array
    velocity: Array
    best: Array
    best_loss: float = np.inf

    def fly(self, leader: Array, pulls: Array, attraction: float) -> None:
        """Move towards its own best and the leader's; at a side of the cube it stops.

        Args:
            leader: ``(dimensions,)`` the best of the swarm.
            pulls: ``(2, dimensions)`` uniform draws: how much of either attraction is felt.
            attraction: phi; each of both has half of it.
        """
        own, others = attraction / 2 * pulls * (np.stack([self.best, leader]) - self.place)
        self.velocity = constriction(attraction) * (self.velocity + own + others)
        moved = self.place + self.velocity
        self.place = coordinates(np.clip(moved, 0, 1))
        self.velocity = coordinates(np.where((moved < 0) | (moved > 1), 0.0, self.velocity))


class PSO:
    """Particle swarm optimization at the largest budget.

    Kennedy and Eberhart (1995), *Particle swarm optimization*, ICNN, with the constriction of Clerc and Kennedy (2002):
    each particle is drawn to the best place that it has found and to the best of the whole swarm.

    Numbers are coordinates of the unit cube; a category with k levels is k equal bins of [0, 1], an integer is rounded.
    A particle stays where it flew, although the configuration there is rounded, or on a table the nearest row. With
    several workers no particle waits for the others; if all of them fly already, the swarm grows by one. A diverged run
    never counts as a best place.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of randomness.
        population: Number of particles.
        attraction: phi, the sum of both attractions, more than 4.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        population: int = 20,
        attraction: float = 4.1,
    ) -> None:
        if population < 2:
            raise InputError(f"population must be at least 2, got {population}.")
        constriction(attraction)
        self._domain, self._budget, self._rng = domain, checked(budgets)[-1], rng
        self._levels, self._attraction = Encoding(domain.space).levels, attraction
        self._idle = [self._new() for _ in range(population)]
        self._leader: tuple[float, Array] | None = None
        self._running: Running[Particle] = Running()

    def ask(self) -> Job | None:
        """Where the particle that has waited longest flies; None once a table has no rows left."""
        particle = self._idle.pop(0) if self._idle else self._new()
        found = propose_at(self._domain, self._rng, to_point(particle.place, self._levels))
        return None if found is None else self._running.job(found[0], self._budget, particle)

    def tell(self, result: Result) -> None:
        """Learn how good a particle's place is, and let it fly on."""
        particle = self._running.end(result)
        if result.loss < particle.best_loss:
            particle.best, particle.best_loss = particle.place, result.loss
        if self._leader is None or result.loss < self._leader[0]:
            self._leader = result.loss, particle.place
        particle.fly(self._leader[1], self._rng.random((2, len(self._levels))), self._attraction)
        self._idle.append(particle)

    def _new(self) -> Particle:
        """A particle at a random place, that goes half the way to another one."""
        place, other = self._rng.random((2, len(self._levels)))
        return Particle(place, (other - place) / 2, place)
