"""Shapes of networks, and recipes: a network and how it is trained."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from lcbench.collection.networks.randomness import Streams

_ETA_MIN = 1e-8  # where every cosine ends
_MIN_DROPOUT = 0.05  # the released generator adds dropout layers only above this


@dataclass(frozen=True, slots=True)
class Shape:
    """Layer sizes and dropout rates of a multilayer perceptron.

    Attributes:
        widths: Features, hidden widths, classes; one more than there are Linear layers.
        dropout: Rate after each hidden layer, 0 for none.
    """

    widths: tuple[int, ...]
    dropout: tuple[float, ...]

    @property
    def n_parameters(self) -> int:
        """Number of weights and biases."""
        return sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(self.widths))


def shaped_mlp(n_features: int, n_classes: int, num_layers: int, max_units: int, max_dropout: float) -> Shape:
    """The funnel-shaped MLP of the paper (equation 1), rounded as the released generator does.

    ``num_layers`` counts Linear layers, the output layer included; 1 is a linear model. The first hidden layer has
    ``max(n_features, max_units)`` units, each further one fewer by a constant step. Dropout rates fall linearly from
    ``max_dropout`` in steps of a thousandth; at or below 0.05 there is no dropout.

    Returns:
        The shape, ``num_layers - 1`` hidden layers.
    """
    hidden = num_layers - 1
    if hidden == 0:
        return Shape((n_features, n_classes), ())
    first = max(n_features, max_units)
    step = max(0, int((first - n_classes) / hidden))
    widths = [first - i * step for i in range(hidden)]
    rate = max_dropout if max_dropout > _MIN_DROPOUT else 0.0
    dropout = [rate * (1000 - i * int(1000 / hidden)) / 1000 for i in range(hidden)]
    return Shape((n_features, *widths, n_classes), tuple(dropout))


@dataclass(frozen=True, slots=True)
class ResNetShape:
    """A funnel-shaped residual network.

    Attributes:
        widths: Inputs, output of the first Linear layer, output of each group of blocks, classes.
        blocks_per_group: Residual blocks in each group.
        dropout: Rate in the blocks of each group, 0 for none.
        max_shake_drop: The death probability of the last block under ShakeDrop; None without ShakeDrop.
        shake_shake: Whether a block has two branches.
    """

    widths: tuple[int, ...]
    blocks_per_group: int
    dropout: tuple[float, ...]
    max_shake_drop: float | None = None
    shake_shake: bool = False

    @property
    def n_blocks(self) -> int:
        """Residual blocks in all."""
        return len(self.dropout) * self.blocks_per_group

    def survival(self, block: int) -> float:
        """The probability ``p_l = 1 - l / L * max_shake_drop`` of ShakeDrop (Yamada et al. 2019, section 4.1).

        Args:
            block: Number of the block, counted from 1 to ``L``.

        Returns:
            In [0, 1]; falls linearly with depth.
        """
        return 1 - block / self.n_blocks * (self.max_shake_drop or 0.0)


def shaped_resnet(
    n_inputs: int, n_classes: int, num_groups: int, blocks_per_group: int, max_units: int, max_dropout: float
) -> ResNetShape:
    """The shaped ResNet of the paper (section 3.1.2): a group is as wide as a layer of a shaped MLP.

    The MLP has ``num_groups + 2`` Linear layers: the first is the first Linear of the ResNet, the last its classifier,
    and each of the others a group (Auto-PyTorch's ``get_shaped_neuron_counts``). Dropout rates fall from group to group
    as those of an MLP with ``num_groups`` hidden layers.

    Returns:
        The shape, without Shake-Shake and ShakeDrop.
    """
    widths = shaped_mlp(n_inputs, n_classes, num_groups + 2, max_units, 0.0).widths
    dropout = shaped_mlp(n_inputs, n_classes, num_groups + 1, max_units, max_dropout).dropout
    return ResNetShape(widths, blocks_per_group, dropout)


@dataclass(frozen=True, slots=True)
class Recipe:
    """A network and how it is trained: what a configuration asks for, whatever its search space calls it.

    Attributes:
        svd_dim: Inputs that a truncated SVD leaves, at most those there are; None for no SVD.
        shape: The network behind it.
        batch_size: Rows in a batch.
        learning_rate: At the beginning of the cosine.
        weight_decay: Factor of the parameters that is added to their gradient.
        momentum: Of SGD; None for Adam.
        mixup_alpha: Both parameters of mixup's Beta distribution; 0 for no mixing.
    """

    svd_dim: int | None
    shape: Shape | ResNetShape
    batch_size: int
    learning_rate: float
    weight_decay: float
    momentum: float | None
    mixup_alpha: float


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A configuration ready for an engine.

    Attributes:
        recipe: The network and how it is trained.
        streams: Makes the sources of randomness of a seed, the same ones at every call.
    """

    recipe: Recipe
    streams: Callable[[int], Streams]


def cosine(epoch: int, budget: int, learning_rate: float) -> float:
    """Learning rate of an epoch, counted from 0, under cosine annealing to 1e-8 over ``budget`` epochs."""
    return _ETA_MIN + (learning_rate - _ETA_MIN) * (1 + math.cos(math.pi * epoch / budget)) / 2
