"""Train runs on one data set: all budgets and seeds of a configuration, or of several.

Those of search space 1 train as one stack; for those of space 2 see :mod:`lcbench.collection.networks.full`.

Runs of one seed start from the same parameters whatever their budget, and see the same batches and the same dropout
masks while they overlap; only their cosines differ. A run's result depends on (plan seed, data set, configuration,
seed, budget), not on what it was trained beside.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from lcbench.collection.networks.epoch import Training, cosine
from lcbench.collection.networks.full.fitting import fit_all
from lcbench.collection.networks.measures import evaluate, gradient_statistics, probabilities
from lcbench.collection.networks.network import Networks, Shape, Stack, initial_parameters, shaped_mlp
from lcbench.collection.networks.padded import PaddedStack, PaddedTraining
from lcbench.collection.networks.randomness import Streams, streams
from lcbench.collection.networks.recorder import Recorders, Run
from lcbench.collection.networks.tensors import Tensors
from lcbench.collection.tasks import NO_EXTRAS, Extras
from lcbench.errors import InputError
from lcbench.space.spaces import is_full


def train(
    data: Tensors,
    config: Mapping[str, Any],
    budgets: Sequence[int],
    seeds: Sequence[int],
    plan_seed: int,
    clock: Callable[[], float],
    epoch_seconds: float | None = None,
    extras: Extras = NO_EXTRAS,
) -> list[Run]:
    """Train one configuration at every budget and seed.

    Args:
        data: The data set.
        config: The active hyperparameters of a configuration, in plain types (see
            :func:`lcbench.space.spaces.records`).
        budgets: Epoch budgets; each is a run from scratch with its own cosine.
        seeds: Each changes initialisation, batch order, dropout and the other training techniques only.
        plan_seed: Seed of the whole collection.
        clock: Gives seconds; an epoch's time is shared out evenly among the runs that were in it.
        epoch_seconds: What to record for each epoch of each run instead, from a cost model.
        extras: What else to log.

    Returns:
        A run for each budget and seed, budgets in the outer loop.
    """
    modelled = None if epoch_seconds is None else [epoch_seconds]
    return train_together(data, [config], budgets, seeds, plan_seed, clock, modelled, extras)[0]


def train_together(
    data: Tensors,
    configs: Sequence[Mapping[str, Any]],
    budgets: Sequence[int],
    seeds: Sequence[int],
    plan_seed: int,
    clock: Callable[[], float],
    epoch_seconds: Sequence[float] | None = None,
    extras: Extras = NO_EXTRAS,
) -> list[list[Run]]:
    """Train several configurations, each at every budget and seed.

    Those of search space 1 must have the same number of layers, and train in one stack; those of space 2 train run by
    run, see :mod:`lcbench.collection.networks.full`.

    Args:
        data: The data set.
        configs: Configurations of one search space; see :mod:`lcbench.collection.networks.grouping`.
        budgets: As for :func:`train`, and the next three as well.
        seeds: See there.
        plan_seed: See there.
        clock: See there.
        epoch_seconds: One for each configuration, or None.
        extras: What else to log; gradients of one configuration only.

    Returns:
        For each configuration its runs, as :func:`train` gives them.

    Raises:
        InputError: If gradients are asked for and there are several configurations.
    """
    if extras.gradients and len(configs) > 1:
        raise InputError(f"gradients must be logged of one configuration at a time, got {len(configs)}.")
    if all(is_full(config) for config in configs):
        modelled = [None] * len(configs) if epoch_seconds is None else epoch_seconds
        return [
            fit_all(data, config, budgets, seeds, plan_seed, clock, seconds, extras)
            for config, seconds in zip(configs, modelled, strict=True)
        ]
    return _train_stack(data, configs, budgets, seeds, plan_seed, clock, epoch_seconds, extras)


@np.errstate(over="ignore", invalid="ignore")  # a run that diverges is a result, not a mistake
@torch.inference_mode()
def _train_stack(
    data: Tensors,
    configs: Sequence[Mapping[str, Any]],
    budgets: Sequence[int],
    seeds: Sequence[int],
    plan_seed: int,
    clock: Callable[[], float],
    epoch_seconds: Sequence[float] | None,
    extras: Extras,
) -> list[list[Run]]:
    """Train configurations of search space 1 in one stack."""
    longest_first = sorted(budgets, reverse=True)
    beginning = _beginning(data, configs, [[streams(plan_seed, data.name, c, seed) for seed in seeds] for c in configs])
    stack, training = beginning.stack, beginning.training
    log = Recorders(len(configs), len(seeds), len(budgets), longest_first[0])
    log.metrics(0, {"train": evaluate(stack, data.x_train, data.y_train, data.weights), **_held_out(stack, data)})
    for epoch in range(longest_first[0]):
        started = clock()
        active = [b for b in longest_first if b > epoch]
        rates = [cosine(epoch, b, c["learning_rate"]) for b in active for c in configs for _ in seeds]
        if epoch == 1:  # until now all budgets were alike: every cosine begins with the configuration's rate
            stack.repeat(len(budgets))
            log.part()
        stack.keep(len(rates))
        trained = training.epoch(stack, rates[: len(stack)])
        log.metrics(epoch + 1, {"train": trained, **_held_out(stack, data)})
        log.learning_rates(epoch + 1, rates)
        log.seconds(epoch + 1, (clock() - started) / len(stack), epoch_seconds, len(active))
        if isinstance(stack, Stack) and extras.gradients:
            log.gradients(epoch + 1, gradient_statistics(stack))
        if extras.predictions and epoch + 1 in budgets:
            log.predictions(
                len(active), {"valid": probabilities(stack, data.x_valid), "test": probabilities(stack, data.x_test)}
            )
    return log.runs(budgets, seeds, [shape.n_parameters for shape in beginning.shapes])


def network_shape(n_features: int, n_classes: int, config: Mapping[str, Any]) -> Shape:
    """The network of a configuration of search space 1."""
    layers, units, dropout = config["num_layers"], config["max_units"], config["max_dropout"]
    return shaped_mlp(n_features, n_classes, int(layers), int(units), float(dropout))


class _Training(Protocol):
    """Trains all networks of a stack for one epoch."""

    def epoch(self, stack: Any, learning_rates: Sequence[float]) -> dict[str, Tensor]: ...


@dataclass(frozen=True, slots=True, eq=False)
class _Beginning:
    """Untrained networks and what will train them: one for each configuration and seed.

    Attributes:
        stack: The networks; a stack of one configuration's networks needs no padding.
        training: Trains them.
        shapes: Of each configuration.
    """

    stack: Stack | PaddedStack
    training: "_Training"
    shapes: Sequence[Shape]


def _beginning(
    data: Tensors, configs: Sequence[Mapping[str, Any]], randomness: Sequence[Sequence[Streams]]
) -> _Beginning:
    """Draw one network per configuration and seed."""
    shapes = [network_shape(data.n_features, data.n_classes, config) for config in configs]
    sources = [(c, shape, each) for c, shape, own in zip(configs, shapes, randomness, strict=True) for each in own]
    drawn = [initial_parameters(shape, source.parameters) for _, shape, source in sources]
    device = data.x_train.device
    if len(configs) == 1:
        stack = Stack(shapes[0], torch.from_numpy(np.stack(drawn)).to(device))
        return _Beginning(stack, Training(data, configs[0], randomness[0]), shapes)
    of_each, shape_of_each, streams_of_each = map(list, zip(*sources, strict=True))
    padded = PaddedStack(shape_of_each, drawn, device)
    return _Beginning(padded, PaddedTraining(data, of_each, shape_of_each, streams_of_each), shapes)


def _held_out(stack: Networks, data: Tensors) -> dict[str, Mapping[str, Tensor]]:
    return {
        "valid": evaluate(stack, data.x_valid, data.y_valid, data.weights),
        "test": evaluate(stack, data.x_test, data.y_test, data.weights),
    }
