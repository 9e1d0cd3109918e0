"""One attempt at a unit: whatever goes wrong in it becomes an outcome."""

import errno
import traceback

from lcbench.collection.unit import Outcome, Task

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""No space left, quota exceeded, file larger than allowed."""

_LONGEST_REASON = 300


def attempt(task: Task) -> Outcome:
    """Train one unit and keep it.

    Torch is imported here and not above: the process that hands out units never needs it.
    """
    from lcbench.collection.worker import work

    try:
        work(task)
    except Exception as error:
        full = isinstance(error, OSError) and error.errno in DISK_FULL
        return Outcome(task.unit, describe(error), traceback.format_exc(), full)
    return Outcome(task.unit)


def describe(error: BaseException) -> str:
    """Kind and first line of an error."""
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}"[:_LONGEST_REASON].rstrip(": ")
