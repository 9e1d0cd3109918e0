"""The card: what is held out is held out whole, and the figures are what they say."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from lcbench.simulate.surrogate import carry_out, plan
from lcbench.simulate.surrogate.basis import fit_basis
from lcbench.simulate.surrogate.card import Card, assign_folds, hold_out, score
from lcbench.simulate.surrogate.recorded import record

pytest.importorskip("sklearn", reason="fitting needs the extra 'models'")


def test_predictions_do_not_depend_on_what_is_held_out(bench):
    """Other curves of the configurations of fold 0, at all seeds, leave their predictions as they were."""
    recorded = record(bench, "alpha", "valid_accuracy", resumes=True)
    fold = assign_folds(recorded.features(), 2, 0)
    changed = {name: {50: np.array(getattr(recorded, name)[50])} for name in ("values", "seconds")}
    for arrays in changed.values():
        arrays[50][fold == 0] *= 0.5
    other = replace(recorded, **changed)
    before, after = (hold_out(each, 50, "forest", fold, 0, None).predicted for each in (recorded, other))
    for name in changed:
        np.testing.assert_array_equal(before[name][fold == 0], after[name][fold == 0])
        assert not np.array_equal(before[name][fold == 1], after[name][fold == 1])


def test_folds_are_about_equal_and_keep_equal_configurations_together():
    features = np.random.default_rng(0).random((40, 3)).astype(np.float32)
    features[20:25] = features[:5]
    fold = assign_folds(features, 4, 1)
    assert fold[20:25].tolist() == fold[:5].tolist()
    counts = np.bincount(np.delete(fold, np.arange(20, 25)), minlength=4)
    assert np.ptp(counts) <= 1
    assert assign_folds(features, 4, 2).tolist() != fold.tolist()


def test_scores_are_the_textbooks(bench):
    recorded = record(bench, "alpha", "valid_accuracy", resumes=True)
    fold = assign_folds(recorded.features(), 2, 0)
    held_out = hold_out(recorded, 50, "forest", fold, 0, None)
    found = score(held_out, "values", "valid_accuracy", 50, "forest")
    wanted = bench.array("alpha", "valid_accuracy", 50).mean(axis=1, dtype=float)
    guess = held_out.predicted["values"]
    error = wanted[:, -1] - guess[:, -1]
    assert found.configurations == 30
    assert found.spearman == pytest.approx(stats.spearmanr(wanted[:, -1], guess[:, -1]).statistic)
    assert found.kendall == pytest.approx(stats.kendalltau(wanted[:, -1], guess[:, -1]).statistic)
    assert found.rmse == pytest.approx(np.sqrt(np.mean(error**2)))
    assert found.r2 == pytest.approx(1 - np.sum(error**2) / np.sum((wanted[:, -1] - wanted[:, -1].mean()) ** 2))
    assert found.curve_rmse == pytest.approx(np.sqrt(np.mean((wanted - guess) ** 2)))


def test_best_takes_the_model_with_the_best_ranks_for_each_budget_and_series(bench):
    for package in ("lightgbm", "catboost"):
        pytest.importorskip(package, reason="fitting needs the extra 'models'")
    told = []
    asked = plan(bench, "alpha", model="best", schedule="non-adaptive", folds=2)
    surrogate = carry_out(bench, asked, told.append)
    assert len(told) == asked.steps == 7
    for series, metric in (("values", "valid_accuracy"), ("seconds", "seconds")):
        scores = [each for each in surrogate.card.scores if each.metric == metric]
        assert sorted(each.model for each in scores) == ["catboost", "forest", "lightgbm"]
        (chosen,) = [each for each in scores if each.chosen]
        assert chosen.spearman == max(each.spearman for each in scores)
        assert getattr(surrogate.courses[50], series).model == chosen.model


def test_a_card_is_the_same_after_writing_and_reading(bench):
    card = carry_out(bench, plan(bench, "alpha", model="forest", schedule="non-adaptive", folds=2)).card
    assert Card.from_json(card.to_json()) == card
    assert f"| valid_accuracy | 50 | forest | yes | 30 | {card.scores[0].r2:.3f} |" in card.to_text()
    assert {(each.metric, each.budget) for each in card.scores} == {("valid_accuracy", 50), ("seconds", 50)}


def test_curves_that_the_components_span_come_back_from_their_coefficients():
    rng = np.random.default_rng(0)
    levels, weights = rng.normal(size=20), rng.normal(size=(20, 2))
    shapes = rng.normal(size=9) + weights @ rng.normal(size=(2, 9))
    basis = fit_basis(levels, shapes, 3)
    assert basis.outputs == 3, "no component that explains nothing"
    coefficients = basis.encode(levels, shapes)
    found = basis.decode(coefficients)
    np.testing.assert_allclose(found[0], levels)
    np.testing.assert_allclose(found[1], shapes)
    np.testing.assert_allclose(coefficients.mean(axis=0), 0, atol=1e-12)
    assert coefficients[:, 0].std() == pytest.approx(1)
