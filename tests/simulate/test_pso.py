"""Particle swarms: constriction, flight, and what a swarm finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lcbench.errors import InputError
from lcbench.simulate import simulate
from lcbench.simulate.optimizers.pso import PSO, Particle, constriction
from lcbench.simulate.optimizers.random_search import RandomSearch

UNIT = st.floats(0, 1)


def test_the_published_constriction():
    assert constriction(4.1) == pytest.approx(0.7298, abs=5e-5)
    assert constriction(4.0001) == pytest.approx(1, abs=0.02)


def test_a_flight_by_hand():
    particle = Particle(np.array([0.5]), np.array([0.1]), np.array([0.4]))
    particle.fly(np.array([0.7]), np.array([[0.5], [0.2]]), 4.1)
    velocity = constriction(4.1) * (0.1 + 2.05 * 0.5 * (0.4 - 0.5) + 2.05 * 0.2 * (0.7 - 0.5))
    np.testing.assert_allclose([particle.velocity, particle.place], [[velocity], [0.5 + velocity]], atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(place=UNIT, velocity=st.floats(-2, 2), best=UNIT, leader=UNIT, pulls=st.tuples(UNIT, UNIT))
def test_particles_stay_in_the_cube_and_stop_at_its_sides(place, velocity, best, leader, pulls):
    particle = Particle(np.array([place]), np.array([velocity]), np.array([best]))
    particle.fly(np.array([leader]), np.array(pulls)[:, None], 4.1)
    assert 0 <= particle.place[0] <= 1
    free = place + constriction(4.1) * (velocity + 2.05 * (pulls[0] * (best - place) + pulls[1] * (leader - place)))
    assert (particle.velocity[0] == 0) or 0 <= free <= 1


def test_a_particle_at_rest_where_all_are_best_stays():
    particle = Particle(np.array([0.3]), np.array([0.0]), np.array([0.3]))
    particle.fly(np.array([0.3]), np.ones((2, 1)), 4.1)
    assert particle.place.tolist() == [0.3]


def test_a_swarm_keeps_its_best_and_finds_more_than_random_search(bowl):
    def last(make):
        optimizer = make(bowl.domain(), bowl.budgets, np.random.default_rng(0))
        return simulate(optimizer, bowl, workers=3, evaluations=300).results[-60:]

    flown, drawn = last(PSO), last(RandomSearch)
    assert np.mean([r.loss for r in flown]) < 0.1 * np.mean([r.loss for r in drawn])


def test_with_more_workers_than_particles_the_swarm_grows(bowl):
    optimizer = PSO(bowl.domain(), bowl.budgets, np.random.default_rng(0), population=2)
    simulate(optimizer, bowl, workers=5, evaluations=20)
    assert len(optimizer._idle) == 5


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"population": 1}, "population must be at least 2"), ({"attraction": 4.0}, "attraction must be more than 4")],
)
def test_settings_that_cannot_be(bowl, settings, message):
    with pytest.raises(InputError, match=message):
        PSO(bowl.domain(), bowl.budgets, np.random.default_rng(0), **settings)
