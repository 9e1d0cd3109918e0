"""Products of many pairs: right whatever way the matrices lie, and not to be changed by their neighbours."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lcbench.collection.networks.stack.products import affine, product, through_relu

SIZES = st.integers(1, 40)


def matrices(rng: np.random.Generator, n: int, rows: int, columns: int, turned: bool) -> torch.Tensor:
    """Random matrices, as they come or as transposed views."""
    shape = (n, columns, rows) if turned else (n, rows, columns)
    found = torch.from_numpy(rng.normal(size=shape).astype(np.float32))
    return found.transpose(1, 2) if turned else found


def multiplied(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    out = torch.full((len(a), a.shape[1], b.shape[2]), torch.nan)
    product(a, b, out)()
    return out


def applied(x: torch.Tensor, weights: torch.Tensor, biases: torch.Tensor) -> torch.Tensor:
    out = torch.full((len(x), x.shape[1], weights.shape[2]), torch.nan)
    for call in affine(x, weights, biases, out, relu=True):
        call()
    return out


def taken_back(gradient: torch.Tensor, weights: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    out = hidden.clone()
    for call in through_relu(gradient, weights, out, torch.empty_like(out)):
        call()
    return out


@settings(max_examples=60, deadline=None)
@given(SIZES, SIZES, SIZES, st.integers(1, 4), st.booleans(), st.booleans(), st.integers(0, 2**32 - 1))
def test_products_are_those_of_each_pair_alone(rows, inner, columns, n, a_turned, b_turned, seed):
    rng = np.random.default_rng(seed)
    a, b = matrices(rng, n, rows, inner, a_turned), matrices(rng, n, inner, columns, b_turned)
    found = multiplied(a, b)
    torch.testing.assert_close(found, (a.double() @ b.double()).float(), rtol=1e-5, atol=1e-5)
    for i in range(n):
        assert torch.equal(found[i], multiplied(a[i : i + 1], b[i : i + 1])[0])


@pytest.mark.parametrize("sizes", [(20, 30, 10), (64, 300, 200)])  # together on any processor; one by one on some
def test_layers_and_their_gradients_are_those_of_each_network_alone(sizes):
    rows, fan_in, fan_out = sizes
    rng = np.random.default_rng(0)
    x, weights = matrices(rng, 3, rows, fan_in, False), matrices(rng, 3, fan_in, fan_out, True)
    biases, hidden = matrices(rng, 3, 1, fan_out, False), matrices(rng, 3, rows, fan_in, False)
    gradient = matrices(rng, 3, rows, fan_out, False)
    out, back = applied(x, weights, biases), taken_back(gradient, weights, hidden)
    of_weights = multiplied(x.mT, gradient)
    torch.testing.assert_close(out, (x @ weights + biases).relu(), rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(back, gradient @ weights.mT * (hidden > 0), rtol=1e-5, atol=1e-4)
    for i in range(3):
        own = slice(i, i + 1)
        assert torch.equal(out[i], applied(x[own], weights[own], biases[own])[0])
        assert torch.equal(back[i], taken_back(gradient[own], weights[own], hidden[own])[0])
        assert torch.equal(of_weights[i], multiplied(x[own].mT, gradient[own])[0])


def test_rows_of_a_seed_are_read_by_all_its_networks_and_results_go_where_they_belong():
    rng = np.random.default_rng(0)
    x, weights = matrices(rng, 2, 5, 7, False), matrices(rng, 6, 7, 4, True).unflatten(0, (3, 2))
    memory = torch.full((6, 50), torch.nan)  # of each network twenty values, and some that are not to be touched
    out = memory[:, 10:30].unflatten(1, (5, 4)).unflatten(0, (3, 2))
    product(x.expand(3, -1, -1, -1), weights, out)()
    torch.testing.assert_close(out, x @ weights)
    assert memory.isnan().sum() == 6 * 30
