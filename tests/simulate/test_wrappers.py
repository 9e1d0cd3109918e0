import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from lcbench.collection.networks.metrics import METRICS
from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate import OPTIMIZERS, FunctionBackend, ReplayBackend, simulate
from lcbench.simulate.wrappers import Folded, Negated, Noise, ScaledCost, Subset
from lcbench.simulate.wrappers.changed import stable_seed
from lcbench.simulate.wrappers.folded import chebyshev, weighted_sum
from lcbench.table.curve import Curve

HERE = {"x": 0.5, "y": 0.5}


def flat(name, value, budgets=(2, 4), resumes=False):
    """A backend whose curves are flat."""
    return FunctionBackend(
        ConfigurationSpace({"x": (0.0, 1.0), "y": (0.0, 1.0)}),
        budgets,
        lambda c, b: Curve(np.full(b + 1, value), 10.0 * np.arange(b + 1)),
        resumes,
        METRICS[name],
    )


def test_noise_has_the_mean_and_deviation_asked_for():
    backend = flat("train_loss", 100.0)
    noisy = Noise(backend, 2.0)
    values = np.concatenate([noisy.curve({"x": x, "y": 0.5}, 4).values for x in np.linspace(0, 1, 1000)])
    assert values.mean() == pytest.approx(100, abs=4 * 2 / np.sqrt(5000))
    assert values.std() == pytest.approx(2, rel=0.05)
    assert abs(np.corrcoef(values[:-1], values[1:])[0, 1]) < 0.06


def test_noise_depends_on_seed_configuration_and_run():
    backend = flat("train_loss", 100.0)
    curves = [
        Noise(backend, 1.0, seed).curve({"x": x, "y": 0.5}, budget).values[:3].tolist()
        for seed in (0, 1)
        for x in (0.5, 0.25)
        for budget in (2, 4)
    ]
    assert len({tuple(curve) for curve in curves}) == 8
    assert Noise(backend, 1.0).curve({"y": 0.5, "x": np.float64(0.5)}, 2).values.tolist() == curves[0]


def test_a_configurations_seed_is_the_same_everywhere():
    """``printf "(3, 50, [('c', 'a'), ('n', 2.0)])" | b2sum -l 64``."""
    assert stable_seed(3, {"n": 2, "c": "a"}, 50) == stable_seed(3, {"c": "a", "n": np.int64(2)}, 50)
    assert stable_seed(3, {"n": 2, "c": "a"}, 50) == 0xBF017801852FD46B


def test_noise_stays_in_the_range_and_does_not_cure_a_diverged_run():
    assert Noise(flat("valid_accuracy", 0.99), 0.5).curve(HERE, 4).values.max() == 1.0
    assert np.isnan(Noise(flat("valid_accuracy", np.nan), 0.5).curve(HERE, 4).values).all()


def test_no_noise_is_the_backend_itself():
    assert Noise(flat("train_loss", 7.0), 0.0).curve(HERE, 4).values.tolist() == [7.0] * 5


@pytest.mark.parametrize("std", [-1.0, float("nan"), float("inf"), "1"])
def test_noise_that_cannot_be(std):
    with pytest.raises(InputError, match=r"seed must be a whole number, got 0\.5"):
        Noise(flat("train_loss", 7.0), 0.1, seed=0.5)
    with pytest.raises(InputError, match="std must be finite and at least 0"):
        Noise(flat("train_loss", 1.0), std)


def test_a_subset_offers_what_was_chosen(bench):
    backend = Subset(ReplayBackend(bench, "alpha", schedule="non-adaptive"), (12, 25))
    assert backend.budgets == (12, 25)
    optimizer = OPTIMIZERS["hyperband"](backend.domain(), backend.budgets, np.random.default_rng(0))
    assert {r.job.budget for r in simulate(optimizer, backend, evaluations=20).results} == {12, 25}
    with pytest.raises(UnknownNameError, match="50"):
        backend.curve(backend.domain().sample(np.random.default_rng(0)), 50)


@pytest.mark.parametrize(
    ("budgets", "message"),
    [
        ((2, 3), r"budgets must be among the backend's \(2, 4\), got 3"),
        ((), "budgets must"),
        ((4, 2), "budgets must"),
    ],
)
def test_subsets_that_cannot_be(budgets, message):
    with pytest.raises(InputError, match=message):
        Subset(flat("train_loss", 1.0), budgets)


def test_seconds_are_multiplied_by_a_number_or_by_configuration():
    backend = flat("train_loss", 1.0)
    assert ScaledCost(backend, 6.0).curve(HERE, 2).seconds.tolist() == [0, 60, 120]
    by_config = ScaledCost(backend, lambda config: 1 + config["x"])
    assert by_config.curve(HERE, 2).seconds.tolist() == [0, 15, 30]


