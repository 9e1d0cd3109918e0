"""Problems as an author outside writes them, small and exact: a ball rolls down a bowl."""

import json
import time
from pathlib import Path

import numpy as np
from ConfigSpace import ConfigurationSpace, Float

from lcbench import Fidelity, Metric
from lcbench.collection import Problem

HERE = Path(__file__)


class Bowl(Problem):
    """Gradient descent with momentum; a run goes on, and can be kept and restored."""

    space = ConfigurationSpace(space=[Float("rate", (1e-3, 1.0), log=True), Float("momentum", (0.0, 0.9))])
    metrics = (Metric("valid_loss", unit="height", goal="minimize", low=0.0),)
    fidelity = Fidelity("pushes", budgets=(2, 4, 8))
    tasks = ("round", "long")
    schedule = "non-adaptive: one course for all budgets"

    def train(self, task, config, budget, seed, start):
        """Yield the height after each push."""
        steep = np.array([1.0, 1.0 if task == "round" else 4.0])
        if start == 0:
            self.at, self.speed = np.array([1.0, 2.0 + seed]), np.zeros(2)
            yield {"valid_loss": float((self.at**2).sum())}
        for _ in range(start, budget):
            self.speed = config["momentum"] * self.speed - 0.2 * config["rate"] * steep * self.at
            self.at = self.at + self.speed
            yield {"valid_loss": float((self.at**2).sum()), "seconds": 0.5}

    def state(self, folder):
        """Keep where the ball is and how fast."""
        (folder / "ball.json").write_text(json.dumps([self.at.tolist(), self.speed.tolist()]))

    def restore(self, folder):
        """Put the ball there."""
        self.at, self.speed = map(np.array, json.loads((folder / "ball.json").read_text()))


class Annealed(Problem):
    """Each budget has a course of its own, and there is a second fidelity."""

    space = ConfigurationSpace(space=[Float("rate", (0.1, 1.0))])
    metrics = (
        Metric("valid_loss", unit="height", goal="minimize", low=0.0),
        Metric("test_loss", unit="height", goal="minimize", low=0.0),
    )
    fidelities = (Fidelity("pushes", budgets=(1, 3)), Fidelity("data_fraction", budgets=(0.25, 1.0)))
    tasks = ("round",)

    def train(self, task, config, budget, seed, data_fraction):
        """Yield nothing before the first step."""
        yield {}
        for step in range(1, budget + 1):
            loss = (1 + seed) * (1 - config["rate"] * step / (2 * budget)) / data_fraction
            yield {"valid_loss": loss, "test_loss": 2 * loss}


class Broken(Bowl):
    """Does what its task says, to whoever has a rate that is large enough."""

    restore, state = Problem.restore, Problem.state
    tasks = (
        "few",
        "names",
        "text",
        "infinite",
        "backwards",
        "outside",
        "none",
        "huge",
        "raises",
        "hangs",
        "leaves",
        "ok",
    )
    fidelity = Fidelity("pushes", budgets=(2,))

    def train(self, task, config, budget, seed):
        """Yield, but not as declared."""
        for step in range(budget + 1):
            if config["rate"] < 0.05 or step < 1:
                yield {"valid_loss": 1.0}
                continue
            if task == "few":
                return
            if task == "raises":
                raise ValueError("singular matrix")
            if task == "leaves":
                raise SystemExit(3)
            while task == "hangs":
                time.sleep(1)
            yield {
                "names": {"loss": 1.0},
                "text": {"valid_loss": "1.0"},
                "infinite": {"valid_loss": float("inf")},
                "backwards": {"valid_loss": 1.0, "seconds": -1.0},
                "outside": {"valid_loss": -1.0},
                "none": None,
                "huge": {"valid_loss": 1e300},
                "ok": {"valid_loss": float("nan") if step == 2 else 1.0},
            }[task]


def named(problem: type[Problem]) -> str:
    """The import string of a problem of this file."""
    return f"{HERE}:{problem.__name__}"
