"""Optimizers that learn from other tasks, on tasks that are alike and on tasks that are not."""

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace
from scipy.special import ndtri

from lcbench.errors import InputError
from lcbench.simulate import OPTIMIZERS, simulate
from lcbench.simulate.domain import SpaceDomain
from lcbench.simulate.optimizers._gp import GP, Hyperparameters
from lcbench.simulate.optimizers.relative_landmarks import gains, similarities
from lcbench.simulate.optimizers.rgpe import misranked, own_losses, ranking_weights
from lcbench.simulate.sources import Sources, normal_scores
from lcbench.simulate.testing import check_optimizer
from lcbench.space.encoding import Encoding
from lcbench.table.metric import Metric

ERROR = Metric("valid_error", "fraction", "minimize", 0.0, 2.0)
TRANSFERRING = [name for name, made in OPTIMIZERS.items() if getattr(made, "transfers", False)]
BASES = dict.fromkeys(("portfolio", "relative-landmarks"), "random")  # of all others it is gp-ei


def sources_like(centres, sign=1.0, rows=120):
    """Tasks of one bowl each, turned upside down where the sign is -1; nearer centres have nearer meta-features."""
    space = ConfigurationSpace({"x": (0.0, 1.0), "y": (0.0, 1.0)})
    points = np.random.default_rng(5).random((rows, 2))
    losses = np.stack([((points - centre) ** 2).sum(axis=1) for centre in centres], axis=1)
    losses = losses if sign > 0 else 2 - losses
    assert list(Encoding(space).names) == ["x", "y"]
    return Sources(tuple(map(str, range(len(centres)))), points, losses, ERROR, np.array(centres), np.array([0.3, 0.8]))


ALIKE = sources_like([(0.25, 0.8), (0.3, 0.7), (0.4, 0.85), (0.9, 0.1)])
UNALIKE = sources_like([(0.3, 0.8), (0.25, 0.75), (0.35, 0.85)], sign=-1.0)


def play(name, backend, sources, evaluations, seed=0, **settings):
    optimizer = OPTIMIZERS[name](
        SpaceDomain(backend.space, None, sources), backend.budgets, np.random.default_rng(seed), **settings
    )
    return simulate(optimizer, backend, evaluations=evaluations), optimizer


def best(name, backend, sources, evaluations):
    """Mean over seeds of the lowest loss."""
    return np.mean([play(name, backend, sources, evaluations, seed)[0].incumbent(1e9).loss for seed in range(4)])


def test_they_are_all_here():
    named = {"portfolio", "nearest-task", "meta-model", "bounding-box", "relative-landmarks", "rgpe"}
    assert set(TRANSFERRING) == named | {"quantile-transfer"}


@pytest.mark.parametrize("name", TRANSFERRING)
def test_alike_tasks_help_at_few_evaluations(name, bowl):
    base = BASES.get(name, "gp-ei")
    assert best(name, bowl, ALIKE, 4) < best(base, bowl, None, 4)


@pytest.mark.parametrize("name", TRANSFERRING)
def test_without_other_tasks_it_is_its_base(name, bowl):
    own, base = (play(each, bowl, None, 9)[0] for each in (name, BASES.get(name, "gp-ei")))
    assert [r.job for r in own.results] == [r.job for r in base.results]


@pytest.mark.parametrize("name", TRANSFERRING)
def test_laws_of_the_contract_with_other_tasks(name):
    check_optimizer(name, evaluations=14)


@pytest.mark.parametrize("name", ["relative-landmarks", "rgpe"])
def test_unalike_tasks_do_no_harm_for_long(name, bowl):
    """Their weight goes, and what is found is as good as without them."""
    assert best(name, bowl, UNALIKE, 20) < best(BASES.get(name, "gp-ei"), bowl, None, 20) + 0.01


def test_the_weight_goes_to_the_task_itself_if_others_are_unalike(bowl):
    for sources, least, most in ((UNALIKE, 0.95, 1.0), (ALIKE, 0.0, 0.9)):
        trace, optimizer = play("rgpe", bowl, sources, 12)
        told = optimizer._books.told
        models, weights = optimizer._ensemble(optimizer._encoding.features(told.points), told.losses, np.empty((0, 2)))
        assert weights.sum() == pytest.approx(1)
        own = weights[-1] if models[-1] not in optimizer._others else 0.0
        assert least <= own <= most, len(trace)


