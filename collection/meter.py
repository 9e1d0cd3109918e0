"""How far a collection is, and how fast."""

from collections.abc import Callable

from lcbench.console import duration


class Meter:
    """Counts units as they end.

    Args:
        units: How many there are in all.
        kept: How many of them were finished before.
        run_epochs: Epochs of all the runs of one unit.
        work: How long all units that are to be trained now are expected to take, up to a factor.
        clock: Gives seconds.
    """

    def __init__(self, units: int, kept: int, run_epochs: int, work: float, clock: Callable[[], float]) -> None:
        self.units, self.kept, self.run_epochs = units, kept, run_epochs
        self.trained = self.failed = 0
        self._left, self._trained = work, 0.0
        self._clock, self._started = clock, clock()

    def add(self, work: float, *, failed: bool) -> None:
        """Count a unit that was expected to take so long, up to the same factor."""
        self.failed += failed
        self.trained += not failed
        self._left -= work
        self._trained += work * (not failed)

    @property
    def finished(self) -> int:
        """Units that lie in the folder."""
        return self.kept + self.trained

    @property
    def share(self) -> float:
        """How much has been tried, in [0, 1]."""
        return (self.finished + self.failed) / self.units

    @property
    def seconds(self) -> float:
        """Seconds since the first unit was begun."""
        return self._clock() - self._started

    @property
    def rate(self) -> float:
        """Run-epochs a second so far; 0 before the first unit has ended."""
        return self.trained * self.run_epochs / max(self.seconds, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """An estimate: what is left takes as long, for what is expected of it, as what was trained so far.

        None before the first unit has ended. A large data set after a small one does not come as a surprise.
        """
        return self.seconds * max(0.0, self._left) / self._trained if self.trained else None

    @property
    def left(self) -> str:
        """The same in words."""
        return "-:--" if self.seconds_left is None else duration(self.seconds_left)

    def speed(self) -> str:
        """Run-epochs a second, in words."""
        return f"{self.rate:,.0f} run-epochs/s"

    def line(self) -> str:
        """How far, how fast, how long still, in one line."""
        failed = f" ({self.failed} failed)" if self.failed else ""
        left = f", {self.left} left" if self.trained else ""
        return f"{self.finished} of {self.units} units{failed}, {self.speed()}{left}"
