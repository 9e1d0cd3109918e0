"""Train the runs of one configuration on one data set: all its budgets and seeds as one stack.

Runs of one seed start from the same parameters whatever their budget, and see the same batches and the same dropout
masks while they overlap; only their cosines differ. A run's result depends on (plan seed, data set, configuration,
seed, budget), not on what it was trained beside.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from collection.epoch import Training
from collection.gradients import gradient_statistics
from collection.network import Shape, Stack, initial_parameters, shaped_mlp
from collection.randomness import Streams, streams
from collection.recorder import Recorder, Run
from collection.statistics import evaluate, probabilities
from collection.tensors import Tensors
from collection.unit import NO_EXTRAS, Extras

ETA_MIN = 1e-8


def cosine(epoch: int, budget: int, learning_rate: float) -> float:
    """Learning rate of an epoch, counted from 0, under cosine annealing to 1e-8 over ``budget`` epochs."""
    return ETA_MIN + (learning_rate - ETA_MIN) * (1 + math.cos(math.pi * epoch / budget)) / 2


@torch.inference_mode()
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
        config: A configuration of search space 1.
        budgets: Epoch budgets; each is a run from scratch with its own cosine.
        seeds: Each changes initialisation, batch order and dropout only.
        plan_seed: Seed of the whole collection.
        clock: Gives seconds; an epoch's time is shared out evenly among the runs that were in it.
        epoch_seconds: What to record for each epoch of each run instead, from a cost model.
        extras: What else to log.

    Returns:
        A run for each budget and seed, budgets in the outer loop.
    """
    randomness = [streams(plan_seed, data.name, config, seed) for seed in seeds]
    longest_first = sorted(budgets, reverse=True)
    stack = _untrained(data, config, randomness)
    training = Training(data, config, randomness)
    recorder = Recorder(len(seeds), len(budgets), longest_first[0])
    recorder.metrics(0, {"train": evaluate(stack, data.x_train, data.y_train, data.weights), **_held_out(stack, data)})
    for epoch in range(longest_first[0]):
        started = clock()
        rates = [cosine(epoch, b, config["learning_rate"]) for b in longest_first if b > epoch for _ in seeds]
        if epoch == 1:  # until now all budgets were alike: every cosine begins with the configuration's rate
            stack.repeat(len(budgets))
            recorder.part()
        stack.keep(len(rates))
        trained = training.epoch(stack, rates[: len(stack)])
        recorder.metrics(epoch + 1, {"train": trained, **_held_out(stack, data)})
        recorder.learning_rate(epoch + 1, rates)
        shared = (clock() - started) / len(stack)
        recorder.seconds(epoch + 1, shared if epoch_seconds is None else epoch_seconds, len(rates))
        if extras.gradients:
            recorder.gradients(epoch + 1, gradient_statistics(stack))
        if extras.predictions and epoch + 1 in budgets:
            ending = range(len(rates) - len(seeds), len(rates))  # the shortest budget comes last
            recorder.predictions(
                ending, {"valid": probabilities(stack, data.x_valid), "test": probabilities(stack, data.x_test)}
            )
    place = {(b, s): row for row, (b, s) in enumerate((b, s) for b in longest_first for s in seeds)}
    return [recorder.run(place[b, s], b, s, stack.shape.n_parameters) for b in budgets for s in seeds]


def network_shape(n_features: int, n_classes: int, config: Mapping[str, Any]) -> Shape:
    """The network of a configuration of search space 1."""
    layers, units, dropout = config["num_layers"], config["max_units"], config["max_dropout"]
    return shaped_mlp(n_features, n_classes, int(layers), int(units), float(dropout))


def _untrained(data: Tensors, config: Mapping[str, Any], randomness: Sequence[Streams]) -> Stack:
    """Draw one network per seed."""
    shape = network_shape(data.n_features, data.n_classes, config)
    drawn = np.stack([initial_parameters(shape, source.parameters) for source in randomness])
    return Stack(shape, torch.from_numpy(drawn).to(data.x_train.device))


def _held_out(stack: Stack, data: Tensors) -> dict[str, Mapping[str, Tensor]]:
    return {
        "valid": evaluate(stack, data.x_valid, data.y_valid, data.weights),
        "test": evaluate(stack, data.x_test, data.y_test, data.weights),
    }