def test_meta_features_must_be_known():
    bare = Sources(ALIKE.names, ALIKE.points, ALIKE.losses, ERROR)
    space = ConfigurationSpace({"x": (0.0, 1.0), "y": (0.0, 1.0)})
    for name in ("nearest-task", "meta-model"):
        with pytest.raises(InputError, match="record them with lcbench meta-features DIR"):
            OPTIMIZERS[name](SpaceDomain(space, None, bare), (1,), np.random.default_rng(0))


def test_the_nearest_task_comes_first(bowl):
    """Its best configuration, then that of the second nearest, then their second best."""
    trace, _ = play("nearest-task", bowl, ALIKE, 4, tasks=2)
    places = Encoding(bowl.space)
    nearest = ALIKE.best_rows(0)[:2], ALIKE.best_rows(1)[:2]
    expected = [nearest[0][0], nearest[1][0], nearest[0][1], nearest[1][1]]
    found = [places.encode(r.job.config) for r in trace.results]
    np.testing.assert_allclose(found, ALIKE.points[expected], atol=1e-3)


def test_misranked_pairs_by_hand():
    y = np.array([1.0, 2.0, 3.0])
    drawn = np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]])  # the first draw is in order, the second all wrong
    assert misranked(drawn, drawn, y).tolist() == [0, 3]
    assert misranked(drawn, np.broadcast_to(y[:, None], drawn.shape), y).tolist() == [0, 2]  # 3 >= 2, 3 >= 3; 2 < 3
    assert misranked(drawn, drawn, np.ones(3)).tolist() == [0, 0]


def test_weights_by_hand():
    lost = np.array([[0.0, 2.0, 1.0, 5.0], [0.0, 2.0, 5.0, 5.0], [9.0, 9.0, 9.0, 9.0]])
    own = np.array([4.0, 2.0, 3.0, 4.0])
    # draw 1: the first two tie; draw 2: our own is among the best; draw 3: the first; draw 4: our own
    assert ranking_weights(lost, own).tolist() == [0.375, 0.125, 0.0, 0.5]
    better = np.array([[9.0, 9.0, 9.0, 0.0]])  # the best of one draw, but worse than ours in the median: it is left out
    assert ranking_weights(better, own).tolist() == [0.0, 1.0]


def test_left_out_predictions_are_those_of_a_process_without_the_point():
    rng = np.random.default_rng(0)
    x, y, groups = rng.random((6, 2)), rng.standard_normal(6), np.array([0, 1])
    known = Hyperparameters(np.array([0.5, 0.8]), 1.3, 0.2)
    mean, std = GP(x, y, groups, known).left_out()
    for i in range(6):
        rest = np.arange(6) != i
        expected, spread = GP(x[rest], y[rest], groups, known).predict(x[[i]])
        assert mean[i] == pytest.approx(expected[0])
        assert std[i] == pytest.approx(np.sqrt(spread[0] ** 2 + 0.2))
    assert own_losses(GP(x, y, groups, known), y, 5, rng).shape == (5,)


def test_the_covariance_has_the_variances_on_its_diagonal():
    rng = np.random.default_rng(0)
    gp = GP(rng.random((5, 1)), rng.standard_normal(5), np.array([0]), Hyperparameters(np.array([0.4]), 1.1, 0.05))
    at = rng.random((7, 1))
    np.testing.assert_allclose(np.sqrt(np.diag(gp.covariance(at))), gp.predict(at)[1])


def test_similarity_and_gain_by_hand():
    own = np.array([0.1, 0.2, 0.3])
    same, turned, unknown = [1.0, 2.0, 3.0], [3.0, 2.0, 1.0], [np.nan] * 3
    found = similarities(np.array([same, turned, unknown]).T, own)
    assert found.tolist() == [pytest.approx(2 * 3.5 / 4 - 1), 0.0, 0.0]
    assert similarities(np.ones((1, 2)), np.ones(1)).tolist() == [1.0, 1.0]
    regrets = np.array([[0.5, 0.0], [0.2, 0.3], [np.nan, np.inf]])
    np.testing.assert_allclose(gains(regrets, 0), [[0, 0], [0.3, 0], [0, 0]])


def test_normal_scores_by_hand():
    np.testing.assert_allclose(normal_scores(np.array([3.0, 1.0, np.inf])), ndtri([0.5, 1 / 6, 5 / 6]))


@pytest.mark.parametrize("name", TRANSFERRING)
def test_other_tasks_may_lack_runs_and_have_diverged_ones(name, bowl):
    losses = ALIKE.losses.copy()
    losses[::3, 0], losses[1::7, 1], losses[:, 2] = np.nan, np.inf, 0.5
    sources = Sources(ALIKE.names, ALIKE.points, losses, ERROR, ALIKE.features, ALIKE.own)
    assert len(play(name, bowl, sources, 12)[0]) == 12
