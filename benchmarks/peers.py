"""Two training loops to compare the engine with: the usual one, and a tuned one. One run at a time, with autograd."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from lcbench.collection.networks.problems import MLP
from lcbench.collection.networks.tensors import Tensors


def module(data: Tensors, config: dict[str, Any]) -> torch.nn.Sequential:
    """The configuration's network as PyTorch modules."""
    shape = MLP().recipe(config, data.n_features, data.n_classes).shape
    modules: list[torch.nn.Module] = []
    for fan_in, fan_out in pairwise(shape.widths[:-1]):
        rate = shape.dropout[len([m for m in modules if isinstance(m, torch.nn.Linear)])]
        modules += [torch.nn.Linear(fan_in, fan_out), torch.nn.ReLU()] + ([torch.nn.Dropout(rate)] if rate else [])
    return torch.nn.Sequential(*modules, torch.nn.Linear(*shape.widths[-2:]))


def _train(data: Tensors, config: dict[str, Any], epochs: int, loader: bool) -> None:
    network = module(data, config)
    batch_size, rate = int(config["batch_size"]), config["learning_rate"]
    optimizer = torch.optim.SGD(
        network.parameters(), rate, config["momentum"], weight_decay=config["weight_decay"], fused=not loader
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs, eta_min=1e-8)
    loss_of = torch.nn.CrossEntropyLoss(weight=data.weights)
    parts = [(data.x_train, data.y_train), (data.x_valid, data.y_valid), (data.x_test, data.y_test)]
    sources = [
        _Loader(x, y, batch_size, shuffle=not i) if loader else _Slices(x, y, batch_size, not i)
        for i, (x, y) in enumerate(parts)
    ]
    for _ in range(epochs):
        network.train()
        tally = _Tally(data.n_classes)
        for x, y in sources[0]:
            optimizer.zero_grad(set_to_none=True)
            logits = network(x)
            loss_of(logits, y).backward()
            optimizer.step()
            tally.add(logits.detach(), y)
        schedule.step()
        network.eval()
        with torch.no_grad():
            for source in sources[1:]:
                held_out = _Tally(data.n_classes)
                for x, y in source:
                    held_out.add(network(x), y)
                held_out.metrics()
        tally.metrics()


class _Tally:
    """Accuracy, balanced accuracy and cross-entropy over batches: what the engine logs."""

    def __init__(self, classes: int) -> None:
        self.hits, self.counts = torch.zeros(classes), torch.zeros(classes)
        self.cross_entropy = 0.0

    def add(self, logits: Tensor, labels: Tensor) -> None:
        right = (logits.argmax(1) == labels).float()
        self.hits.index_add_(0, labels, right)
        self.counts.index_add_(0, labels, torch.ones_like(right))
        self.cross_entropy += float(torch.nn.functional.cross_entropy(logits, labels, reduction="sum"))

    def metrics(self) -> tuple[float, float, float]:
        rows = self.counts.sum()
        balanced = (self.hits / self.counts.clamp(min=1)).sum() / (self.counts > 0).sum()
        return float(self.hits.sum() / rows), float(balanced), self.cross_entropy / float(rows)


class _Slices:
    """Batches as slices of tensors in memory; held-out parts as one batch."""

    def __init__(self, x: Tensor, y: Tensor, batch_size: int, shuffle: bool) -> None:
        self.x, self.y, self.shuffle = x, y, shuffle
        self.batch_size = batch_size if shuffle else len(y)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        if not self.shuffle:
            return iter([(self.x, self.y)])
        order = torch.randperm(len(self.y))
        x, y = self.x[order], self.y[order]
        return zip(x.split(self.batch_size), y.split(self.batch_size), strict=True)


def _Loader(x: Tensor, y: Tensor, batch_size: int, shuffle: bool) -> DataLoader[Any]:  # noqa: N802
    return DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=shuffle)


def dataloader_loop(data: Tensors, config: dict[str, Any], epochs: int) -> None:
    """The usual loop: DataLoaders, modules, autograd, SGD."""
    _train(data, config, epochs, loader=True)


def tuned_loop(data: Tensors, config: dict[str, Any], epochs: int) -> None:
    """The tuned loop: tensors in memory, one shuffle an epoch, fused SGD, held-out parts in one batch."""
    _train(data, config, epochs, loader=False)
