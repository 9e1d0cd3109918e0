import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lcbench.errors import InputError
from lcbench.simulate import simulate
from lcbench.simulate.optimizers._model_bo import Search, maximize, neighbours
from lcbench.simulate.optimizers._targets import bounded, logs, standardized
from lcbench.simulate.optimizers.gp_bo import GPEI, GPUCB

LOSSES = st.lists(st.one_of(st.floats(-1e3, 1e3), st.just(np.inf)), min_size=2, max_size=30).map(np.array)


@settings(max_examples=50, deadline=None)
@given(losses=LOSSES)
@example(losses=np.array([0.0, 5e-324]))
@example(losses=np.array([1.0, np.nextafter(1.0, 2.0), np.inf]))
@pytest.mark.parametrize("transform", [bounded, standardized, logs])
def test_targets_are_finite_and_keep_the_order(transform, losses):
    y = transform(losses)
    assert np.isfinite(y).all()
    better = losses[:, None] < losses[None, :]
    assert (y[:, None] <= y[None, :] + 1e-9)[better].all(), "a diverged run is never better than a finite one"


@pytest.mark.parametrize("transform", [bounded, standardized, logs])
def test_targets_of_diverged_runs_alone_are_all_zero(transform):
    assert transform(np.full(4, np.inf)).tolist() == [0.0] * 4


def test_one_hopeless_result_does_not_flatten_the_others():
    losses = np.array([0.1, 0.2, 0.3, 0.4, 1e6, np.inf])
    y = standardized(losses)
    assert y.mean() == pytest.approx(0.0)
    assert y.std() == pytest.approx(1.0)
    assert y[4] == y[5]
    assert (y[1] - y[0]) * 12 > y[4] - y[0]  # median 0.35; the fence lies at 0.35 + 3 * 0.25 = 1.1


def test_logs_do_not_depend_on_unit_or_offset():
    losses = np.random.default_rng(0).random(40)
    np.testing.assert_allclose(logs(100 * losses - 7), logs(losses), atol=1e-9)


class Line:
    """A domain in one dimension that draws uniformly."""

    def candidates(self, n, rng):
        return rng.random((n, 1))

    def realize(self, points):
        return [{"x": float(x)} for x in points[:, 0]], points


def test_steps_come_nearer_to_a_narrow_maximum_than_candidates():
    search = Search(candidates=20, beam=2)
    found = maximize(
        lambda p: -np.abs(p[:, 0] - 0.123), Line(), (0,), np.empty((0, 1)), np.random.default_rng(0), search
    )
    alone = maximize(
        lambda p: -np.abs(p[:, 0] - 0.123),
        Line(),
        (0,),
        np.empty((0, 1)),
        np.random.default_rng(0),
        Search(candidates=20, beam=2, steps=()),
    )
    assert abs(found[0, 0] - 0.123) < 0.3 * abs(alone[0, 0] - 0.123)
    assert len(found) == 2


def test_chance_decides_between_equal_values():
    search = Search(steps=(), beam=1)
    firsts = {
        float(
            maximize(lambda p: np.zeros(len(p)), Grid(), (0,), np.empty((0, 1)), np.random.default_rng(s), search)[0, 0]
        )
        for s in range(30)
    }
    assert len(firsts) > 5


class Grid(Line):
    """Ten rows, all given."""

    def candidates(self, n, rng):
        return np.linspace(0, 1, 10)[:, None]


def test_neighbours_stay_in_the_cube_and_differ_from_their_centre():
    rng = np.random.default_rng(0)
    centres = np.array([[0.01, 2.0, np.nan], [0.99, 0.0, 0.5]])
    near = neighbours(centres, (0, 3, 0), 0.1, 200, rng)
    assert near.shape == (400, 3)
    assert near[:, [0, 2]].min() >= 0
    assert near[:, [0, 2]].max() <= 1
    assert set(near[:, 1]) == {0.0, 1.0, 2.0}
    assert 0.2 < np.mean(near[200:, 0] != 0.99) < 0.95


@pytest.mark.parametrize("seed", range(3))
def test_parallel_proposals_before_any_new_result_lie_apart(bowl, seed):
    """The lower bound is lowest where nothing was tried, so each proposal must know of those before it."""
    optimizer = GPUCB(bowl.domain(), bowl.budgets, np.random.default_rng(seed), kappa=3.0)
    simulate(optimizer, bowl, evaluations=5)
    proposed = np.array([[job.config["x"], job.config["y"]] for job in (optimizer.ask() for _ in range(4))])
    distances = np.linalg.norm(proposed[:, None] - proposed, axis=2)[np.triu_indices(4, 1)]
    assert distances.min() > 0.05


def test_on_a_bowl_thirty_evaluations_come_within_a_hundredth(bowl):
    losses = []
    for seed in range(3):
        optimizer = GPEI(bowl.domain(), bowl.budgets, np.random.default_rng(seed))
        losses.append(simulate(optimizer, bowl, evaluations=30).incumbent(np.inf).loss)
    assert np.median(losses) < 0.001 + 1e-4  # 0.001 is what is left at the optimum


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"initial": 1}, "initial must be at least 2"),
        ({"random_fraction": 1.5}, r"random_fraction must be in \[0, 1\], got 1.5"),
        ({"growth": 0.5}, "growth must be at least 1, got 0.5"),
        ({"kappa": -1.0}, "kappa must be at least 0, got -1.0"),
    ],
)
def test_settings_that_cannot_be(bowl, setting, message):
    with pytest.raises(InputError, match=message):
        GPUCB(bowl.domain(), bowl.budgets, np.random.default_rng(0), **setting)


def test_searches_that_cannot_be():
    with pytest.raises(InputError, match="beam must be at least 1, got 0"):
        Search(beam=0)
    with pytest.raises(InputError, match="steps must be more than 0"):
        Search(steps=(0.1, 0.0))
