"""The best network against the baselines: what is chosen by what, and the gain's sign."""

import numpy as np
import pytest

from lcbench.analysis.baselines import NETWORK, against_baselines, best_config
from lcbench.analysis.figures import FIGURES
from lcbench.analysis.figures.contract import NothingToDrawError
from lcbench.errors import InputError


def test_the_network_is_chosen_by_validation_and_shown_by_test(furnished):
    frame = against_baselines(furnished).set_index(["dataset", "model"])
    for dataset in furnished.datasets:
        values = furnished.array(dataset, "valid_accuracy").mean(axis=1, dtype=float)[:, -1]
        row = int(values.round(6).argmax())
        own = frame.loc[(dataset, NETWORK)]
        assert own["config_id"] == furnished.configs.index[row] == best_config(furnished, dataset, "valid_accuracy")
        tests = furnished.array(dataset, "test_accuracy")[row, :, -1].astype(float)
        assert own["test"] == pytest.approx(tests.mean())
        assert own["deviation"] == pytest.approx(tests.std(ddof=1))


def test_baselines_are_averaged_over_their_seeds(furnished):
    recorded = furnished.baselines("alpha")
    frame = against_baselines(furnished).query("dataset == 'alpha'").set_index("model")
    forest = recorded[recorded["baseline"] == "forest"]
    assert frame.loc["forest", "test"] == pytest.approx(forest["test_accuracy"].mean())
    assert frame.loc[["forest", "knn"], "seeds"].tolist() == [2, 1]
    assert np.isnan(frame.loc["knn", "deviation"])


@pytest.mark.parametrize(("metric", "sign"), [("valid_accuracy", 1), ("valid_cross_entropy", -1)])
def test_a_gain_is_better_whatever_the_goal(furnished, metric, sign):
    frame = FIGURES["baselines"].frame(furnished, metric)
    for _, rows in frame.groupby("dataset"):
        network = rows.loc[rows["model"] == NETWORK, "test"].item()
        assert rows["gain"].to_numpy() == pytest.approx(sign * (rows["test"].to_numpy() - network))


def test_the_figure_says_what_it_needs(bench, furnished):
    with pytest.raises(NothingToDrawError, match="lcbench baselines DIR"):
        FIGURES["baselines"].frame(bench)
    with pytest.raises(InputError, match="validation part"):
        FIGURES["baselines"].frame(furnished, "test_accuracy")
