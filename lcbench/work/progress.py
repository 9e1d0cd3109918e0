"""Progress of long work: a bar with the time left on a terminal, plain lines now and then elsewhere."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from lcbench.console import ERR, Pace, duration, plain_column, progress


class Progress:
    """Counts tasks as they end, and shows how many there are; to be entered.

    Args:
        title: What stands before the bar.
        total: How many tasks there are in all.
        done: How many of them were finished before.
        unit: What is counted, in the plural.
        work: How much work the tasks that are left are expected to be, in any unit; by default each counts 1.
        quiet: Whether to show nothing.
        tenths: Whether plain lines come at each tenth of the work; else only after half a minute without one.
        clock: Gives seconds.

    Attributes:
        total: How many tasks there are in all.
        done: How many have finished.
        failed: How many have failed.
        work_left: How much work is left; it may be corrected from outside.
    """

    def __init__(
        self,
        title: str,
        total: int,
        *,
        done: int = 0,
        unit: str = "",
        work: float | None = None,
        quiet: bool = False,
        tenths: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total, self.done, self.failed = total, done, 0
        self.work_left = float(total - done) if work is None else work
        self._work_done = 0.0
        self._unit, self._quiet, self._plain = unit, quiet, not quiet and not ERR.is_terminal
        self._tenths = tenths
        self._clock, self._begun, self._pace = clock, clock(), Pace(clock())
        self._bar = progress(quiet=quiet, left=plain_column("{task.fields[left]}"))
        self._task = self._bar.add_task(title, total=total, completed=done, note=unit, left=self.left)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def begin(self, done: int, total: int) -> None:
        """Say how many tasks there are, where that was not known before.

        Args:
            done: How many of them were finished before.
            total: How many there are in all.
        """
        self.done, self.total, self.work_left = done, total, float(total - done)
        self.show(done)

    def add(self, note: str = "", *, work: float = 1.0, failed: bool = False) -> None:
        """Count a task that has ended.

        Args:
            note: What is shown beside the count, in place of the unit.
            work: How much work it was expected to be.
            failed: Whether it failed.
        """
        self.failed += failed
        self.done += not failed
        self.work_left -= work
        self._work_done += work * (not failed)
        self.show(self.done + self.failed, note)

    def show(self, count: float, note: str = "", *, share: float | None = None, line: str | None = None) -> None:
        """Bring what is shown up to date.

        Args:
            count: How far the bar is, out of the total.
            note: What is shown beside the count.
            share: How much is done, in [0, 1], where that is not the count's share.
            line: The plain line, where it is another.
        """
        self._bar.update(self._task, completed=count, total=self.total, note=note or self._unit, left=self.left)
        done = (count / self.total if self.total else 1.0) if share is None else share
        if self._plain and self._pace.due(done * self._tenths, self._clock()):
            ERR.print(line or self.line(note), soft_wrap=True, highlight=False)

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        if not self._quiet:
            self._bar.console.print(text, soft_wrap=True, highlight=False)

    @property
    def seconds(self) -> float:
        """Seconds since it was made."""
        return self._clock() - self._begun

    @property
    def seconds_left(self) -> float | None:
        """An estimate: what is left takes as long, for what is expected of it, as what has been done so far.

        None before the first task has finished. A large task after small ones does not come as a surprise.
        """
        return self.seconds * max(0.0, self.work_left) / self._work_done if self._work_done > 0 else None

    @property
    def left(self) -> str:
        """The time left, in words."""
        return "-:--" if self.seconds_left is None else duration(self.seconds_left)

    def line(self, note: str = "") -> str:
        """Progress and time left, in one line."""
        failed = f" ({self.failed} failed)" if self.failed else ""
        unit = f" {self._unit}" if self._unit else ""
        left = "" if self.seconds_left is None else f", {self.left} left"
        return f"{self.done} of {self.total}{unit}{failed}{f', {note}' if note else ''}{left}"
