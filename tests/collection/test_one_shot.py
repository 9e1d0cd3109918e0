"""One-shot architecture search: a super-network is each of its cells, gradients by other means, and whole searches."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lcbench.collection.cells.images import images_of
from lcbench.collection.cells.network import Cell, operation
from lcbench.collection.cells.one_shot import METHODS, random_sharing
from lcbench.collection.cells.one_shot.darts import Darts, DartsSecond, unrolled
from lcbench.collection.cells.one_shot.gdas import COLD, HOT, Gdas, drawn
from lcbench.collection.cells.one_shot.random_sharing import RandomSharing
from lcbench.collection.cells.one_shot.settings import PATH_LENGTH, Settings
from lcbench.collection.cells.supernet import SuperCell, SuperNetwork, dense, single
from lcbench.collection.data.preparation import prepare
from lcbench.collection.data.sources import load_bundled
from lcbench.errors import InputError
from lcbench.space.cells import CONV_3X3, EDGES, OPERATIONS, SKIP, live_edges

PLACES = st.tuples(*[st.integers(0, len(OPERATIONS) - 1)] * len(EDGES))
EACH = pytest.mark.parametrize("name", METHODS)


@pytest.fixture(scope="module")
def few():
    """A hundred images of each part of digits."""
    whole = prepare(load_bundled("digits"))
    cut = {f"{axis}_{part}": getattr(whole, f"{axis}_{part}")[:100] for axis in "xy" for part in ("train", "valid")}
    return replace(whole, **cut)


@given(PLACES)
@settings(max_examples=10, deadline=None)
def test_a_super_cell_with_one_operation_an_edge_is_that_cell(places):
    torch.manual_seed(0)
    cell, x = SuperCell(4), torch.randn(3, 4, 6, 5)
    same = Cell({edge: cell.edges[edge][place] for edge, place in enumerate(places)})
    torch.testing.assert_close(cell(x, single(places)), same(x))
    one_hot = torch.eye(len(OPERATIONS))[list(places)]
    torch.testing.assert_close(cell(x, dense(one_hot)), same(x))


def test_an_edge_is_the_weighted_sum_of_its_operations():
    """A cell of which only the edge from the input to the output counts."""
    torch.manual_seed(0)
    cell, x = SuperCell(4), torch.randn(3, 4, 6, 5)
    weights = torch.zeros(len(EDGES), len(OPERATIONS))
    weights[3] = torch.tensor([0.5, 0.2, 0.1, 0.15, 0.05])
    expected = sum(weight * each(x) for weight, each in zip(weights[3], cell.edges[3], strict=True))
    torch.testing.assert_close(cell(x, dense(weights)), expected)


@given(PLACES)
@settings(max_examples=10, deadline=None)
def test_only_what_counts_is_learnt(places):
    torch.manual_seed(0)
    model = SuperNetwork(3)
    model(torch.randn(4, 1, 6, 6), single(places)).sum().backward()
    live = set(live_edges([OPERATIONS[place] for place in places]))
    for cell in (layer for layer in model.layers if isinstance(layer, SuperCell)):
        for edge, operations in enumerate(cell.edges):
            for place, each in enumerate(operations):
                learnt = any(weights.grad is not None for weights in each.parameters())
                assert learnt <= (place == places[edge])
                assert learnt or edge not in live or place != places[edge] or not [*each.parameters()]


def test_candidates_normalize_without_scale_and_shift():
    norms = [each for each in operation(CONV_3X3, 4, affine=False) if isinstance(each, torch.nn.BatchNorm2d)]
    assert [each.affine for each in norms] == [False]


def test_the_unrolled_gradient_is_that_of_autograd():
    """Of losses with products of weights and architecture; where the training loss is of second degree, exactly."""
    torch.manual_seed(0)
    mixing, aim = torch.randn(4, 3, dtype=torch.float64), torch.randn(4, dtype=torch.float64)
    weights = [torch.randn(3, dtype=torch.float64), torch.randn(4, dtype=torch.float64)]
    architecture, rate = torch.randn(3, dtype=torch.float64), 0.1

    def train(at, logits):
        return (at[1] - mixing @ (at[0] * logits)).square().sum() + at[0].pow(4).sum() / 10

    def valid(at, logits):
        return (at[1] * aim).sum().exp() + (at[0] * logits).square().sum()

    free = architecture.clone().requires_grad_()
    at = [each.clone().requires_grad_() for each in weights]
    slopes = torch.autograd.grad(train(at, free), at, create_graph=True)
    stepped = [each - rate * slope for each, slope in zip(at, slopes, strict=True)]
    (exact,) = torch.autograd.grad(valid(stepped, free), free)
    found = unrolled(train, valid, weights, architecture, rate)
    torch.testing.assert_close(found, exact, rtol=1e-4, atol=1e-6)
    first_order = torch.autograd.grad(valid(weights, free), free)[0]
    assert not torch.allclose(found, first_order, rtol=1e-2)


def test_without_a_step_the_second_order_is_the_first(few):
    first, second = Darts(few, 0), DartsSecond(few, 0)
    second.optimizer.param_groups[0]["lr"] = 0.0
    batches = [images_of(few.x_train[:20], few.y_train[:20]), images_of(few.x_valid[:20], few.y_valid[:20])]
    torch.testing.assert_close(second.gradient(*batches), first.gradient(*batches))


def test_gdas_draws_by_the_softmax_of_its_logits():
    """Gumbel's trick: shares of 4,000 draws within five standard errors, whatever the temperature."""
    rng, logits = torch.Generator().manual_seed(0), torch.tensor([[0.0, 1.0, -1.0, 0.5, 0.0]]).repeat(len(EDGES), 1)
    for temperature in (10.0, 0.1):
        found = np.array([[next(iter(edge)) for edge in drawn(logits, temperature, rng)] for _ in range(4000)])
        shares = np.stack([(found == place).mean(axis=0) for place in range(len(OPERATIONS))], axis=1)
        expected = logits.softmax(1).numpy()
        assert np.all(np.abs(shares - expected) < 5 * np.sqrt(expected * (1 - expected) / 4000))


