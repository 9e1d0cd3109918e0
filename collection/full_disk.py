"""A full disk: the collection stops, and loses nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lcbench.collection.attempt import DISK_FULL, describe
from lcbench.collection.engine import GO_ON
from lcbench.errors import StoppedError


@contextmanager
def clear_if_full(folder: Path) -> Iterator[None]:
    """Say it clearly if the disk gets full in this block.

    Raises:
        StoppedError: If it does.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        raise disk_is_full(folder, describe(error)) from error


def disk_is_full(folder: Path, reason: str) -> StoppedError:
    """The error that says so."""
    return StoppedError(f"the disk that holds {folder} is full ({reason}).\nMake room; {GO_ON}.")
