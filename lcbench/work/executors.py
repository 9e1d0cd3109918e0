"""Executors: where tasks run."""

import math
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Protocol, TypeVar

from lcbench.errors import InputError, UnknownNameError
from lcbench.work.task import Outcome, Task, attempt

T = TypeVar("T", bound=Task)
_T = TypeVar("_T", bound=Task, covariant=False)

SCHEDULER = "a Dask scheduler's address (--scheduler)"
EXECUTORS = ("local", "dask")


class Executor(Protocol[_T]):
    """Runs tasks somewhere: in processes of this machine, on a cluster, or right here."""

    def room(self) -> int:
        """Number of tasks that it can take now."""

    def start(self, task: _T) -> None:
        """Take a task; ``wait`` returns its outcome, exactly once."""

    def wait(self, seconds: float) -> list[Outcome[_T]]:
        """Wait for tasks to end.

        Args:
            seconds: Longest time to wait; it may wait less.

        Returns:
            The outcomes of those that ended; empty if none has ended yet.

        Raises:
            StoppedError: If it can run no more tasks.
        """

    def describe(self) -> str:
        """Say where tasks run, for people."""


def get_executor(
    name: str | None,
    jobs: int,
    scheduler: str | None,
    function: Callable[[T], Any],
    preload: str = "",
    seconds: float = math.inf,
) -> AbstractContextManager[Executor[T]]:
    """An executor, ready to be entered.

    Args:
        name: A name of :data:`EXECUTORS`; None for ``"dask"`` if there is a scheduler, otherwise ``"local"``.
        jobs: Processes, for ``"local"``.
        scheduler: Where the scheduler is, for ``"dask"``.
        function: What is called on each task; it can be sent to another process.
        preload: A module that ``function`` needs, imported once for all processes of this machine.
        seconds: How long a task may take; one that takes longer is ended, and not tried again.

    Raises:
        UnknownNameError: If there is no such executor.
        InputError: If the arguments do not fit together.
    """
    name = name or ("local" if scheduler is None else "dask")
    if name not in EXECUTORS:
        raise UnknownNameError("engine", name, EXECUTORS)
    if name == "local":
        from lcbench.work.processes import LocalExecutor

        if scheduler is not None:
            raise InputError(
                f"{SCHEDULER} must not be given with --engine local, got {scheduler}; leave one of them out."
            )
        return LocalExecutor(jobs, function, preload, seconds=seconds)
    from lcbench.work.dask_executor import DaskExecutor

    if scheduler is None:
        raise InputError(f"{SCHEDULER} must be given with --engine dask, got none; start one with: dask scheduler")
    if math.isinf(seconds):
        return DaskExecutor(scheduler, function)
    from lcbench.work.processes import OwnProcess

    return DaskExecutor(scheduler, OwnProcess(function, preload, seconds))


class InlineExecutor(AbstractContextManager["InlineExecutor[T]"]):
    """Runs tasks in this process, one after the other; nothing can end one but Ctrl-C.

    Args:
        function: What is called on each task.
    """

    def __init__(self, function: Callable[[T], Any]) -> None:
        self._function, self._waiting = function, deque[T]()

    def __exit__(self, *_: object) -> None:
        """Do nothing: no task is running."""

    def describe(self) -> str:
        """This process."""
        return "this process"

    def room(self) -> int:
        """One task at a time."""
        return 1 - len(self._waiting)

    def start(self, task: T) -> None:
        """Take a task; it is run when it is waited for."""
        self._waiting.append(task)

    def wait(self, seconds: float) -> list[Outcome[T]]:  # noqa: ARG002  # it takes what it takes
        """Run the task."""
        return [attempt(self._function, self._waiting.popleft())] if self._waiting else []


class ThreadExecutor(AbstractContextManager["ThreadExecutor[T]"]):
    """Runs each task in a thread of its own.

    A thread cannot be ended from outside: a task that runs when the executor is left runs on, without an outcome, until
    the program ends.

    Args:
        count: How many tasks run at once.
        function: What is called on each task.
    """

    def __init__(self, count: int, function: Callable[[T], Any]) -> None:
        self._count, self._function, self._running = count, function, 0
        self._ended: SimpleQueue[Outcome[T]] = SimpleQueue()

    def __exit__(self, *_: object) -> None:
        """Leave the threads running."""

    def describe(self) -> str:
        """Number of threads."""
        return f"{self._count} thread{'s' * (self._count > 1)} of this process"

    def room(self) -> int:
        """Threads that may still be started."""
        return self._count - self._running

    def start(self, task: T) -> None:
        """Run a task in a thread of its own."""
        self._running += 1
        Thread(target=self._work, args=(task,), daemon=True).start()

    def wait(self, seconds: float) -> list[Outcome[T]]:
        """Wait for threads to end."""
        found: list[Outcome[T]] = []
        with suppress(Empty):
            found.append(self._ended.get(timeout=min(seconds, SECONDS_TO_WAIT)))
            while True:
                found.append(self._ended.get_nowait())
        self._running -= len(found)
        return found

    def _work(self, task: T) -> None:
        try:
            self._ended.put(attempt(self._function, task))
        except BaseException as error:  # a thread that ended without an outcome would be waited for
            self._ended.put(Outcome(task, reason=f"{type(error).__name__}: {error}".rstrip(": ")))


SECONDS_TO_WAIT = 0.5
"""Then look up: a Ctrl-C between Python's last look and the system call would wait for a task to end."""
