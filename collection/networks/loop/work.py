"""The work of one epoch of a run of the plain loop, for the cost model."""

from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil

from lcbench.collection.networks.cost import Extent
from lcbench.collection.networks.measures import rows_at_once
from lcbench.collection.networks.recipe import Recipe, ResNetShape, Shape


@dataclass(slots=True)
class _Modules:
    """Sizes of the modules of a network.

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


def epoch_work(recipe: Recipe, extent: Extent) -> dict[str, float]:
    """Count the work of one epoch of a run.

    Args:
        recipe: The network and how it is trained.
        extent: How large the data set is.

    Returns:
        Amounts by kind of work.
    """
    shape, sizes = recipe.shape, extent.sizes
    rows, held_out = sizes.train, sizes.valid + sizes.test
    parts = _of_resnet(shape) if isinstance(shape, ResNetShape) else _of_mlp(shape)
    steps, classes, mixes = ceil(rows / recipe.batch_size), shape.widths[-1], recipe.mixup_alpha > 0
    updates = steps * parts.parameters
    widths = (extent.features, *shape.widths)
    chunks = sum(ceil(n / rows_at_once(widths)) for n in (sizes.valid, sizes.test))
    projection = 0 if recipe.svd_dim is None else extent.features * recipe.svd_dim
    return {
        "epoch": 1,
        "step": steps,
        "module and step": steps * parts.modules,
        "products": 3 * 2.0 * rows * parts.products,
        "parameter updates, SGD": 0 if recipe.momentum is None else updates,
        "parameter updates, Adam": updates if recipe.momentum is None else 0,
        "tensors and steps": steps * (2 * len(parts.linear) + 2 * len(parts.normalised)),
        "activations": rows * parts.outputs,
        "normalised activations": rows * sum(parts.normalised),
        "dropped activations": rows * sum(parts.dropped),
        "shaken activations": rows * sum(parts.shaken),
        "mixed inputs": rows * shape.widths[0] if mixes else 0,
        "inputs": rows * shape.widths[0],
        "outputs": rows * classes * (2 if mixes else 1),
        "evaluation, products": 2.0 * held_out * (parts.products + projection),
        "evaluated activations": held_out * (parts.outputs + sum(parts.normalised) + sum(parts.shaken)),
        "evaluated outputs": held_out * classes,
        "evaluation chunks and modules": chunks * parts.modules,
    }


def _of_mlp(shape: Shape) -> _Modules:
    dropped = [width for width, rate in zip(shape.widths[1:-1], shape.dropout, strict=True) if rate > 0]
    return _Modules(linear=list(pairwise(shape.widths)), dropped=dropped)


def _of_resnet(shape: ResNetShape) -> _Modules:
    parts = _Modules(linear=[(shape.widths[0], shape.widths[1])])
    for (before, width), rate in zip(pairwise(shape.widths[1:-1]), shape.dropout, strict=True):
        for number in range(shape.blocks_per_group):
            _add_block(parts, shape, width if number else before, width, rate)
    parts.normalised.append(shape.widths[-2])
    parts.linear.append((shape.widths[-2], shape.widths[-1]))
    return parts


def _add_block(parts: _Modules, shape: ResNetShape, fan_in: int, fan_out: int, rate: float) -> None:
    branches, projects = 2 if shape.shake_shake else 1, fan_in != fan_out
    parts.linear += [(fan_in, fan_out), (fan_out, fan_out)] * branches + [(fan_in, fan_out)] * projects
    parts.normalised += [fan_in] * (1 if projects else branches) + [fan_out] * branches
    parts.dropped += [fan_out] * branches if rate > 0 else []
    parts.shaken += [fan_out] * (int(shape.shake_shake) + int(shape.max_shake_drop is not None))
