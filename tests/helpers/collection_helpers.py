"""A small prepared data set, and a plain PyTorch training loop to hold the engine against."""

from itertools import pairwise

import numpy as np
import torch

from lcbench.collection.data.prepared import Prepared
from lcbench.collection.networks.loop import fitting
from lcbench.collection.networks.loop.fitting import FittedNetwork
from lcbench.collection.networks.measures import class_weights
from lcbench.collection.networks.problems import MLP, Full, NetworkProblem
from lcbench.collection.networks.randomness import streams
from lcbench.collection.networks.recipe import shaped_mlp
from lcbench.collection.networks.stack.stack import initial_parameters
from lcbench.collection.networks.tensors import Tensors
from lcbench.collection.run import Run

CONFIG = {
    "batch_size": 16,
    "learning_rate": 0.02,
    "max_dropout": 0.3,
    "max_units": 64,
    "momentum": 0.8,
    "num_layers": 3,
    "weight_decay": 0.001,
}


def blobs(rows: int = 120, features: int = 4, classes: int = 3, name: str = "blobs") -> Prepared:
    """Clouds of points around one centre per class, unevenly many."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(classes, features)) * 2.5
    labels = rng.choice(classes, size=2 * rows, p=np.arange(1, classes + 1) / sum(range(1, classes + 1)))
    x = (centres[labels] + rng.normal(size=(2 * rows, features))).astype(np.float32)
    parts = np.split(np.arange(2 * rows), [rows, rows + rows // 2])
    arrays = {
        f"{v}_{part}": source[at]
        for part, at in zip(("train", "valid", "test"), parts, strict=True)
        for v, source in (("x", x), ("y", labels))
    }
    return Prepared(
        name=name,
        classes=tuple(map(str, range(classes))),
        class_counts=tuple(np.bincount(labels).tolist()),
        encoding="ordinal",
        dropped=(),
        **arrays,
    )


def problem_of(config: dict) -> NetworkProblem:
    """The problem of a configuration of these tests."""
    return Full() if "network_type" in config else MLP()


def train(data: Tensors, config: dict, *arguments, **options) -> list[Run]:
    """Train one configuration, see :meth:`lcbench.collection.problem.Problem.train_all`."""
    return problem_of(config).train_all(data, [config], *arguments, **options)[0]


def fit(data: Tensors, config: dict, budget: int, seed: int, plan_seed: int, clock, **options) -> FittedNetwork:
    """Train one run of a configuration, see :func:`lcbench.collection.networks.loop.fitting.fit`."""
    candidate = problem_of(config)._candidate(data, config, plan_seed)
    return fitting.fit(data, candidate, budget, seed, clock, **options)


def _network(data: Prepared, config: dict, rng: np.random.Generator) -> torch.nn.Sequential:
    shape = shaped_mlp(
        data.n_features, data.n_classes, config["num_layers"], config["max_units"], config["max_dropout"]
    )
    flat, start, modules = torch.from_numpy(initial_parameters(shape, rng)), 0, []
    for i, (fan_in, fan_out) in enumerate(pairwise(shape.widths)):
        layer, middle = torch.nn.Linear(fan_in, fan_out), start + fan_in * fan_out
        layer.weight.data = flat[start:middle].view(fan_in, fan_out).T.clone()
        layer.bias.data = flat[middle : middle + fan_out].clone()
        start = middle + fan_out
        modules += [layer] if i == len(shape.dropout) else [layer, torch.nn.ReLU(), torch.nn.Dropout(shape.dropout[i])]
    return torch.nn.Sequential(*modules)


def _scores(network: torch.nn.Module, x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    with torch.no_grad():
        logits, labels = network(torch.from_numpy(x)), torch.from_numpy(y)
    right = logits.argmax(1) == labels
    balanced = np.mean([float(right[labels == c].float().mean()) for c in labels.unique()])
    return float(right.float().mean()), float(balanced), float(torch.nn.functional.cross_entropy(logits, labels))


def peer_loop(data: Prepared, config: dict, budget: int, seed: int, plan_seed: int = 0) -> dict[str, np.ndarray]:
    """Train one run as anybody would with PyTorch: modules, autograd, its own optimizer, schedule and loss."""
    randomness = streams(plan_seed, data.name, config, seed)
    network = _network(data, config, randomness.parameters)
    optimizer = torch.optim.SGD(
        network.parameters(), config["learning_rate"], config["momentum"], weight_decay=config["weight_decay"]
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=budget, eta_min=1e-8)
    loss_of = torch.nn.CrossEntropyLoss(weight=torch.from_numpy(class_weights(data.y_train, data.n_classes)))
    x, y = torch.from_numpy(data.x_train), torch.from_numpy(data.y_train)
    rows = []
    for _ in range(budget):
        network.train()
        losses = []
        for batch in torch.from_numpy(randomness.order.permutation(len(y))).split(config["batch_size"]):
            optimizer.zero_grad()
            loss = loss_of(network(x[batch]), y[batch])
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()) * len(batch))
        schedule.step()
        network.eval()
        rows.append((sum(losses) / len(y), *_scores(network, data.x_valid, data.y_valid)))
        rows[-1] += _scores(network, data.x_test, data.y_test)
    kinds = ("accuracy", "balanced_accuracy", "cross_entropy")
    names = ["train_loss", *[f"{part}_{kind}" for part in ("valid", "test") for kind in kinds]]
    return {name: np.array(series) for name, series in zip(names, zip(*rows, strict=True), strict=True)}
