"""Ensembles along a study: what is replayed, and when."""

import numpy as np
import pandas as pd
import pytest

from lcbench.analysis import ensemble_replay
from lcbench.analysis.ensemble_replay import BASELINE, ENSEMBLE, SINGLE, WITH_BASELINES, ensembles_over_time
from lcbench.analysis.figures import FIGURES
from lcbench.analysis.figures.contract import NothingToDrawError
from lcbench.errors import InputError
from lcbench.simulate.ensembles import combine, greedy_ensemble, model_loss


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


def test_a_run_in_which_nothing_finished_has_no_ensembles(furnished, trace):
    nothing = trace.iloc[:1].assign(seed=9, trial=-1, config_id=-1, budget=0, loss=np.inf, value=np.nan, finished=1e9)
    nothing = nothing.assign(used=1e9)
    times = np.array([0.5, 1.0])
    found = ensembles_over_time(furnished, pd.concat([trace, nothing]), times)
    assert set(found.loc[found["seed"] == 9, "pool"]) <= {WITH_BASELINES, BASELINE}
    alone = ensembles_over_time(furnished, trace, times)
    pd.testing.assert_frame_equal(found[found["seed"] != 9].reset_index(drop=True), alone)
