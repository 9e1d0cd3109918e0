"""Local search reaches the optimum of what has one, begins anew elsewhere, and never asks for what it knows."""

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, Constant, Float, ForbiddenEqualsClause, Integer

from lcbench.errors import InputError
from lcbench.simulate import FunctionBackend, simulate
from lcbench.simulate.optimizers.local_search import LocalSearch, neighbours
from lcbench.space.cells import NAMES, OPERATIONS, cell_space
from lcbench.space.encoding import Encoding
from lcbench.table.curve import Curve

LEVELS = 3


def backend_of(loss, space=None):
    """Losses of configurations of a space; by default of four categories of three levels, 81 configurations."""
    space = space or ConfigurationSpace([Categorical(f"c{j}", list(range(LEVELS))) for j in range(4)])
    return FunctionBackend(space, (1,), lambda c, _: Curve(np.full(2, loss(c)), np.arange(2.0)))


def play(backend, seed=0, *, workers=1, evaluations=200, **settings):
    optimizer = LocalSearch(backend.domain(), backend.budgets, np.random.default_rng(seed), **settings)
    return [r.job.config for r in simulate(optimizer, backend, workers=workers, evaluations=evaluations).results]


def away(first, second):
    """In how many hyperparameters two configurations differ."""
    return sum(first[name] != second[name] for name in first)


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("workers", [1, 5])
def test_it_reaches_the_optimum_where_no_other_is_local(first, workers):
    """From wherever it starts an edge can be put right: at most six moves, of 24 neighbours each."""
    best = dict(zip(NAMES, np.random.default_rng(5).choice(OPERATIONS, len(NAMES)).tolist(), strict=True))
    backend = backend_of(lambda config: away(config, best), cell_space())
    assert best in play(backend, workers=workers, evaluations=10 + 6 * 24, first=first)


@pytest.mark.parametrize("first", [False, True])
def test_a_move_by_hand(first):
    """One start, a loss that counts categories other than 0: all eight neighbours, or only those up to a better one."""
    configs = play(
        backend_of(lambda c: float(sum(map(bool, c.values())))), seed=1, initial=1, evaluations=20, first=first
    )
    start, around = configs[0], configs[1:9]
    assert sum(map(bool, start.values())) >= 2
    better = [sum(map(bool, c.values())) < sum(map(bool, start.values())) for c in around]
    if first:
        moved = around[better.index(True)]
        assert all(away(c, start) == 1 for c in around[: better.index(True) + 1])
        assert away(configs[better.index(True) + 2], moved) == 1
    else:
        assert {tuple(c.values()) for c in around} == {
            tuple((start | {name: level}).values()) for name in start for level in range(LEVELS) if level != start[name]
        }
        assert away(configs[9], around[better.index(True)]) == 1, "the first of the best neighbours is gone to"


def test_it_begins_at_the_best_of_the_first_ones():
    def loss(config):
        return sum((1 + j) * config[f"c{j}"] for j in range(4))

    configs = play(backend_of(loss), initial=5, evaluations=8)
    best = min(configs[:5], key=loss)
    assert all(away(config, best) == 1 for config in configs[5:])


@pytest.mark.parametrize(("first", "workers"), [(False, 1), (True, 1), (False, 4), (True, 4)])
def test_it_never_asks_for_what_it_knows_and_begins_anew(first, workers):
    """Of random losses every ninth configuration is a local optimum: it restarts often, and meets known ones often."""
    losses = np.random.default_rng(0).random((LEVELS,) * 4)
    configs = play(
        backend_of(lambda c: losses[tuple(c.values())]), workers=workers, evaluations=60, initial=1, first=first
    )
    assert len({tuple(c.values()) for c in configs}) == 60
    jumps = sum(all(away(later, before) > 1 for before in configs[:place]) for place, later in enumerate(configs))
    assert jumps > 1, "beside the first one, some lie beside nothing that was there"


def test_a_known_neighbour_counts_without_being_evaluated_again():
    """Two of three levels are the start, and neighbours of each other: only the third is left to ask for."""
    for seed in range(5):
        backend = backend_of(lambda c: c["c"], ConfigurationSpace([Categorical("c", [0, 1, 2])]))
        assert sorted(c["c"] for c in play(backend, seed, initial=2, evaluations=3)) == [0, 1, 2]


def test_neighbours_of_a_point():
    """Both other levels, four steps of the number, none of the constant; what is inactive is drawn."""
    point = np.array([1.0, 0.5, np.nan, 0.0])
    found = np.array(list(neighbours(np.random.default_rng(0), point, (3, 0, 0, 1), 4, 0.1)))
    assert found.shape == (6, 4)
    changed = (found != point) & ~np.isnan(point)
    assert (changed.sum(axis=1) == 1).all()
    assert set(found[changed[:, 0], 0]) == {0.0, 2.0}
    assert ((found >= 0) & (found <= 2)).all()


def test_numbers_that_are_whole_and_configurations_that_are_forbidden():
    """Small steps of few integers fall together, and are one job; what is forbidden is never asked for."""
    space = ConfigurationSpace([Integer("n", (1, 6)), Categorical("c", ["a", "b", "d"]), Constant("k", 1)])
    space.add(ForbiddenEqualsClause(space["c"], "d"))
    configs = play(backend_of(lambda c: float(c["n"] + (c["c"] == "a")), space), initial=1, evaluations=10)
    assert len({Encoding(space).key(c) for c in configs}) == 10
    assert {c["c"] for c in configs} == {"a", "b"}


def test_it_climbs_down_a_bowl():
    space = ConfigurationSpace([Float(name, (0.0, 1.0)) for name in "xyz"])
    configs = play(backend_of(lambda c: sum((c[name] - 0.3) ** 2 for name in c), space), evaluations=150)
    assert min(sum((c[name] - 0.3) ** 2 for name in c) for c in configs) < 0.01


@pytest.mark.parametrize("arguments", [{"initial": 0}, {"steps": 0}, {"width": 0.0}])
def test_arguments_that_cannot_be(bowl, arguments):
    with pytest.raises(InputError, match=f"{next(iter(arguments))} must be"):
        LocalSearch(bowl.domain(), bowl.budgets, np.random.default_rng(0), **arguments)
