"""What people see of a live run at work: a bar, or plain lines where there is no terminal."""

from math import ceil
from types import TracebackType
from typing import Self

from rich.markup import escape

from lcbench.console import ERR, Pace, progress
from lcbench.simulate.realtime.result import LiveResult
from lcbench.table.metric import Metric


class LiveReport:
    """Follows a live run result by result.

    Args:
        metric: What is optimized.
        trials: How many jobs there will be at most, if that is limited.
        wallclock: How many seconds, if that is limited.
        quiet: Whether to show nothing.
        title: What stands before the bar.
    """

    def __init__(
        self, metric: Metric, trials: int | None, wallclock: float | None, *, quiet: bool, title: str = "live"
    ) -> None:
        self._metric, self._trials, self._wallclock = metric, trials, wallclock
        self._quiet, self._plain = quiet, not quiet and not ERR.is_terminal
        self._results, self._failed = 0, 0
        self._best: LiveResult | None = None
        self._note: str | None = None
        self._pace = Pace(0.0)
        self._bar = progress(quiet=quiet)
        self._task = self._bar.add_task(title, total=self._total, note="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def failed(self, job: str, reason: str, *, again: bool) -> None:
        """Say that an attempt at a job failed, and whether there will be another."""
        if not self._quiet:
            what = "it is tried again" if again else "it counts as diverged"
            self._bar.console.print(escape(f"{job} failed: {reason}; {what}"), soft_wrap=True, highlight=False)

    def told(self, result: LiveResult, note: str | None = None) -> None:
        """Count a result; a note is shown in place of the best one."""
        self._results += 1
        self._note = note
        self._failed += result.reason is not None
        if self._best is None or result.loss < self._best.loss:
            self._best = result

    def show(self, now: float, running: int) -> None:
        """Bring what is shown up to date.

        Args:
            now: Seconds since the beginning.
            running: Jobs at work.
        """
        text = f"{self._words()}, {running} at work"
        done = self._results if self._trials is not None else min(int(now), self._total)
        self._bar.update(self._task, completed=done, note=text)
        if self._plain and self._pace.due(self._share(now), now):
            ERR.print(f"{now:.0f} s: {text}", soft_wrap=True, highlight=False)

    @property
    def _total(self) -> int:
        return self._trials if self._trials is not None else ceil(self._wallclock or 0)

    def _share(self, now: float) -> float:
        """How much is done, by the limit that is nearer."""
        shares = [self._results / self._trials] if self._trials is not None else []
        shares += [now / self._wallclock] if self._wallclock is not None else []
        return min(1.0, max(shares))

    def _words(self) -> str:
        best = self._best
        said = f"{self._results} result{'s' if self._results != 1 else ''}" + (
            f", {self._failed} failed" if self._failed else ""
        )
        if self._note is not None:
            return f"{said}, {self._note}"
        if best is None:
            return said
        return f"{said}, best {self._metric.name} {float(best.curve.values[-1]):.4f} at {best.job.budget} epochs"
