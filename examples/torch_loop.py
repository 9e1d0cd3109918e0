"""A training loop in PyTorch as anybody has one, as a problem: what was changed for it is marked.

lcbench collect loop --problem examples/torch_loop.py:Loop --configs 10 --seeds 1 --jobs 2
lcbench live sklearn:digits --problem examples/torch_loop.py:Loop --optimizer pbt --budgets 1-20 --trials 40 --out live
"""

import torch
from ConfigSpace import ConfigurationSpace, Float, Integer
from torch import nn

from lcbench import Fidelity, Metric
from lcbench.collection import Problem


class Loop(Problem):  # 1. was: no class
    """A small network and Adam, whose state can be saved and restored."""

    space = ConfigurationSpace(space=[Float("lr", (1e-4, 1e-1), log=True), Integer("width", (8, 64), log=True)])
    metrics = (Metric("valid_accuracy", unit="fraction", goal="maximize", low=0.0, high=1.0),)
    fidelity = Fidelity("epochs", budgets=(2, 5, 20))
    tasks = ("sklearn:digits", "sklearn:wine")
    schedule = "non-adaptive: one course for all budgets"

    def train(self, task, config, budget, seed, start):  # 2. was: def main(lr, width, epochs, seed)
        """Train for some epochs."""
        x, y, valid_x, valid_y = map(torch.tensor, (task.x_train, task.y_train, task.x_valid, task.y_valid))  # 3.
        if start == 0:  # 4.
            torch.manual_seed(seed)
            width = config["width"]
            self.network = nn.Sequential(nn.Linear(x.shape[1], width), nn.ReLU(), nn.Linear(width, task.n_classes))
            self.optimizer = torch.optim.Adam(self.network.parameters())
            yield {"valid_accuracy": self.accuracy(valid_x, valid_y)}  # 5.
        for group in self.optimizer.param_groups:  # 6. a restored run may have another configuration
            group["lr"] = config["lr"]
        for epoch in range(start, budget):  # 7. was: range(epochs)
            order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed * 10_000 + epoch))
            for rows in order.split(32):
                self.optimizer.zero_grad()
                nn.functional.cross_entropy(self.network(x[rows]), y[rows]).backward()
                self.optimizer.step()
            yield {"valid_accuracy": self.accuracy(valid_x, valid_y)}  # 8. was: print(...)

    def accuracy(self, x, y):
        """Fraction of the rows whose class is found."""
        with torch.no_grad():
            return (self.network(x).argmax(1) == y).float().mean()

    def state(self, folder):  # 9.
        """Save the network and its optimizer."""
        torch.save([self.network.state_dict(), self.optimizer.state_dict()], folder / "state.pt")

    def restore(self, folder):  # 10.
        """Load them; of a parent with another width the network is taken as it is."""
        weights, moments = torch.load(folder / "state.pt", weights_only=True)
        (width, inputs), (classes, _) = weights["0.weight"].shape, weights["2.weight"].shape
        self.network = nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, classes))
        self.network.load_state_dict(weights)
        self.optimizer = torch.optim.Adam(self.network.parameters())
        self.optimizer.load_state_dict(moments)
