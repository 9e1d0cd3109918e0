"""The policy gradient against differences, by hand and in expectation, and what it makes of a policy."""

from itertools import product

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float

from lcbench.errors import InputError
from lcbench.simulate import FunctionBackend, Result, simulate
from lcbench.simulate.optimizers.reinforce import INACTIVE, Adam, Baseline, Reinforce, entropy_gradient, score, softmax
from lcbench.space.cells import NAMES, OPERATIONS, cell_space
from lcbench.table.curve import Curve

LOGITS = np.array([[0.3, -1.0, 0.7], [2.0, 0.5, -np.inf]])
"""One hyperparameter of three levels, one of two."""


def differences(function):
    """The gradient of a function of the logits by central differences; 0 where there is no level."""
    found = np.zeros_like(LOGITS)
    for place in zip(*np.nonzero(np.isfinite(LOGITS)), strict=True):
        step = np.zeros_like(LOGITS)
        step[place] = 1e-4
        found[place] = (function(LOGITS + step) - function(LOGITS - step)) / 2e-4
    return found


@pytest.mark.parametrize("chosen", [(0, 0), (2, 1), (INACTIVE, 1)])
def test_the_score_is_the_gradient_of_the_log_probability(chosen):
    def log_probability(logits):
        return sum(np.log(softmax(logits)[j, level]) for j, level in enumerate(chosen) if level != INACTIVE)

    np.testing.assert_allclose(score(softmax(LOGITS), np.array(chosen)), differences(log_probability), atol=1e-5)


def test_the_entropy_gradient_is_that_of_the_entropy():
    def entropy(logits):
        policy = softmax(logits)
        return -(policy * np.log(np.where(policy > 0, policy, 1))).sum()

    np.testing.assert_allclose(entropy_gradient(softmax(LOGITS)), differences(entropy), atol=1e-5)
    np.testing.assert_allclose(entropy_gradient(softmax(np.zeros((1, 4)))), 0, atol=1e-9)


def test_the_expected_gradient_is_that_of_the_expected_reward():
    """Over all choices: Williams' theorem 1. A constant reward moves nothing, whatever it is."""
    rewards = np.random.default_rng(0).normal(size=(3, 2))

    def expected(logits):
        first, second = softmax(logits)
        return first @ rewards @ second[:2]

    policy = softmax(LOGITS)
    choices = [(np.array(c), policy[0, c[0]] * policy[1, c[1]]) for c in product(range(3), range(2))]
    gradient = sum(p * rewards[tuple(chosen)] * score(policy, chosen) for chosen, p in choices)
    np.testing.assert_allclose(gradient, differences(expected), atol=1e-5)
    np.testing.assert_allclose(sum(p * 7.0 * score(policy, chosen) for chosen, p in choices), 0, atol=1e-9)


def test_the_baseline_by_hand():
    """Losses 3 and 1 with momentum 0.5: the average of the rewards is (0.5 * -3 + 1 * -1) / 1.5."""
    baseline = Baseline(0.5, ranks=False)
    assert baseline.advantage(3.0) == 0
    assert baseline.advantage(1.0) == pytest.approx(-1 + 2.5 / 1.5)
    assert baseline.advantage(np.inf) == pytest.approx(-3 + (0.25 * 3 + 0.5 * 1 + 3) / 1.75), "as bad as the worst"


def test_ranks_by_hand():
    """Losses 5, 9, 2 have the ranks 0, -1, 1 as rewards; without momentum the last one's average is itself."""
    baseline = Baseline(0.5, ranks=True)
    advantages = [baseline.advantage(loss) for loss in (5.0, 9.0, 2.0)]
    assert advantages[2] == pytest.approx(1 - (0.25 * 0 - 0.5 * 1 + 1) / 1.75)
    assert Baseline(0.0, ranks=True).advantage(4.0) == 0


@pytest.mark.parametrize("ranks", [True, False])
def test_equal_losses_move_nothing(ranks):
    baseline = Baseline(0.9, ranks=ranks)
    assert [baseline.advantage(7.0) for _ in range(5)] == pytest.approx([0] * 5)
    diverged = Baseline(0.9, ranks=ranks)
    assert [diverged.advantage(np.inf) for _ in range(5)] == pytest.approx([0] * 5)


