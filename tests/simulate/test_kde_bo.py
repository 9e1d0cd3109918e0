import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float

from lcbench.simulate import OPTIMIZERS, FunctionBackend, simulate
from lcbench.simulate.contract import Result
from lcbench.simulate.optimizers._trials import History
from lcbench.simulate.optimizers.bohb import KDEBO, KDESettings
from lcbench.table.curve import Curve


def test_every_trial_is_trained_for_the_largest_budget(bowl):
    trace = simulate(KDEBO(bowl.domain(), bowl.budgets, np.random.default_rng(0)), bowl, workers=3, evaluations=40)
    assert {r.job.budget for r in trace.results} == {bowl.budgets[-1]}
    assert sorted(r.job.trial for r in trace.results) == list(range(40))


def test_without_random_fraction_it_looks_near_the_best_it_has_seen(bowl):
    settings = KDESettings(random_fraction=0.0)
    optimizer = KDEBO(bowl.domain(), bowl.budgets, np.random.default_rng(1), settings=settings)
    results = simulate(optimizer, bowl, evaluations=80).results
    configs = np.array([[r.job.config["x"], r.job.config["y"]] for r in results])
    best = configs[np.argmin([r.loss for r in results])]
    distances = np.abs(configs - best).max(axis=1)
    assert np.median(distances[-30:]) < 0.1 < np.median(distances[:5])


def test_until_there_are_enough_results_it_is_random_search(bowl):
    """Two hyperparameters: N_min = 3, so five results are needed."""
    optimizers = (OPTIMIZERS[name](bowl.domain(), bowl.budgets, np.random.default_rng(7)) for name in ("kde", "random"))
    kde, random = ([r.job.config for r in simulate(o, bowl, evaluations=30).results] for o in optimizers)
    assert kde[:5] == random[:5]
    assert kde[5:] != random[5:]


def test_it_is_bohb_where_there_is_one_budget(bowl):
    """One rung: BOHB's brackets are single evaluations, so both propose the same configurations."""
    kde = KDEBO(bowl.domain(), (9,), np.random.default_rng(3))
    bohb = OPTIMIZERS["bohb"](bowl.domain(), (9,), np.random.default_rng(3))
    kdes, bohbs = ([r.job.config for r in simulate(o, bowl, evaluations=40).results] for o in (kde, bohb))
    assert kdes == bohbs


def test_results_of_other_budgets_are_not_learned(bowl):
    optimizer = KDEBO(bowl.domain(), bowl.budgets, np.random.default_rng(0))
    job = optimizer.ask()
    short = type(job)(job.trial, job.config, bowl.budgets[0])
    optimizer.tell(Result(short, bowl.curve(job.config, short.budget), 0.5, 0.0, 1.0, 0, bowl.metric))
    assert optimizer.ask() is not None


def test_a_conditional_space_is_searched():
    space = ConfigurationSpace(space=[Categorical("kind", ["a", "b"]), Float("x", (0.0, 1.0)), Float("y", (0.0, 1.0))])
    space.add(EqualsCondition(space["y"], space["kind"], "b"))

    def curve(config, budget):
        loss = (config["x"] - 0.5) ** 2 + ((config["y"] - 0.2) ** 2 if config["kind"] == "b" else 0.5)
        return Curve(np.full(budget + 1, loss), np.arange(budget + 1.0))

    backend = FunctionBackend(space, (1,), curve)
    for name in ("kde", "gp-ei"):
        optimizer = OPTIMIZERS[name](backend.domain(), backend.budgets, np.random.default_rng(0))
        trace = simulate(optimizer, backend, workers=2, evaluations=20)
        assert all(("y" in r.job.config) == (r.job.config["kind"] == "b") for r in trace.results)
        assert trace.incumbent(np.inf).loss < 0.2, name


def test_a_history_grows_and_counts_nan_as_diverged():
    rng, history = np.random.default_rng(0), History(2)
    points, losses = rng.random((50, 2)), rng.random(50)
    losses[7] = np.nan
    for point, loss in zip(points, losses, strict=True):
        history.add(point, loss)
    assert len(history) == 50
    np.testing.assert_array_equal(history.points, points)
    np.testing.assert_array_equal(history.losses, np.where(np.isnan(losses), np.inf, losses))


@pytest.mark.parametrize("name", ["gp-ei", "gp-pi", "gp-ucb", "forest"])
def test_on_a_bowl_it_beats_random_search(name, bowl):
    def best(which):
        found = []
        for seed in range(3):
            optimizer = OPTIMIZERS[which](bowl.domain(), bowl.budgets, np.random.default_rng(seed))
            trace = simulate(optimizer, bowl, workers=4, evaluations=25)
            found.append(trace.incumbent(np.inf).loss)
        return np.mean(found)

    assert best(name) < best("random")
