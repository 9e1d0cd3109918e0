"""A build from its plan to the finished folder: resumable, wherever its evaluations are trained."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lcbench.collection.problem import get_problem
from lcbench.errors import InputError, PlanConflictError
from lcbench.files import read_json, write_json
from lcbench.output import writable_folder
from lcbench.simulate.domain import SpaceDomain
from lcbench.simulate.transfer._schedule import Schedule
from lcbench.simulate.transfer.evaluation import FAILED, Ended, Evaluation
from lcbench.simulate.transfer.folder import MANIFEST, read_folder
from lcbench.simulate.transfer.kept import Kept
from lcbench.simulate.transfer.plan import Plan, differences, extends
from lcbench.simulate.transfer.results import write_portfolios, write_tried
from lcbench.simulate.transfer.training import (
    Engine,
    EvaluationTask,
    Outcome,
    Unit,
    circumstances,
    disk_is_full,
    prepared,
    task_for,
)
from lcbench.work.lock import alone

_SHOWN = 3  # failures in a message


@dataclass(frozen=True, slots=True, eq=False)
class Build:
    """A plan at work in a folder.

    Attributes:
        plan: The plan.
        folder: The portfolio's folder.
        size: Of the greedy portfolio; it decides nothing that is trained.
        rows: Of each data set its row in ``lcbench.table.manifest.DATASET_SCHEMA``.
        kept_plan: The plan as it is kept in the folder.
        schedule: What has ended, what is at work, what comes next.
    """

    plan: Plan
    folder: Path
    size: int
    rows: Mapping[str, Mapping[str, Any]]
    kept_plan: Mapping[str, Any]
    schedule: Schedule

    @property
    def kept(self) -> Kept:
        """Where is kept what has ended."""
        return Kept(self.folder)

    def run(self, engine: Engine, now: Callable[[], datetime]) -> Iterator[tuple[Evaluation, Ended]]:
        """Train all that is missing; what fails is tried once more, then its reason is kept.

        Whenever another data set is done, the matrix and the portfolios are written anew.

        Args:
            engine: Where; the results do not depend on it.
            now: When, for the manifest.

        Yields:
            What came of each evaluation, when it ends.

        Raises:
            StoppedError: If the disk is full or the engine cannot go on.
        """
        done = self.schedule.finished()
        for evaluation, outcome in carried_out(engine, self.schedule, self._task):
            ended = self._ended(evaluation, outcome)
            self.schedule.tell(evaluation, ended)
            if done != (done := self.schedule.finished()):
                write_portfolios(self.folder, self.schedule, self.size, self.kept_plan, circumstances(now()))
            yield evaluation, ended

    def write(self, now: datetime) -> bool:
        """Write everything that was found so far.

        Args:
            now: When, for the manifests.

        Returns:
            Whether there was anything to write.
        """
        about = circumstances(now)
        if not write_portfolios(self.folder, self.schedule, self.size, self.kept_plan, about):
            return False
        about = {**about, "seconds": "processor seconds of the run, measured", "plan": dict(self.kept_plan)}
        write_tried(self.folder, self.schedule, self.kept, self.rows, about)
        return True

    def complaints(self) -> list[str]:
        """Say in a few lines which incumbents failed elsewhere; empty if none did."""
        failed = [(each, ended.reason) for each, ended in self.schedule.crossings() if ended.status == FAILED]
        if not failed:
            return []
        lines = [f"{len(failed)} incumbents failed on another data set and count as the worst there:"]
        lines += [f"  {each}: {reason}" for each, reason in failed[:_SHOWN]]
        if len(failed) > _SHOWN:
            lines.append(f"  and {len(failed) - _SHOWN} more, in {self.kept.root / 'ended'}")
        return [*lines, "Mend the cause and repeat the command: it tries them again."]

    def _task(self, evaluation: Evaluation) -> EvaluationTask:
        return task_for(evaluation, self.plan, self.folder.resolve())

    def _ended(self, evaluation: Evaluation, outcome: Outcome) -> Ended:
        if outcome.disk_full:
            raise disk_is_full(self.folder, str(outcome.reason))
        kept = None if outcome.reason is not None else self.kept.recall(evaluation)
        if kept is not None:
            return kept
        reason = outcome.reason or "its run is not in the folder"
        ended = Ended.without_run(evaluation.budget, FAILED, reason)
        self.kept.write_ended(*evaluation.key, ended, outcome.traceback)
        return ended


def carried_out(
    engine: Engine, schedule: Schedule, task_of: Callable[[Evaluation], EvaluationTask]
) -> Iterator[tuple[Evaluation, Outcome]]:
    """Train what a schedule asks for, and what fails once more.

    Yields:
        What became of each evaluation, once; before the next one is asked for, the schedule is to be told.
    """
    running: dict[Unit, Evaluation] = {}
    again: deque[Evaluation] = deque()
    failed_once: set[Evaluation] = set()
    while True:
        while engine.room() > 0:
            evaluation = again.popleft() if again else schedule.next()
            if evaluation is None:
                break
            task = task_of(evaluation)
            running[task.unit] = evaluation
            engine.start(task)
        if not running:
            return
        for outcome in engine.wait():
            evaluation = running.pop(outcome.unit)
            if outcome.reason is None or outcome.disk_full or evaluation in failed_once:
                yield evaluation, outcome
            else:
                failed_once.add(evaluation)
                again.append(evaluation)


@contextmanager
def opened(plan: Plan, folder: Path, size: int, loaded: Callable[[str], None] = lambda _: None) -> Iterator[Build]:
    """Load and check every data set, hold the folder for this plan, and recall what has ended in it.

    When the block is left, what is needed to go on stays, unless the build is complete.

    Args:
        plan: The plan.
        folder: The portfolio's folder, as it was left or new.
        size: Of the greedy portfolio.
        loaded: Called with the name of each data set when it is ready.

    Raises:
        InputError: If a data set cannot be used, the folder holds something else, or another build is at work in it.
        PlanConflictError: If the folder holds (part of) a different plan; the message says what differs. More data sets
            at the end are no difference while the build is not complete.
    """
    if size < 1:
        raise InputError(f"size must be at least 1, got {size}.")
    kept = Kept(folder)
    _check_folder(folder, kept)
    writable_folder(kept.root)
    with alone(kept.lock, f"another build is at work in {folder}; wait for it or choose another folder."):
        try:
            yield _prepare(plan, folder, size, loaded)
        finally:
            _leave(folder, kept)


def is_complete(plan: Plan, folder: Path) -> bool:
    """Whether a folder holds a finished build of a plan.

    Raises:
        PlanConflictError: If it holds one of another plan.
    """
    if not (folder / MANIFEST).is_file():
        return False
    held = read_folder(folder)
    _refuse_if(differences(held.plan, plan.describe()), folder)
    return held.complete


def _check_folder(folder: Path, kept: Kept) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} must be a folder, but it is a file; choose another.")
    if folder.is_dir() and not kept.root.is_dir() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty and holds no build that was stopped; choose a new or an empty folder.")


def _leave(folder: Path, kept: Kept) -> None:
    """Clear up where nothing is left to go on with: the build is complete, or its plan was never accepted."""
    complete = (folder / MANIFEST).is_file() and read_folder(folder).complete
    if complete or not kept.plan.is_file():
        kept.remove()
        with suppress(OSError):
            folder.rmdir()


def _prepare(plan: Plan, folder: Path, size: int, loaded: Callable[[str], None]) -> Build:
    kept = Kept(folder)
    before = _kept_plan(kept)
    if before is not None and not extends(before, plan.describe()):
        _refuse_if(differences(before, plan.describe()), folder)
    rows, digests = {}, {}
    for data in prepared(plan):
        rows[data.name], digests[data.name] = data.row, data.digest
        if before is not None and before["data"].get(data.name, data.digest) != data.digest:
            _refuse_if([f"the data of {data.name} has changed"], folder)
        data.keep(folder)
        loaded(data.name)
    kept_plan = {**plan.describe(), "data": digests}
    write_json(kept.plan, kept_plan)
    space = get_problem(plan.space).space
    schedule = Schedule(plan, list(rows), lambda: SpaceDomain(space), kept.recall)
    return Build(plan, folder, size, rows, kept_plan, schedule)


def _kept_plan(kept: Kept) -> Mapping[str, Any] | None:
    """The plan with which the build was begun."""
    if not kept.plan.is_file():
        return None
    document = read_json(kept.plan)
    if not isinstance(document, dict) or not isinstance(document.get("data"), dict):
        raise PlanConflictError(f"{kept.plan} is no plan of ours; choose another folder.")
    return document


def _refuse_if(found: list[str], folder: Path) -> None:
    if found:
        raise PlanConflictError(
            f"{folder} holds a different plan ({'; '.join(found)}).\n"
            "Repeat its own options to go on, or choose another folder."
        )
