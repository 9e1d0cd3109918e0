"""The test loss of what validation chose: by hand, and held against the table."""

import io

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from lcbench.collection.networks.metrics import RECORD
from lcbench.errors import InputError
from lcbench.simulate.replay import ReplayBackend
from lcbench.simulate.study import by_variant, report, results, study, tested
from lcbench.simulate.study.regret import normalized_regrets, regrets
from lcbench.table.metric import Metric

NAN, INF = np.nan, np.inf


def traces(*rows: tuple[float, float, float], seed: int = 0, **ends: float) -> pd.DataFrame:
    """A run of limit 10 from (finished, loss, test loss); test losses of the table are from 0.2 to 0.7."""
    known = {"best_loss": 0.0, "worst_loss": 1.0, "best_test_loss": 0.2, "worst_test_loss": 0.7}
    frame = pd.DataFrame(rows, columns=["finished", "loss", "test_loss"])
    return frame.assign(optimizer="a", dataset="d", seed=seed, limit=10.0, **known | ends)


HAND = traces((1.0, 0.5, 0.6), (3.0, 0.9, 0.2), (4.0, 0.4, 0.3), (6.0, 0.3, 0.5), (6.0, 0.3, 0.2), (9.0, INF, NAN))
TIMES = (0.05, 0.1, 0.35, 0.4, 0.6, 1.0)


def test_by_hand():
    # incumbents: 0.5 at 1, 0.4 at 4, 0.3 at 6 (the earlier of two equal ones); their test losses 0.6, 0.3, 0.5
    np.testing.assert_allclose(tested.test_regrets(HAND, TIMES).loc["a", "d", 0], [1.0, 0.8, 0.8, 0.2, 0.6, 0.6])
    np.testing.assert_allclose(tested.overtuning(HAND, TIMES).loc["a", "d", 0], [0, 0, 0, 0, 0.4, 0.4])


def test_rows_may_come_in_any_order_of_time():
    shuffled = HAND.sample(frac=1, random_state=1).sort_values("finished", kind="stable")
    shuffled = pd.concat([shuffled[shuffled["finished"] != 6.0], HAND[HAND["finished"] == 6.0]])
    pd.testing.assert_frame_equal(tested.test_regrets(shuffled, TIMES), tested.test_regrets(HAND, TIMES))


def test_what_has_no_incumbent_holds_the_worst_and_has_lost_nothing():
    never = pd.concat([HAND, traces((5.0, INF, NAN), seed=1)])
    assert tested.test_regrets(never, (1.0,))[1.0].tolist() == [0.6, 1.0]
    assert tested.overtuning(never, (1.0,))[1.0].tolist() == [0.4, 0.0]


def test_an_incumbent_that_diverged_on_the_test_part_is_the_worst():
    run = traces((1.0, 0.5, 0.3), (2.0, 0.4, INF), (3.0, 0.3, 0.4))
    np.testing.assert_allclose(tested.test_regrets(run, (0.1, 0.2, 0.3)).loc["a", "d", 0], [0.2, 1.0, 0.4])
    np.testing.assert_allclose(tested.overtuning(run, (0.1, 0.2, 0.3)).loc["a", "d", 0], [0.0, 0.8, 0.2])


def test_what_was_not_recorded_is_not_made_up():
    run = traces((1.0, 0.5, 0.3), (2.0, 0.4, NAN), (3.0, 0.3, 0.4))
    np.testing.assert_allclose(tested.test_regrets(run, (0.1, 0.2, 0.3)).loc["a", "d", 0], [0.2, NAN, 0.4])
    np.testing.assert_allclose(tested.overtuning(run, (0.1, 0.2, 0.3)).loc["a", "d", 0], [0.0, NAN, 0.2])
    untested = HAND.assign(test_loss=NAN, best_test_loss=NAN, worst_test_loss=NAN)
    assert tested.test_regrets(untested, TIMES).isna().all(axis=None)
    assert tested.overtuning(untested, TIMES).isna().all(axis=None)
    assert not tested.is_tested(untested)
    assert tested.is_tested(HAND)
    assert not tested.is_tested(HAND.drop(columns="best_test_loss"))


def test_equally_good_configurations_have_no_regret():
    same = HAND.assign(test_loss=0.3, best_test_loss=0.3, worst_test_loss=0.3)
    assert tested.test_regrets(same, (1.0,)).to_numpy() == 0


