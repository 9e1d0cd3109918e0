"""The stack engine: all budgets and seeds of a shaped MLP train together.

Runs of one seed start from the same parameters whatever their budget, and see the same batches and the same dropout
masks while they overlap; only their cosines differ.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from lcbench.collection.networks.gradients import Piece, statistics_of
from lcbench.collection.networks.measures import Networks, evaluate, probabilities
from lcbench.collection.networks.recipe import Candidate, Shape, cosine
from lcbench.collection.networks.recorder import Recorders, Run
from lcbench.collection.networks.stack.stack import Stack, initial_parameters
from lcbench.collection.networks.stack.training import Training
from lcbench.collection.networks.tensors import Tensors
from lcbench.collection.unit import Extras


class Trainable(Networks, Protocol):
    """A stack of networks: budget by budget, then by configuration, then by seed."""

    def keep(self, n: int) -> None:
        """Go on with the first ``n`` networks only."""

    def repeat(self, times: int) -> None:
        """Go on with so many copies of the networks, one after the other."""

    def flat_gradients(self) -> Sequence[Sequence[Piece]]:
        """Gradients of the last step, layer by layer, see :func:`statistics_of`."""


_Stack = TypeVar("_Stack", bound=Trainable)


@np.errstate(over="ignore", invalid="ignore")  # a run that diverges is a result, not a mistake
@torch.inference_mode()
def train(
    data: Tensors,
    candidates: Sequence[Candidate],
    budgets: Sequence[int],
    seeds: Sequence[int],
    clock: Callable[[], float],
    step_seconds: Sequence[float] | None,
    extras: Extras,
) -> list[list[Run]]:
    """Train shaped MLPs, each at every budget and seed; see :meth:`lcbench.collection.problem.Problem.train_all`.

    An epoch's time is shared out evenly among the runs that were in it.
    """
    found = []
    for number, candidate in enumerate(candidates):
        shape, randomness = shape_of(candidate), [candidate.streams(seed) for seed in seeds]
        drawn = [initial_parameters(shape, source.parameters) for source in randomness]
        stack = Stack(shape, torch.from_numpy(np.stack(drawn)))
        epoch = Training(data, candidate.recipe, randomness).epoch
        seconds = None if step_seconds is None else step_seconds[number : number + 1]
        found += train_stack(data, [candidate], stack, epoch, budgets, seeds, clock, seconds, extras)
    return found


def shape_of(candidate: Candidate) -> Shape:
    """The shape of a candidate's network, which is an MLP."""
    shape = candidate.recipe.shape
    assert isinstance(shape, Shape)  # noqa: S101  # the problem gives this engine nothing else
    return shape


def train_stack(
    data: Tensors,
    candidates: Sequence[Candidate],
    stack: _Stack,
    train_epoch: Callable[[_Stack, Sequence[float]], Mapping[str, Tensor]],
    budgets: Sequence[int],
    seeds: Sequence[int],
    clock: Callable[[], float],
    step_seconds: Sequence[float] | None,
    extras: Extras,
) -> list[list[Run]]:
    """Train one stack.

    Args:
        data: The data set.
        candidates: Whose networks they are.
        stack: A network for each candidate and seed, untrained.
        train_epoch: Trains a stack for one epoch, given a learning rate for each network, and returns its metrics.
        budgets: See :func:`train`, as for the further arguments and what is returned.
        seeds: See there.
        clock: See there.
        step_seconds: See there.
        extras: See there.
    """
    longest_first = sorted(budgets, reverse=True)
    log = Recorders(len(candidates), len(seeds), len(budgets), longest_first[0])
    log.metrics(0, {"train": evaluate(stack, data.x_train, data.y_train, data.weights), **_held_out(stack, data)})
    for epoch in range(longest_first[0]):
        started = clock()
        active = [b for b in longest_first if b > epoch]
        rates = [cosine(epoch, b, c.recipe.learning_rate) for b in active for c in candidates for _ in seeds]
        if epoch == 1:  # until now all budgets were alike: every cosine begins with the configuration's rate
            stack.repeat(len(budgets))
            log.part()
        stack.keep(len(rates))
        trained = train_epoch(stack, rates[: len(stack)])
        log.metrics(epoch + 1, {"train": trained, **_held_out(stack, data)})
        log.learning_rates(epoch + 1, rates)
        log.seconds(epoch + 1, (clock() - started) / len(stack), step_seconds, len(active))
        if extras.gradients:
            log.gradients(epoch + 1, statistics_of(stack.flat_gradients()))
        if extras.predictions and epoch + 1 in budgets:
            log.predictions(
                len(active), {"valid": probabilities(stack, data.x_valid), "test": probabilities(stack, data.x_test)}
            )
    return log.runs(budgets, seeds, [shape_of(candidate).n_parameters for candidate in candidates])


def _held_out(stack: Networks, data: Tensors) -> dict[str, Mapping[str, Tensor]]:
    return {
        "valid": evaluate(stack, data.x_valid, data.y_valid, data.weights),
        "test": evaluate(stack, data.x_test, data.y_test, data.weights),
    }
