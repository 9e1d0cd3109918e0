"""What people see of a build at work: a bar, or plain lines where there is no terminal."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.markup import escape

from lcbench.console import ERR, Pace, duration, progress
from lcbench.simulate.transfer._schedule import Schedule
from lcbench.simulate.transfer.evaluation import FAILED, TIMEOUT, Ended, Evaluation


class BuildReport:
    """Follows a build evaluation by evaluation.

    Args:
        schedule: The state of the build, before the first evaluation.
        clock: Gives seconds.
        quiet: Whether to show nothing.
    """

    def __init__(self, schedule: Schedule, clock: Callable[[], float], *, quiet: bool) -> None:
        self._schedule, self._clock, self._started = schedule, clock, clock()
        self._quiet, self._plain = quiet, not quiet and not ERR.is_terminal
        self._before, self._trained, self._epochs, self._failed = len(schedule.everything()), 0, 0, 0
        self._finished = schedule.finished()
        self._pace = Pace(clock())
        self._bar = progress(quiet=quiet)
        self._task = self._bar.add_task("building", total=schedule.total, completed=self._before, note="evaluations")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def add(self, evaluation: Evaluation, ended: Ended) -> None:
        """Show what came of an evaluation."""
        self._trained += 1
        self._epochs += evaluation.budget
        self._failed += ended.status in (FAILED, TIMEOUT)
        if ended.status == FAILED:
            self._say(f"{evaluation} failed: {ended.reason}")
        finished = self._schedule.finished()
        for name in finished:
            if name not in self._finished:
                self._say(f"{name}: done, {len(finished)} of {len(self._schedule.datasets)} data sets")
        self._finished = finished
        self._bar.update(self._task, advance=1, note="evaluations")
        seconds = self._clock() - self._started
        if self._plain and self._pace.due((self._before + self._trained) / self._schedule.total, self._clock()):
            ERR.print(f"{duration(seconds)}: {self.line(seconds)}", soft_wrap=True, highlight=False)

    def line(self, seconds: float) -> str:
        """How far, and how long still, in one line.

        Args:
            seconds: Since the beginning; what is left is taken to go on as fast, counted in epochs.
        """
        ended = self._before + self._trained
        failed = f" ({self._failed} without a run)" if self._failed else ""
        left = self._schedule.epochs_left() * seconds / self._epochs
        return f"{ended} of {self._schedule.total} evaluations{failed}, {duration(left)} left"

    def _say(self, text: str) -> None:
        if not self._quiet:
            self._bar.console.print(escape(text), soft_wrap=True, highlight=False)
