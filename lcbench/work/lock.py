"""One process at a time: a lock file is held during work, and a second process is refused in one line."""

from collections.abc import Iterator
from contextlib import contextmanager
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
        yield
    finally:
        mine.release()
