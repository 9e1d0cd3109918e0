"""Units in processes of this machine."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from lcbench.collection.attempt import attempt
from lcbench.collection.engine import KILLED
from lcbench.collection.processes import Processes
from lcbench.collection.unit import Outcome, Task
from lcbench.errors import InputError


class LocalEngine:
    """A number of processes, each training one unit at a time on one thread.

    Args:
        jobs: How many, at least 1; the results do not depend on it.
        attempt: What a process does with a unit; importable by name.

    Raises:
        InputError: If ``jobs`` is less than 1.
    """

    def __init__(self, jobs: int, attempt: Callable[[Task], Outcome] = attempt) -> None:
        if jobs < 1:
            raise InputError(f"number of processes (--jobs) must be at least 1, got {jobs}.")
        self._processes: Processes[Task, Outcome] = Processes(jobs, attempt)

    def __enter__(self) -> Self:
        self._processes.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._processes.__exit__(kind, error, at)

    def describe(self) -> str:
        """Number of processes."""
        return f"{self._processes.count} process{'es' if self._processes.count > 1 else ''} on this machine"

    def room(self) -> int:
        """Processes without work."""
        return self._processes.room()

    def start(self, task: Task) -> None:
        """Give a unit to a process without work, or to a new one."""
        self._processes.start(task)

    def wait(self) -> list[Outcome]:
        """Wait until a process has ended its unit, or has itself come to an end."""
        return [outcome or Outcome(task.unit, KILLED) for task, outcome in self._processes.wait()]
