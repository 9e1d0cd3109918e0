"""Several configurations in one stack: each gives what it gives alone, whatever its width, batch size and dropout."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from collecting_helpers import collect
from collection_helpers import CONFIG, blobs, train
from hypothesis import given, settings
from hypothesis import strategies as st

import lcbench
from lcbench.collection.networks.problems import MLP
from lcbench.collection.networks.stack import gpu
from lcbench.collection.networks.stack.gpu import hashed_masks, keys_on
from lcbench.collection.networks.tensors import Tensors, one_thread
from lcbench.collection.plan import given_configs
from lcbench.collection.run import Run
from lcbench.collection.tasks import Extras, RunsTask
from lcbench.errors import InputError
from lcbench.space import paper, spaces
from lcbench.table import verify
from lcbench.work import Outcome, run

CONFIGS = [
    CONFIG,
    CONFIG | {"max_units": 70, "batch_size": 20, "learning_rate": 0.05, "momentum": 0.2},
    CONFIG | {"max_units": 90, "batch_size": 19, "weight_decay": 0.05, "max_dropout": 0.9},
    CONFIG | {"batch_size": 130, "max_dropout": 0.0},  # more than there are rows
]


@pytest.fixture(scope="module")
def data() -> Tensors:
    return Tensors(blobs())


@pytest.fixture(autouse=True)
def single_thread():
    with one_thread():
        yield


def ticks():
    return 0.0


def key(run):
    return run.budget, run.seed, run.columns["n_parameters"]


class OnADevice(MLP):
    """Trains as on a GPU, but on the CPU."""

    def _engine(self, device):
        return gpu.train


def train_together(data, configs, *arguments, **options) -> list[list[Run]]:
    return OnADevice().train_all(data, configs, *arguments, **options)


def recipes(configs, features, classes):
    return [MLP().recipe(config, features, classes) for config in configs]


@pytest.mark.parametrize("layers", [1, 2, 4])
def test_a_configuration_gives_the_same_alone_and_beside_others(data, layers):
    configs = [config | {"num_layers": layers} for config in CONFIGS]
    arguments = {"budgets": (3, 6), "seeds": (0, 1), "plan_seed": 0, "clock": ticks}
    together = train_together(data, configs, step_seconds=[1.0, 2.0, 3.0, 4.0], **arguments)
    for config, found, seconds in zip(configs, together, (1.0, 2.0, 3.0, 4.0), strict=True):
        (alone,) = train_together(data, [config], step_seconds=[seconds], **arguments)
        assert [(r.budget, r.seed, r.columns["n_parameters"]) for r in found] == [
            (r.budget, r.seed, r.columns["n_parameters"]) for r in alone
        ]
        for one, other in zip(found, alone, strict=True):
            for name, series in one.series.items():
                assert series == pytest.approx(other.series[name], abs=2e-5), (name, config)


def test_one_that_diverges_leaves_the_others_alone(data):
    wild = CONFIG | {"learning_rate": 1e18, "momentum": 0.99}
    arguments = {"budgets": (4,), "seeds": (0,), "plan_seed": 0, "clock": ticks}
    ((lost,), (kept,)) = train_together(data, [wild, CONFIGS[3]], **arguments)
    assert lost.columns["status"] == "diverged"
    (alone,) = train(data, CONFIGS[3], **arguments)
    assert kept.series["train_loss"] == pytest.approx(alone.series["train_loss"], abs=2e-5)


def test_predictions_are_each_configurations_own(data):
    arguments = {"budgets": (2, 4), "seeds": (0, 1), "plan_seed": 0, "clock": ticks, "extras": Extras(predictions=True)}
    configs = [config | {"max_dropout": 0.0} for config in CONFIGS[:2]]
    for config, found in zip(configs, train_together(data, configs, **arguments), strict=True):
        for one, other in zip(found, train(data, config, **arguments), strict=True):
            for part in ("valid", "test"):
                assert one.predictions[part] == pytest.approx(other.predictions[part], abs=2e-3)


def test_gradients_are_of_one_configuration(data):
    with pytest.raises(InputError, match="gradients must be logged of one configuration at a time, got 4"):
        train_together(data, CONFIGS, (2,), (0,), 0, ticks, extras=Extras(gradients=True))


def test_gradients_are_those_of_a_stack(data):
    arguments = {"budgets": (3,), "seeds": (0, 1), "plan_seed": 0, "clock": ticks, "extras": Extras(gradients=True)}
    config = CONFIG | {"max_dropout": 0.0}
    (found,) = train_together(data, [config], **arguments)
    for one, other in zip(found, train(data, config, **arguments), strict=True):
        for name, values in one.gradients.items():
            assert values == pytest.approx(other.gradients[name], abs=2e-5, nan_ok=True), name


def test_a_mask_does_not_depend_on_how_wide_the_widest_is():
    keys = keys_on(torch.device("cpu"), np.random.default_rng(0).integers(2**64, size=3, dtype=np.uint64))
    rates = torch.tensor([0.2, 0.5, 0.0])[:, None, None]
    wide, narrow = hashed_masks(keys, 20, 50, rates), hashed_masks(keys[:2], 9, 30, rates[:2])
    assert torch.equal(wide[:2, :9, :30], narrow)
    assert (wide[2] == 1).all()


def test_masks_of_different_keys_are_independent():
    keys = keys_on(torch.device("cpu"), np.arange(400, dtype=np.uint64))  # keys as alike as can be
    drops = (hashed_masks(keys, 10, 50, torch.full((400, 1, 1), 0.5)) == 0).flatten(1).numpy()
    correlation = np.corrcoef(drops)
    off = correlation[~np.eye(400, dtype=bool)]
    assert abs(off).max() < 6 / np.sqrt(drops.shape[1])
    assert off.std() == pytest.approx(1 / np.sqrt(drops.shape[1]), rel=0.1)


class TestGrouping:
    @settings(max_examples=15, deadline=None)
    @given(seed=st.integers(0, 1000), features=st.integers(1, 400), rows=st.integers(10, 20_000))
    def test_its_promises(self, seed, features, rows):
        configs = spaces.sample(paper.mlp(), 60, np.random.default_rng(seed)).to_dict("records")
        found = gpu.groups(recipes(configs, features, 5), rows, 9)
        assert sorted(i for group in found for i in group) == list(range(60))
        for group in found:
            own = [configs[i] for i in group]
            assert len({config["num_layers"] for config in own}) == 1
            sizes = [config["batch_size"] for config in own]
            assert max(sizes) <= gpu.BATCHES * min(sizes) + 1
            assert len({len(recipe.shape.widths) for recipe in recipes(own, features, 5)}) == 1

    def test_many_share_few_stacks(self):
        configs = spaces.sample(paper.mlp(), 2000, np.random.default_rng(0)).to_dict("records")
        assert len(gpu.groups(recipes(configs, 20, 2), 5000, 9)) < 2000 / 8

    def test_memory_is_bounded(self, monkeypatch):
        monkeypatch.setattr(gpu, "STACK_BYTES", 1)
        assert gpu.groups(recipes([CONFIG] * 3, 4, 3), 100, 9) == [[0], [1], [2]]


class Engine:
    """Takes one task at a time; those of a named unit fail."""

    def __init__(self, fails):
        self.fails, self.seen, self.task = fails, [], None

    def room(self):
        return int(self.task is None)

    def start(self, task):
        self.task = task

    def wait(self, seconds):
        task, self.task = self.task, None
        units = [member.config_id for member in task.parts or (task,)]
        self.seen.append(units)
        return [Outcome(task, reason="broken" if self.fails in units else None)]


def test_units_that_fail_together_are_tried_alone():
    first, *others = [RunsTask("wine", i, config={"x": i}) for i in range(3)]
    task = replace(first, companions=tuple(others))
    engine = Engine(fails=1)
    assert {o.task.config_id: o.reason for o in run(engine, [task])} == {0: None, 1: "broken", 2: None}
    assert engine.seen == [[0, 1, 2], [0], [1], [2], [1]]


def test_a_collection_in_shared_stacks_gives_the_same_table(tmp_path, monkeypatch):
    sampled = spaces.sample(paper.mlp(), 6, np.random.default_rng(3))
    given = {"configs": given_configs(paper.mlp(), sampled.assign(max_dropout=0.0, num_layers=3))}
    collect(tmp_path / "alone", inline=True, **given)
    monkeypatch.setattr(MLP, "groups", lambda *_: [[1, 3, 5], [0], [2, 4]])
    monkeypatch.setattr(MLP, "_engine", lambda *_: gpu.train)
    collect(tmp_path / "together", inline=True, **given)
    alone, together = lcbench.load(tmp_path / "alone"), lcbench.load(tmp_path / "together")
    assert verify.verify(together.folder) == []
    for dataset, budget in itertools.product(alone.datasets, alone.budgets):
        for metric in ("train_loss", "valid_cross_entropy", "test_balanced_accuracy", "learning_rate"):
            one, other = (bench.array(dataset, metric, budget) for bench in (alone, together))
            assert np.allclose(one, other, atol=1e-4, equal_nan=True), (dataset, metric, budget)
