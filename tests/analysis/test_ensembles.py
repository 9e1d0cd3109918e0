"""Greedy ensembles: each step is the best step, hand-worked cases, and their replay along a study."""

from itertools import combinations_with_replacement

import numpy as np
import pandas as pd
import pytest

from analysis import ensemble_replay
from analysis.ensemble_replay import BASELINE, ENSEMBLE, SINGLE, WITH_BASELINES, ensembles_over_time
from analysis.ensembles import combine, greedy_ensemble, model_loss
from analysis.figures import FIGURES
from analysis.figures.contract import NothingToDrawError
from lcbench.errors import InputError, UnknownNameError

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


@pytest.fixture(scope="module")
def trace(furnished) -> pd.DataFrame:
    """Three results on alpha in 10 seconds: at 2, 4 and 6 s; the values are those of seeds 1, 0 and 2."""
    rows = []
    for end, config_id, seed in ((2.0, 3, 1), (4.0, 5, 0), (6.0, 3, 2)):
        value = furnished.value("alpha", config_id, "valid_accuracy", 12, seed)
        rows.append({"config_id": config_id, "budget": 12, "value": value, "used": end, "finished": end})
    same = {"optimizer": "random", "dataset": "alpha", "seed": 0, "limit": 10.0, "unit": "seconds"}
    return pd.DataFrame(rows).assign(**same)


def test_results_stand_for_the_run_of_the_seed_with_their_value(furnished, trace):
    found = ensemble_replay.networks_found(furnished, "alpha", trace, "valid_accuracy")
    assert found.models == [(3, 12, 1), (5, 12, 0), (3, 12, 2)]
    assert found.ends.tolist() == [0.2, 0.4, 0.6]
    assert found.best(0.1, 5) == []
    assert set(found.best(0.4, 5)) == {(3, 12, 1), (5, 12, 0)}
    other = trace.assign(budget=7)  # no budget of the table: no predictions
    assert ensemble_replay.networks_found(furnished, "alpha", other, "valid_accuracy").models == []


def test_what_is_reached_by_time_is_that_of_the_models_there(furnished, trace):
    times = np.array([0.1, 0.3, 0.5, 1.0])
    frame = ensembles_over_time(furnished, trace, times, size=5).set_index(["pool", "time"])
    assert (SINGLE, 0.1) not in frame.index
    for time, runs in ((0.3, [(3, 12, 1)]), (0.5, [(3, 12, 1), (5, 12, 0)])):
        valid, test = (furnished.predictions_of("alpha", runs, part) for part in ("valid", "test"))
        best = greedy_ensemble(valid, furnished.labels("alpha"), size=5)
        reached = 1 - model_loss(combine(best.weights, test), furnished.labels("alpha", "test"))
        assert frame.loc[(ENSEMBLE, time), "test"] == pytest.approx(reached)
    alone = furnished.predictions("alpha", 3, "test", 12, 1)
    assert frame.loc[(SINGLE, 0.3), "test"] == pytest.approx(1 - model_loss(alone, furnished.labels("alpha", "test")))
    assert (frame.loc[SINGLE, "models"] == 1).all()


def test_baselines_are_trained_first_and_the_search_begins_after_them(furnished, trace):
    """Two baselines of 0.5 s each, so at 5 % of 10 s the first is there; the first network comes at 20 % + 10 %."""
    pools = ensemble_replay._pools(furnished, "alpha", trace, 1, "valid_accuracy")
    both, _ = pools[WITH_BASELINES]
    assert both.models[:2] == [("forest", 1), ("knn", 0)]
    assert both.ends == pytest.approx([0.05, 0.1, 0.3, 0.5, 0.7])
    frame = ensembles_over_time(furnished, trace, np.array([0.04, 0.06, 0.25]), size=5)
    assert frame[frame["pool"] == BASELINE]["time"].tolist() == [0.06, 0.25]
    free = ensembles_over_time(furnished, trace.assign(unit="epochs"), np.array([0.04]), size=5)
    assert free["pool"].tolist() == [WITH_BASELINES, BASELINE]


def test_the_figure_says_what_it_needs(bench, furnished, make_traces, trace):
    with pytest.raises(NothingToDrawError, match="collect one with --predictions"):
        FIGURES["ensembles"].frame(bench, "valid_accuracy", make_traces(bench))
    with pytest.raises(InputError, match="validation part"):
        ensembles_over_time(furnished, trace, np.array([1.0]), "train_loss")
