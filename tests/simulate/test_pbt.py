import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from lcbench.errors import InputError
from lcbench.simulate import FunctionBackend, ReplayBackend, simulate
from lcbench.simulate.optimizers.pbt import PBT, PBTSettings, explore, stops, truncation_selection
from lcbench.simulate.optimizers.random_search import RandomSearch
from lcbench.simulate.warm_start import WarmStart
from lcbench.table.curve import Curve

FOUR = PBTSettings(population=4, truncation=0.25, resample=0.0)


def line(resumes):
    """Loss x at every epoch, 10 s an epoch, budgets 1, 2, 3."""
    space = ConfigurationSpace({"x": (0.0, 1.0)})
    return FunctionBackend(
        space, (1, 2, 3), lambda c, b: Curve(np.full(b + 1, c["x"]), 10.0 * np.arange(b + 1)), resumes=resumes
    )


def start_with(*values, settings=FOUR):
    """PBT whose first population is given."""
    return WarmStart(lambda *given: PBT(*given, settings=settings), [{"x": x} for x in values])


def test_the_timeline_of_a_population():
    """
    Members A, B, C, D with losses 0.1, 0.2, 0.3, 0.9; a quarter is poor; two workers:

    worker 0  |A 0-1|C 0-1|A 1-2|C 1-2|A 2-3|C 2-3|
    worker 1  |B 0-1|D 0-1|B 1-2|d 2-3|B 2-3|next population
              0    10    20    30    40    50    60

    At 20 four losses are known at budget 1, and D's is the worst of them. At 30 it is D's turn; it becomes d, a copy of
    A, whose weights are those after 2 epochs by then, with x one step away from A's. At 40, of three members at budget
    2, a quarter is nobody, so C goes on.
    """
    backend = line(resumes=True)
    optimizer = start_with(0.1, 0.2, 0.3, 0.9)(backend.domain(), backend.budgets, np.random.default_rng(0))
    results = simulate(optimizer, backend, workers=2, evaluations=12).results
    names = "ABCDd"
    timeline = [(names[r.job.trial], r.job.budget, r.started, r.finished, r.worker) for r in results if r.job.trial < 5]
    assert timeline == [
        ("A", 1, 0, 10, 0),
        ("B", 1, 0, 10, 1),
        ("C", 1, 10, 20, 0),
        ("D", 1, 10, 20, 1),
        ("A", 2, 20, 30, 0),
        ("B", 2, 20, 30, 1),
        ("C", 2, 30, 40, 0),
        ("d", 3, 30, 40, 1),
        ("A", 3, 40, 50, 0),
        ("B", 3, 40, 50, 1),
        ("C", 3, 50, 60, 0),
    ]
    copy = next(r.job for r in results if r.job.trial == 4)
    assert copy.parent == 0
    assert copy.config["x"] == pytest.approx(0.0) or copy.config["x"] == pytest.approx(0.2)
    follower = next(r for r in results if r.job.trial == 5)
    assert (follower.started, follower.worker, follower.job.budget, follower.job.parent) == (50, 1, 1, None)


def test_on_a_backend_that_trains_from_scratch_a_copy_pays_everything():
    backend = line(resumes=False)
    optimizer = start_with(0.1, 0.2, 0.3, 0.9)(backend.domain(), backend.budgets, np.random.default_rng(0))
    results = simulate(optimizer, backend, evaluations=12).results
    copies = [r for r in results if r.job.parent is not None]
    assert len(copies) == 1
    assert [r.finished - r.started for r in copies] == [30.0]


def test_as_many_workers_as_members_do_not_keep_a_poor_one_from_copying():
    """All four train at once; D ends its first epoch last (as in the line above), and A is in its second by then."""
    backend = line(resumes=True)
    slow = FunctionBackend(
        backend.space,
        backend.budgets,
        lambda c, b: Curve(np.full(b + 1, c["x"]), (1 + c["x"]) * np.arange(b + 1)),
        True,
    )
    optimizer = start_with(0.1, 0.2, 0.3, 0.9)(slow.domain(), slow.budgets, np.random.default_rng(0))
    copy = next(r for r in simulate(optimizer, slow, workers=4, evaluations=8).results if r.job.parent is not None)
    assert (copy.job.parent, copy.job.budget, copy.started) == (0, 2, pytest.approx(1.9))
    assert copy.finished - copy.started == pytest.approx(1 + copy.job.config["x"]), "one epoch, from A's first"


