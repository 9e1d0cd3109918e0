"""The log of a collection: ``collect.log`` in the benchmark folder, no part of the benchmark itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from lcbench.collection.collecting import Collection
from lcbench.collection.engine import Engine
from lcbench.errors import LcbenchError

NAME = "collect.log"


class Log:
    """A text file to which every collection in the folder appends, one line per event, each with its time.

    Args:
        folder: The benchmark folder.
        now: Gives the time.
    """

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self.path, self._now = folder / NAME, now

    def add(self, text: str) -> None:
        """Append an event."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{self._now().isoformat(timespec='seconds')} {' '.join(text.split())}\n")


@contextmanager
def followed(log: Log, collection: Collection, engine: Engine) -> Iterator[None]:
    """Write down how the collection in this block begins and ends, however it ends."""
    units = len(collection.units)
    log.add(f"start: lcbench {version('lcbench')}, {engine.describe()}")
    log.add("plan: " + ", ".join(f"{name} {value}" for name, value in collection.plan.describe().items()))
    log.add(f"units: {units} on {', '.join(collection.described)}; {collection.workplace.count()} are finished already")
    try:
        yield
    except (KeyboardInterrupt, LcbenchError) as error:
        with suppress(OSError):  # the disk may be full
            log.add(
                f"stopped: {str(error) or 'interrupted'} ({collection.workplace.count()} of {units} units are kept)"
            )
        raise
    missing = 0 if collection.complete() else len(collection.pending())
    log.add(f"end: {f'{missing} of {units} units are missing' if missing else 'the benchmark is whole'}")
