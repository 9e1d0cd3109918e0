"""Experimental: training shaped MLPs on a GPU, many configurations of similar shape in one stack.

**This module has never run on a GPU.** Its parts are tested on a CPU: a configuration has the same curves alone and
beside others, up to rounding. A GPU needs much work at a time, so networks of different widths are padded to one width,
and dropout masks are hashed on the device instead of being drawn: a single kernel for all networks, and the same masks
whatever else is in the stack. See ``docs/decisions/0032-stacks-on-a-gpu.md``.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lcbench.collection.networks.measures import Tally, log_softmax, loss_gradient, loss_shares
from lcbench.collection.networks.randomness import Streams
from lcbench.collection.networks.recipe import Candidate, Recipe, Shape
from lcbench.collection.networks.stack.engine import shape_of, train_stack
from lcbench.collection.networks.stack.stack import initial_parameters
from lcbench.collection.networks.tensors import Tensors
from lcbench.collection.run import Run
from lcbench.collection.tasks import Extras
from lcbench.errors import InputError

WASTE = 2.0
"""Multiply-adds of a stack over those of its networks alone, at most."""

BATCHES = 1.25
"""Largest batch size of a stack over its smallest, at most."""

STACK_BYTES = 4 << 30
"""Parameters, gradients, velocities and activations of a stack, at most (unless one configuration alone has more)."""

_ROW_STRIDE = 1 << 16  # the place of a unit in a mask does not depend on the mask's width


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
    """Train shaped MLPs with equally many layers in one stack.

    Arguments and result are those of :func:`lcbench.collection.networks.stack.engine.train`.

    Raises:
        InputError: If gradients are asked for and there are several configurations.
    """
    if extras.gradients and len(candidates) > 1:
        raise InputError(f"gradients must be logged of one configuration at a time, got {len(candidates)}.")
    sources = [(candidate, candidate.streams(seed)) for candidate in candidates for seed in seeds]
    shapes = [shape_of(candidate) for candidate, _ in sources]
    drawn = [initial_parameters(shape, own.parameters) for shape, (_, own) in zip(shapes, sources, strict=True)]
    stack = PaddedStack(shapes, drawn, data.weights.device)
    training = PaddedTraining(data, [candidate.recipe for candidate, _ in sources], [own for _, own in sources])
    return train_stack(data, candidates, stack, training.epoch, budgets, seeds, clock, step_seconds, extras)


def groups(recipes: Sequence[Recipe], n_rows: int, copies: int) -> list[list[int]]:
    """Divide configurations into stacks.

    They must have the same number of layers, and similar batch sizes and widths: in a stack every network is as wide as
    the widest, and every step as large as the largest.

    Sorted by layers, batch size (in steps of :data:`BATCHES`) and width, they fill one stack after the other.

    Args:
        recipes: What the configurations ask for; shaped MLPs.
        n_rows: Rows to train on.
        copies: Networks of a configuration: budgets x seeds.

    Returns:
        Indices of the configurations of each stack, each index once.
    """
    shapes = [Shape(recipe.shape.widths, recipe.shape.dropout) for recipe in recipes]
    sizes = [recipe.batch_size for recipe in recipes]
    steps = [int(math.log(size) / math.log(BATCHES)) for size in sizes]
    order = sorted(range(len(recipes)), key=lambda i: (len(shapes[i].widths), steps[i], shapes[i].widths))
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


class PaddedStack:
    """Networks with the same number of layers that train together, each with its own parameters and widths.

    Each layer is as wide as the widest network's. What a narrower network does not have is filled with zeros, and stays
    zero by itself: a unit without weights and bias gives 0, its ReLU passes no gradient, and so its weights get none.
    The networks compute what they would compute alone, up to rounding.

    Attributes:
        shape: The widths of all together, without dropout.
    """

    def __init__(self, shapes: Sequence[Shape], parameters: Sequence[NDArray[np.float32]], device: torch.device):
        """Take each network's shape and its parameters in the order of ``initial_parameters``."""
        widths = tuple(max(own) for own in zip(*(shape.widths for shape in shapes), strict=True))
        self.shape = Shape(widths, (0.0,) * (len(widths) - 2))
        self._layers = [_Layer(len(shapes), *sizes, device) for sizes in pairwise(widths)]
        for network, (shape, flat) in enumerate(zip(shapes, parameters, strict=True)):
            values, start = torch.from_numpy(flat).to(device), 0
            for layer, (fan_in, fan_out) in zip(self._layers, pairwise(shape.widths), strict=True):
                stop = start + (fan_in + 1) * fan_out
                layer.fill(network, values[start:stop], fan_in, fan_out)
                start = stop

    def __len__(self) -> int:
        return len(self._layers[0].biases)

    def flat_gradients(self) -> list[list[list[Tensor]]]:
        """Gradients of the last step, layer by layer; those of one shape only, since padding has gradients of 0."""
        return [[[part.flatten(1)] for part in layer.gradients] for layer in self._layers]

    def keep(self, n: int) -> None:
        """Keep the first ``n`` networks only."""
        if n < len(self):
            for layer in self._layers:
                layer.replace(lambda tensor: tensor[:n].clone())

    def repeat(self, times: int) -> None:
        """Repeat the networks so many times, one copy after the other."""
        for layer in self._layers:
            layer.replace(lambda tensor: tensor.repeat(times, 1, 1))

    def logits(self, x: Tensor) -> Tensor:
        """Evaluate all networks on the same rows ``(rows, features)``, without dropout: ``(n, rows, classes)``."""
        hidden = x.expand(len(self), *x.shape)
        for layer in self._layers[:-1]:
            hidden = layer.forward(hidden).relu_()
        return self._layers[-1].forward(hidden)

    def forward(self, x: Tensor, masks: Sequence[Tensor | None]) -> tuple[Tensor, list[Tensor]]:
        """Evaluate each network on its own batch, with dropout; see :class:`Stack`."""
        inputs = [x]
        for mask, layer in zip(masks, self._layers[:-1], strict=True):
            hidden = layer.forward(inputs[-1]).relu_()
            if mask is not None:
                hidden.view(-1, *mask.shape).mul_(mask)
            inputs.append(hidden)
        return self._layers[-1].forward(inputs[-1]), inputs

    def backward(self, gradient: Tensor, inputs: Sequence[Tensor], kept: Sequence[Tensor]) -> None:
        """Compute the gradient of every parameter.

        Args:
            gradient: Of the loss with respect to the logits, ``(n, batch, classes)``.
            inputs: From :meth:`forward`.
            kept: For each hidden layer what its surviving units were multiplied by, ``(n, 1, 1)``.
        """
        for number, layer in reversed(list(enumerate(self._layers))):
            layer.backward(inputs[number], gradient)
            if number:
                gradient = torch.bmm(gradient * kept[number - 1], layer.weights.transpose(1, 2))
                gradient = gradient.masked_fill(inputs[number] <= 0, 0)

    def step(self, learning_rates: Tensor, momentum: Tensor, weight_decay: Tensor) -> None:
        """Take a step of SGD with momentum and L2 weight decay, as torch's; all arguments ``(n, 1, 1)``."""
        for layer in self._layers:
            layer.step(learning_rates, momentum, weight_decay)


