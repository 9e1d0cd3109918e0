"""One process at a time: a lock file is held while work goes on, and whoever comes second hears it in a line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lcbench.errors import InputError


@contextmanager
def alone(lock: Path, otherwise: str) -> Iterator[None]:
    """Hold a lock file until the block ends, or this process does, however that happens.

    Args:
        lock: The lock file, in a folder that is there.
        otherwise: What to say where another process holds it.

    Raises:
        InputError: If another process holds it; nothing waits.
    """
    from filelock import FileLock, Timeout  # an extra: what only reads tables holds nothing

    mine = FileLock(lock)
    try:
        mine.acquire(timeout=0)
    except Timeout:
        raise InputError(otherwise) from None
    try:
        yield
    finally:
        mine.release()