@pytest.mark.parametrize("schedule", ["adaptive", "non-adaptive"])
@pytest.mark.parametrize("recorded", ["mean", 1])
def test_a_study_has_the_test_value_of_the_same_run_at_the_same_step(bench, schedule, recorded):
    given = {"recorded": recorded, "schedule": schedule, "metric": "valid_cross_entropy"}
    found = results(study(bench, ["beta"], ["hyperband"], [0, 1], budget="4x", **given))
    for row in found.itertuples():
        run = row.budget if schedule == "adaptive" else 50
        values = bench.array("beta", "test_cross_entropy", run)[row.config_id, :, row.budget].astype(np.float64)
        wanted = values.mean() if recorded == "mean" else values[1]
        assert row.test_value == pytest.approx(wanted)
        assert row.test_loss == pytest.approx(wanted), "a cross entropy is its own loss"
    every = ReplayBackend(bench, "beta", "test_cross_entropy", seed=recorded, schedule=schedule).losses
    assert found["best_test_loss"].unique() == pytest.approx([every.min()])
    assert found["worst_test_loss"].unique() == pytest.approx([every.max()])


def test_a_drawn_seed_is_the_same_on_both_parts(bench):
    found = study(bench, ["alpha"], ["random"], range(3), budget="4x", recorded="draw")
    np.testing.assert_allclose(found["test_loss"], found["loss"], atol=1e-6)  # the made curves are equal


def test_diverged_is_infinite_and_not_recorded_is_unknown(make, tmp_path, monkeypatch):
    made = make(tmp_path / "table", ("alpha",), 5, (4,), (0,))
    arrays = {name: made.array("alpha", name, 4).copy() for name in ("valid_accuracy", "test_accuracy")}
    arrays["valid_accuracy"][0, :, -1] = arrays["test_accuracy"][0, :, -1] = NAN  # it diverged
    arrays["test_accuracy"][1, :, -1] = NAN  # it was not recorded
    array = made.array
    monkeypatch.setattr(made, "array", lambda of, name, budget=None: arrays.get(name, array(of, name, budget)))
    backend = ReplayBackend(made, "alpha", "valid_accuracy")
    assert backend.test_losses[0] == INF
    assert np.isnan(backend.test_losses[1])
    assert np.isfinite(backend.test_losses[2:]).all()
    np.testing.assert_allclose(1 - backend.test_losses[2:], backend.test_values[2:])


@pytest.mark.parametrize(
    ("metric", "test"),
    [
        ("valid_accuracy", "test_accuracy"),
        ("valid_cross_entropy", "test_cross_entropy"),
        ("test_accuracy", None),
        ("train_accuracy", None),
    ],
)
def test_which_metric_belongs_to_which(metric, test):
    found = RECORD.tested(RECORD.metric(metric))
    assert (found and found.name) == test


def test_metrics_of_different_kinds_do_not_belong_together():
    from dataclasses import replace

    valid = Metric("valid_error", "fraction", "minimize", 0.0, 1.0)
    for other, belongs in (
        (Metric("test_error", "fraction", "minimize", 0.0, 1.0), True),
        (Metric("error", "fraction", "minimize", 0.0, 1.0, part="test"), True),
        (Metric("test_error", "per cent", "minimize", 0.0, 100.0), False),
        (Metric("test_errors", "fraction", "minimize", 0.0, 1.0), False),
    ):
        record = replace(RECORD, metrics=(valid, other), objective="valid_error")
        assert record.tested(valid) == (other if belongs else None)


def test_a_table_without_test_values_has_none(bench, monkeypatch):
    monkeypatch.setattr("lcbench.table.record.Record.tested", lambda *_: None)
    found = study(bench, ["alpha"], ["random"], [0], budget="4x")
    assert found[["test_loss", "test_value", "best_test_loss", "worst_test_loss"]].isna().all(axis=None)
    assert not tested.is_tested(found)


def test_the_printed_table_has_the_means_beside_validation():
    console = Console(file=io.StringIO(), width=80)
    console.print(report.tested_table(pd.concat([HAND, traces((1.0, 0.1, 0.2), seed=1)])))
    row = next(line for line in console.file.getvalue().splitlines() if line.startswith("│ a"))
    assert [each.strip() for each in row.strip("│").split("│")] == ["a", "20.0", "30.0", "20.0"]


# Several numbers of workers.


def test_numbers_of_workers_are_never_averaged(bench):
    several = study(bench, ["alpha"], ["random", "bohb"], range(2), budget="4x", workers=(1, 4))
    for view in (normalized_regrets, regrets, tested.test_regrets):
        with pytest.raises(InputError, match=r"one number of workers, got 1, 4; .*by_variant"):
            view(several)
    apart = by_variant(several)
    assert apart["optimizer"].unique().tolist() == ["random x1", "bohb x1", "random x4", "bohb x4"]
    for workers in (1, 4):
        one = study(bench, ["alpha"], ["random", "bohb"], range(2), budget="4x", workers=workers)
        assert by_variant(one) is one
        for name in ("random", "bohb"):
            found = normalized_regrets(apart).loc[f"{name} x{workers}"]
            pd.testing.assert_frame_equal(found, normalized_regrets(one).loc[name])