class _Layer:
    """A Linear layer of every network, as wide as the widest."""

    def __init__(self, n: int, fan_in: int, fan_out: int, device: torch.device) -> None:
        self.weights = torch.zeros(n, fan_in, fan_out, device=device)
        self.biases = torch.zeros(n, 1, fan_out, device=device)
        self._velocities = [torch.zeros_like(self.weights), torch.zeros_like(self.biases)]
        self.gradients: list[Tensor] = []

    def fill(self, network: int, values: Tensor, fan_in: int, fan_out: int) -> None:
        """Give one network its parameters: the weights row by row, then the biases."""
        self.weights[network, :fan_in, :fan_out] = values[: fan_in * fan_out].view(fan_in, fan_out)
        self.biases[network, 0, :fan_out] = values[fan_in * fan_out :]

    def replace(self, change: Callable[[Tensor], Tensor]) -> None:
        self.weights, self.biases = change(self.weights), change(self.biases)
        self._velocities = [change(velocity) for velocity in self._velocities]

    def forward(self, x: Tensor) -> Tensor:
        return torch.baddbmm(self.biases, x, self.weights)

    def backward(self, x: Tensor, gradient: Tensor) -> None:
        self.gradients = [torch.bmm(x.transpose(1, 2), gradient), gradient.sum(1, keepdim=True)]

    def step(self, learning_rates: Tensor, momentum: Tensor, weight_decay: Tensor) -> None:
        for own, gradient, velocity in zip((self.weights, self.biases), self.gradients, self._velocities, strict=True):
            velocity.mul_(momentum).add_(gradient).addcmul_(own, weight_decay)
            own.addcmul_(velocity, learning_rates, value=-1)


