"""The record of a live run: everything that was asked and told, in order, so that it can be gone through again.

::

    DIR/
      events.jsonl     one JSON object per line, only ever appended to:
                       what is run; {"ask": job or null, "at": s}; {"tell": number of the job, ...}
      trace.parquet    the results, one row each, when the run ended or was stopped; a study of one run
      configs.parquet  the configurations that were tried, as ``lcbench collect --configs`` takes them

A line counts once its line break is there: if the program is killed while it writes one, that line is ignored. Numbers
are written with all their digits; those that JSON has no words for are the strings "nan", "inf" and "-inf".
"""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa

from lcbench.errors import DamagedFileError, InputError, PlanConflictError
from lcbench.output import writable_folder
from lcbench.simulate.contract import Job
from lcbench.simulate.realtime.result import LiveResult, tried
from lcbench.simulate.realtime.studied import Run, studied
from lcbench.simulate.study.file import write as write_study
from lcbench.simulate.trace import Trace
from lcbench.table.curve import Curve
from lcbench.table.metric import Metric
from lcbench.table.store import write_parquet

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace  # slow to import

EVENTS, TRACE, CONFIGS = "events.jsonl", "trace.parquet", "configs.parquet"
FORMAT = 1


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
        curve = Curve(_array(line["values"]), _array(line["seconds"]))
        times = float(line["started"]), float(line["finished"])
        return cls(int(line["tell"]), curve, *times, int(line["worker"]), line["reason"])

    def result(self, job: Job, metric: Metric) -> LiveResult:
        """The result as it was told."""
        loss = float(metric.loss(self.curve.values[-1]))
        return LiveResult(job, self.curve, loss, self.started, self.finished, self.worker, metric, self.reason)


Event = Asked | Told


class Unrecorded:
    """A live run of which nothing is kept."""

    events: tuple[Event, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def asked(self, job: Job | None, at: float) -> None:
        """Keep nothing."""

    def told(self, number: int, result: LiveResult) -> None:
        """Keep nothing."""

    def finish(self, trace: Trace, space: "ConfigurationSpace", run: Run) -> None:
        """Keep nothing."""


class Record:
    """A live run's folder, held while the run goes on (where the system has file locks).

    Args:
        folder: The folder, new, empty, or of a run that was stopped.
        what: What decides the run's values, in plain types; a folder with something else is refused.

    Attributes:
        events: What the folder held when it was entered, in order.

    Raises:
        InputError: If the folder holds something else, or another run is at work in it.
        PlanConflictError: If the folder holds another run; the message says what differs.
        DamagedFileError: If a line is damaged that is not the last.
    """

    def __init__(self, folder: Path, what: Mapping[str, Any]) -> None:
        self.folder, self._path = folder, folder / EVENTS
        self._what = _plain({"live": FORMAT, **what})
        self.events: tuple[Event, ...] = ()

    def __enter__(self) -> Self:
        self._check_folder()
        writable_folder(self.folder)
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            _hold(self._file, self.folder)
            first, *rest = self._read() or [self._what]
            self._refuse_other(first)
            self.events = tuple(self._parsed(number, line) for number, line in enumerate(rest, start=2))
            if not self._path.stat().st_size:
                self._append(self._what)
        except BaseException:
            os.close(self._file)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._file)

    def asked(self, job: Job | None, at: float) -> None:
        """Keep what an optimizer asked for (None: nothing for now), and when, in seconds since the beginning."""
        self._append({"ask": None if job is None else plain_job(job), "at": at})

    def told(self, number: int, result: LiveResult) -> None:
        """Keep what an optimizer is about to be told."""
        event = {"tell": number, "worker": result.worker, "started": result.started, "finished": result.finished}
        curve = {"values": _numbers(result.curve.values), "seconds": _numbers(result.curve.seconds)}
        self._append({**event, **curve, "reason": result.reason})

    def finish(self, trace: Trace, space: "ConfigurationSpace", run: Run) -> None:
        """Write the results, and the configurations of the space among them, as tables."""
        if trace.results:
            write_study(self.folder / TRACE, studied(trace, run), trace.metric)
            write_parquet(self.folder / CONFIGS, pa.Table.from_pandas(tried(trace, space), preserve_index=False))

    def _check_folder(self) -> None:
        if self.folder.is_dir() and not self._path.is_file() and any(self.folder.iterdir()):
            raise InputError(f"{self.folder} is not empty and holds no live run; choose a new or an empty folder.")

    def _append(self, event: Mapping[str, Any]) -> None:
        line = memoryview(json.dumps(event, allow_nan=False).encode() + b"\n")
        while line:  # in one piece, but for a disk that is getting full
            line = line[os.write(self._file, line) :]

    def _read(self) -> list[Any]:
        """Read all whole lines, and cut off what follows the last of them."""
        text = self._path.read_bytes()
        whole = text.rfind(b"\n") + 1
        os.ftruncate(self._file, whole)
        return [self._document(number, line) for number, line in enumerate(text[:whole].splitlines(), start=1)]

    def _document(self, number: int, line: bytes) -> Any:
        try:
            return json.loads(line)
        except ValueError as error:
            raise DamagedFileError(f"{self._path} is damaged in line {number} ({error}); restore it.") from error

    def _parsed(self, number: int, line: Any) -> Event:
        try:
            return Asked.read(line) if "ask" in line else Told.read(line)
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedFileError(
                f"{self._path} holds no event of a live run in line {number} ({error!r}); restore it."
            ) from error

    def _refuse_other(self, kept: Any) -> None:
        if not isinstance(kept, dict) or "live" not in kept:
            raise DamagedFileError(f"{self._path} is no record of a live run; choose another folder.")
        differ = [
            f"{key}: there {kept.get(key)}, asked {new}" for key, new in self._what.items() if kept.get(key) != new
        ]
        if differ:
            raise PlanConflictError(
                f"{self.folder} holds another live run ({'; '.join(differ)}).\n"
                "Repeat its own options to go on, or choose another folder."
            )


def plain_job(job: Job) -> dict[str, Any]:
    """A job in JSON's types."""
    plain = {"trial": int(job.trial), "config": _plain(dict(job.config)), "budget": int(job.budget)}
    return plain if job.parent is None else {**plain, "parent": int(job.parent)}


def _plain(value: Any) -> Any:
    """Numpy's scalars as Python's own, and everything as it comes back from JSON."""
    return json.loads(json.dumps(value, default=lambda number: number.item()))


def _numbers(array: np.ndarray) -> list[float | str]:
    return [x if math.isfinite(x) else str(x) for x in array.astype(np.float64).tolist()]


def _array(numbers: list[float | str]) -> np.ndarray:
    return np.array([float(number) for number in numbers])


def _hold(file: int, folder: Path) -> None:
    """Lock a file until it is closed or this process ends, however that happens."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(f"another live run is at work in {folder}; wait for it or choose another folder.") from None
