"""The figures of importance show what was computed, and say why where they cannot."""

import sys

import numpy as np
import pandas as pd
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, Float

from lcbench.analysis.figures import FIGURES, ablation, importance, importance_ranking, marginals, pair
from lcbench.analysis.figures.contract import NothingToDrawError
from lcbench.analysis.importance.axes import Axis
from lcbench.analysis.importance.task import Task, order_of
from lcbench.errors import InputError
from lcbench.space.spaces import sample

pytest.importorskip("sklearn.ensemble", reason="importance needs scikit-learn (lcbench[models])")
NAMES = ("importance", "importance_ranking", "marginals", "pair", "ablation")


@pytest.mark.parametrize("name", NAMES)
def test_tables_without_anything_to_learn(name, stub):
    flat = stub(1)
    flat.arrays = {key: np.full_like(values, 0.5) for key, values in flat.arrays.items()}
    with pytest.raises(NothingToDrawError, match="differ in valid_accuracy"):
        FIGURES[name].frame(flat)
    with pytest.raises(NothingToDrawError, match="at least 4 configurations"):
        FIGURES[name].frame(stub(1, configs=3))


@pytest.mark.parametrize("name", NAMES)
def test_without_scikit_learn(name, stub, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.tree", None)
    with pytest.raises(InputError, match=r"lcbench\[models\]"):
        FIGURES[name].frame(stub(1, configs=13))  # a table of its own: forests of others may be kept


def test_forests_are_told_apart_by_every_number_of_their_axes():
    points = np.linspace(0, 1, 3000)
    masses = np.full(3000, 1 / 3000)
    moved = masses.copy()
    moved[[1500, 1501]] += (1e-12, -1e-12)

    def order(masses):
        task = Task("d", 1, (Axis("n", points.copy(), masses),), np.zeros((4, 1)), np.arange(4.0))
        return order_of(task, 0, None)

    assert order(masses) == order(masses.copy()) != order(moved)


def test_importance_sorts_by_median_and_draws_a_box_for_each_budget(bench):
    frame = importance.frame(bench)
    medians = frame.groupby("hyperparameter", sort=False)["fanova"].median()
    assert medians.is_monotonic_decreasing
    left, right = importance.draw(frame).axes
    assert [label.get_text() for label in left.get_yticklabels()] == medians.index.tolist()
    assert len(left.patches) == len(right.patches) == 7 * 3


def test_importance_with_one_budget(one_budget):
    frame = importance.frame(one_budget)
    assert sorted(set(frame["budget"])) == [12, 25, 50]
    assert len(importance.draw(frame).axes[0].patches) == 7 * 3


def test_importance_ranking_shows_the_ten_with_the_largest_means_and_keeps_the_numbers_of_all(stub):
    table = stub(3, configs=40)
    table.space = ConfigurationSpace({f"x{number:02d}": (0.0, 1.0) for number in range(13)})
    table.configs = sample(table.space, 40, np.random.default_rng(0)).rename_axis("config_id")
    frame = importance_ranking.frame(table)
    assert frame["hyperparameter"].nunique() == 13
    whole = importance.frame(table).groupby(["hyperparameter", "budget"])["fanova"]
    found = frame.set_index(["hyperparameter", "budget"])
    np.testing.assert_allclose(found["fanova"], whole.mean().loc[found.index])
    np.testing.assert_allclose(found["error"], (whole.std() / np.sqrt(3)).loc[found.index])
    order = frame.groupby("hyperparameter", sort=False)["fanova"].mean()
    assert order.is_monotonic_decreasing
    (panel,) = importance_ranking.draw(frame).axes
    assert [label.get_text() for label in panel.get_yticklabels()] == order.index[:10].tolist()
    assert len(panel.patches) == 10 * 3


def test_forests_are_of_the_configurations_that_have_their_budget(stub):
    table = stub(2, configs=20)
    first, second = table.datasets
    table.lose(first, 3, slice(0, 12))
    table.lose(second, 3, slice(0, 18))  # too few are left
    table.lose(second, 6, slice(5, 6))
    whole = stub(2, configs=20)
    keys = ["dataset", "budget", "hyperparameter"]
    found, complete = (importance.frame(each).set_index(keys).sort_index() for each in (table, whole))
    sizes = found["configs"].groupby(["dataset", "budget"]).first()
    assert sizes.to_dict() == {(first, 3): 8, (first, 6): 20, (first, 12): 20, (second, 6): 19, (second, 12): 20}
    for untouched in ((first, 6), (first, 12), (second, 12)):
        pd.testing.assert_frame_equal(found.loc[untouched], complete.loc[untouched])
    figure = importance_ranking.draw(importance_ranking.frame(table))
    said = [text.get_text() for text in figure.legends[0].get_texts()]
    assert said == ["3 (8 configurations)", "6 (19 to 20 configurations)", "12 (20 configurations)"]
    assert [
        text.get_text() for text in importance_ranking.draw(importance_ranking.frame(whole)).legends[0].get_texts()
    ] == ["3", "6", "12"]


def test_marginals_are_differences_of_the_metric_from_its_mean(bench):
    frame = marginals.frame(bench)
    quality = frame[frame["hyperparameter"] == "num_layers"].groupby("dataset")["mean"]
    assert quality.mean().to_numpy() == pytest.approx(0, abs=1e-12)
    errors = marginals.frame(bench, "valid_cross_entropy")  # (1 - accuracy) * 2, but for rounding, so that trees differ
    both = frame.merge(errors, on=["dataset", "hyperparameter", "coordinate"])
    slope, _ = np.polyfit(both["mean_x"], both["mean_y"], 1)
    assert slope == pytest.approx(-2, abs=0.4)
    assert len(marginals.draw(frame).axes) == 7


def test_pair_is_of_the_two_most_important(bench):
    effects = importance.frame(bench)
    largest = effects[effects["budget"] == 50].groupby("hyperparameter")["fanova"].mean().nlargest(2)
    frame = pair.frame(bench)
    assert frame[["x_name", "y_name"]].drop_duplicates().to_numpy().tolist() == [largest.index.tolist()]
    image = pair.draw(frame).axes[0].collections[0].get_array()
    assert sorted(image.ravel()) == sorted(frame["mean"])
    star = pair.draw(frame).axes[0].lines[0]
    best = frame.loc[frame["mean"].idxmax()]
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (best["x"], best["y"])


def test_parts_of_an_ablation_add_up_to_one(bench):
    frame = ablation.frame(bench)
    assert frame.groupby("dataset")["part"].sum().to_numpy() == pytest.approx(1)
    assert len(ablation.draw(frame).axes[1].patches) == frame["hyperparameter"].nunique() - 1


@pytest.mark.parametrize("name", NAMES)
def test_a_space_with_categories_draws_and_survives_csv(name, stub, tmp_path):
    space = ConfigurationSpace(seed=0)
    space.add(Categorical("optimizer", ["sgd", "adam", "lion"]), Float("rate", (1e-3, 1), log=True))
    table = stub(2)
    table.space = space
    table.configs = sample(space, 12, np.random.default_rng(0))
    frame = FIGURES[name].frame(table)
    frame.to_csv(tmp_path / "numbers.csv", index=False)
    for numbers in (frame, pd.read_csv(tmp_path / "numbers.csv")):
        figure = FIGURES[name].load().draw(numbers)
        figure.canvas.draw()
    if name in ("marginals", "pair"):
        ticks = {
            label.get_text() for panel in figure.axes for label in panel.get_xticklabels() + panel.get_yticklabels()
        }
        assert {"sgd", "adam", "lion"} <= ticks


def test_pair_needs_two_hyperparameters(stub):
    table = stub(1)
    table.space = ConfigurationSpace({"rate": (0.0, 1.0)})
    table.configs = sample(table.space, 12, np.random.default_rng(0))
    with pytest.raises(NothingToDrawError, match="at least two hyperparameters"):
        pair.frame(table)


@pytest.mark.parametrize(
    ("value", "text"), [(0.00316227, "0.00316"), (512.0, "512"), ("0.5", "0.5"), (1e-5, "0.00001"), (1e-9, "1e-09")]
)
def test_numbers_are_written_short(value, text):
    assert marginals.written(value) == text
