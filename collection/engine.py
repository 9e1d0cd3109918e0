"""Where units run: what every engine can do, and how failing units are tried again."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Protocol

from lcbench.collection.unit import Outcome, Task, Unit

KILLED = "its process was killed"
"""Reason of a unit whose process ended without a word, as the operating system does when memory runs out."""

GO_ON = "what is finished is kept, and the same command goes on from there"


class Engine(Protocol):
    """Something that trains units elsewhere: in processes of this machine, or on others."""

    def room(self) -> int:
        """How many more units it takes at the moment."""

    def start(self, task: Task) -> None:
        """Take a unit; ``wait`` will say what became of it, exactly once."""

    def wait(self) -> list[Outcome]:
        """Wait for the next units to end.

        Returns:
            What became of them; empty if it is worth asking for ``room`` again.

        Raises:
            StoppedError: If no unit can be trained any more.
        """

    def describe(self) -> str:
        """Where it runs, for people."""


def run(engine: Engine, tasks: Iterable[Task]) -> Iterator[Outcome]:
    """Train units, and those that fail once more after all others.

    Units of one task that fail together are not to blame together: each gets its two attempts alone.

    Yields:
        What became of each unit, once, in the order in which they end.
    """
    waiting = deque(tasks)
    running: dict[Unit, Task] = {}
    failed_once: set[Unit] = set()
    while waiting or running:
        while waiting and engine.room() > 0:
            task = waiting.popleft()
            running[task.unit] = task
            engine.start(task)
        for outcome in engine.wait():
            task = running.pop(outcome.unit)
            if outcome.reason is None:
                yield from (Outcome(unit) for unit, _ in task.members)
            elif outcome.disk_full or outcome.unit in failed_once:
                yield outcome
            elif task.companions:
                waiting.extend(task.alone())
            else:
                failed_once.add(outcome.unit)
                waiting.append(task)
