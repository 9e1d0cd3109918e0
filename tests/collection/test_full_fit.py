"""Runs of space 2: their laws, and that one function fits the configurations of any space."""

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from collection_helpers import CONFIG, blobs, fit, problem_of, train

from lcbench.collection.data.prepared import Prepared
from lcbench.collection.networks.loop.fitting import Best, FittedNetwork, Stopping
from lcbench.collection.networks.metrics import RECORD
from lcbench.collection.networks.tensors import Tensors
from lcbench.collection.tasks import Extras
from lcbench.errors import InputError, UnknownNameError
from lcbench.space import paper
from lcbench.space.spaces import records, sample

SPACE = paper.full()
CONFIGS = records(SPACE, sample(SPACE, 12, np.random.default_rng(0)))
RESNET = next(c for c in CONFIGS if c["network_type"] == "resnet" and c["training_technique"] == "mixup")
DATA = Tensors(blobs(90, 12, 3))


def fitted(config: Mapping = RESNET, budget: int = 3, data: Tensors = DATA, seed: int = 0, **options) -> FittedNetwork:
    return fit(data, config, budget, seed, 0, time.perf_counter, **options)


def same(one, other, names=tuple(name for name in RECORD.names if name != "seconds")) -> bool:
    return all(np.array_equal(one.series[name], other.series[name], equal_nan=True) for name in names)


@cache
def once(number: int) -> FittedNetwork:
    """One of the configurations after one epoch, trained once for the tests that look at it."""
    return fitted(CONFIGS[number], 1)


class TestRuns:
    @pytest.mark.parametrize("number", range(8))
    def test_any_configuration_is_trained_and_recorded(self, number):
        found = once(number)
        assert {name: values.shape for name, values in found.run.series.items()} == dict.fromkeys(RECORD.names, (2,))
        assert found.run.columns["n_parameters"] == sum(p.numel() for p in found.network.parameters())
        assert found.run.columns["status"] in ("success", "diverged")
        assert (np.diff(found.run.series["seconds"]) >= 0).all()

    @pytest.mark.parametrize("number", range(4))
    def test_same_seeds_same_numbers_other_seeds_others(self, number):
        again, other = (fitted(CONFIGS[number], 1, seed=seed).run for seed in (0, 1))
        assert same(once(number).run, again)
        assert not same(again, other)

    def test_what_was_trained_before_does_not_count(self):
        alone = train(DATA, RESNET, (3,), (1,), 0, time.perf_counter)[0]
        among = train(DATA, RESNET, (2, 3), (0, 1), 0, time.perf_counter)
        assert [(run.budget, run.seed) for run in among] == [(2, 0), (2, 1), (3, 0), (3, 1)]
        assert same(alone, among[3])

    def test_budgets_of_a_seed_are_alike_until_their_cosines_part(self):
        short, long = (fitted(budget=budget).run.series["valid_cross_entropy"] for budget in (2, 4))
        np.testing.assert_array_equal(short[:2], long[:2])
        assert short[2] != long[2]

    def test_the_last_metrics_are_those_of_the_network_and_of_the_predictions(self):
        found = fitted()
        logits = found.network(DATA.x_valid)
        accuracy = (logits.argmax(1) == DATA.y_valid).float().mean().item()
        assert found.run.series["valid_accuracy"][-1] == pytest.approx(accuracy)
        probabilities = found.run.predictions["valid"]
        np.testing.assert_allclose(probabilities, logits.softmax(1).detach(), atol=1e-3)
        assert found.run.predictions["test"].shape == (len(DATA.y_test), 3)

    def test_a_network_is_its_state(self):
        found = fitted()
        again = problem_of(RESNET).network(RESNET, DATA.n_features, DATA.n_classes)
        again.load_state_dict(found.network.state_dict())
        assert torch.equal(again(DATA.x_test), found.network(DATA.x_test))

    def test_it_learns(self):
        """Clouds that are far apart: a small ResNet with Adam finds nearly all of them."""
        config = {
            "network_type": "resnet",
            "resnet_num_groups": 1,
            "resnet_blocks_per_group": 1,
            "resnet_max_units": 32,
            "use_dropout": False,
            "use_shake_drop": True,
            "use_shake_shake": True,
            "max_shake_drop": 0.2,
            "batch_size": 16,
            "optimizer": "adam",
            "adam_learning_rate": 0.01,
            "adam_weight_decay": 1e-4,
            "training_technique": "mixup",
            "mixup_alpha": 0.2,
            "preprocessor": "truncated_svd",
            "svd_target_dim": 10,
        }
        assert fitted(config, budget=12).run.series["test_accuracy"][-1] > 0.95

    def test_a_configuration_of_space_1_has_the_numbers_of_its_own_engine(self):
        one, other = fitted(CONFIG).run, train(DATA, CONFIG, (3,), (0,), 0, time.perf_counter)[0]
        for name in RECORD.names:
            if name != "seconds":
                np.testing.assert_allclose(one.series[name], other.series[name], rtol=1e-5, atol=1e-6)

    def test_a_last_batch_of_one_row_is_no_obstacle(self):
        prepared = blobs(90, 12, 3)
        rows = 2 * RESNET["batch_size"] + 1
        short = replace(
            prepared, x_train=np.resize(prepared.x_train, (rows, 12)), y_train=np.resize(prepared.y_train, rows)
        )
        assert fitted(data=Tensors(short)).run.columns["status"] == "success"

    def test_mixup_counts_each_row_for_both_labels(self):
        """Whatever the shares, accuracies of all rows lie in [0, 1], and the loss is that of all rows."""
        series = fitted().run.series
        for name in ("train_accuracy", "train_balanced_accuracy"):
            assert ((series[name] >= 0) & (series[name] <= 1)).all()


