"""Run tasks on an executor; a task that fails is tried once more."""

import errno
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from lcbench.work.executors import Executor
from lcbench.work.task import Outcome, Task

T = TypeVar("T", bound=Task)

Source = Callable[[], T | None]
"""The next task; None if there is none for now. It is asked again after every outcome."""


def run(
    executor: Executor[T],
    tasks: Iterable[T] | Source[T],
    *,
    attempts: int = 2,
    retry_at_once: bool = False,
    retried: Callable[[Outcome[T]], None] = lambda _: None,
    left: Callable[[], float] = lambda: math.inf,
) -> Iterator[Outcome[T]]:
    """Run tasks; one that fails is tried once more.

    Args:
        executor: Runs them; entered. The outcomes do not depend on it.
        tasks: An iterable, or a function that returns the next task and may depend on the outcomes so far.
        attempts: Largest number of attempts at a task, 1 or 2.
        retry_at_once: Whether a failed task is tried again before new ones are begun; by default it waits until there
            are none, since the cause (lack of memory, say) may have passed by then.
        retried: Called with each failed attempt that is followed by another.
        left: Seconds that the work may still take; asked before every wait. Once it is 0 or less, the iteration ends,
            and the executor keeps its running tasks.

    Yields:
        The outcome of each task, once, in the order in which they end. Of a group of tasks that fails, each gets its
        own two attempts alone.

    Raises:
        StoppedError: If the executor can run no more tasks.
        OSError: If a task failed because nothing more can be written, which is no reason to give it up; see
            :meth:`lcbench.work.Workplace.held`.
    """
    source = _source(tasks)
    again: deque[T] = deque()
    running: dict[T, T] = {}
    failed_once: set[T] = set()
    while (seconds := left()) > 0:
        while executor.room() > 0 and (not running or left() > 0):
            task = (again.popleft() if again and retry_at_once else None) or source()
            task = task or (again.popleft() if again else None)
            if task is None:
                break
            running[task] = task
            executor.start(task)
        if not running:
            return
        for outcome in sorted(executor.wait(seconds), key=lambda ended: ended.disk_full):  # none is lost
            if outcome.disk_full:
                raise OSError(errno.ENOSPC, outcome.reason)
            task = running.pop(outcome.task)
            if outcome.reason is None:
                yield from (outcome.of(part) for part in task.parts) if task.parts else (outcome,)
            elif outcome.final or attempts < 2 or task in failed_once:
                yield outcome
            else:
                retried(outcome)
                if task.parts:
                    again.extend(task.parts)
                else:
                    failed_once.add(task)
                    again.append(task)


def _source(tasks: Iterable[T] | Source[T]) -> Source[T]:
    if callable(tasks):
        return tasks
    waiting = iter(tasks)
    return lambda: next(waiting, None)
