"""The training loop against a plain PyTorch loop, by hand, and its laws."""

import itertools
import math

import numpy as np
import pytest
import torch
from collection_helpers import CONFIG, blobs, peer_loop, train
from hypothesis import given, settings
from hypothesis import strategies as st

from lcbench.collection.networks.measures import class_weights
from lcbench.collection.networks.randomness import streams
from lcbench.collection.networks.recipe import cosine
from lcbench.collection.networks.tensors import Tensors


@pytest.fixture(scope="module")
def data() -> Tensors:
    return Tensors(blobs())


def run(data, budgets=(3, 6), seeds=(0, 1), plan_seed=0, **changes):
    ticks = itertools.count()
    found = train(data, CONFIG | changes, budgets, seeds, plan_seed, lambda: float(next(ticks)))
    return {(r.budget, r.seed): r for r in found}


def test_class_weights_by_hand():
    # 10 rows, 3 classes with 5, 4 and 1 rows: 10 / (3 * 5), 10 / (3 * 4), 10 / (3 * 1)
    labels = np.array([0] * 5 + [1] * 4 + [2])
    assert class_weights(labels, 3) == pytest.approx([2 / 3, 10 / 12, 10 / 3])
    assert class_weights(labels, 4)[3] == pytest.approx(10 / 4)  # a class without rows counts as one


def test_cosine_by_hand():
    assert cosine(0, 50, 0.1) == pytest.approx(0.1)
    assert cosine(25, 50, 0.1) == pytest.approx((0.1 + 1e-8) / 2)
    assert cosine(12, 12, 0.1) == pytest.approx(1e-8)
    assert cosine(3, 12, 0.1) == pytest.approx(1e-8 + (0.1 - 1e-8) * (1 + math.cos(math.pi / 4)) / 2)


def test_cosine_is_torchs():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=25, eta_min=1e-8)
    for epoch in range(25):
        assert cosine(epoch, 25, 0.05) == pytest.approx(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()


def test_agrees_with_a_plain_pytorch_loop(data):
    found = run(data, max_dropout=0.0)[6, 1]
    wanted = peer_loop(blobs(), CONFIG | {"max_dropout": 0.0}, budget=6, seed=1)
    for name, series in wanted.items():
        assert found.series[name][1:] == pytest.approx(series, abs=2e-5), name


@settings(max_examples=25, deadline=None)
@given(
    budgets=st.sets(st.integers(1, 6), min_size=1, max_size=3).map(sorted),
    seeds=st.sets(st.integers(0, 9), min_size=1, max_size=3).map(sorted),
    layers=st.integers(1, 4),
    units=st.integers(64, 100),
    batch_size=st.integers(16, 70),
    max_dropout=st.sampled_from([0.0, 0.3, 0.9]),
)
def test_a_run_does_not_depend_on_what_it_is_trained_beside(
    data, budgets, seeds, layers, units, batch_size, max_dropout
):
    changes = {"num_layers": layers, "max_units": units, "batch_size": batch_size, "max_dropout": max_dropout}
    beside = run(data, budgets=budgets, seeds=seeds, **changes)
    for budget, seed in beside:
        alone = run(data, budgets=(budget,), seeds=(seed,), **changes)[budget, seed]
        for name in ("train_loss", "valid_cross_entropy", "test_balanced_accuracy"):
            assert alone.series[name] == pytest.approx(beside[budget, seed].series[name], abs=1e-5), name


def test_same_arguments_same_curves(data):
    first, second = run(data), run(data)
    for key in first:
        for name, series in first[key].series.items():
            assert np.array_equal(series, second[key].series[name])


@pytest.mark.parametrize("change", [{"plan_seed": 1}, {"learning_rate": 0.021}])
def test_plan_seed_and_configuration_change_the_randomness(data, change):
    assert (
        run(data)[6, 0].series["valid_cross_entropy"][0] != run(data, **change)[6, 0].series["valid_cross_entropy"][0]
    )


def test_seeds_differ_and_budgets_of_one_seed_begin_alike(data):
    found = run(data)
    assert found[6, 0].series["valid_cross_entropy"][0] != found[6, 1].series["valid_cross_entropy"][0]
    assert found[6, 0].series["train_loss"][1] == pytest.approx(found[3, 0].series["train_loss"][1], abs=1e-6)


def test_randomness_of_a_seed_does_not_depend_on_the_type_of_the_numbers():
    plain, typed = {"a": 3, "b": 0.5}, {"b": np.float64(0.5), "a": np.int64(3)}
    assert streams(0, "d", plain, 1).order.random() == streams(0, "d", typed, 1).order.random()


def test_series_have_budget_plus_one_numbers_in_range(data):
    for (budget, _), found in run(data).items():
        assert {len(series) for series in found.series.values()} == {budget + 1}
        assert found.columns["status"] == "success"
        assert found.columns["epochs"] == budget
        assert found.columns["n_parameters"] == 5 * 64 + 65 * 34 + 35 * 3  # widths 4, 64, 34, 3
        for name, series in found.series.items():
            assert np.isfinite(series).all(), name
            if name.endswith("accuracy"):
                assert ((series >= 0) & (series <= 1)).all()


def test_learning_rate_is_logged_at_the_end_of_its_epoch(data):
    logged = run(data)[6, 0].series["learning_rate"]
    assert logged == pytest.approx([cosine(max(i - 1, 0), 6, CONFIG["learning_rate"]) for i in range(7)])


def test_seconds_are_shared_out_among_the_active_runs(data):
    # the clock ticks once an epoch: two networks stand for four runs in the first epoch, then four share, then two
    found = run(data)
    assert found[6, 0].series["seconds"] == pytest.approx([0, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5])
    assert found[3, 1].series["seconds"] == pytest.approx([0, 0.5, 0.75, 1.0])


def test_a_run_that_diverges_is_a_result(data):
    found = run(data, learning_rate=1e18, momentum=0.99)[6, 0]
    assert found.columns["status"] == "diverged"
    assert found.columns["epochs"] < 6
    for name in ("train_loss", "valid_accuracy", "test_cross_entropy"):
        assert np.isfinite(found.series[name][: found.columns["epochs"] + 1]).all()
        assert np.isnan(found.series[name][found.columns["epochs"] + 1 :]).all()
    assert np.isfinite(found.series["seconds"]).all()
    assert np.isfinite(found.series["learning_rate"]).all()


def test_learns_what_can_be_learnt(data):
    found = run(data, budgets=(20,), seeds=(0,), max_dropout=0.1)[20, 0]
    assert found.series["test_accuracy"][-1] > 0.9
    assert found.series["test_accuracy"][0] < 0.7
