"""The record of a live run: every ask and tell, in order, so that it can be replayed.

::

    DIR/
      plan.json        what is run
      events.jsonl     a journal (lcbench.work.journal): {"ask": job or null, "at": s}; {"tell": number of the job, ...}
      trace.parquet    the results, one row each, when the run ended or was stopped; a study of one run
      configs.parquet  the configurations that were tried, as ``lcbench collect --configs`` takes them
      checkpoints/     states of the trials, if the problem can go on from one (lcbench.collection.trainer.Checkpoints)
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from lcbench.errors import DamagedFileError, InputError
from lcbench.files import NOT_UNDERSTOOD
from lcbench.simulate.contract import Job
from lcbench.simulate.realtime.result import LiveResult, tried
from lcbench.simulate.realtime.studied import LiveRun, studied
from lcbench.simulate.study.file import write as write_study
from lcbench.simulate.trace import Trace
from lcbench.space.encoding import given
from lcbench.table.curve import Curve
from lcbench.table.metric import Metric
from lcbench.table.store import write_parquet
from lcbench.work import Journal, Workplace, journal
from lcbench.work.workplace import differences, refuse_other_plan

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace  # slow to import

EVENTS, TRACE, CONFIGS = "events.jsonl", "trace.parquet", "configs.parquet"
CHECKPOINTS = "checkpoints"
FORMAT = 2

SOURCE = "source of the optimizer"
"""Entry of the plan: a digest of the file that an own optimizer is written in."""

_EDITED = "Undo the edit to go on with it, or choose another folder: what two programs asked for is not mixed."


@dataclass(frozen=True, slots=True)
class Asked:
    """An optimizer was asked.

    Attributes:
        job: The job in JSON's types, see :func:`plain_job`; None if there was none for now.
        at: Seconds since the beginning.
    """

    job: Mapping[str, Any] | None
    at: float

    @classmethod
    def read(cls, line: Mapping[str, Any]) -> "Asked":
        """Read what :meth:`Record.asked` wrote."""
        return cls(line["ask"], float(line["at"]))


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """An optimizer was told a result.

    Attributes:
        number: Number of the job: how many were asked for before it.
        curve: Its curve.
        started: As in the result.
        finished: As in the result.
        worker: As in the result.
        reason: As in the result.
    """

    number: int
    curve: Curve
    started: float
    finished: float
    worker: int
    reason: str | None

    @classmethod
    def read(cls, line: Mapping[str, Any]) -> "Told":
        """Read what :meth:`Record.told` wrote."""
        curve = Curve(journal.array(line["values"]), journal.array(line["seconds"]))
        times = float(line["started"]), float(line["finished"])
        return cls(int(line["tell"]), curve, *times, int(line["worker"]), line["reason"])

    def result(self, job: Job, metric: Metric) -> LiveResult:
        """The result as it was told."""
        loss = float(metric.loss(self.curve.values[-1]))
        return LiveResult(job, self.curve, loss, self.started, self.finished, self.worker, metric, self.reason)


Event = Asked | Told


class Unrecorded:
    """A live run that is not recorded."""

    events: tuple[Event, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def asked(self, job: Job | None, at: float) -> None:
        """Keep nothing."""

    def told(self, number: int, result: LiveResult) -> None:
        """Keep nothing."""

    def finish(self, trace: Trace, space: "ConfigurationSpace", run: LiveRun) -> None:
        """Keep nothing."""


class Record:
    """A live run's folder, held during the run.

    Args:
        folder: The folder, new, empty, or of a run that was stopped.
        what: What decides the run's values, in plain types; a folder with something else is refused.

    Attributes:
        events: What the folder held when it was entered, in order.

    Raises:
        InputError: If the folder holds something else, or another run holds it.
        PlanConflictError: If the folder holds another run; the message says what differs.
        DamagedFileError: If a line is damaged that is not the last.
    """

    def __init__(self, folder: Path, what: Mapping[str, Any]) -> None:
        self.folder, self._place, self._journal = folder, Workplace(folder, "live run"), Journal(folder / EVENTS)
        self._what = journal.plain({"live": FORMAT, **what})
        self.events: tuple[Event, ...] = ()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._place.held())
            self._check_plan()
            if (self.folder / EVENTS).is_file() and self._place.plan() is None:
                raise InputError(f"{self.folder} holds a live run of an older lcbench; choose another folder.")
            self._place.accept(self._what)
            stack.enter_context(self._journal)
            self.events = tuple(self._parsed(number, line) for number, line in enumerate(self._journal.events, start=1))
            self._open = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.__exit__(kind, error, at)

    def _check_plan(self) -> None:
        """Check that the folder's run, if any, is this one; until a result is there its optimizer may be mended.

        Raises:
            PlanConflictError: If it is another one.
        """
        kept = self._place.plan()
        if kept is None:
            return
        found = differences(kept, {SOURCE: None, **self._what})
        edited = [each for each in found if SOURCE in each]
        if not edited or found != edited:
            refuse_other_plan(found, self.folder)
        elif any("tell" in event for event in journal.read(self.folder / EVENTS)):
            refuse_other_plan([f"the {SOURCE} was edited"], self.folder, _EDITED)
        else:
            (self.folder / EVENTS).unlink(missing_ok=True)  # what it asked for, it may ask for no more

    def asked(self, job: Job | None, at: float) -> None:
        """Append what an optimizer asked for (None: nothing for now), and when, in seconds since the beginning."""
        self._journal.append({"ask": None if job is None else plain_job(job), "at": at})

    def told(self, number: int, result: LiveResult) -> None:
        """Append a result before the optimizer is told."""
        event = {"tell": number, "worker": result.worker, "started": result.started, "finished": result.finished}
        values, seconds = result.curve.values, result.curve.seconds
        curve = {"values": journal.numbers(values), "seconds": journal.numbers(seconds)}
        self._journal.append({**event, **curve, "reason": result.reason})

    def finish(self, trace: Trace, space: "ConfigurationSpace", run: LiveRun) -> None:
        """Write the results, and the configurations of the space among them, as tables."""
        if trace.results:
            write_study(self.folder / TRACE, studied(trace, run), trace.metric)
            write_parquet(self.folder / CONFIGS, pa.Table.from_pandas(tried(trace, space), preserve_index=False))

    def _parsed(self, number: int, line: Any) -> Event:
        try:
            return Asked.read(line) if "ask" in line else Told.read(line)
        except NOT_UNDERSTOOD as error:
            raise DamagedFileError(
                f"{self._journal.path} holds no event of a live run in line {number} ({error!r}); restore it."
            ) from error


def plain_job(job: Job) -> dict[str, Any]:
    """A job in JSON's types."""
    plain = {"trial": int(job.trial), "config": journal.plain(given(job.config)), "budget": int(job.budget)}
    return plain if job.parent is None else {**plain, "parent": int(job.parent)}