def test_a_first_step_of_adam_is_as_long_as_its_rate():
    np.testing.assert_allclose(Adam(0.1).step(np.array([[1e-3, -50.0, 0.0]])), [[0.1, -0.1, 0.0]], rtol=1e-4)


def separable(best):
    """Cells, better by one for each edge that has its best operation."""

    def curve(config, budget):
        return Curve(np.full(budget + 1, 6.0 - sum(config[n] == o for n, o in best.items())), np.arange(budget + 1.0))

    return FunctionBackend(cell_space(), (1,), curve)


BEST = dict(zip(NAMES, np.random.default_rng(3).choice(OPERATIONS, len(NAMES)).tolist(), strict=True))


def learned(evaluations, **settings):
    """Probabilities of the best operation of each edge, after so many results."""
    backend = separable(BEST)
    optimizer = Reinforce(backend.domain(), backend.budgets, np.random.default_rng(0), **settings)
    trace = simulate(optimizer, backend, workers=3, evaluations=evaluations)
    right = [optimizer.policy[j, OPERATIONS.index(BEST[name])] for j, name in enumerate(NAMES)]
    return np.array(right), trace


def test_it_concentrates_on_the_best_level_of_each_edge():
    right, trace = learned(250)
    assert (right > 0.5).all()
    assert trace.incumbent(np.inf).job.config == BEST


def test_entropy_keeps_the_policy_from_collapsing():
    free, held = learned(250, entropy=0.0)[0], learned(250, entropy=1.0)[0]
    assert free.min() > 0.95
    assert held.max() < 0.9


def test_another_unit_of_the_metric_changes_nothing():
    """Losses are ranked, so the same jobs follow from any that increase with them."""

    def jobs(unit):
        def curve(config, budget):
            return Curve(np.full(budget + 1, unit(config["x"])), np.arange(budget + 1.0))

        backend = FunctionBackend(ConfigurationSpace({"x": (0.0, 1.0), "y": (0.0, 1.0)}), (1,), curve)
        optimizer = Reinforce(backend.domain(), (1,), np.random.default_rng(1))
        return [r.job.config for r in simulate(optimizer, backend, evaluations=40).results]

    assert jobs(lambda x: x) == jobs(lambda x: np.exp(9 * x))


def test_numbers_are_drawn_all_over_their_bins_and_learned(bowl):
    optimizer = Reinforce(bowl.domain(), bowl.budgets, np.random.default_rng(0), bins=4)
    results = simulate(optimizer, bowl, evaluations=200).results
    assert len({r.job.config["x"] for r in results}) == 200
    assert optimizer.policy.argmax(axis=1).tolist() == [1, 3], "0.3 and 0.8 are in the second and the last quarter"


def test_what_is_inactive_learns_nothing():
    """Only results without `b` are told: its levels stay equal while those of `a` move."""
    space = ConfigurationSpace()
    a, b = Categorical("a", ["no", "yes"]), Float("b", (0.0, 1.0))
    space.add([a, b, EqualsCondition(b, a, "yes")])
    backend = FunctionBackend(space, (1,), lambda config, _: Curve(np.zeros(2), np.arange(2.0)))
    optimizer = Reinforce(backend.domain(), (1,), np.random.default_rng(0))
    for loss in np.random.default_rng(1).random(40):
        job = optimizer.ask()
        if "b" not in job.config:
            optimizer.tell(Result(job, backend.curve(job.config, 1), float(loss), 0.0, 1.0, 0, backend.metric))
    rows = dict(zip(space, optimizer.policy, strict=True))
    assert np.ptp(rows["b"]) == 0
    assert np.ptp(rows["a"][:2]) > 0.01


@pytest.mark.parametrize(
    "arguments", [{"learning_rate": 0.0}, {"momentum": 1.0}, {"entropy": -1.0}, {"bins": 0}, {"bins": 2.5}]
)
def test_arguments_that_cannot_be(bowl, arguments):
    with pytest.raises(InputError, match=f"{next(iter(arguments))} must be"):
        Reinforce(bowl.domain(), bowl.budgets, np.random.default_rng(0), **arguments)
