"""Which configurations train in one stack on a device that needs much work at a time.

They must have the same number of layers, and similar batch sizes and widths: in a stack every network is as wide as the
widest, and every step as large as the largest.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from lcbench.collection.networks.network import Shape
from lcbench.collection.networks.train import network_shape

WASTE = 2.0
"""Multiply-adds of a stack over those of its networks alone, at most."""

BATCHES = 1.25
"""Largest batch size of a stack over its smallest, at most."""

STACK_BYTES = 4 << 30
"""Parameters, gradients, velocities and activations of a stack, at most (unless one configuration alone has more)."""


def groups(
    configs: Sequence[Mapping[str, Any]], n_features: int, n_classes: int, n_rows: int, copies: int
) -> list[list[int]]:
    """Divide configurations of search space 1 into stacks.

    Sorted by layers, batch size (in steps of :data:`BATCHES`) and width, they fill one stack after the other.

    Args:
        configs: The configurations.
        n_features: Inputs of a network.
        n_classes: Outputs.
        n_rows: Rows to train on.
        copies: Networks of a configuration: budgets x seeds.

    Returns:
        Indices of the configurations of each stack, each index once.
    """
    shapes = [network_shape(n_features, n_classes, config) for config in configs]
    sizes = [int(config["batch_size"]) for config in configs]
    steps = [int(math.log(size) / math.log(BATCHES)) for size in sizes]
    order = sorted(range(len(configs)), key=lambda i: (len(shapes[i].widths), steps[i], shapes[i].widths))
    found: list[list[int]] = []
    for i in order:
        if found and _fit([*found[-1], i], shapes, sizes, steps, n_rows, copies):
            found[-1].append(i)
        else:
            found.append([i])
    return found


def _fit(
    group: Sequence[int], shapes: Sequence[Shape], sizes: Sequence[int], steps: Sequence[int], n_rows: int, copies: int
) -> bool:
    """Whether these configurations may train in one stack."""
    own = [shapes[i] for i in group]
    if len({(len(shapes[i].widths), steps[i]) for i in group}) > 1:
        return False
    widths = tuple(max(each) for each in zip(*(shape.widths for shape in own), strict=True))
    widest, largest = Shape(widths, ()), min(n_rows, max(sizes[i] for i in group))
    padded_rows = largest * max(-(-n_rows // sizes[i]) for i in group)
    padded = len(group) * padded_rows * _multiply_adds(widest)
    alone = sum(n_rows * _multiply_adds(shape) for shape in own)
    return padded <= WASTE * alone and len(group) * copies * _bytes(widest, largest) <= STACK_BYTES


def _multiply_adds(shape: Shape) -> int:
    return sum(fan_in * fan_out for fan_in, fan_out in pairwise(shape.widths))


def _bytes(shape: Shape, batch: int) -> int:
    """Memory of a network: its parameters three times; its activations with masks and gradients four times."""
    return 4 * (3 * shape.n_parameters + 4 * batch * sum(shape.widths))
