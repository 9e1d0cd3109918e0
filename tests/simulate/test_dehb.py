import numpy as np
import pytest

from lcbench.simulate import simulate
from lcbench.simulate.optimizers.dehb import DEHB, subpopulation_sizes
from lcbench.simulate.optimizers.random_search import RandomSearch
from lcbench.simulate.optimizers.rungs import hyperband_brackets

ROUND = [1] * 9 + [3] * 3 + [9] + [3] * 3 + [9] + [9] * 3
"""Budgets of the brackets (9, 3, 1), (3, 1), (3) at 1, 3, 9, one worker."""


def make(bowl, seed=0, **options):
    return DEHB(bowl.domain(), bowl.budgets, np.random.default_rng(seed), **options)


@pytest.mark.parametrize(
    ("rungs", "eta", "sizes"),
    [
        (3, 2, (4, 2, 3)),  # brackets (4, 2, 1), (2, 1), (3)
        (3, 3, (9, 3, 3)),  # (9, 3, 1), (3, 1), (3)
        (5, 3, (81, 27, 9, 6, 5)),  # (81, 27, 9, 3, 1), (27, 9, 3, 1), (9, 3, 1), (6, 2), (5)
        (1, 2, (1,)),
    ],
)
def test_a_subpopulation_is_as_large_as_the_largest_rung_of_its_budget(rungs, eta, sizes):
    assert subpopulation_sizes(hyperband_brackets(rungs, eta), rungs) == sizes


def test_budgets_come_in_hyperbands_brackets(bowl):
    trace = simulate(make(bowl), bowl, evaluations=40)
    assert [r.job.budget for r in trace.results] == ROUND + ROUND


def test_the_first_round_promotes_the_best_and_later_rounds_evolve(bowl):
    results = simulate(make(bowl), bowl, evaluations=40).results
    rungs = [results[i:j] for i, j in ((0, 9), (9, 12), (12, 13), (13, 16), (16, 17), (17, 20))]
    for low, high in ((0, 1), (1, 2), (3, 4)):
        best = sorted(rungs[low], key=lambda r: r.loss)[: len(rungs[high])]
        assert [r.job.trial for r in best] == [r.job.trial for r in rungs[high]]
    assert len({r.job.trial for r in results[:20]}) == 9 + 3 + 3
    assert len({r.job.trial for r in results[20:]}) == 20, "every job of the second round is a new trial"


def test_a_rung_waits_for_the_one_before_but_brackets_do_not(bowl):
    """4 workers, 10 s an epoch, 9 jobs of 10 s: the next bracket fills the gap until the last of them has ended."""
    results = simulate(make(bowl), bowl, workers=4, evaluations=20).results
    first = [r for r in results if r.job.budget == 1][:9]
    started = sorted(r.started for r in results if r.job.budget == 3)
    assert max(r.finished for r in first) == 30
    assert started[:3] == [20, 20, 20], "three workers are free at 20 and begin the next bracket"
    trials = {r.job.trial for r in first}
    assert min(r.started for r in results if r.job.trial in trials and r.job.budget == 3) == 30


def test_parents_come_from_the_best_of_the_lower_budget(bowl):
    """Once a rung is evolved: the lower subpopulation's best three, without a target that was promoted from there."""
    optimizer = make(bowl)
    simulate(optimizer, bowl, evaluations=29)  # the first round, and the first rung of the second
    low, bracket = optimizer._populations[0], optimizer._active[0]
    assert (bracket.rung, bracket.left) == (1, 3)
    best = low.vectors[np.argsort(low.losses)[:3]].tolist()
    for place, target in enumerate(optimizer._populations[1].vectors.tolist()):
        pool, others = optimizer._parent_pool(bracket, 1, place), [each for each in best if each != target]
        assert pool[: len(others)].tolist() == others
        assert len(pool) == 3


def test_too_small_a_parent_pool_is_filled_with_mutants_of_all_subpopulations(bowl):
    optimizer = make(bowl)
    simulate(optimizer, bowl, evaluations=32)
    bracket, middle = optimizer._active[0], optimizer._populations[1]
    assert (bracket.rung, bracket.left) == (2, 1)
    pool = optimizer._parent_pool(bracket, 2, 0)
    everybody = np.concatenate([population.vectors for population in optimizer._populations])
    assert pool.shape == (4, 2)
    assert pool[0].tolist() == middle.vectors[middle.losses.argmin()].tolist()
    assert not any((everybody == vector).all(axis=1).any() for vector in pool[1:]), "mutants, not individuals"
    assert ((pool >= 0) & (pool <= 1)).all()


def test_a_subpopulation_of_three_that_has_collapsed_does_not_stay_where_it_is(bowl):
    """Mutants of equal vectors are equal to them: what is new has to come from a stranger, uniform in the cube."""
    optimizer = make(bowl)
    simulate(optimizer, bowl, evaluations=20 + 17)  # the second round, up to its last bracket
    optimizer.ask()
    bracket = optimizer._active[0]
    assert (bracket.sizes, bracket.rung) == ((3,), 0)
    for population in optimizer._populations:
        population.vectors[:] = 0.25
    pools = [optimizer._parent_pool(bracket, 2, 0) for _ in range(400)]
    strangers = np.concatenate([pool[(pool != 0.25).all(axis=1)] for pool in pools])
    assert len(strangers) == 3 * len(pools)
    np.testing.assert_allclose(strangers.mean(axis=0), 0.5, atol=0.05)
    np.testing.assert_allclose(strangers.var(axis=0), 1 / 12, atol=0.01)


def test_a_target_is_no_parent_of_its_own_child(bowl):
    """The largest budget's bracket of three: two others and a stranger."""
    optimizer = make(bowl)
    simulate(optimizer, bowl, evaluations=20 + 17)
    optimizer.ask()
    bracket, vectors = optimizer._active[0], optimizer._populations[2].vectors
    for place in range(3):
        pool = optimizer._parent_pool(bracket, 2, place)
        known = [[(vector == other).all() for other in vectors].index(True) for vector in pool[:2]]
        assert sorted(known) == [other for other in range(3) if other != place]
        assert len(pool) == 3
        assert not (pool[2] == vectors).all(axis=1).any()


def test_every_epoch_can_be_offered(bench):
    """Not a rung for each of 50 epochs, which would begin with 2 ** 49 trials."""
    from lcbench.simulate import ReplayBackend

    backend = ReplayBackend(bench, "alpha", schedule="non-adaptive", budgets=range(1, 51))
    trace = simulate(DEHB(backend.domain(), backend.budgets, np.random.default_rng(0)), backend, evaluations=200)
    assert {r.job.budget for r in trace.results} <= {1, 3, 6, 12, 25, 50}


def test_it_beats_random_search_on_a_bowl_at_equal_time(bowl):
    def mean_best(factory):
        traces = (
            simulate(factory(bowl.domain(), bowl.budgets, np.random.default_rng(seed)), bowl, workers=4, seconds=2000)
            for seed in range(8)
        )
        return np.mean([trace.incumbent(np.inf).loss - 0.001 for trace in traces])

    assert mean_best(DEHB) < 0.5 * mean_best(RandomSearch)