class TestDivergence:
    def diverging(self) -> FittedNetwork:
        prepared = blobs(90, 12, 3)
        data = Tensors(replace(prepared, x_train=prepared.x_train * np.float32(1e30)))
        return fitted(CONFIG | {"learning_rate": 0.1, "momentum": 0.99}, 5, data, step_seconds=2.0)

    def test_it_is_a_result(self):
        run = self.diverging().run
        assert (run.columns["status"], run.budget) == ("diverged", 5)
        assert np.isnan(run.series["valid_accuracy"][run.columns["epochs"] + 1 :]).all()

    def test_its_seconds_end_with_it(self):
        run = self.diverging().run
        assert run.series["seconds"][-1] == 2.0 * (run.columns["epochs"] + 1)


class TestExtras:
    def test_gradients_of_every_linear_layer_and_of_all_parameters(self):
        run = train(DATA, RESNET, (2,), (0,), 0, time.perf_counter, extras=Extras(gradients=True))[0]
        layers = [m for m in problem_of(RESNET).network(RESNET, 12, 3).modules() if isinstance(m, torch.nn.Linear)]
        assert {values.shape for values in run.gradients.values()} == {(1 + len(layers), 3)}
        assert np.isfinite(run.gradients["norm"][:, 1:]).all()
        assert (run.gradients["norm"][0, 1:] > run.gradients["norm"][1:, 1:].max(axis=0)).all()

    def test_predictions_only_where_asked_for(self):
        without, with_them = (
            train(DATA, RESNET, (1,), (0,), 0, time.perf_counter, extras=Extras(predictions=asked))[0]
            for asked in (False, True)
        )
        assert without.predictions is None
        assert set(with_them.predictions) == {"valid", "test"}


class TestStopping:
    def follow(self, values, patience: int, metric: str = "valid_accuracy") -> int:
        """The epoch after which it stops; 0 for never."""
        stopping = Stopping(metric, patience)
        best = Best(stopping, torch.nn.Linear(1, 1))
        return next(
            (epoch for epoch, v in enumerate(values, 1) if not best.should_continue(epoch, stopping.sign * v)), 0
        )

    def test_when_by_hand(self):
        assert self.follow([0.1, 0.5, 0.4, 0.5, 0.6], patience=2) == 4  # an equal value is no improvement
        assert self.follow([0.1, 0.5, 0.4, 0.6, 0.5], patience=2) == 0
        assert self.follow([0.9, 0.5, 0.6, 0.4], patience=1, metric="valid_cross_entropy") == 3
        assert self.follow([np.nan] * 5, patience=2) == 0  # where there is no score nothing speaks against going on
        assert self.follow([0.5, np.nan, 0.4, 0.4, 0.6], patience=2) == 4
        assert self.follow([-np.inf] * 5, patience=2) == 3

    def test_the_best_epochs_network_and_values_come_back(self):
        stopped = fitted(budget=30, stopping=Stopping("valid_accuracy", 2))
        whole = fitted(budget=30)
        accuracy = whole.run.series["valid_accuracy"]
        best = next(e for e in range(1, 30) if accuracy[1 : e + 1].max() == accuracy[1 : e + 3].max())
        last = best + 2
        np.testing.assert_array_equal(stopped.run.series["valid_accuracy"][: last + 1], accuracy[: last + 1])
        assert (stopped.run.series["valid_accuracy"][last + 1 :] == accuracy[best]).all()
        assert (stopped.run.series["seconds"][last:] == stopped.run.series["seconds"][last]).all()
        assert (stopped.run.columns["status"], stopped.run.columns["epochs"]) == ("success", 30)
        logits = stopped.network(DATA.x_valid)
        assert (logits.argmax(1) == DATA.y_valid).float().mean().item() == pytest.approx(float(accuracy[best]))

    def test_what_is_never_stopped_is_as_without(self):
        assert same(fitted(stopping=Stopping("valid_accuracy", 99)).run, fitted().run)

    def test_what_cannot_be(self):
        with pytest.raises(InputError, match="patience must be at least 1 epoch, got 0"):
            Stopping("valid_accuracy", 0)
        with pytest.raises(InputError, match="must be one of the validation part, got 'test_accuracy'"):
            Stopping("test_accuracy", 3)
        with pytest.raises(UnknownNameError):
            Stopping("valid_acuracy", 3)


def test_prepared_data_have_directions_once():
    data = Tensors(blobs(40, 5, 2))
    assert isinstance(blobs(40, 5, 2), Prepared)
    assert data.directions is data.directions
    torch.testing.assert_close(data.directions.T @ data.directions, torch.eye(5))


def test_the_clock_is_asked_twice_an_epoch_even_by_a_run_that_diverges():
    """The calibration of the cost model pairs what it says."""
    prepared, asked = blobs(90, 12, 3), []
    data = Tensors(replace(prepared, x_train=prepared.x_train * np.float32(1e30)))
    fit(data, CONFIG, 5, 0, 0, lambda: asked.append(None) or float(len(asked)))
    assert len(asked) % 2 == 0
