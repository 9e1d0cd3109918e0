"""Training of one network of cells, epoch by epoch."""

from collections.abc import Iterator
from math import cos, inf, pi
from time import process_time

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.flop_counter import FlopCounterMode

from lcbench.collection.cells.images import Images, parts_of
from lcbench.collection.cells.network import network
from lcbench.collection.data.prepared import Prepared
from lcbench.space import Config

BATCH = 128
LEARNING_RATE = 0.1
MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4

PREDICTED = 256
"""Images of a batch when nothing is learnt: memory does not grow with the data set."""


def train(task: Prepared, cell: Config, epochs: int, seed: int) -> Iterator[dict[str, float]]:
    """Train the network of a cell.

    Args:
        task: The data set, whose rows are images.
        cell: The configuration.
        epochs: How many.
        seed: Of the weights and of the order of the images.

    Yields:
        After each epoch a value for each metric of :class:`lcbench.collection.cells.problem.Cells`, and its seconds.
    """
    parts = parts_of(task)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = network(cell, task.n_classes)
    order = torch.Generator().manual_seed(seed)
    optimizer = sgd(model.parameters())
    costs = costs_of(model, parts["valid"])
    latency = inf
    for epoch in range(epochs):
        began = process_time()
        set_learning_rate(optimizer, epoch / epochs)
        loss, accuracy = train_epoch(model, optimizer, parts["train"], order)
        measured = {"train_cross_entropy": loss, "train_accuracy": accuracy}
        for part in ("valid", "test"):
            started = process_time()
            measured[f"{part}_cross_entropy"], measured[f"{part}_accuracy"] = evaluate(model, parts[part])
            latency = min(latency, (process_time() - started) / len(parts[part]))
        yield measured | costs | {"latency": latency, "seconds": process_time() - began}


def sgd(parameters: Iterator[nn.Parameter], *, fused: bool = True) -> torch.optim.SGD:
    """The optimizer of the weights.

    Args:
        parameters: The weights.
        fused: Whether one kernel moves all of them, which is quicker, but wants a gradient of each.
    """
    return torch.optim.SGD(
        parameters, LEARNING_RATE, momentum=MOMENTUM, nesterov=True, weight_decay=WEIGHT_DECAY, fused=fused
    )


def set_learning_rate(optimizer: torch.optim.Optimizer, progress: float) -> None:
    """Set the learning rate of the cosine at a share of the epochs, 0 at the start."""
    for group in optimizer.param_groups:
        group["lr"] = LEARNING_RATE * (1 + cos(pi * progress)) / 2


def train_epoch(
    model: nn.Module, optimizer: torch.optim.Optimizer, images: Images, order: torch.Generator
) -> tuple[float, float]:
    """One pass over the images in a random order; the last batch may be smaller.

    Returns:
        Mean cross-entropy and accuracy of the batches as they were learnt from.
    """
    model.train()
    told = torch.zeros(2)
    for rows in torch.randperm(len(images), generator=order).split(BATCH):
        x, y = images.x[rows], images.y[rows]
        optimizer.zero_grad()
        logits = model(x)
        loss = cross_entropy(logits, y)
        loss.backward()
        optimizer.step()
        told += _summed(loss.detach() * len(y), logits.detach(), y)
    return _mean(told, images)


@torch.inference_mode()
def evaluate(model: nn.Module, images: Images) -> tuple[float, float]:
    """Mean cross-entropy and accuracy of a network that is not learning."""
    model.eval()
    told = torch.zeros(2)
    for x, y in zip(images.x.split(PREDICTED), images.y.split(PREDICTED), strict=True):
        logits = model(x)
        told += _summed(cross_entropy(logits, y, reduction="sum"), logits, y)
    return _mean(told, images)


def _summed(loss: Tensor, logits: Tensor, y: Tensor) -> Tensor:
    return torch.stack([loss, (logits.argmax(1) == y).sum().to(loss.dtype)])


def _mean(told: Tensor, images: Images) -> tuple[float, float]:
    loss, right = (told / len(images)).tolist()
    return loss, right


def costs_of(model: nn.Module, images: Images) -> dict[str, float]:
    """What a network costs, however well it is trained: weights, and floating-point operations for one image."""
    model.eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(images.x[:1])
    return {
        "parameters": float(sum(weights.numel() for weights in model.parameters())),
        "flops": float(counter.get_total_flops()),
    }
