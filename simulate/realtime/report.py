"""Progress of a live run: a bar, or plain lines if there is no terminal."""

from math import ceil
from types import TracebackType
from typing import Self

from lcbench.simulate.realtime.result import LiveResult
from lcbench.table.metric import Metric
from lcbench.work import Progress


class LiveReport:
    """Follows a live run result by result.

    Args:
        metric: What is optimized.
        trials: How many jobs there will be at most, if that is limited.
        wallclock: How many seconds, if that is limited.
        quiet: Whether to show nothing.
        title: What stands before the bar.
        unit: What budgets count.
    """

    def __init__(
        self,
        metric: Metric,
        trials: int | None,
        wallclock: float | None,
        *,
        quiet: bool,
        title: str = "live",
        unit: str = "epochs",
    ) -> None:
        self._metric, self._trials, self._wallclock, self._unit = metric, trials, wallclock, unit
        self._results, self._failed = 0, 0
        self._best: LiveResult | None = None
        self._note: str | None = None
        self._progress = Progress(title, trials if trials is not None else ceil(wallclock or 0), quiet=quiet)

    def __enter__(self) -> Self:
        self._progress.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._progress.__exit__(kind, error, at)

    def failed(self, job: str, reason: str, *, again: bool) -> None:
        """Say that an attempt at a job failed, and whether there will be another."""
        what = "it is tried again" if again else "it counts as diverged"
        self._progress.say(f"{job} failed: {reason}; {what}")

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
            running: Running jobs.
        """
        text = f"{self._words()}, {running} running"
        count = self._results if self._trials is not None else min(int(now), self._progress.total)
        self._progress.show(count, text, share=self._share(now), line=f"{now:.0f} s: {text}")

    def _share(self, now: float) -> float:
        """Share of the work that is done, by the nearer limit."""
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
        return f"{said}, best {self._metric.name} {float(best.curve.values[-1]):.4f} at {best.job.budget} {self._unit}"
