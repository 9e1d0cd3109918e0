"""A piece of work, and what became of it."""

import errno
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Self, TypeVar

from lcbench.errors import LcbenchError

KILLED = "its process was killed"
"""Reason of a task whose process ended without a word, as the operating system does when memory runs out."""

RESUMABLE = "what is finished is kept, and the same command resumes from there"

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""No space left, quota exceeded, file larger than allowed."""

_LONGEST_REASON = 300


class Task:
    """A piece of work that one process does in one go.

    Subclasses are frozen dataclasses of plain values: equal tasks are the same work, ``str(task)`` names it for people,
    and it can be sent to another process.
    """

    @property
    def parts(self) -> Sequence[Self]:
        """The tasks that were put together into this one; empty for a task by itself."""
        return ()


T = TypeVar("T", bound=Task)


class GiveUpError(Exception):
    """A task cannot succeed, so a second attempt is pointless; the text says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome(Generic[T]):
    """The outcome of a task.

    Attributes:
        task: The task.
        value: What its function returned; None if it failed.
        reason: None, or why it failed, in one line.
        traceback: Where in the program it failed, if anywhere.
        disk_full: Whether it failed because nothing more can be written.
        refused: Whether the function refused what it was asked for (:class:`lcbench.errors.LcbenchError`).
        final: Whether another attempt is pointless.
        error: The exception itself, if the task was run in this process.
    """

    task: T
    value: Any = None
    reason: str | None = None
    traceback: str = ""
    disk_full: bool = False
    refused: bool = False
    final: bool = False
    error: Exception | None = None

    def of(self, task: T) -> "Outcome[T]":
        """The same outcome for another task."""
        return replace(self, task=task)


def attempt(function: Callable[[T], Any], task: T) -> Outcome[T]:
    """Call a function on a task; whatever goes wrong becomes the reason of the outcome."""
    try:
        return Outcome(task, function(task))
    except GiveUpError as error:
        return Outcome(task, reason=str(error), final=True)
    except LcbenchError as error:
        return Outcome(task, reason=str(error), traceback=traceback.format_exc(), refused=True, error=error)
    except SystemExit as error:  # of code that was written as a program
        return Outcome(task, None, describe(error), traceback.format_exc())
    except Exception as error:
        full = isinstance(error, OSError) and error.errno in DISK_FULL
        said = describe(error), traceback.format_exc()
        return Outcome(task, None, *said, disk_full=full, error=error)


def sendable(outcome: Outcome[T]) -> Outcome[T]:
    """An outcome as it travels between processes: not every exception can."""
    return replace(outcome, error=None)


def describe(error: BaseException) -> str:
    """Kind and first line of an error."""
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}"[:_LONGEST_REASON].rstrip(": ")
