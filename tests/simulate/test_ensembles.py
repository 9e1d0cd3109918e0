"""Greedy ensembles: each step is the best step, hand-worked cases."""

from itertools import combinations_with_replacement

import numpy as np
import pytest

from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate.ensembles import combine, greedy_ensemble, model_loss

METRICS = ("accuracy", "balanced_accuracy", "cross_entropy")


def models(
    seed: int, count: int = 6, rows: int = 25, classes: int = 3, steps: int = 8
) -> tuple[np.ndarray, np.ndarray]:
    """Random probabilities on a coarse grid, so that ties happen, and random labels."""
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(steps, np.full(classes, 1 / classes), size=(count, rows))
    return (counts / steps).astype(np.float16), rng.integers(classes, size=rows)


def mean_of(chances: np.ndarray, picks: list[int]) -> np.ndarray:
    return chances[picks].astype(np.float64).sum(axis=0) / len(picks)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("seed", range(6))
def test_each_step_is_the_best_one(metric, seed):
    chances, labels = models(seed, classes=2 + seed % 3)
    found = greedy_ensemble(chances, labels, size=9, candidates=6, metric=metric)
    picks: list[int] = []
    for pick, loss in zip(found.picks, found.losses, strict=True):
        tried = [model_loss(mean_of(chances, [*picks, other]), labels, metric) for other in range(len(chances))]
        assert loss == pytest.approx(min(tried), abs=1e-9)
        assert tried[pick] == pytest.approx(min(tried), abs=1e-9)
        picks.append(int(pick))
    assert found.losses[found.steps - 1] == found.losses.min()
    ensemble = combine(found.weights, chances)
    assert found.weights.sum() == pytest.approx(1)
    np.testing.assert_allclose(ensemble, mean_of(chances, picks[: found.steps]), atol=1e-12)
    assert model_loss(ensemble, labels, metric) <= min(model_loss(each, labels, metric) for each in chances) + 1e-9


@pytest.mark.parametrize("seed", range(3))
def test_any_loss_selects_as_its_name_does(seed):
    chances, labels = models(seed, count=5)

    def nats(probabilities, classes):
        return float(-np.log(np.maximum(probabilities[np.arange(len(classes)), classes], 2.0**-24)).mean())

    named, called = (greedy_ensemble(chances, labels, size=6, metric=metric) for metric in ("cross_entropy", nats))
    assert called.picks.tolist() == named.picks.tolist()
    np.testing.assert_allclose(called.losses, named.losses, rtol=0, atol=1e-11)
    with pytest.raises(InputError, match="every run diverged"):
        greedy_ensemble(chances, labels, metric=lambda probabilities, classes: float("nan"))


def test_two_models_that_complement_each_other_reach_the_best_multiset():
    labels = np.array([0, 0, 1, 1])
    sure, wrong = [0.9, 0.1], [0.4, 0.6]
    chances = np.array(
        [
            [sure, wrong, wrong, sure[::-1]],  # right on rows 0, 3 and (0.6 for class 1) 2
            [wrong, sure, sure[::-1], wrong[::-1]],  # right on rows 1 and 2
            [wrong, wrong, sure, sure],  # right nowhere
        ]
    )
    found = greedy_ensemble(chances, labels, size=4)
    assert [round(1 - loss, 6) for loss in found.losses[:2]] == [0.75, 1.0]
    assert found.steps == 2
    assert found.weights.tolist() == [0.5, 0.5, 0.0]
    everything = [
        model_loss(mean_of(chances, list(picks)), labels)
        for k in (1, 2, 3, 4)
        for picks in combinations_with_replacement(range(3), k)
    ]
    assert found.losses.min() == min(everything) == 0.0


def test_of_one_row_cross_entropy_is_best_with_the_best_model_alone():
    """The mean of probabilities is never above the largest, so no multiset beats the best model."""
    chances, labels = np.array([[[0.2, 0.8]], [[0.7, 0.3]], [[0.6, 0.4]]]), np.array([0])
    found = greedy_ensemble(chances, labels, size=5, metric="cross_entropy")
    assert found.weights.tolist() == [0, 1, 0]
    assert found.losses == pytest.approx(np.full(5, -np.log(0.7)))
    assert found.steps == 1


def test_only_the_best_are_candidates_and_diverged_runs_are_not():
    chances, labels = models(1, count=5)
    chances[2] = np.nan
    alone = np.array([model_loss(each, labels) for each in chances])
    assert np.isinf(alone[2])
    best = set(np.argsort(alone, kind="stable")[:2].tolist())
    assert set(greedy_ensemble(chances, labels, candidates=2).picks.tolist()) <= best
    assert 2 not in greedy_ensemble(chances, labels, candidates=30).picks
    with pytest.raises(InputError, match="every run diverged"):
        greedy_ensemble(np.full((2, 3, 2), np.nan), np.array([0, 1, 1]))


def test_of_equal_classes_the_first_is_predicted():
    labels = np.array([0, 1, 2])
    equal = np.full((1, 3, 3), 1 / 3, np.float16)
    assert model_loss(equal[0], labels) == pytest.approx(2 / 3)
    assert greedy_ensemble(equal, labels, size=3).losses == pytest.approx([2 / 3] * 3)


def test_a_zero_costs_finitely_many_nats():
    assert model_loss(np.array([[0.0, 1.0]]), np.array([0]), "cross_entropy") == pytest.approx(24 * np.log(2))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": 0}, "size of an ensemble must be at least 1"),
        ({"candidates": 0}, "candidates of an ensemble must be at least 1"),
        ({"labels": np.array([0, 5])}, "labels must be numbers of 2 classes"),
        ({"labels": np.array([0])}, "probabilities must be models x 1 rows x classes"),
    ],
)
def test_arguments_that_cannot_be_used(changes, message):
    given = {"probabilities": np.full((3, 2, 2), 0.5), "labels": np.array([0, 1])} | changes
    with pytest.raises(InputError, match=message):
        greedy_ensemble(**given)
    with pytest.raises(UnknownNameError, match="metric of an ensemble"):
        model_loss(np.full((2, 2), 0.5), np.array([0, 1]), "f1")
