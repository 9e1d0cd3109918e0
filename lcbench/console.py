"""The console of the command line, and one look for tables and progress bars."""

from collections.abc import Iterable, Sequence

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.segment import Segment
from rich.table import Table

from lcbench.terminal import printable


class _Console(Console):
    """A console to which all text is plain: no markup, no names of emoji, and nothing that steers the terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)


OUT = _Console(markup=False, emoji=False)
ERR = _Console(markup=False, emoji=False, stderr=True)
_SECONDS_WITHOUT_A_LINE = 30.0


def progress(*, quiet: bool = False, left: ProgressColumn | None = None) -> Progress:
    """A progress bar with counts and an estimate of the time left, on standard error.

    It draws nothing where standard error is no terminal (see :class:`Pace`), or if ``quiet``.

    Args:
        quiet: Whether to draw nothing.
        left: What estimates the time left, for steps that are known to differ; by default steps take equally long.
    """
    columns = (
        plain_column("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        plain_column("{task.fields[note]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        left or TimeRemainingColumn(),
    )
    return Progress(*columns, console=ERR, disable=quiet or not ERR.is_terminal)


def plain_column(shown: str) -> TextColumn:
    """A column of a progress bar in which names are plain text."""
    return TextColumn(shown, markup=False)


def bytes_progress(*, quiet: bool = False) -> Progress:
    """A progress bar in bytes; draws nothing where standard error is no terminal, or if ``quiet``."""
    columns = (
        plain_column("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=ERR, disable=quiet or not ERR.is_terminal)


class Pace:
    """When to print a plain line where no bar can be drawn: at each tenth, and after 30 seconds without a line.

    Args:
        now: Seconds on any clock.
    """

    def __init__(self, now: float) -> None:
        self._tenths, self._last = 0, now

    def due(self, share: float, now: float) -> bool:
        """Whether to print a line now.

        Args:
            share: How much is done, in [0, 1].
            now: Seconds on the same clock.
        """
        tenths = int(10 * share + 1e-9)
        if tenths <= self._tenths and now - self._last < _SECONDS_WITHOUT_A_LINE:
            return False
        self._tenths, self._last = tenths, now
        return True


def duration(seconds: float) -> str:
    """Seconds as ``m:ss`` or ``h:mm:ss``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table for people: first column left, the others right."""
    made = Table(title=title, title_justify="left")
    for i, column in enumerate(columns):
        made.add_column(column, justify="right" if i else "left")
    for row in rows:
        made.add_row(*map(str, row))
    return made


def facts(pairs: Iterable[tuple[str, str]]) -> Table:
    """Labels and texts, one pair a line."""
    made = Table.grid(padding=(0, 2))
    made.add_column(style="bold", no_wrap=True)
    made.add_column()
    for label, text in pairs:
        made.add_row(label, text)
    return made