def test_a_draw_of_gdas_has_weight_one_and_a_gradient():
    logits = torch.zeros(len(EDGES), len(OPERATIONS), requires_grad=True)
    found = drawn(logits, 1.0, torch.Generator().manual_seed(0))
    weights = [weight for edge in found for weight in edge.values()]
    assert [weight.item() for weight in weights] == pytest.approx([1.0] * len(EDGES))
    sum(weights).backward()
    for edge, (place,) in enumerate(found):
        assert logits.grad[edge, place] > 0
        assert logits.grad[edge].sum() == pytest.approx(0.0, abs=1e-6)


def test_the_temperature_falls_from_ten_to_a_tenth(few, monkeypatch):
    search, seen = Gdas(few, 0, Settings(epochs=3, batch=100)), []
    monkeypatch.setattr(search, "learn", lambda train, valid, progress: seen.append(progress))
    assert [found.epoch for found in search.epochs()] == [1, 2, 3]
    assert seen == [0.0, 0.5, 1.0]
    assert [HOT + (COLD - HOT) * progress for progress in seen] == pytest.approx([10.0, 5.05, 0.1])


@given(st.integers(1, 300), st.integers(1, 128), st.integers(1, 5000))
def test_the_architecture_can_move_as_far_in_a_search_of_any_length(epochs, batch, images):
    """As in NAS-Bench-201: a rate of 0.0003 in 50 epochs of 25,000 images."""
    steps = sum(1 for _ in range(0, images, batch)) * epochs
    assert Settings(epochs, batch).rate(images) * steps == pytest.approx(PATH_LENGTH)
    assert Settings(epochs, batch, 0.01).rate(images) == 0.01
    assert Settings().rate(25_000) == pytest.approx(0.0003)


def test_settings_that_cannot_be_are_refused():
    for wrong in ({"epochs": 0}, {"batch": 0}, {"architecture_rate": 0.0}, {"architecture_rate": np.nan}):
        with pytest.raises(InputError, match=next(iter(wrong))):
            Settings(**wrong)


def test_random_sharing_takes_the_best_of_what_it_judges(few, monkeypatch):
    search, judged = RandomSharing(few, 0), []
    monkeypatch.setattr(search, "accuracy", lambda places: judged.append(places) or places[0] + places[5] / 10)
    best = search.derive()
    assert len(judged) == 100
    assert best[0] + best[5] / 10 == max(places[0] + places[5] / 10 for places in judged)


@EACH
def test_a_search_gives_a_cell_after_each_epoch_and_the_same_again(few, name, monkeypatch):
    monkeypatch.setattr(random_sharing, "JUDGED", 5)
    method = METHODS[name]
    once, again, other = ([*method(few, seed, Settings(epochs=2)).epochs()] for seed in (0, 0, 1))
    assert [found.epoch for found in once] == [1, 2]
    assert 0 < once[0].seconds < once[1].seconds
    assert all(len(found.cell) == len(EDGES) and {*found.cell} <= {*OPERATIONS} for found in once)
    assert [(each.cell, each.shared_accuracy) for each in once] == [(each.cell, each.shared_accuracy) for each in again]
    assert [each.cell for each in once] != [each.cell for each in other]


@pytest.mark.parametrize("method", [Darts, DartsSecond, Gdas])
def test_the_architecture_and_the_weights_move(few, method):
    search = method(few, 0, Settings(epochs=1))
    before = search.architecture.detach().clone()
    weights = search.model.layers[0].weight.detach().clone()
    next(search.epochs())
    assert not torch.equal(before, search.architecture)
    assert not torch.equal(weights, search.model.layers[0].weight)


def test_the_largest_weight_of_each_edge_is_derived(few):
    search = Darts(few, 0)
    with torch.no_grad():
        search.architecture.zero_()
        search.architecture[:, OPERATIONS.index(SKIP)] = 1.0
        search.architecture[2, 0] = 2.0
    assert search.derive() == (1, 1, 0, 1, 1, 1)
