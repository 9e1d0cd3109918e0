"""Shaped networks of space 2: sizes by hand, and what passes through them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from lcbench.collection.networks.cost import Extent, Sizes
from lcbench.collection.networks.loop.modules import Block, Network, Noise, ResNet, drawn_network
from lcbench.collection.networks.loop.training import batch_sizes
from lcbench.collection.networks.loop.work import epoch_work
from lcbench.collection.networks.problems import Full
from lcbench.collection.networks.recipe import Recipe, ResNetShape, Shape, shaped_mlp, shaped_resnet
from lcbench.collection.networks.stack.stack import initial_parameters

RESNET = {
    "network_type": "resnet",
    "resnet_num_groups": 2,
    "resnet_blocks_per_group": 2,
    "resnet_max_units": 100,
    "use_dropout": True,
    "use_shake_drop": True,
    "use_shake_shake": True,
    "resnet_max_dropout": 0.8,
    "max_shake_drop": 0.4,
    "batch_size": 30,
    "optimizer": "sgd",
    "sgd_learning_rate": 0.01,
    "sgd_weight_decay": 0.001,
    "momentum": 0.9,
    "training_technique": "mixup",
    "mixup_alpha": 0.2,
    "preprocessor": "truncated_svd",
    "svd_target_dim": 10,
}

SMALL = ResNetShape((3, 5, 4, 2), blocks_per_group=1, dropout=(0.0,))


def plain(shape: Shape | ResNetShape) -> Recipe:
    return Recipe(None, shape, 32, 0.01, 0.0, 0.9, 0.0)


def drawn(shape: Shape | ResNetShape) -> Network:
    return drawn_network(plain(shape), None, np.random.default_rng(0))


def parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def noise() -> Noise:
    return Noise(np.random.Generator(np.random.SFC64(0)), np.random.default_rng(1), torch.device("cpu"))


class TestShapes:
    def test_widths_are_those_of_an_mlp_with_two_more_layers(self):
        """4 Linear layers, 100 units, 2 classes: steps of int(98 / 3) = 32."""
        shape = shaped_resnet(10, 2, num_groups=2, blocks_per_group=3, max_units=100, max_dropout=0.8)
        assert shape == ResNetShape((10, 100, 68, 36, 2), 3, (0.8, 0.4))
        assert shape.n_blocks == 6

    def test_many_inputs_widen_it_as_they_widen_an_mlp(self):
        assert shaped_resnet(500, 2, 2, 1, 100, 0.0).widths == shaped_mlp(500, 2, 4, 100, 0.0).widths

    def test_survival_falls_linearly_to_that_of_the_last_block(self):
        shape = ResNetShape((3, 5, 4, 2), 4, (0.0,), max_shake_drop=0.4)
        assert [shape.survival(block) for block in (1, 2, 3, 4)] == pytest.approx([0.9, 0.8, 0.7, 0.6])

    @pytest.mark.parametrize("columns, inputs", [(40, 10), (10, 10), (4, 4)])
    def test_a_configuration_of_everything(self, columns, inputs):
        """The SVD keeps at most the columns there are, and the network is as wide as what comes of it asks for."""
        recipe = Full().recipe(RESNET, columns, 2)
        assert recipe.svd_dim == inputs
        assert recipe.shape == ResNetShape((inputs, 100, 68, 36, 2), 2, (0.8, 0.4), 0.4, shake_shake=True)
        assert (recipe.learning_rate, recipe.weight_decay, recipe.momentum) == (0.01, 0.001, 0.9)
        assert recipe.mixup_alpha == 0.2

    def test_what_is_switched_off(self):
        off = {"use_dropout": False, "use_shake_drop": False, "use_shake_shake": False, "preprocessor": "none"}
        changed = RESNET | off | {"optimizer": "adam", "adam_learning_rate": 0.1, "adam_weight_decay": 0.02}
        left_over = {"resnet_max_dropout", "max_shake_drop", "svd_target_dim", "mixup_alpha"}
        config = {k: v for k, v in changed.items() if k not in left_over and not k.startswith("sgd")}
        recipe = Full().recipe(config | {"training_technique": "standard"}, 10, 2)
        assert recipe.shape == ResNetShape((10, 100, 68, 36, 2), 2, (0.0, 0.0))
        assert (recipe.svd_dim, recipe.momentum, recipe.mixup_alpha) == (None, None, 0.0)
        assert (recipe.learning_rate, recipe.weight_decay) == (0.1, 0.02)


class TestModules:
    def test_parameters_by_hand(self):
        """first 20; block: norm 10, shortcut 24, branch 24 + 8 + 20; norm 8, last 10."""
        assert parameters(drawn(SMALL)) == 124
        assert parameters(drawn(replace(SMALL, shake_shake=True))) == 124 + 52

    def test_a_block_of_one_width_has_no_projection_and_its_own_norm(self):
        """Norm 8, Linear 20, norm 8, Linear 20."""
        assert parameters(Block(4, 4, 0.0, None, shake_shake=False)) == 56

    def test_an_mlp_starts_as_that_of_space_1(self):
        shape = shaped_mlp(6, 3, 3, 64, 0.5)
        flat = torch.from_numpy(initial_parameters(shape, np.random.default_rng(0)))
        x, start = torch.randn(5, 6), 0
        hidden = x
        for number, (fan_in, fan_out) in enumerate(zip(shape.widths, shape.widths[1:], strict=False)):
            weights = flat[start : start + fan_in * fan_out].view(fan_in, fan_out)
            start += (fan_in + 1) * fan_out
            hidden = hidden @ weights + flat[start - fan_out : start]
            hidden = hidden if number == len(shape.dropout) else hidden.relu()
        torch.testing.assert_close(drawn(shape).eval()(x), hidden)

    def test_a_block_by_hand(self):
        """Pre-activation: Linear(ReLU(BN(Linear(ReLU(BN(x)))))) + x, with the statistics of the batch."""
        block = drawn(ResNetShape((3, 4, 4, 2), 1, (0.0,))).body.blocks[0].train()
        x, branch = torch.randn(7, 4), block.branches[0]

        def normal(values):
            return functional.relu(functional.batch_norm(values, None, None, training=True))

        expected = branch.second(normal(branch.first(normal(x)))) + x
        torch.testing.assert_close(block(x, None), expected)

    def test_a_projecting_block_by_hand(self):
        """Branch and shortcut both start from ReLU(BN(x))."""
        block = drawn(SMALL).body.blocks[0].train()
        x, branch = torch.randn(7, 5), block.branches[0]
        start = functional.relu(functional.batch_norm(x, None, None, training=True))
        middle = functional.relu(functional.batch_norm(branch.first(start), None, None, training=True))
        torch.testing.assert_close(block(x, None), branch.second(middle) + block.shortcut(start))

    def test_in_evaluation_shake_drop_gates_the_mean_of_shake_shakes_branches(self):
        block = drawn(ResNetShape((3, 4, 4, 2), 1, (0.0,), 0.6, shake_shake=True)).body.blocks[0].eval()
        x = torch.randn(7, 4)
        branches = [branch(x, None) for branch in block.branches]
        torch.testing.assert_close(block(x, None), x + 0.4 * (branches[0] + branches[1]) / 2)

    def test_with_a_death_probability_of_1_the_last_block_never_survives(self):
        """Its factor is alpha in U(-1, 1): never 1, and 0 in evaluation."""
        block = drawn(ResNetShape((3, 4, 4, 2), 1, (0.0,), 1.0)).body.blocks[0].eval()
        x, source = torch.randn(7, 4), noise()
        torch.testing.assert_close(block(x, None), x)
        factors = [((block(x, source) - x) / block.branches[0](x, None)).mean().item() for _ in range(20)]
        assert -1 < min(factors) < 0 < max(factors) < 1

    @pytest.mark.parametrize("shape", [shaped_mlp(3, 2, 3, 64, 0.5), replace(SMALL, dropout=(0.5,), shake_shake=True)])
    def test_training_is_random_and_evaluation_is_not(self, shape):
        network, x, source = drawn(shape), torch.randn(6, 3), noise()
        assert not torch.equal(network.body(x, source), network.body(x, source))
        network.eval()
        assert torch.equal(network(x), network(x))

    def test_dropout_keeps_expectations(self):
        """The mean of 300 x 64 masks of rate 0.25 has a standard error of 0.004."""
        assert noise().mask(torch.ones(300, 64), 0.25).mean().item() == pytest.approx(1.0, abs=0.02)

    def test_torchs_own_randomness_is_left_alone(self):
        before = torch.get_rng_state()
        drawn(SMALL).body(torch.ones(4, 3), noise())
        assert torch.equal(torch.get_rng_state(), before)

    def test_projection_is_part_of_the_network(self):
        directions = torch.randn(7, 3)
        network = Network(ResNet(SMALL), directions)
        assert "directions" in network.state_dict()
        assert "directions" not in dict(network.named_parameters())

    def test_an_empty_network_takes_up_the_state_of_another(self):
        recipe = Full().recipe(RESNET, 20, 2)
        first = drawn_network(recipe, torch.randn(20, 10), np.random.default_rng(0))
        first.body(torch.randn(8, 10), noise())  # running statistics move
        first.eval()
        second = Full().network(RESNET, 20, 2)
        second.load_state_dict(first.state_dict())
        x = torch.randn(4, 20)
        assert torch.equal(first(x), second(x))


class TestBatches:
    @pytest.mark.parametrize(
        "rows, size, smallest, sizes",
        [
            (100, 30, 2, [30, 30, 30, 10]),
            (91, 30, 2, [30, 30, 31]),
            (91, 30, 1, [30, 30, 30, 1]),
            (90, 30, 2, [30, 30, 30]),
            (20, 30, 2, [20]),
            (1, 30, 2, [1]),
        ],
    )
    def test_sizes_by_hand(self, rows, size, smallest, sizes):
        assert batch_sizes(rows, size, smallest) == sizes


class TestWork:
    def test_by_hand(self):
        """100 rows in 4 batches of 30; the network of 124 parameters: 5 Linear layers, 3 normalisations."""
        recipe = replace(plain(SMALL), batch_size=30)
        work = epoch_work(recipe, Extent(3, 2, Sizes(100, 50, 70)))
        products = 3 * 5 + 5 * 4 + 5 * 4 + 4 * 4 + 4 * 2
        assert work["step"] == 4
        assert work["module and step"] == 4 * 8
        assert work["products"] == 6 * 100 * products
        assert work["parameter updates, SGD"] == 4 * 124
        assert work["parameter updates, Adam"] == 0
        assert work["normalised activations"] == 100 * (5 + 4 + 4)
        assert work["evaluation, products"] == 2 * 120 * products

    @pytest.mark.parametrize("config", [RESNET, RESNET | {"use_shake_shake": False}])
    def test_updates_are_the_networks_parameters(self, config):
        recipe = Full().recipe(config, 20, 2)
        work = epoch_work(recipe, Extent(20, 2, Sizes(30, 5, 5)))
        assert work["parameter updates, SGD"] == parameters(Full().network(config, 20, 2))
