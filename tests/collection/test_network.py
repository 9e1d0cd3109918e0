"""The shaped MLP's sizes by hand, and the stack against PyTorch's own layers, autograd and SGD."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lcbench.collection.networks.recipe import Shape, shaped_mlp
from lcbench.collection.networks.stack.stack import Stack, initial_parameters


def test_one_layer_is_a_linear_model():
    assert shaped_mlp(20, 3, num_layers=1, max_units=512, max_dropout=0.9) == Shape((20, 3), ())


def test_widths_and_dropouts_by_hand():
    # M = 100, C = 4, L = 4: step int(96 / 3) = 32; dropout steps of int(1000 / 3) = 333 thousandths
    shape = shaped_mlp(10, 4, num_layers=4, max_units=100, max_dropout=0.5)
    assert shape.widths == (10, 100, 68, 36, 4)
    assert shape.dropout == pytest.approx((0.5, 0.5 * 0.667, 0.5 * 0.334))
    assert shape.n_parameters == 11 * 100 + 101 * 68 + 69 * 36 + 37 * 4


def test_five_layers_by_hand():
    shape = shaped_mlp(6, 2, num_layers=5, max_units=64, max_dropout=0.8)  # step int(62 / 4) = 15
    assert shape.widths == (6, 64, 49, 34, 19, 2)
    assert shape.dropout == pytest.approx((0.8, 0.6, 0.4, 0.2))


def test_more_features_than_units_widen_the_first_layer():
    assert shaped_mlp(216, 10, num_layers=3, max_units=64, max_dropout=0).widths == (216, 216, 113, 10)


def test_more_classes_than_units_keep_the_width():
    assert shaped_mlp(60, 355, num_layers=4, max_units=64, max_dropout=0).widths == (60, 64, 64, 64, 355)


@pytest.mark.parametrize(("rate", "dropped"), [(0.05, False), (0.0501, True)])
def test_dropout_only_above_five_hundredths(rate, dropped):
    assert (shaped_mlp(5, 2, 3, 64, rate).dropout != (0.0, 0.0)) is dropped


@given(st.integers(1, 300), st.integers(2, 100), st.integers(1, 5), st.integers(64, 512), st.floats(0, 1))
def test_funnels_never_widen_and_rates_never_grow(features, classes, layers, units, dropout):
    shape = shaped_mlp(features, classes, layers, units, dropout)
    hidden = shape.widths[1:-1]
    assert len(hidden) == layers - 1 == len(shape.dropout)
    assert list(hidden) == sorted(hidden, reverse=True)
    assert list(shape.dropout) == sorted(shape.dropout, reverse=True)
    assert all(0 <= rate <= 1 for rate in shape.dropout)


def test_initial_parameters_are_uniform_within_one_over_the_root_of_fan_in():
    flat = initial_parameters(Shape((100, 400, 2), (0.0,)), np.random.default_rng(0))
    first, second = flat[: 101 * 400], flat[101 * 400 :]
    assert np.abs(first).max() <= 0.1
    assert np.abs(second).max() <= 0.05
    assert first.std() == pytest.approx(0.1 / np.sqrt(3), rel=0.02)
    assert first.mean() == pytest.approx(0, abs=0.001)


def linear_layers(shape: Shape, flat: torch.Tensor) -> list[torch.nn.Linear]:
    """The same parameters as PyTorch's own layers."""
    layers, start = [], 0
    for fan_in, fan_out in zip(shape.widths, shape.widths[1:], strict=False):
        layer = torch.nn.Linear(fan_in, fan_out)
        middle = start + fan_in * fan_out
        with torch.no_grad():
            layer.weight.copy_(flat[start:middle].view(fan_in, fan_out).T)
            layer.bias.copy_(flat[middle : middle + fan_out])
        layers.append(layer)
        start = middle + fan_out
    return layers


