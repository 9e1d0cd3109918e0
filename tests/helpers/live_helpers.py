"""Optimizers that are stopped, workers that fail or are killed, and the command ``lcbench live``."""

import os
import signal
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import numpy as np
import torch
from playing import Script as Script

from lcbench import cli
from lcbench.simulate.optimizers import OPTIMIZERS
from lcbench.simulate.realtime.job import CurveOf, JobTask
from lcbench.simulate.training import TrainingBackend
from lcbench.table.curve import Curve
from lcbench.work.processes import LocalExecutor


class Stopped:
    """An optimizer under which somebody presses Ctrl-C: when it is told its n-th result."""

    def __init__(self, optimizer, after: int) -> None:
        self.optimizer, self.left = optimizer, after
        kind = type(optimizer)  # whose name, and whose source, a record knows
        self.__class__ = type(kind.__name__, (Stopped,), {"__module__": kind.__module__})

    def ask(self):
        return self.optimizer.ask()

    def tell(self, result) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        self.optimizer.tell(result)


@dataclass(frozen=True)
class Failing:
    """Does jobs as another function does, but not always."""

    train: CurveOf

    def __call__(self, task: JobTask) -> Curve:
        return self.train(task)


@dataclass(frozen=True)
class FailsOnce(Failing):
    """The first attempt at each job fails; folders say which were tried."""

    folder: Path

    def __call__(self, task: JobTask) -> Curve:
        try:
            (self.folder / str(task.number)).mkdir()
        except FileExistsError:
            return self.train(task)
        raise ValueError("not yet")


class KilledOnTwo(Failing):
    """The process that trains job 2 is killed, whenever it tries."""

    def __call__(self, task: JobTask) -> Curve:
        if task.number == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.train(task)


class OutOfMemoryOnTwo(Failing):
    """Job 2 asks for more memory than there is."""

    def __call__(self, task: JobTask) -> Curve:
        if task.number == 2:
            torch.empty(1 << 58)
        return self.train(task)


class Changed(TrainingBackend):
    """A backend whose jobs are done by ``self.changed``, made of the function that would do them."""

    def executor(self, workers: int) -> LocalExecutor:
        return LocalExecutor(workers, self.changed(CurveOf(self)), preload="lcbench.collection.worker")


def make(name: str, backend, seed: int = 0):
    """An optimizer of the registry on a backend."""
    return OPTIMIZERS[name](backend.domain(), backend.budgets, np.random.default_rng(seed))


def numbers(curve) -> list[float]:
    """A curve's values."""
    return curve.values.tolist()  # no DataFrame


def jobs(trace) -> list[tuple]:
    """What was asked for and what came of it, in the order in which it was told, without times."""
    return [(r.job.trial, dict(r.job.config), r.job.budget, r.loss, numbers(r.curve)) for r in trace.results]


def with_live(group: str) -> list[EntryPoint]:
    """The program's commands, ``live`` among them whether or not it was there when the program was installed."""
    there = [entry for entry in entry_points(group=group) if entry.name != "live"]
    return [*there, EntryPoint("live", "lcbench.simulate.realtime.live_commands:live", group)]


def main() -> None:
    """The program with this command."""
    cli.entry_points = with_live
    cli.main()


if __name__ == "__main__":
    main()
