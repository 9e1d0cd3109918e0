"""Run tasks on an executor, and try those that fail once more."""

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
    """Run tasks, each that fails once more.

    Args:
        executor: Runs them; entered. The outcomes do not depend on it.
        tasks: What to run: an iterable, or a function that may depend on the outcomes so far.
        attempts: How often a task is tried at most, 1 or 2.
        retry_at_once: Whether a failed task is tried again before new ones are begun; by default it waits until there
            are none, since what it failed of (memory, say) may have passed by then.
        retried: Hears of a failed attempt that is followed by another.
        left: Seconds that the work may still take; asked before every wait. Once it is 0 or less, the iteration ends,
            and the executor is left with whatever it is at.

    Yields:
        What became of each task, once, in the order in which they end. Tasks that were put together and fail together
        are not to blame together: each gets its own two attempts alone.

    Raises:
        StoppedError: If the executor can run nothing any more.
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
        for outcome in executor.wait(seconds):
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
