"""Untrained networks of configurations."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lcbench.collection.full.modules import MLP, Network, ResNet, linear_layers
from lcbench.collection.full.settings import Settings, settings_of
from lcbench.collection.full.shapes import ResNetShape


def build_network(config: Mapping[str, Any], n_inputs: int, n_classes: int) -> Network:
    """Build the network of a configuration of any search space, all weights and directions 0.

    It is there to be filled by ``load_state_dict`` with the state of a fitted one.

    Args:
        config: Its active hyperparameters.
        n_inputs: Columns of the prepared data.
        n_classes: Classes.

    Returns:
        The network in evaluation mode.
    """
    settings = settings_of(config, n_inputs, n_classes)
    directions = None if settings.svd_dim is None else torch.zeros(n_inputs, settings.svd_dim)
    network = _empty(settings, directions)
    with torch.no_grad():
        for layer in linear_layers(network):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
    return network.eval()


def drawn_network(settings: Settings, directions: Tensor | None, rng: np.random.Generator) -> Network:
    """Build a network with random weights: each Linear layer's uniform in ``±1 / sqrt(fan_in)``, PyTorch's default.

    They are drawn as :func:`lcbench.collection.network.initial_parameters` draws those of an MLP.

    Returns:
        The network, in training mode.
    """
    network = _empty(settings, directions)
    with torch.no_grad():
        for layer in linear_layers(network):
            fan_in, fan_out, bound = layer.in_features, layer.out_features, np.float32(np.sqrt(layer.in_features))
            drawn = (2 * rng.random((fan_in + 1, fan_out), dtype=np.float32) - 1) / bound
            layer.weight.copy_(torch.from_numpy(drawn[:-1].T.copy()))
            layer.bias.copy_(torch.from_numpy(drawn[-1]))
    return network


def _empty(settings: Settings, directions: Tensor | None) -> Network:
    shape = settings.shape
    return Network(ResNet(shape) if isinstance(shape, ResNetShape) else MLP(shape), directions)
