"""The work of one epoch of a single shaped MLP, for the cost model."""

from itertools import pairwise
from math import ceil

from lcbench.collection.networks.cost import Extent, Sizes
from lcbench.collection.networks.measures import rows_at_once
from lcbench.collection.networks.recipe import Recipe, Shape
from lcbench.collection.networks.stack.products import one_by_one_sizes


def epoch_work(recipe: Recipe, extent: Extent) -> dict[str, float]:
    """Count the work of one epoch of a run alone.

    Args:
        recipe: Its network, an MLP, and its batch size.
        extent: How large the data set is.

    Returns:
        Amounts by kind of work.
    """
    assert isinstance(recipe.shape, Shape)  # noqa: S101  # the problem gives this engine nothing else
    shape, rows = recipe.shape, extent.sizes.train
    steps, layers = ceil(rows / recipe.batch_size), len(shape.widths) - 1
    dropped = [width for width, rate in zip(shape.widths[1:-1], shape.dropout, strict=True) if rate > 0]
    small, large, calls = _products(shape, min(recipe.batch_size, rows), rows, backward=True)
    return {
        "epoch": 1,
        "step": steps,
        "layer and step": steps * layers,
        "small products": small,
        "large products": large,
        "calls of large products": calls,
        "parameter updates": steps * shape.n_parameters,
        "activations": rows * sum(shape.widths[1:-1]),
        "dropped activations": rows * sum(dropped),
        "masks": steps * len(dropped),
        "inputs": rows * shape.widths[0],
        "outputs": rows * shape.widths[-1],
        **_evaluation(shape, extent.sizes),
    }


def _evaluation(shape: Shape, sizes: Sizes) -> dict[str, float]:
    rows, chunk = sizes.valid + sizes.test, rows_at_once(shape.widths)
    chunks = ceil(sizes.valid / chunk) + ceil(sizes.test / chunk)
    small, large, _ = _products(shape, min(chunk, sizes.valid), rows, backward=False)
    return {
        "evaluation, small products": small,
        "evaluation, large products": large,
        "evaluated activations": rows * sum(shape.widths[1:-1]),
        "evaluated outputs": rows * shape.widths[-1],
        "evaluation chunks and layers": chunks * (len(shape.widths) - 1),
    }


def _products(shape: Shape, batch: int, rows: int, *, backward: bool) -> tuple[float, float, float]:
    """Operations in small and in large products, and the number of large products."""
    small = large = calls = 0.0
    for number, (fan_in, fan_out) in enumerate(pairwise(shape.widths)):
        times = 1 if not backward else 3 if number else 2  # the first layer passes no gradient on
        operations = times * 2.0 * rows * fan_in * fan_out
        if one_by_one_sizes(batch, fan_in, fan_out):
            large, calls = large + operations, calls + times * ceil(rows / batch)
        else:
            small += operations
    return small, large, calls