class PaddedTraining:
    """Trains stacks of networks of several configurations.

    Configurations differ in their batch size, so in a step each network has its own number of rows; places without a
    row have no weight in the loss. A network that is through with its rows waits: its step changes nothing.

    Args:
        data: What to train on.
        recipes: Batch size, momentum, weight decay, widths and dropout rates of each source.
        randomness: Its sources of randomness. Network ``i`` of a stack belongs to source ``i % sources``.
    """

    def __init__(self, data: Tensors, recipes: Sequence[Recipe], randomness: Sequence[Streams]) -> None:
        self._data, self._randomness = data, randomness
        self._sizes = np.array([recipe.batch_size for recipe in recipes])
        self._steps = -(-len(data.y_train) // self._sizes)
        self._momentum = self._column([recipe.momentum or 0.0 for recipe in recipes])
        self._decay = self._column([recipe.weight_decay for recipe in recipes])
        self._rates = [self._column(rates) for rates in zip(*(recipe.shape.dropout for recipe in recipes), strict=True)]
        self._kept = [torch.where(rates < 1, 1 / (1 - rates), 1) for rates in self._rates]
        self._drops = np.array([any(recipe.shape.dropout) for recipe in recipes])

    def epoch(self, stack: PaddedStack, learning_rates: Sequence[float]) -> dict[str, Tensor]:
        """Train every network for one epoch.

        Args:
            stack: ``n`` networks.
            learning_rates: One per network.

        Returns:
            Metrics over the epoch's batches in training mode, each batch before its step; see ``Tally.metrics``.
        """
        copies, rates = len(stack) // len(self._sizes), self._column(learning_rates)
        tally, keys = Tally(len(stack), self._data.weights), self._keys()
        kept = [each.repeat(copies, 1, 1) for each in self._kept]
        for batch in self._batches():
            x = self._data.x_train[batch.rows].repeat(copies, 1, 1)
            labels, there = self._data.y_train[batch.rows].repeat(copies, 1), batch.there.repeat(copies, 1)
            logits, inputs = stack.forward(x, self._masks(keys, batch.number, x.shape[1], stack.shape))
            log_probabilities = log_softmax(logits)
            shares = loss_shares(self._data.weights[labels] * there)
            stack.backward(loss_gradient(log_probabilities, labels, shares), inputs, kept)
            waiting = torch.from_numpy(self._steps <= batch.number).to(x.device)[:, None, None]
            momentum, decay = self._momentum.masked_fill(waiting, 1), self._decay.masked_fill(waiting, 0)
            still = rates.masked_fill(waiting.repeat(copies, 1, 1), 0)
            stack.step(still, momentum.repeat(copies, 1, 1), decay.repeat(copies, 1, 1))
            tally.add(log_probabilities, labels, x.shape[1], there)
        return tally.metrics()

    def _batches(self) -> Iterator["_Batch"]:
        """Go through the training part in each source's own order."""
        n_rows, device = len(self._data.y_train), self._data.weights.device
        order = torch.from_numpy(np.stack([each.order.permutation(n_rows) for each in self._randomness])).to(device)
        places = torch.arange(min(n_rows, int(self._sizes.max())), device=device)
        sizes = torch.from_numpy(self._sizes).to(device)[:, None]
        for number in range(int(self._steps.max())):
            at = number * sizes + places
            there = (places < sizes) & (at < n_rows)
            yield _Batch(number, order.gather(1, at.clamp(max=n_rows - 1)), there.to(self._data.weights.dtype))

    def _keys(self) -> NDArray[np.uint64]:
        """Keys of an epoch's masks, ``(steps, layers, sources)``, drawn as each source would draw them alone."""
        keys = np.zeros((self._steps.max(), len(self._rates), len(self._sizes)), np.uint64)
        for source, streams in enumerate(self._randomness):
            own = keys[: self._steps[source], :, source]
            if self._drops[source] and own.size:
                own[:] = streams.dropout.bit_generator.random_raw(own.size).reshape(own.shape)
        return keys

    def _masks(self, keys: NDArray[np.uint64], step: int, batch: int, shape: Shape) -> list[Tensor | None]:
        if not self._drops.any():
            return [None] * len(self._rates)
        own = keys_on(self._data.weights.device, keys[step])
        widths = shape.widths[1:-1]
        return [
            hashed_masks(each, batch, width, rates) for each, width, rates in zip(own, widths, self._rates, strict=True)
        ]

    def _column(self, values: Sequence[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self._data.weights.device)[:, None, None]


@dataclass(frozen=True, slots=True)
class _Batch:
    """A step's rows of the training part.

    Attributes:
        number: Which step of the epoch.
        rows: ``(sources, largest batch size)``.
        there: 1 where there is a row, 0 elsewhere; the same shape.
    """

    number: int
    rows: Tensor
    there: Tensor


def keys_on(device: torch.device, keys: NDArray[np.uint64]) -> Tensor:
    """Bring 64-bit keys of any shape to a device, each as two 32-bit integers in a last dimension."""
    return torch.from_numpy(keys[..., None].view(np.int32).copy()).to(device)


def hashed_masks(keys: Tensor, batch: int, width: int, rates: Tensor) -> Tensor:
    """Make masks whose entries depend on key, row and unit alone, on any device and in any stack.

    A unit is dropped if a hash of its place is below its rate. The hash is "lowbias32" (C. Wellons, *Prospecting for
    hash functions*, 2018) with half of the key before each of its two rounds.

    Args:
        keys: ``(n, 2)`` int32.
        batch: Rows, at most 32,768.
        width: Units.
        rates: ``(n, 1, 1)`` in [0, 1].

    Returns:
        ``(n, batch, width)`` float32: 0 where a unit is dropped, ``1 / (1 - rate)`` elsewhere.
    """
    rows, units = (torch.arange(size, dtype=torch.int32, device=keys.device) for size in (batch, width))
    bits = (rows[:, None] * _ROW_STRIDE + units) ^ keys[:, 0, None, None]
    bits ^= (bits >> 16) & 0xFFFF
    bits *= 0x7FEB352D
    bits ^= keys[:, 1, None, None]
    bits ^= (bits >> 15) & 0x1FFFF
    bits *= 0x846CA68B - (1 << 32)
    bits ^= (bits >> 16) & 0xFFFF
    threshold = (rates.double() * (1 << 32) - (1 << 31)).round().clamp(max=(1 << 31) - 1).to(torch.int32)
    kept = torch.where(rates < 1, 1 / (1 - rates), 0)
    return (bits >= threshold).to(rates.dtype).mul_(kept)
