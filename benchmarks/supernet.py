"""An epoch of the super-network against a plain network of all operations, and against one drawn cell.

python benchmarks/supernet.py [--rounds 5]

All take the same batches of digits and one step of the weights a batch, in turns. The plain network has the same
operations on each edge and sums them up as they are.
"""

import argparse
from collections.abc import Callable
from statistics import median
from time import process_time

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lcbench.collection.cells.images import parts_of
from lcbench.collection.cells.network import Cell, operation, skeleton
from lcbench.collection.cells.supernet import SuperNetwork, dense, single
from lcbench.collection.cells.training import sgd
from lcbench.collection.data.preparation import prepare
from lcbench.collection.data.sources import load_bundled
from lcbench.space.cells import EDGES, NONE, OPERATIONS

BATCH = 64


class Sum(nn.Module):
    """All operations of an edge."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        named = (name for name in OPERATIONS if name != NONE)
        self.operations = nn.ModuleList(operation(name, channels, affine=False) for name in named)

    def forward(self, x: Tensor) -> Tensor:
        """Their sum."""
        first, *others = (each(x) for each in self.operations)
        return sum(others, first)


def main() -> None:
    """Measure, and print ratios of medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    torch.manual_seed(0)
    data = prepare(load_bundled("digits"))
    images = parts_of(data)["train"]
    plain = skeleton(lambda channels: Cell({edge: Sum(channels) for edge in range(len(EDGES))}), data.n_classes)
    network = SuperNetwork(data.n_classes)
    weights = torch.randn(len(EDGES), len(OPERATIONS)).mul(1e-3).softmax(1)

    def drawn() -> list[int]:
        return torch.randint(len(OPERATIONS), (len(EDGES),)).tolist()

    forward: dict[str, tuple[nn.Module, Callable[[Tensor], Tensor]]] = {
        "plain network of all operations": (plain, plain),
        "super-network, all mixed (DARTS)": (network, lambda x: network(x, dense(weights))),
        "super-network, one drawn (GDAS)": (network, lambda x: network(x, single(drawn()))),
    }
    optimizers = {name: sgd(model.parameters(), fused=False) for name, (model, _) in forward.items()}
    seconds: dict[str, list[float]] = {name: [] for name in forward}
    for turn in range(rounds + 1):  # the first one warms up
        for name, (_, apply) in forward.items():
            began = process_time()
            for rows in torch.randperm(len(images)).split(BATCH):
                optimizers[name].zero_grad()
                cross_entropy(apply(images.x[rows]), images.y[rows]).backward()
                optimizers[name].step()
            seconds[name] += [process_time() - began] if turn else []
    base = median(seconds["plain network of all operations"])
    for name, found in seconds.items():
        print(f"{name:34} {median(found):.3f} s an epoch, {median(found) / base:.2f} of the plain one")


if __name__ == "__main__":
    main()
