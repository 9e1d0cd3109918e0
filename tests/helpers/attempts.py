"""What worker processes are told to do instead of succeeding."""

import errno
import os
import signal
from dataclasses import replace
from unittest import mock

import torch

from lcbench.collection.attempt import attempt
from lcbench.collection.unit import Outcome, Task
from lcbench.simulate.transfer.training import attempt as portfolio_attempt


def fails_once(task: Task) -> Outcome:
    """The first attempt at each unit fails."""
    return attempt(task) if _tried(task) else Outcome(task.unit, "ValueError: not yet")


def out_of_memory_on_two(task: Task) -> Outcome:
    """Configuration 2 asks for more memory than there is."""
    if task.unit.config_id != 2:
        return attempt(task)
    with mock.patch("lcbench.collection.worker.work", lambda _: torch.empty(1 << 58)):
        return attempt(task)


def killed_on_two(task: Task) -> Outcome:
    """The process that trains configuration 2 is killed, whenever it tries."""
    if task.unit.config_id == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return attempt(task)


def disk_full_on_two(task: Task) -> Outcome:
    """There is no room for configuration 2."""
    if task.unit.config_id != 2:
        return attempt(task)
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "2.parquet")
    with mock.patch("lcbench.collection.shards.Workplace.write_unit", side_effect=error):
        return attempt(task)


def _tried(task: Task) -> bool:
    marker = task.folder / ".collecting" / f"tried {task.unit}"
    tried = marker.exists()
    marker.touch()
    return tried


def killed_on_wine(task: Task) -> Outcome:
    """The process that trains on wine is killed, whenever it tries."""
    if task.unit.dataset == "wine":
        os.kill(os.getpid(), signal.SIGKILL)
    return portfolio_attempt(task)


def no_time_for_wine(task: Task) -> Outcome:
    """Evaluations on wine have a millionth of a second."""
    return portfolio_attempt(replace(task, trial_seconds=1e-6) if task.unit.dataset == "wine" else task)
