"""The state of a live run: running jobs, results, and the next job."""

import heapq
import math
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from lcbench.errors import DamagedFileError, InputError, PlanConflictError
from lcbench.simulate.contract import Backend, Domain, Job, Optimizer, checked_curve
from lcbench.simulate.realtime.job import JobTask, executor_for
from lcbench.simulate.realtime.record import Asked, Record, Unrecorded, plain_job
from lcbench.simulate.realtime.report import LiveReport
from lcbench.simulate.realtime.result import LiveResult, failed_curve
from lcbench.simulate.run import asked
from lcbench.space.encoding import equal
from lcbench.work import Outcome, run

_SECONDS_TO_WAIT = 0.5  # for outcomes; then the clock and the progress are updated

_MISTAKES = (AttributeError, ImportError, LookupError, NameError, NotImplementedError, SyntaxError, TypeError)

Watch = Callable[[int, LiveResult], str | None]
"""Gets each result with its job's number, after the optimizer; also those of a resumed record. Its return value is
shown in place of the best result."""


@dataclass(frozen=True, slots=True)
class _Running:
    """A running job."""

    worker: int
    started: float


@dataclass(slots=True)
class LiveState:
    """The state between two events."""

    optimizer: Optimizer
    backend: Backend
    domain: Domain
    """Knows the space; no optimizer's."""
    record: Record | Unrecorded
    report: LiveReport
    free: list[int]
    """Heap of the workers without a job."""
    watch: Watch | None = None
    """Gets every result after the optimizer."""
    most: float = math.inf
    """Jobs that may be asked for in all."""
    limit: float = math.inf
    """Seconds."""
    now: float = 0.0
    jobs: list[Job] = field(default_factory=list)
    """Every job that was asked for, by its number."""
    starts: list[tuple[int, int] | None] = field(default_factory=list)
    """For each job the trial and the budget of the state that it goes on from."""
    waiting: deque[int] = field(default_factory=deque)
    """Jobs without a worker: those that were running when a recorded run was stopped."""
    running: dict[int, _Running] = field(default_factory=dict)
    told: list[LiveResult] = field(default_factory=list)
    last: dict[int, Job] = field(default_factory=dict)
    """For each trial its latest job."""
    unfinished: set[int] = field(default_factory=set)
    """Trials with a job that has not been told."""
    in_vain: bool = False
    """Whether there was no job when the optimizer was asked last, and nothing has been told since."""

    def work(self, workers: int, seconds: Callable[[], float], scheduler: str | None = None) -> None:
        """Run jobs until there are none left, or the time is over; ``seconds`` is the time since the beginning."""
        self.now = seconds()
        if not self._something_left():
            return

        def left() -> float:
            self.now = seconds()
            self.report.show(self.now, len(self.running))
            return min(_SECONDS_TO_WAIT, self.limit - self.now)

        with executor_for(self.backend, workers, scheduler) as executor:
            source = partial(self._next, seconds)
            for outcome in run(executor, source, retry_at_once=True, retried=self._retried, left=left):
                self.now = seconds()
                if self.now <= self.limit:
                    self._take(outcome)
        self.report.show(self.now, 0)

    def recall(self) -> None:
        """Replay the record."""
        for event in self.record.events:
            if isinstance(event, Asked):
                self._ask_again(event)
            elif event.number in self.waiting:
                self.waiting.remove(event.number)
                self.now = max(self.now, event.finished)
                self._tell(event.number, event.result(self.jobs[event.number], self.backend.metric))
            else:
                raise DamagedFileError(f"the record tells of job {event.number}, which was not running; restore it.")

    def _ask_again(self, event: Asked) -> None:
        job = self._asked()
        asked = None if job is None else plain_job(job)
        if asked != event.job:
            raise PlanConflictError(
                f"the optimizer must ask for what is in the record, {event.job}, got {asked}; make it with the same "
                "seed and options, or choose another folder."
            )
        if job is not None:
            self.waiting.append(len(self.jobs) - 1)
        self.now = max(self.now, event.at)

    def _something_left(self) -> bool:
        return self.now < self.limit and (bool(self.waiting) or (len(self.jobs) < self.most and not self.in_vain))

    def _next(self, seconds: Callable[[], float]) -> JobTask | None:
        """The next job, for a worker that is free; None if there is none for now."""
        if not self.waiting:
            if len(self.jobs) >= self.most or self.in_vain:
                return None
            job = self._asked()
            self.now = seconds()
            self.record.asked(job, self.now)
            if job is None:
                return None
            self.waiting.append(len(self.jobs) - 1)
        number = self.waiting.popleft()
        self.running[number] = _Running(heapq.heappop(self.free), self.now)
        return JobTask.of(number, self.jobs[number], self.starts[number])

    def _asked(self) -> Job | None:
        """Ask for the next job, and check it."""
        job = asked(self.optimizer)
        self.in_vain = job is None
        if job is not None:
            self._check_job(job)
            self.jobs.append(job)
            self.starts.append(self._start(job))
            self.last[job.trial] = job
            self.unfinished.add(job.trial)
        return job

    def _start(self, job: Job) -> tuple[int, int] | None:
        """The latest finished state of the job's trial, or of the trial's parent."""
        for trial in (job.trial, job.parent):
            done = [result.job.budget for result in self.told if result.job.trial == trial]
            if trial is not None and done:
                return trial, done[-1]
        return None

    def _retried(self, outcome: Outcome[JobTask]) -> None:
        """Say that a job is tried again; what a backend refuses, it would refuse again."""
        if outcome.refused:
            raise InputError(outcome.reason)
        self.report.failed(str(outcome.task), str(outcome.reason), again=True)

    def _take(self, outcome: Outcome[JobTask]) -> None:
        """Take the outcome of a job."""
        if outcome.refused:
            raise InputError(outcome.reason)
        number = outcome.task.number
        if outcome.reason is not None:
            self._check_programmed(outcome)
            self.report.failed(str(outcome.task), outcome.reason, again=False)
        running = self.running.pop(number)
        heapq.heappush(self.free, running.worker)
        result = self._result(self.jobs[number], outcome, running)
        self.record.told(number, result)
        self._tell(number, result)

    def _check_programmed(self, outcome: Outcome[JobTask]) -> None:
        """Stop at a mistake in a training function of one's own, before it is told as one diverged run after another.

        An error that says that a program is wrong is taken for one as long as no job has succeeded. Afterwards it may
        well be the configuration's, like every error of training (ValueError, RuntimeError, lack of memory ...).
        """
        if isinstance(outcome.error, _MISTAKES) and all(result.reason is not None for result in self.told):
            *_, at = traceback.extract_tb(outcome.error.__traceback__)
            raise InputError(
                f"the training function must not be wrong itself, got {outcome.reason} in line {at.lineno} of "
                f"{at.filename} in both attempts at {outcome.task}; mend it and start again."
            ) from outcome.error

    def _result(self, job: Job, outcome: Outcome[JobTask], running: _Running) -> LiveResult:
        if outcome.reason is None:
            curve = checked_curve(outcome.value, job.budget)
        else:
            curve = failed_curve(job.budget, self.now - running.started)
        metric = self.backend.metric
        loss = float(metric.loss(curve.values[-1]))
        return LiveResult(job, curve, loss, running.started, self.now, running.worker, metric, outcome.reason)

    def _tell(self, number: int, result: LiveResult) -> None:
        self.told.append(result)
        self.unfinished.discard(result.job.trial)
        self.in_vain = False
        self.optimizer.tell(result)
        self.report.told(result, None if self.watch is None else self.watch(number, result))

    def _check_job(self, job: Job) -> None:
        """Check that a job can be done."""
        if job.budget not in self.backend.budgets:
            offered = ", ".join(map(str, self.backend.budgets))
            raise InputError(f"budget of a job must be one of the backend's ({offered}), got {job.budget}.")
        self.domain.encode(job.config)
        before = self.last.get(job.trial)
        if before is None:
            self._check_parent(job)
            return
        if not equal(before.config, job.config):
            raise InputError(f"jobs of trial {job.trial} must have one configuration, got a second: {job.config}.")
        if before.budget >= job.budget:
            raise InputError(
                f"budgets of trial {job.trial} must increase, got {job.budget} after {before.budget}; "
                "begin a new trial to train a configuration again."
            )
        if job.trial in self.unfinished:
            raise InputError(f"trial {job.trial} must have ended its job before the next is asked for; tell it first.")

    def _check_parent(self, job: Job) -> None:
        """Check whose state a new trial starts from; the backend's curve does not depend on it (see ``Job``)."""
        if job.parent is not None and not any(result.job.trial == job.parent for result in self.told):
            raise InputError(
                f"parent of trial {job.trial} must be a trial with a finished job, got {job.parent}; "
                "wait until its result is told."
            )
