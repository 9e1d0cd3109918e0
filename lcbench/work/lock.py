"""One process at a time: a lock file is held during work, and a second process is refused in one line."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lcbench.errors import InputError


@contextmanager
def hold(lock: Path, otherwise: str) -> Iterator[None]:
    """Hold a lock file until the block ends, or this process does, however that happens.

    Args:
        lock: The lock file, in a folder that exists.
        otherwise: What to say if another process holds it.

    Raises:
        InputError: If another process holds it; nobody waits.
    """
    from filelock import FileLock, Timeout

    mine = FileLock(lock)
    try:
        mine.acquire(timeout=0)
    except Timeout:
        raise InputError(otherwise) from None
    try:
        with suppress(OSError):  # the disk may be full, and nothing depends on it
            holder_file(lock).write_text(f"process {os.getpid()} on {platform.node()}", encoding="utf-8")
        yield
    finally:
        holder_file(lock).unlink(missing_ok=True)
        mine.release()


def holder_file(lock: Path) -> Path:
    """The file beside a lock file that says who holds it."""
    return lock.with_name(f"{lock.name}.holder")


def holder(lock: Path) -> str | None:
    """Say who holds a lock file, for people; None if nobody does."""
    from filelock import FileLock, Timeout

    if not lock.exists():
        return None
    probe = FileLock(lock)
    try:
        probe.acquire(timeout=0)
    except Timeout:
        with suppress(OSError):
            return holder_file(lock).read_text(encoding="utf-8")
        return "another process"
    except OSError:  # of a folder that may not be written
        return None
    probe.release()
    return None
