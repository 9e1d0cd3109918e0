"""What people see of a collection at work: a bar or plain lines, a line per data set, and the log."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.markup import escape
from rich.progress import TextColumn

from lcbench.collection.collecting import Collection
from lcbench.collection.expected import expected_seconds
from lcbench.collection.log import Log
from lcbench.collection.meter import Meter
from lcbench.collection.plan import Plan
from lcbench.collection.possession import opened
from lcbench.collection.unit import Outcome, Unit
from lcbench.console import ERR, Pace, duration, progress


@contextmanager
def opened_with_progress(plan: Plan, folder: Path, clock: Callable[[], float], *, quiet: bool) -> Iterator[Collection]:
    """As :func:`lcbench.collection.possession.opened`, with a bar over the data sets while they are loaded.

    Where no bar can be drawn, a line every half a minute says how far it is: large data sets take their time.

    Args:
        plan: The plan.
        folder: The benchmark folder.
        clock: Gives seconds.
        quiet: Whether to show nothing.
    """
    pace, plain, total = Pace(clock()), not quiet and not ERR.is_terminal, len(plan.sources)
    with ExitStack() as stack:
        with progress(quiet=quiet) as bar:
            task = bar.add_task("loading data sets", total=total, note="")
            loaded: list[str] = []

            def show(dataset: str) -> None:
                loaded.append(dataset)
                bar.update(task, advance=1, note=dataset)
                if plain and pace.due(0.0, clock()):
                    ERR.print(f"{len(loaded)} of {total} data sets loaded", soft_wrap=True, highlight=False)

            collection = stack.enter_context(opened(plan, folder, show))
        yield collection


class Report:
    """Follows a collection unit by unit.

    Args:
        collection: The collection, calibrated, before its first unit is trained.
        log: Where finished data sets and failures are written down.
        clock: Gives seconds.
        quiet: Whether to write to the log only.
    """

    def __init__(self, collection: Collection, log: Log, clock: Callable[[], float], *, quiet: bool) -> None:
        pending, plan = collection.pending(), collection.plan
        self._expected = expected_seconds(collection, pending)
        units, run_epochs = len(collection.units), sum(plan.budgets) * plan.n_seeds
        self.meter = Meter(units, units - len(pending), run_epochs, sum(self._expected.values()), clock)
        self._left, self._all = _by_dataset(pending), _by_dataset(collection.units)
        self._failed: Counter[str] = Counter()
        self._log, self._quiet, self._plain = log, quiet, not quiet and not ERR.is_terminal
        self._clock, self._pace = clock, Pace(clock())
        self._bar = progress(quiet=quiet, left=TextColumn("{task.fields[left]}"))
        self._task = self._bar.add_task(
            "collecting", total=units, completed=self.meter.finished, note="units", left=self.meter.left
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def add(self, outcome: Outcome) -> None:
        """Show what became of a unit."""
        dataset, failed = outcome.unit.dataset, outcome.reason is not None
        self.meter.add(self._expected[outcome.unit], failed=failed)
        self._left[dataset] -= 1
        self._failed[dataset] += failed
        if failed:
            self._say(f"{outcome.unit} failed: {outcome.reason}")
        if not self._left[dataset]:
            self._say(self._finished(dataset))
        self._bar.update(self._task, advance=1, note=f"units, {self.meter.speed()}", left=self.meter.left)
        if self._plain and self._pace.due(self.meter.share, self._clock()):
            ERR.print(self.meter.line(), soft_wrap=True, highlight=False)

    def _finished(self, dataset: str) -> str:
        units, failed = self._all[dataset], self._failed[dataset]
        what = f"{units} units finished" if not failed else f"{units - failed} of {units} units finished"
        return f"{dataset}: {what} after {duration(self.meter.seconds)}, {self.meter.speed()}"

    def _say(self, text: str) -> None:
        self._log.add(text)
        if not self._quiet:
            self._bar.console.print(escape(text), soft_wrap=True, highlight=False)


def _by_dataset(units: Sequence[Unit]) -> Counter[str]:
    return Counter(unit.dataset for unit in units)
