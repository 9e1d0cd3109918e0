import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, Constant
from hypothesis import given, settings
from hypothesis import strategies as st

from lcbench.errors import InputError
from lcbench.simulate import FunctionBackend, Job, Result, simulate
from lcbench.simulate.domain import SpaceDomain
from lcbench.simulate.optimizers._differential import (
    Population,
    Rates,
    cross,
    evolve,
    mutate,
    repair,
    to_point,
    to_vector,
)
from lcbench.simulate.optimizers.dehb import DifferentialEvolution
from lcbench.simulate.optimizers.random_search import RandomSearch
from lcbench.table.curve import Curve


def test_the_mutant_is_the_first_parent_and_half_the_difference_of_the_others():
    parents = np.array([[0.5, 0.2], [0.9, 0.4], [0.1, 0.8]])
    assert mutate(parents, 0.5) == pytest.approx([0.5 + 0.5 * 0.8, 0.2 - 0.5 * 0.4])


@pytest.mark.parametrize(
    ("forced", "rate", "child"),
    [
        (0, 0.5, [7, 8, 3]),  # the draws 0.6, 0.5, 0.9: the second is at most 0.5, the first is forced
        (2, 0.5, [1, 8, 9]),
        (1, 0.0, [1, 8, 3]),
        (1, 1.0, [7, 8, 9]),
    ],
)
def test_the_child_has_the_forced_coordinate_and_those_drawn_low_from_the_mutant(forced, rate, child):
    uniform = np.array([0.6, 0.5, 0.9])
    assert cross(np.array([1, 2, 3]), np.array([7, 8, 9]), uniform, forced, rate).tolist() == child
    assert uniform.tolist() == [0.6, 0.5, 0.9], "draws are left alone"


def test_what_leaves_the_cube_is_drawn_anew():
    assert repair(np.array([-0.1, 0.0, 1.0, 1.2]), np.array([0.3, 0.6, 0.7, 0.8])).tolist() == [0.3, 0, 1, 0.8]


def test_categories_are_equal_bins():
    vector = np.array([0.4, 0.0, 0.33, 0.34, 1.0, 0.9])
    assert to_point(vector, (0, 3, 3, 3, 3, 1)).tolist() == [0.4, 0, 0, 1, 2, 0]


def test_an_individual_lies_where_it_was_evaluated():
    """A number moves to its row, a category that is the same stays, another goes to its bin's middle, inactive stay."""
    proposed, point = np.array([0.4, 0.30, 0.30, 0.7]), np.array([0.5, 0.0, 2.0, np.nan])
    assert to_vector(point, proposed, (0, 3, 3, 0)) == pytest.approx([0.5, 0.30, 2.5 / 3, 0.7])


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(3, 6), d=st.integers(1, 4))
def test_children_stay_in_the_cube_and_take_something_from_the_parents(seed, n, d):
    rng = np.random.default_rng(seed)
    target, pool = np.full(d, 2.0), rng.random((n, d))  # a target that no mutant can look like
    child = evolve(rng, target.clip(0, 1), pool, Rates(crossover=0.0))
    assert ((child >= 0) & (child <= 1)).all()
    assert (child != 1).sum() == 1


def test_selection_keeps_the_better_and_prefers_the_newer_of_equal_ones():
    population = Population(4, 1, np.random.default_rng(0))
    for vector, loss, kept in ((0.1, 3.0, 0.1), (0.2, 4.0, 0.1), (0.3, 3.0, 0.3), (0.4, np.inf, 0.3), (0.5, 1.0, 0.5)):
        population.select(2, np.array([vector]), loss)
        assert population.vectors[2, 0] == kept
    assert population.best(2).tolist() == [2, 0]
    assert [population.next_place() for _ in range(6)] == [0, 1, 2, 3, 0, 1]
    assert 0.5 not in population.others(2)


def test_children_compete_with_their_targets_whatever_the_order_of_results(bowl):
    """4 individuals; the child of the first is told before the first itself, which is better and wins all the same."""
    optimizer = DifferentialEvolution(bowl.domain(), bowl.budgets, np.random.default_rng(0), population=4)
    jobs = [optimizer.ask() for _ in range(5)]
    losses = {4: 0.5, 0: 0.1, 1: 1.0, 2: 1.0, 3: 1.0}
    for trial, loss in losses.items():
        optimizer.tell(Result(jobs[trial], bowl.curve(jobs[trial].config, 9), loss, 0.0, 1.0, 0, bowl.metric))
    first = [jobs[0].config[name] for name in ("x", "y")]
    assert optimizer._population.vectors[0] == pytest.approx(first)
    assert optimizer._population.losses.tolist() == [0.1, 1.0, 1.0, 1.0]


def test_it_beats_random_search_on_a_bowl(bowl):
    def mean_best(factory):
        traces = (
            simulate(
                factory(bowl.domain(), bowl.budgets, np.random.default_rng(seed)), bowl, workers=4, evaluations=150
            )
            for seed in range(8)
        )
        return np.mean([trace.incumbent(np.inf).loss - 0.001 for trace in traces])

    assert mean_best(DifferentialEvolution) < 0.5 * mean_best(RandomSearch)


def test_spaces_with_conditions_categories_and_constants():
    from ConfigSpace import EqualsCondition

    space = ConfigurationSpace(
        {"c": Categorical("c", ["a", "b", "d"]), "x": (0.0, 1.0), "n": (1, 9), "k": Constant("k", 1)}
    )
    space.add(EqualsCondition(space["x"], space["c"], "b"))

    def curve(config, budget):
        assert ("x" in config) == (config["c"] == "b")
        return Curve(np.full(budget + 1, config.get("x", 2.0)), np.arange(budget + 1.0))

    backend = FunctionBackend(space, (2,), curve)
    optimizer = DifferentialEvolution(SpaceDomain(space), (2,), np.random.default_rng(0))
    trace = simulate(optimizer, backend, workers=3, evaluations=120)
    late = [r.job.config["c"] for r in trace.results[60:]]
    assert late.count("b") > 0.5 * len(late), "it has learnt the category"


@pytest.mark.parametrize("arguments", [{"mutation": 0.0}, {"mutation": 2.5}, {"crossover": -0.1}, {"crossover": 1.1}])
def test_rates_that_cannot_be(arguments):
    with pytest.raises(InputError, match=f"{next(iter(arguments))} must be in"):
        Rates(**arguments)


def test_a_population_that_cannot_mutate(bowl):
    with pytest.raises(InputError, match="population must be at least 4, got 3"):
        DifferentialEvolution(bowl.domain(), bowl.budgets, np.random.default_rng(0), population=3)


def test_a_result_nobody_asked_for(bowl):
    optimizer = DifferentialEvolution(bowl.domain(), bowl.budgets, np.random.default_rng(0))
    with pytest.raises(InputError, match="must be of a job asked before, got trial 0"):
        optimizer.tell(Result(Job(0, {}, 9), bowl.curve({"x": 0, "y": 0}, 9), 0.0, 0.0, 1.0, 0, bowl.metric))