@pytest.mark.parametrize(
    ("budgets", "interval", "expected"),
    [
        ((12, 25, 50), None, (12, 25, 50)),
        (range(1, 51), None, (5, 10, 15, 20, 25, 30, 35, 40, 45, 50)),
        (range(1, 51), 20, (20, 50)),
        (range(1, 6), None, (1, 2, 3, 4, 5)),
        ((1, 48, 50), None, (50,)),
        ((5,), None, (5,)),
        ((1, 2, 3), 9, (3,)),
    ],
)
def test_stops_are_an_interval_apart(budgets, interval, expected):
    assert stops(tuple(budgets), interval) == expected


@pytest.mark.parametrize(
    ("losses", "truncation", "poor", "good"),
    [
        ([3.0, 1.0, 2.0, 5.0, 4.0], 0.2, {3}, [1]),
        ([3.0, 1.0, 2.0, 5.0, 4.0], 0.4, {3, 4}, [1, 2]),
        ([3.0, 1.0, 2.0, 5.0], 0.2, set(), []),
        ([1.0, 1.0], 0.5, {1}, [0]),
        ([np.inf, np.inf, np.inf, 1.0], 0.5, {1, 2}, [3]),  # a diverged member is not to be copied
        ([np.inf, np.inf], 0.5, {1}, []),
    ],
)
def test_the_poor_and_the_good(losses, truncation, poor, good):
    found = truncation_selection(losses, truncation)
    assert (set(found[0]), found[1]) == (poor, good)


def test_exploring_moves_numbers_a_step_and_leaves_categories():
    rng, point = np.random.default_rng(0), np.array([0.5, 0.95, 2.0])
    moved = np.stack([explore(rng, point, (0, 0, 3), PBTSettings(resample=0.0, step=0.1)) for _ in range(50)])
    assert set(moved[:, 0].round(12)) == {0.4, 0.6}
    assert set(moved[:, 1].round(12)) == {0.85, 1.0}
    assert set(moved[:, 2]) == {2.0}


def test_exploring_draws_anew_with_the_given_probability():
    rng, point = np.random.default_rng(0), np.array([0.5, 2.0])
    drawn = np.stack([explore(rng, point, (0, 3), PBTSettings(resample=0.25)) for _ in range(4000)])
    assert np.mean(~np.isin(drawn[:, 0].round(12), [0.4, 0.6])) == pytest.approx(0.25, abs=0.03)
    assert np.mean(drawn[:, 1] != 2) == pytest.approx(0.25 * 2 / 3, abs=0.03)
    assert np.isfinite(explore(rng, np.array([np.nan, np.nan]), (0, 3), PBTSettings())).all()


@pytest.mark.parametrize("budgets", [None, range(1, 51)], ids=["coarse", "every epoch"])
def test_copies_pay_only_the_epochs_they_add(bench, budgets):
    backend = ReplayBackend(bench, "alpha", schedule="non-adaptive", budgets=budgets)
    trace = simulate(PBT(backend.domain(), backend.budgets, np.random.default_rng(1)), backend, workers=3, seconds=9000)
    copies = [r for r in trace.results if r.job.parent is not None]
    assert copies
    for copy in copies:
        state = max(
            r.job.budget for r in trace.results if r.job.trial == copy.job.parent and r.finished <= copy.started
        )
        assert copy.finished - copy.started == pytest.approx(copy.curve.cost(state, copy.job.budget))
        recorded = backend.curve(copy.job.config, copy.job.budget).values
        assert copy.curve.values.tolist() == recorded.tolist(), "the new configuration's own curve from the beginning"


def test_it_beats_random_search_on_a_bowl_at_equal_time(bowl):
    def mean_best(factory):
        traces = (
            simulate(factory(bowl.domain(), bowl.budgets, np.random.default_rng(seed)), bowl, workers=4, seconds=1500)
            for seed in range(12)
        )
        return np.mean([trace.incumbent(np.inf).loss - 0.001 for trace in traces])

    assert mean_best(PBT) < mean_best(RandomSearch)


@pytest.mark.parametrize(
    "arguments", [{"population": 0}, {"interval": 0}, {"truncation": 0.6}, {"resample": 1.5}, {"step": 0.0}]
)
def test_settings_that_cannot_be(arguments):
    with pytest.raises(InputError, match=f"{next(iter(arguments))} must be"):
        PBTSettings(**arguments)
