"""Optimizers that are stopped, workers that fail or are killed, and the command ``lcbench live``."""

import os
import signal
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from playing import Script as Script

from lcbench import cli
from lcbench.collection.trainer import Order, Trained, Trainer
from lcbench.simulate.optimizers import OPTIMIZERS


class Stopped:
    """An optimizer under which somebody presses Ctrl-C: when it is told its n-th result."""

    def __init__(self, optimizer, after: int) -> None:
        self.optimizer, self.left = optimizer, after
        self.__class__ = type(type(optimizer).__name__, (Stopped,), {})  # goes by the optimizer's name in a record

    def ask(self):
        return self.optimizer.ask()

    def tell(self, result) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        self.optimizer.tell(result)


class Changed(Trainer):
    """A trainer like another one, but for what it does with an order."""

    def __init__(self, trainer: Trainer) -> None:
        self.__dict__.update(trainer.__dict__)


class FailsOnce(Changed):
    """The first attempt at each order fails; folders say which were tried."""

    def __init__(self, trainer: Trainer, folder: Path) -> None:
        super().__init__(trainer)
        self.folder = folder

    def __call__(self, order: Order) -> Trained:
        try:
            (self.folder / str(order.number)).mkdir()
        except FileExistsError:
            return super().__call__(order)
        return Trained(reason="ValueError: not yet")


class KilledOnTwo(Changed):
    """The process that trains order 2 is killed, whenever it tries."""

    def __call__(self, order: Order) -> Trained:
        if order.number == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(order)


class OutOfMemoryOnTwo(Changed):
    """Order 2 asks for more memory than there is."""

    def __call__(self, order: Order) -> Trained:
        if order.number != 2:
            return super().__call__(order)
        with mock.patch.object(self, "curve", lambda config, budget: torch.empty(1 << 58)):
            return super().__call__(order)


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
