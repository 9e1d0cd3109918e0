"""Products of many pairs: right whatever way the matrices lie, and not to be changed by their neighbours."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from collection.products import affine, batched, multiply, through_relu

SIZES = st.integers(1, 40)


def matrices(rng: np.random.Generator, n: int, rows: int, columns: int, turned: bool) -> torch.Tensor:
    """Random matrices, as they come or as transposed views."""
    shape = (n, columns, rows) if turned else (n, rows, columns)
    found = torch.from_numpy(rng.normal(size=shape).astype(np.float32))
    return found.transpose(1, 2) if turned else found


@settings(max_examples=60, deadline=None)
@given(SIZES, SIZES, SIZES, st.integers(1, 4), st.booleans(), st.booleans(), st.integers(0, 2**32 - 1))
def test_products_are_those_of_each_pair_alone(rows, inner, columns, n, a_turned, b_turned, seed):
    rng = np.random.default_rng(seed)
    a, b = matrices(rng, n, rows, inner, a_turned), matrices(rng, n, inner, columns, b_turned)
    found = batched(a, b)
    torch.testing.assert_close(found, (a.double() @ b.double()).float(), rtol=1e-5, atol=1e-5)
    for i in range(n):
        assert torch.equal(found[i], batched(a[i : i + 1], b[i : i + 1])[0])


@pytest.mark.parametrize("sizes", [(20, 30, 10), (64, 300, 200)])  # together on any processor; one by one on some
def test_layers_and_their_gradients_are_those_of_each_network_alone(sizes):
    rows, fan_in, fan_out = sizes
    rng = np.random.default_rng(0)
    x, weights = matrices(rng, 3, rows, fan_in, False), matrices(rng, 3, fan_in, fan_out, True)
    biases, hidden = matrices(rng, 3, 1, fan_out, False), matrices(rng, 3, rows, fan_in, False)
    out, gradient = affine(x, weights, biases, relu=True), matrices(rng, 3, rows, fan_out, False)
    back, of_weights = through_relu(gradient, weights, hidden), multiply(x.transpose(1, 2), gradient)
    torch.testing.assert_close(out, (x @ weights + biases).relu(), rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(back, gradient @ weights.transpose(1, 2) * (hidden > 0), rtol=1e-5, atol=1e-4)
    for i in range(3):
        own = slice(i, i + 1)
        assert torch.equal(out[i], affine(x[own], weights[own], biases[own], relu=True)[0])
        assert torch.equal(back[i], through_relu(gradient[own], weights[own], hidden[own])[0])
        assert torch.equal(of_weights[i], multiply(x[own].transpose(1, 2), gradient[own])[0])