def test_factors_that_cannot_be():
    with pytest.raises(InputError, match="factor must be finite and more than 0, got 0"):
        ScaledCost(flat("train_loss", 1.0), 0)
    with pytest.raises(InputError, match=r"factor must be finite and more than 0, got -0\.5"):
        ScaledCost(flat("train_loss", 1.0), lambda config: -config["x"]).curve(HERE, 2)


@pytest.mark.parametrize("name", ["bohb", "de"])
@pytest.mark.parametrize("metric", ["valid_accuracy", "valid_cross_entropy"])
def test_a_sign_changes_nothing_for_an_optimizer(bench, name, metric):
    def losses(backend):
        optimizer = OPTIMIZERS[name](backend.domain(), backend.budgets, np.random.default_rng(0))
        return [(r.job, r.loss) for r in simulate(optimizer, backend, evaluations=40).results]

    backend = ReplayBackend(bench, "alpha", metric)
    negated = Negated(backend)
    assert losses(negated) == losses(backend)
    assert negated.metric.goal != backend.metric.goal
    assert Negated(negated).metric.low == backend.metric.low


def test_scalarizations_by_hand():
    """Losses (0.2, 0.6) with weights (1/4, 3/4): weighted 0.05 and 0.45."""
    losses, weights = [[0.2, 0.0], [0.6, 1.0]], [0.25, 0.75]
    assert weighted_sum(losses, weights) == pytest.approx([0.5, 0.75])
    assert chebyshev(losses, weights) == pytest.approx([0.45 + 0.05 * 0.5, 0.75 + 0.05 * 0.75])
    assert chebyshev(losses, weights, rho=0) == pytest.approx([0.45, 0.75])


def test_folded_objectives_are_their_losses():
    """Accuracy 0.8 is a loss of 0.2; cross-entropy 0.6 in a range from 0.2 to 1.0 is 0.5."""
    backends = [flat("valid_accuracy", 0.8), flat("valid_cross_entropy", 0.6)]
    folded = Folded(backends, [2.0, 6.0], "sum", ranges=[(0, 1), (0.2, 1.0)])
    curve = folded.curve(HERE, 2)
    assert curve.values == pytest.approx([0.25 * 0.2 + 0.75 * 0.5] * 3)
    assert curve.seconds.tolist() == [0, 10, 20]
    assert folded.metric.name == "sum(valid_accuracy, valid_cross_entropy)"
    assert folded.metric.low == pytest.approx(-0.75 * 0.25)
    assert Folded(backends).curve(HERE, 2).values == pytest.approx([0.3 + 0.05 * 0.4] * 3), "Chebyshev, all alike"


def test_chebyshev_finds_what_a_sum_cannot():
    """Losses (0, 1), (0.6, 0.6), (1, 0): the middle one is on a concave front."""
    points = np.array([[0.0, 0.6, 1.0], [1.0, 0.6, 0.0]])
    assert {int(weighted_sum(points, [w, 1 - w]).argmin()) for w in np.linspace(0, 1, 101)} == {0, 2}
    assert {int(chebyshev(points, [w, 1 - w]).argmin()) for w in np.linspace(0, 1, 101)} == {0, 1, 2}


def test_one_diverged_objective_is_a_diverged_run():
    folded = Folded([flat("valid_accuracy", 0.8), flat("train_loss", np.nan)], [1.0, 0.0])
    assert np.isnan(folded.curve(HERE, 2).values).all()
    assert folded.metric.loss(folded.curve(HERE, 2).values[-1]) == np.inf


def test_metrics_of_one_table_are_folded(bench):
    backends = [ReplayBackend(bench, "alpha", name) for name in ("valid_accuracy", "valid_cross_entropy")]
    folded = Folded(backends, kind="sum")
    config = folded.domain().sample(np.random.default_rng(0))
    expected = sum(b.metric.loss(b.curve(config, 50).values) for b in backends) / 2
    assert folded.curve(config, 50).values == pytest.approx(expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"backends": []}, "backends must be at least one"),
        ({"backends": [flat("train_loss", 1.0), flat("train_loss", 1.0, (2, 3))]}, "budgets of all backends must be"),
        ({"backends": [flat("train_loss", 1.0), flat("train_loss", 1.0, resumes=True)]}, "resumes of all backends"),
        ({"weights": [1.0]}, "weights must be 2 finite numbers"),
        ({"weights": [1.0, -1.0]}, "weights must be 2 finite numbers"),
        ({"weights": [0.0, 0.0]}, "weights must be 2 finite numbers"),
        ({"ranges": [(0, 1)]}, "ranges must be 2 pairs"),
        ({"ranges": [(0, 1), (1, 1)]}, "ranges must be 2 pairs"),
        ({"rho": -1.0}, "rho must be at least 0"),
        ({"kind": "product"}, "product"),
    ],
)
def test_foldings_that_cannot_be(arguments, message):
    backends = [flat("train_loss", 1.0), flat("valid_accuracy", 1.0)]
    with pytest.raises(InputError, match=message):
        Folded(**{"backends": backends, **arguments})
