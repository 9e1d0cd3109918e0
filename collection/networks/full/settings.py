"""Shaped ResNets: widths and dropout rates of groups of residual blocks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lcbench.collection.networks.network import Shape, shaped_mlp
from lcbench.space.spaces import ADAM, MIXUP, MLP, TRUNCATED_SVD, is_full


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


# What a configuration asks for, whatever its search space calls it.


@dataclass(frozen=True, slots=True)
class Settings:
    """A network and how it is trained.

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


def settings_of(config: Mapping[str, Any], n_inputs: int, n_classes: int) -> Settings:
    """Read a configuration of any search space.

    Args:
        config: Its active hyperparameters.
        n_inputs: Columns of the prepared data.
        n_classes: Classes.
    """
    if not is_full(config):
        return _space_1(config, n_inputs, n_classes)
    svd_dim = min(int(config["svd_target_dim"]), n_inputs) if config["preprocessor"] == TRUNCATED_SVD else None
    optimizer = config["optimizer"]
    return Settings(
        svd_dim=svd_dim,
        shape=_shape(config, n_inputs if svd_dim is None else svd_dim, n_classes),
        batch_size=int(config["batch_size"]),
        learning_rate=float(config[f"{optimizer}_learning_rate"]),
        weight_decay=float(config[f"{optimizer}_weight_decay"]),
        momentum=None if optimizer == ADAM else float(config["momentum"]),
        mixup_alpha=float(config["mixup_alpha"]) if config["training_technique"] == MIXUP else 0.0,
    )


def _space_1(config: Mapping[str, Any], n_inputs: int, n_classes: int) -> Settings:
    layers, units, dropout = config["num_layers"], config["max_units"], config["max_dropout"]
    return Settings(
        svd_dim=None,
        shape=shaped_mlp(n_inputs, n_classes, int(layers), int(units), float(dropout)),
        batch_size=int(config["batch_size"]),
        learning_rate=float(config["learning_rate"]),
        weight_decay=float(config["weight_decay"]),
        momentum=float(config["momentum"]),
        mixup_alpha=0.0,
    )


def _shape(config: Mapping[str, Any], n_inputs: int, n_classes: int) -> Shape | ResNetShape:
    if config["network_type"] == MLP:
        layers, units, dropout = config["mlp_num_layers"], config["mlp_max_units"], config["mlp_max_dropout"]
        return shaped_mlp(n_inputs, n_classes, int(layers), int(units), float(dropout))
    shape = shaped_resnet(
        n_inputs,
        n_classes,
        int(config["resnet_num_groups"]),
        int(config["resnet_blocks_per_group"]),
        int(config["resnet_max_units"]),
        float(config["resnet_max_dropout"]) if config["use_dropout"] else 0.0,
    )
    max_shake_drop = float(config["max_shake_drop"]) if config["use_shake_drop"] else None
    return replace(shape, max_shake_drop=max_shake_drop, shake_shake=bool(config["use_shake_shake"]))
