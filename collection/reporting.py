"""Progress of a collection: a bar or plain lines, a line per data set, and the log."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

from lcbench.collection.collecting import Collection, opened
from lcbench.collection.plan import Plan
from lcbench.collection.tasks import RunsTask
from lcbench.console import duration
from lcbench.errors import LcbenchError
from lcbench.work import Executor, Outcome, Progress

LOG = "collect.log"


@contextmanager
def opened_with_progress(
    plan: Plan, folder: Path, *, grow: bool = False, quiet: bool, clock: Callable[[], float] = time.monotonic
) -> Iterator[Collection]:
    """As :func:`lcbench.collection.collecting.opened`, with progress over the data sets while they are loaded."""
    with ExitStack() as stack:
        bar = Progress(
            "loading data sets", len(plan.sources), unit="data sets loaded", quiet=quiet, tenths=False, clock=clock
        )
        with bar as progress:
            collection = stack.enter_context(opened(plan, folder, lambda _: progress.add(), grow=grow))
        yield collection


class Log:
    """A text file to which every collection in the folder appends, one line per event, each with its time.

    Args:
        folder: The benchmark folder; the file is no part of the benchmark itself.
        now: Gives the time.
    """

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self.path, self._now = folder / LOG, now

    def add(self, text: str) -> None:
        """Append an event."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{self._now().isoformat(timespec='seconds')} {' '.join(text.split())}\n")

    @contextmanager
    def following(self, collection: Collection, executor: Executor[RunsTask]) -> Iterator[None]:
        """Write down how the collection in this block begins and ends, however it ends."""
        tasks = len(collection.tasks)
        self.add(f"start: lcbench {version('lcbench')}, {executor.describe()}")
        self.add("plan: " + ", ".join(f"{name} {value}" for name, value in collection.plan.describe().items()))
        finished = collection.shards.count()
        self.add(f"tasks: {tasks} on {', '.join(collection.described)}; {finished} are finished already")
        try:
            yield
        except (KeyboardInterrupt, LcbenchError, OSError) as error:
            with suppress(OSError):  # the disk may be full
                kept = f"{collection.shards.count()} of {tasks} tasks are kept"
                self.add(f"stopped: {str(error) or 'interrupted'} ({kept})")
            raise
        missing = 0 if collection.complete() else len(collection.pending())
        self.add(f"end: {f'{missing} of {tasks} tasks are missing' if missing else 'the benchmark is whole'}")


class Report:
    """Follows a collection task by task.

    Args:
        collection: The collection, calibrated, before its first task is done.
        log: Receives finished data sets and failures.
        quiet: Whether to write to the log only.
        clock: Gives seconds.
    """

    def __init__(self, collection: Collection, log: Log, clock: Callable[[], float], *, quiet: bool) -> None:
        pending, self._collection = collection.pending(), collection
        self._expected = collection.expected_seconds(pending)
        self._steps_name = f"run-{collection.plan.problem.record.fidelity.name}/s"
        self._left, self._all = _by_dataset(pending), _by_dataset(collection.tasks)
        self._failed: Counter[str] = Counter()
        self._trained, self._log = 0, log
        tasks = len(collection.tasks)
        self.progress = Progress(
            "collecting",
            tasks,
            done=tasks - len(pending),
            unit="tasks",
            work=sum(self._expected.values()),
            quiet=quiet,
            clock=clock,
        )

    def __enter__(self) -> Self:
        self.progress.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.progress.__exit__(kind, error, at)

    def add(self, outcome: Outcome[RunsTask]) -> None:
        """Show what became of a task."""
        dataset, failed = outcome.task.dataset, outcome.reason is not None
        self._trained += 0 if failed else self._collection.steps(outcome.task)
        self._left[dataset] -= 1
        self._failed[dataset] += failed
        if failed:
            self._say(f"{outcome.task} failed: {outcome.reason}")
        if not self._left[dataset]:
            self._say(self._finished(dataset))
        self.progress.add(self._speed(), work=self._expected[outcome.task], failed=failed)

    def _speed(self) -> str:
        return f"{self._trained / max(self.progress.seconds, 1e-9):,.0f} {self._steps_name}"

    def _finished(self, dataset: str) -> str:
        tasks, failed = self._all[dataset], self._failed[dataset]
        what = f"{tasks} tasks finished" if not failed else f"{tasks - failed} of {tasks} tasks finished"
        return f"{dataset}: {what} after {duration(self.progress.seconds)}, {self._speed()}"

    def _say(self, text: str) -> None:
        self._log.add(text)
        self.progress.say(text)


def _by_dataset(tasks: Sequence[RunsTask]) -> Counter[str]:
    return Counter(task.dataset for task in tasks)
