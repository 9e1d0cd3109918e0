"""What processes of a search are given to do in tests, and a problem of which only predictions are known."""

import os
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import get_scorer

from lcbench.collection.models import Scorer
from lcbench.collection.networks.metrics import METRICS
from lcbench.simulate.contract import Job
from lcbench.simulate.realtime.job import JobTask
from lcbench.simulate.realtime.result import LiveResult
from lcbench.table.curve import Curve


def does_as_told(task: JobTask) -> Curve:
    """Sleep, grow, die or fail, as the configuration says; then there is a curve."""
    config = dict(task.config)
    held = bytearray(int(config.get("mib", 0)) << 20)
    held[::4096] = b"x" * len(held[::4096])
    time.sleep(config.get("sleep", 0))
    if "kill" in config:
        os.kill(os.getpid(), config["kill"])
    if "reason" in config:
        raise ValueError(config["reason"])
    return Curve(np.full(task.budget + 1, 0.5), np.linspace(0, 1, task.budget + 1))


@dataclass(frozen=True)
class Guessed:
    """A problem of two classes, as far as a selection looks at it."""

    valid_labels: np.ndarray
    name: str = "accuracy"

    @property
    def scorer(self) -> Scorer:
        """Accuracy; by another name it is asked of scikit-learn, model by model."""
        rows = pd.DataFrame(index=range(len(self.valid_labels)))
        return Scorer(self.name, get_scorer("accuracy"), 1.0, rows, self.valid_labels, np.arange(2))

    def score(self, probabilities) -> float:
        return self.scorer.score(probabilities)


@dataclass(frozen=True)
class Model:
    """A fitted model that is but its predictions, saved as an empty folder."""

    valid_probabilities: np.ndarray
    score: float
    test_probabilities: np.ndarray | None = None

    @property
    def curve(self) -> Curve:
        return Curve(np.array([0.5, self.score]), np.array([0.0, 1.0]))

    @property
    def diverged(self) -> bool:
        return not np.isfinite(self.valid_probabilities).all()

    def save(self, folder) -> None:
        folder.mkdir(parents=True)


def model_of(problem: Guessed, rng: np.random.Generator, skill: float) -> Model:
    """A model that is right on about this share of the rows."""
    right = rng.random(len(problem.valid_labels)) < skill
    sure = rng.uniform(0.51, 1, len(right)).astype(np.float32)
    own = np.where(right, sure, 1 - sure)
    chances = np.stack([1 - own, own], axis=1)
    flipped = problem.valid_labels == 0
    chances[flipped] = chances[flipped, ::-1]
    return Model(chances, problem.score(chances))


def result_of(number: int, score: float, *, config=None, reason=None) -> LiveResult:
    """The result of a job of two epochs."""
    config = config or {"x": number}
    curve = Curve(np.array([0.5, score, score]), np.array([0.0, 0.5, 1.0]))
    return LiveResult(
        Job(number, config, 2), curve, 1 - score, float(number), number + 1.0, 0, METRICS["valid_accuracy"], reason
    )
