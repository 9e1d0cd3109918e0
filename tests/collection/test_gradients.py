"""Gradient statistics against numpy, exact and subsampled."""

import numpy as np
import pytest
import torch
from collection_helpers import CONFIG, blobs, train

from lcbench.collection.networks.gradients import SAMPLE, statistics_of
from lcbench.collection.networks.recipe import Shape
from lcbench.collection.networks.stack.stack import Stack, initial_parameters
from lcbench.collection.networks.tensors import Tensors
from lcbench.collection.tasks import Extras


def stepped(shape: Shape, n: int = 3) -> tuple[Stack, list[list[np.ndarray]]]:
    """A stack after a backward pass, and PyTorch's own gradients: for each network, those of each layer."""
    rng = np.random.default_rng(1)
    parameters = np.stack([initial_parameters(shape, rng) for _ in range(n)])
    stack = Stack(shape, torch.from_numpy(parameters))
    x = torch.from_numpy(rng.normal(size=(n, 8, shape.widths[0])).astype(np.float32))
    logits = stack.forward(x, [None] * len(shape.dropout))
    weights = torch.from_numpy(rng.normal(size=tuple(logits.shape)).astype(np.float32))
    stack.backward(weights)
    wanted = []
    for i in range(n):
        layers, hidden = [], x[i]
        for number, layer in enumerate(stack.layers):
            w, b = layer.weights[i].clone().requires_grad_(), layer.biases[i].clone().requires_grad_()
            layers.append((w, b))
            hidden = hidden @ w + b
            hidden = torch.relu(hidden) if number < len(stack.layers) - 1 else hidden
        (hidden * weights[i]).sum().backward()
        wanted.append([np.concatenate([w.grad.flatten().numpy(), b.grad.flatten().numpy()]) for w, b in layers])
    return stack, wanted


def numpy_statistics(values: np.ndarray) -> dict[str, float]:
    quantiles = {f"q{q}": np.percentile(values, q) for q in (10, 25, 75, 90)}
    found = {"max": values.max(), "mean": values.mean(), "median": np.median(values), "std": values.std()}
    return found | quantiles | {"norm": np.linalg.norm(values)}


def test_statistics_are_numpys_of_all_parameters_and_of_each_layer():
    stack, wanted = stepped(Shape((5, 20, 3), (0.0,)))
    found = statistics_of(stack.flat_gradients())
    for i, layers in enumerate(wanted):
        for column, values in enumerate([np.concatenate(layers), *layers]):
            for name, value in numpy_statistics(values).items():
                assert found[name][i, column] == pytest.approx(value, rel=1e-4, abs=1e-5), (name, column)


@pytest.mark.parametrize("width", [400, 1500])  # products together, and on some processors one by one
def test_beyond_the_limit_a_fixed_subsample_stands_for_the_whole(width):
    stack, wanted = stepped(Shape((100, width, 2), (0.0,)), n=2)
    first, second = statistics_of(stack.flat_gradients()), statistics_of(stack.flat_gradients())
    for name, values in first.items():
        assert np.array_equal(values, second[name])
    for i, layers in enumerate(wanted):
        assert len(layers[0]) > SAMPLE
        exact = numpy_statistics(layers[0])
        assert first["std"][i, 1] == pytest.approx(exact["std"], rel=0.05)
        assert first["norm"][i, 1] == pytest.approx(exact["norm"], rel=0.05)
        assert first["q90"][i, 1] == pytest.approx(exact["q90"], rel=0.1)
        assert first["max"][i, 1] <= exact["max"]


def test_training_logs_them_every_epoch_but_not_before_the_first():
    runs = train(Tensors(blobs()), CONFIG, (2, 4), (0, 1), 0, lambda: 0.0, extras=Extras(gradients=True))
    for run in runs:
        for name, values in run.gradients.items():
            assert values.shape == (1 + CONFIG["num_layers"], run.budget + 1), name
            assert np.isnan(values[:, 0]).all()
            assert np.isfinite(values[:, 1:]).all()
        assert (run.gradients["q10"] <= run.gradients["q90"])[:, 1:].all()
        assert (run.gradients["norm"][0, 1:] >= run.gradients["norm"][1:, 1:].max(axis=0) * 0.999).all()


def test_training_keeps_probabilities_of_the_last_epoch():
    data = blobs()
    runs = train(Tensors(data), CONFIG, (2, 4), (0, 1), 0, lambda: 0.0, extras=Extras(predictions=True))
    for run in runs:
        for part, labels in (("valid", data.y_valid), ("test", data.y_test)):
            found = run.predictions[part]
            assert found.dtype == np.float16
            assert found.shape == (len(labels), 3)
            assert found.sum(axis=1) == pytest.approx(1, abs=2e-3)
            accuracy = (found.argmax(axis=1) == labels).mean()
            assert accuracy == pytest.approx(run.series[f"{part}_accuracy"][-1], abs=2 / len(labels))


def test_logging_more_changes_no_curve():
    plain = train(Tensors(blobs()), CONFIG, (3,), (0,), 0, lambda: 0.0)
    more = train(Tensors(blobs()), CONFIG, (3,), (0,), 0, lambda: 0.0, extras=Extras(gradients=True, predictions=True))
    for name, series in plain[0].series.items():
        assert np.array_equal(series, more[0].series[name]), name
    assert plain[0].gradients is None
    assert plain[0].predictions is None
