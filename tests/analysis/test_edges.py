"""What has no freedom explains nothing and is in no picture; categories are written as they are."""

import numpy as np
import pandas as pd
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, Constant, EqualsCondition, Float, OrdinalHyperparameter
from own_tables import own_table

from lcbench.analysis.figures import FIGURES, NothingToDrawError
from lcbench.analysis.importance.ablation import ablation_paths
from lcbench.analysis.importance.fanova import interactions, main_effects
from lcbench.analysis.importance.marginals import marginal_curve
from lcbench.analysis.importance.task import fit_task, importance, observations
from lcbench.analysis.report.explorer import _hyperparameters

pytest.importorskip("sklearn", reason="importance needs scikit-learn (lcbench[models])")
PICTURES = ("importance", "importance_ranking", "marginals", "pair", "ablation")


def table(folder, *fixed):
    """Error 0.2 with sgd, 0.5 with adam, less 0.1 x; what is fixed exists with sgd only, but for the second of it."""
    space = ConfigurationSpace(space=[Float("x", (0, 1)), Categorical("opt", ["sgd", "adam"], default="adam"), *fixed])
    space.add([EqualsCondition(space[part.name], space["opt"], "sgd") for part in fixed[:1]])
    return own_table(folder, space, lambda c, *_: (0.2 if c["opt"] == "sgd" else 0.5) - 0.1 * c["x"], configs=60)


@pytest.mark.parametrize(
    "fixed",
    [
        (Constant("nesterov", "yes"), Constant("epochs", 50)),
        (Categorical("nesterov", [True]),),
        (OrdinalHyperparameter("nesterov", ["007"]), Categorical("epochs", [50])),
    ],
)
def test_what_has_one_value_moves_no_number_and_has_none(tmp_path, fixed):
    plain, with_fixed = table(tmp_path / "a"), table(tmp_path / "b", *fixed)
    assert plain.configs.equals(with_fixed.configs[list(plain.configs)])

    def numbers(bench):
        task = observations(bench, "own")
        model = fit_task(task)
        curves = [marginal_curve(model, name) for name in model.names]
        return [main_effects(model), interactions(model), *curves, importance(bench), ablation_paths(bench)]

    for wanted, found in zip(numbers(plain), numbers(with_fixed), strict=True):
        pd.testing.assert_frame_equal(wanted, found)
    for name in PICTURES:
        pd.testing.assert_frame_equal(FIGURES[name].frame(plain), FIGURES[name].frame(with_fixed))
    assert [each["name"] for each in _hyperparameters(with_fixed)] == list(plain.space)
    effects = main_effects(fit_task(observations(with_fixed, "own"))).set_index("hyperparameter")["importance"]
    assert effects["opt"] == pytest.approx(0.964, abs=0.02), "0.15^2 of 0.15^2 + 0.1^2 / 12"


def test_a_pair_needs_two_that_are_free(tmp_path):
    space = ConfigurationSpace(space=[Float("x", (0, 1)), Constant("k", 1), Categorical("l", ["a"])])
    bench = own_table(tmp_path / "t", space, lambda c, *_: 0.2 * c["x"])
    with pytest.raises(NothingToDrawError, match="two hyperparameters of more than one value"):
        FIGURES["pair"].frame(bench)


LEVELS = {"flag": [True, False], "version": ["1.10", "1.2", "007"], "bits": ["1e3", "1e2"], "rate": [0.5, 1.0]}


@pytest.mark.parametrize("kind", [Categorical, OrdinalHyperparameter])
@pytest.mark.parametrize("name", ["marginals", "pair"])
def test_ticks_of_categories_are_their_text(tmp_path, name, kind):
    space = ConfigurationSpace(space=[Float("x", (0, 1)), *(kind(key, levels) for key, levels in LEVELS.items())])
    weights = {"flag": 0.1, "version": 0.2, "bits": 0.05, "rate": 0.02}

    def error(config, *_):
        return 0.5 - sum(w * (config[key] == LEVELS[key][0]) for key, w in weights.items()) + 0.01 * config["x"]

    bench = own_table(tmp_path / "t", space, error, configs=80)
    figure = FIGURES[name].load().draw(FIGURES[name].frame(bench))
    figure.canvas.draw()
    shown = {}
    for panel in figure.axes:
        x, y = ([tick.get_text() for tick in ticks] for ticks in (panel.get_xticklabels(), panel.get_yticklabels()))
        shown |= {panel.get_title(loc="left"): x, panel.get_xlabel(): x, panel.get_ylabel(): y}
    found = {key: shown[key] for key in LEVELS if key in shown}
    assert len(found) == (2 if name == "pair" else 4)
    for key, texts in found.items():
        assert texts == [str(level) for level in LEVELS[key]]


def test_numbers_are_still_short(tmp_path):
    space = ConfigurationSpace(space=[Float("x", (1e-3, 1), log=True), Float("y", (0, 1))])
    bench = own_table(tmp_path / "t", space, lambda c, *_: 0.2 * c["y"] + 0.1 * np.log10(c["x"] * 1e3))
    figure = FIGURES["pair"].load().draw(FIGURES["pair"].frame(bench))
    ticks = {tick.get_text() for tick in figure.axes[0].get_xticklabels() + figure.axes[0].get_yticklabels()}
    assert {"0.001", "0.01", "0.1", "1"} <= ticks, "round numbers where they are"
    assert {"0.2", "0.4"} <= ticks
