"""Functions that workers call on tasks instead of succeeding."""

import errno
import os
import signal
from dataclasses import dataclass, replace
from unittest import mock

import torch

from lcbench.collection.tasks import RunsTask, TrainRuns
from lcbench.simulate.transfer.evaluation import EvaluationTask
from lcbench.simulate.transfer.training import TrainEvaluation


@dataclass(frozen=True)
class Failing:
    """Trains, but not always."""

    train: TrainRuns

    def __call__(self, task: RunsTask) -> None:
        self.train(task)


class FailsOnce(Failing):
    """The first attempt at each task fails."""

    def __call__(self, task: RunsTask) -> None:
        marker = self.train.folder / ".collecting" / f"tried {task}"
        tried = marker.exists()
        marker.touch()
        if not tried:
            raise ValueError("not yet")
        self.train(task)


class OutOfMemoryOnTwo(Failing):
    """Configuration 2 asks for more memory than there is."""

    def __call__(self, task: RunsTask) -> None:
        if task.config_id == 2:
            torch.empty(1 << 58)
        self.train(task)


class KilledOnTwo(Failing):
    """The process that trains configuration 2 is killed, whenever it tries."""

    def __call__(self, task: RunsTask) -> None:
        if task.config_id == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        self.train(task)


class DiskFullOnTwo(Failing):
    """There is no room for configuration 2."""

    def __call__(self, task: RunsTask) -> None:
        if task.config_id != 2:
            return self.train(task)
        error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "2.parquet")
        with mock.patch("lcbench.collection.shards.Shards.write", side_effect=error):
            return self.train(task)


@dataclass(frozen=True)
class KilledOnWine:
    """The process that trains on wine is killed, whenever it tries."""

    train: TrainEvaluation

    def __call__(self, task: EvaluationTask) -> None:
        if task.dataset == "wine":
            os.kill(os.getpid(), signal.SIGKILL)
        self.train(task)


@dataclass(frozen=True)
class NoTimeForWine(KilledOnWine):
    """Evaluations on wine have a millionth of a second."""

    def __call__(self, task: EvaluationTask) -> None:
        train = replace(self.train, trial_seconds=1e-6) if task.dataset == "wine" else self.train
        train(task)
