from collections import Counter

import numpy as np
import pytest

from lcbench.errors import InputError
from lcbench.simulate import FunctionBackend, Result, simulate
from lcbench.simulate.optimizers import get_optimizer
from lcbench.simulate.optimizers.random_search import RandomSearch
from lcbench.simulate.optimizers.regularized_evolution import RegularizedEvolution, mutate, reflect
from lcbench.space.cells import cell_space
from lcbench.table.curve import Curve


def tell(optimizer, bowl, job, loss):
    optimizer.tell(Result(job, bowl.curve(job.config, 9), loss, 0.0, 1.0, 0, bowl.metric))


def distance(a, b):
    return max(abs(a.config[name] - b.config[name]) for name in a.config)


def test_the_oldest_dies_however_good_it_is(bowl):
    """3 members, tournaments that everybody is in, tiny steps: each child lies where the best living one does."""
    optimizer = RegularizedEvolution(
        bowl.domain(), bowl.budgets, np.random.default_rng(0), population=3, sample=100, width=1e-6
    )
    jobs = [optimizer.ask() for _ in range(3)]
    for job, loss in zip(jobs, (0.0, 1.0, 2.0), strict=True):
        tell(optimizer, bowl, job, loss)
    child = optimizer.ask()
    assert distance(child, jobs[0]) < 1e-4
    tell(optimizer, bowl, child, 5.0)  # the first, the best so far, leaves
    assert distance(optimizer.ask(), jobs[1]) < 1e-4


def test_a_member_enters_when_its_result_is_there(bowl):
    """Not when it is proposed: the slow first job is the youngest, and the quick second the first to die."""
    optimizer = RegularizedEvolution(
        bowl.domain(), bowl.budgets, np.random.default_rng(0), population=2, sample=100, width=1e-6
    )
    first, second = optimizer.ask(), optimizer.ask()
    tell(optimizer, bowl, second, 0.0)
    tell(optimizer, bowl, first, 1.0)
    third = optimizer.ask()
    assert distance(third, second) < 1e-4
    tell(optimizer, bowl, third, 2.0)
    assert distance(optimizer.ask(), first) < 1e-4


def test_a_diverged_member_is_no_parent(bowl):
    optimizer = RegularizedEvolution(
        bowl.domain(), bowl.budgets, np.random.default_rng(0), population=2, sample=100, width=1e-6
    )
    jobs = [optimizer.ask(), optimizer.ask()]
    tell(optimizer, bowl, jobs[0], np.inf)
    tell(optimizer, bowl, jobs[1], 100.0)
    assert distance(optimizer.ask(), jobs[1]) < 1e-4


def test_a_mutation_changes_one_active_hyperparameter():
    rng = np.random.default_rng(0)
    point, levels = np.array([0.5, 1.0, 0.0, np.nan]), (0, 3, 1, 0)
    changed = []
    for _ in range(200):
        mutated = mutate(rng, point, levels, 0.1)
        different = np.flatnonzero(mutated[:3] != point[:3])
        assert len(different) == 1
        changed.append((int(different[0]), float(mutated[1])))
        assert 0 <= mutated[3] <= 1
    assert {j for j, _ in changed} == {0, 1}, "neither the constant nor what is inactive"
    assert {value for j, value in changed if j == 1} == {0.0, 2.0}, "another category, all alike"


def test_a_child_of_a_cell_differs_in_one_edge():
    """As NATS-Bench runs it, population 10 and samples of 3: every child has a parent among the ten before it."""
    backend = FunctionBackend(cell_space(), (1,), lambda c, _: Curve(np.full(2, len({*c.values()})), np.arange(2.0)))
    optimizer = get_optimizer("regularized-evolution(population=10,sample=3)")
    made = optimizer(backend.domain(), backend.budgets, np.random.default_rng(0))
    cells = [tuple(r.job.config.values()) for r in simulate(made, backend, evaluations=300).results]
    for place, child in enumerate(cells[10:]):
        away = [sum(a != b for a, b in zip(child, other, strict=True)) for other in cells[place : place + 10]]
        assert 1 in away


def test_every_other_operation_of_every_edge_is_as_likely():
    """The law of a mutation: 24 neighbours, one in 24 each (chi-square, 23 degrees of freedom, 99.9 %: 49.7)."""
    rng, parent, levels = np.random.default_rng(0), np.arange(6.0) % 5, (5,) * 6
    counted = Counter(tuple(mutate(rng, parent, levels, 0.1)) for _ in range(4800))
    assert len(counted) == 24
    assert sum((n - 200) ** 2 / 200 for n in counted.values()) < 49.7


def test_a_space_of_constants_has_nothing_to_mutate():
    assert mutate(np.random.default_rng(0), np.array([0.0]), (1,), 0.1).tolist() == [0.0]


@pytest.mark.parametrize(
    ("beyond", "inside"), [(0.3, 0.3), (1.2, 0.8), (-0.3, 0.3), (2.1, 0.1), (-1.0, 1.0), (1.0, 1.0)]
)
def test_steps_are_reflected(beyond, inside):
    assert reflect(beyond) == pytest.approx(inside)


def test_it_beats_random_search_on_a_bowl(bowl):
    def mean_best(factory):
        traces = (
            simulate(
                factory(bowl.domain(), bowl.budgets, np.random.default_rng(seed)), bowl, workers=4, evaluations=100
            )
            for seed in range(8)
        )
        return np.mean([trace.incumbent(np.inf).loss - 0.001 for trace in traces])

    assert mean_best(RegularizedEvolution) < 0.5 * mean_best(RandomSearch)


@pytest.mark.parametrize("arguments", [{"population": 0}, {"sample": 0}, {"width": 0.0}])
def test_arguments_that_cannot_be(bowl, arguments):
    with pytest.raises(InputError, match=f"{next(iter(arguments))} must be"):
        RegularizedEvolution(bowl.domain(), bowl.budgets, np.random.default_rng(0), **arguments)
