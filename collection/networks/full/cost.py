"""The work of one epoch of a run of Search Space 2, for the cost model: see :mod:`lcbench.collection.networks.cost`."""

from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil

import numpy as np
from numpy.typing import NDArray

from lcbench.collection.networks.cost import Sizes
from lcbench.collection.networks.full.settings import ResNetShape, Settings
from lcbench.collection.networks.measures import rows_at_once
from lcbench.collection.networks.network import Shape

FULL_KINDS = (
    "epoch",
    "step",
    "module and step",
    "products",
    "parameter updates, SGD",
    "parameter updates, Adam",
    "tensors and steps",
    "activations",
    "normalised activations",
    "dropped activations",
    "shaken activations",
    "mixed inputs",
    "inputs",
    "outputs",
    "evaluation, products",
    "evaluated activations",
    "evaluated outputs",
    "evaluation chunks and modules",
)
"""Kinds of work, in the order of :func:`full_epoch_work`."""


@dataclass(slots=True)
class _Parts:
    """What a network is made of.

    Attributes:
        linear: Inputs and outputs of each Linear layer.
        normalised: Width of each normalisation.
        dropped: Width of each dropout.
        shaken: Width of each Shake-Shake and each ShakeDrop.
    """

    linear: list[tuple[int, int]] = field(default_factory=list)
    normalised: list[int] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    shaken: list[int] = field(default_factory=list)

    @property
    def modules(self) -> int:
        return len(self.linear) + len(self.normalised) + len(self.dropped) + len(self.shaken)

    @property
    def products(self) -> int:
        return sum(fan_in * fan_out for fan_in, fan_out in self.linear)

    @property
    def outputs(self) -> int:
        return sum(fan_out for _, fan_out in self.linear)

    @property
    def parameters(self) -> int:
        return self.products + self.outputs + 2 * sum(self.normalised)


def full_epoch_work(settings: Settings, sizes: Sizes, n_inputs: int) -> NDArray[np.float64]:
    """Count the work of one epoch.

    Args:
        settings: The network and its training.
        sizes: Rows of the data set.
        n_inputs: Columns of the prepared data.

    Returns:
        ``(len(FULL_KINDS),)`` array.
    """
    shape, rows, held_out = settings.shape, sizes.train, sizes.valid + sizes.test
    parts = _of_resnet(shape) if isinstance(shape, ResNetShape) else _of_mlp(shape)
    steps, classes = ceil(rows / settings.batch_size), shape.widths[-1]
    updates = steps * parts.parameters
    widths = (n_inputs, *shape.widths)
    chunks = sum(ceil(n / rows_at_once(widths)) for n in (sizes.valid, sizes.test))
    projection = 0 if settings.svd_dim is None else n_inputs * settings.svd_dim
    return np.array(
        [
            1,
            steps,
            steps * parts.modules,
            3 * 2.0 * rows * parts.products,
            0 if settings.momentum is None else updates,
            updates if settings.momentum is None else 0,
            steps * (2 * len(parts.linear) + 2 * len(parts.normalised)),
            rows * parts.outputs,
            rows * sum(parts.normalised),
            rows * sum(parts.dropped),
            rows * sum(parts.shaken),
            rows * shape.widths[0] if settings.mixup_alpha > 0 else 0,
            rows * shape.widths[0],
            rows * classes * (2 if settings.mixup_alpha > 0 else 1),
            2.0 * held_out * (parts.products + projection),
            held_out * (parts.outputs + sum(parts.normalised) + sum(parts.shaken)),
            held_out * classes,
            chunks * parts.modules,
        ],
        np.float64,
    )


def _of_mlp(shape: Shape) -> _Parts:
    dropped = [width for width, rate in zip(shape.widths[1:-1], shape.dropout, strict=True) if rate > 0]
    return _Parts(linear=list(pairwise(shape.widths)), dropped=dropped)


def _of_resnet(shape: ResNetShape) -> _Parts:
    parts = _Parts(linear=[(shape.widths[0], shape.widths[1])])
    for (before, width), rate in zip(pairwise(shape.widths[1:-1]), shape.dropout, strict=True):
        for number in range(shape.blocks_per_group):
            _add_block(parts, shape, width if number else before, width, rate)
    parts.normalised.append(shape.widths[-2])
    parts.linear.append((shape.widths[-2], shape.widths[-1]))
    return parts


def _add_block(parts: _Parts, shape: ResNetShape, fan_in: int, fan_out: int, rate: float) -> None:
    branches, projects = 2 if shape.shake_shake else 1, fan_in != fan_out
    parts.linear += [(fan_in, fan_out), (fan_out, fan_out)] * branches + [(fan_in, fan_out)] * projects
    parts.normalised += [fan_in] * (1 if projects else branches) + [fan_out] * branches
    parts.dropped += [fan_out] * branches if rate > 0 else []
    parts.shaken += [fan_out] * (int(shape.shake_shake) + int(shape.max_shake_drop is not None))
