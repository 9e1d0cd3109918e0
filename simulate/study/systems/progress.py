"""What people see of a study of systems at work: a bar, or a line for each run where there is no terminal."""

from types import TracebackType
from typing import Self

from rich.markup import escape

from lcbench.console import ERR, progress
from lcbench.simulate.study.systems.plan import Cell
from lcbench.simulate.study.systems.running import Watch


class Progress:
    """Follows a study run by run.

    Args:
        quiet: Whether to show nothing but failures.

    Attributes:
        count: How many runs are there.
        failed: How many failed.
    """

    def __init__(self, *, quiet: bool) -> None:
        self.count, self.failed, self._all = 0, 0, 0
        self._plain = not quiet and not ERR.is_terminal
        self._bar = progress(quiet=quiet)
        self._task = self._bar.add_task("runs", total=None, note="loading data sets")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    @property
    def watch(self) -> Watch:
        """What a study tells."""
        return Watch(self._begun, self._starting, self._done)

    def _begun(self, there: int, total: int) -> None:
        self.count, self._all = there, total
        self._bar.update(self._task, total=total, completed=there)

    def _starting(self, cell: Cell) -> None:
        self._bar.update(self._task, note=str(cell))
        if self._plain:
            self._say(f"{self.count + self.failed + 1} of {self._all}: {cell}")

    def _done(self, cell: Cell, reason: str | None) -> None:
        self.count += reason is None
        self.failed += reason is not None
        self._bar.advance(self._task)
        if reason is not None:
            self._say(f"{cell} failed: {reason}")

    def _say(self, text: str) -> None:
        self._bar.console.print(escape(text), soft_wrap=True, highlight=False)