@pytest.mark.parametrize("max_units", [64, 512])  # on some processors products of the large ones go one by one
def test_stack_agrees_with_autograd_and_sgd_with_dropout(max_units):
    rng = np.random.default_rng(3)
    shape = shaped_mlp(7, 3, num_layers=4, max_units=max_units, max_dropout=0.4)
    start = torch.from_numpy(np.stack([initial_parameters(shape, rng) for _ in range(4)]))
    stack = Stack(shape, start.clone())
    rates = [0.1, 0.1, 0.02, 0.01]
    peers = [linear_layers(shape, row) for row in start]
    optimizers = [
        torch.optim.SGD([p for layer in peer for p in layer.parameters()], lr=rate, momentum=0.8, weight_decay=0.01)
        for peer, rate in zip(peers, rates, strict=True)
    ]
    for _ in range(5):
        x = torch.from_numpy(rng.normal(size=(2, 20, 7)).astype(np.float32))  # networks of one seed share rows
        labels = torch.from_numpy(rng.integers(0, 3, (4, 20)))
        sizes = zip(shape.widths[1:-1], shape.dropout, strict=True)
        masks = [torch.from_numpy((rng.random((2, 20, w)) > p) / np.float32(1 - p)) for w, p in sizes]
        logits = stack.forward(x, masks)
        gradient = (torch.softmax(logits, 2) - torch.nn.functional.one_hot(labels, 3)) / 20
        stack.backward(gradient)
        for step in stack.steps(rates, momentum=0.8, weight_decay=0.01):
            step()
        for i, (peer, optimizer) in enumerate(zip(peers, optimizers, strict=True)):
            hidden = x[i % 2]
            for layer, mask in zip(peer[:-1], masks, strict=True):
                hidden = torch.relu(layer(hidden)) * mask[i % 2]  # and masks
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(peer[-1](hidden), labels[i]).backward()
            optimizer.step()
    for i, peer in enumerate(peers):
        for layer, own in zip(peer, stack.layers, strict=True):
            torch.testing.assert_close(own.weights[i], layer.weight.T.detach(), rtol=1e-5, atol=1e-6)
            torch.testing.assert_close(own.biases[i, 0], layer.bias.detach(), rtol=1e-5, atol=1e-6)


def test_logits_without_dropout_are_those_of_the_layers():
    rng = np.random.default_rng(0)
    shape = shaped_mlp(5, 2, num_layers=3, max_units=64, max_dropout=0.9)
    start = torch.from_numpy(np.stack([initial_parameters(shape, rng) for _ in range(3)]))
    x = torch.from_numpy(rng.normal(size=(11, 5)).astype(np.float32))
    found = Stack(shape, start).logits(x)
    for i, row in enumerate(start):
        first, second, last = linear_layers(shape, row)
        torch.testing.assert_close(found[i], last(torch.relu(second(torch.relu(first(x))))).detach())


def test_repeated_networks_train_on_like_the_first():
    rng = np.random.default_rng(0)
    shape = Shape((3, 8, 2), (0.0,))
    parameters = torch.from_numpy(np.stack([initial_parameters(shape, rng) for _ in range(2)]))
    stack, twice = Stack(shape, parameters), Stack(shape, parameters)
    x = torch.from_numpy(rng.normal(size=(4, 5, 3)).astype(np.float32))
    gradient = torch.from_numpy(rng.normal(size=(4, 5, 2)).astype(np.float32))
    for n in (2, 4):  # a step with two networks, so that there is velocity, then one with four
        if n == 4:
            twice.repeat(2)
        for each, rows in ((stack, 2), (twice, n)):
            each.forward(x[:2], [None])
            each.backward(gradient[:2].repeat(rows // 2, 1, 1))
            for step in each.steps([0.1] * rows, 0.9, 0.01):
                step()
    assert len(twice) == 4
    for layer, own in zip(stack.layers, twice.layers, strict=True):
        torch.testing.assert_close(own.weights, layer.weights.repeat(2, 1, 1))


def test_keep_goes_on_with_the_first_networks():
    rng = np.random.default_rng(0)
    shape = Shape((3, 2), ())
    stack = Stack(shape, torch.from_numpy(np.stack([initial_parameters(shape, rng) for _ in range(4)])))
    x = torch.ones(5, 3)
    before = stack.logits(x)
    stack.keep(2)
    assert len(stack) == 2
    torch.testing.assert_close(stack.logits(x), before[:2])
