"""Shaped ResNets: widths and dropout rates of groups of residual blocks."""

from dataclasses import dataclass

from lcbench.collection.network import shaped_mlp


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
