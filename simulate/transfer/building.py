"""A build from its plan to the finished folder: resumable, wherever its evaluations are trained."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lcbench.collection.data.preparation import prepare_all
from lcbench.collection.problem import get_problem
from lcbench.collection.provenance import circumstances
from lcbench.errors import InputError
from lcbench.simulate.domain import SpaceDomain
from lcbench.simulate.transfer._schedule import Schedule
from lcbench.simulate.transfer.evaluation import FAILED, Evaluation, EvaluationTask
from lcbench.simulate.transfer.folder import MANIFEST, read_folder
from lcbench.simulate.transfer.plan import BuildPlan, extends
from lcbench.simulate.transfer.results import write_portfolios, write_tried
from lcbench.simulate.transfer.storage import BuildFolder
from lcbench.simulate.transfer.training import TrainEvaluation
from lcbench.work import Executor, Outcome, differences, get_executor, refuse_other_plan, run

_SHOWN = 3  # failures in a message


@dataclass(frozen=True, slots=True, eq=False)
class Build:
    """A plan that runs in a folder.

    Attributes:
        plan: The plan.
        folder: The portfolio's folder.
        size: Of the greedy portfolio; it decides nothing that is trained.
        rows: Of each data set its row in ``lcbench.table.manifest.DATASET_SCHEMA``.
        kept_plan: The plan as it is kept in the folder.
        schedule: What has ended, what is running, what comes next.
    """

    plan: BuildPlan
    folder: Path
    size: int
    rows: Mapping[str, Mapping[str, Any]]
    kept_plan: Mapping[str, Any]
    schedule: Schedule

    @property
    def kept(self) -> BuildFolder:
        """Storage of finished evaluations."""
        return BuildFolder(self.folder)

    def run(
        self, executor: Executor[EvaluationTask], now: Callable[[], datetime]
    ) -> Iterator[tuple[EvaluationTask, Evaluation]]:
        """Train all missing evaluations; a failed one is tried once more, then its reason is recorded.

        Whenever another data set is done, the matrix and the portfolios are written anew.

        Args:
            executor: Where; the results do not depend on it.
            now: When, for the manifest.

        Yields:
            What came of each evaluation, when it ends.

        Raises:
            StoppedError: If the executor is lost.
            OSError: If the disk is full.
        """
        done = self.schedule.finished()
        for outcome in run(executor, self.schedule.next):
            evaluation = self._evaluation(outcome)
            self.schedule.tell(outcome.task, evaluation)
            if done != (done := self.schedule.finished()):
                self._write_portfolios(now(), final=False)
            yield outcome.task, evaluation

    def write(self, now: datetime) -> bool:
        """Write all results so far; the mark that the build is complete comes last.

        Args:
            now: When, for the manifests.

        Returns:
            Whether there was anything to write.
        """
        if not self.schedule.incumbents(self.schedule.finished()):
            return False
        about = {"seconds": "processor seconds of the run, measured", "plan": dict(self.kept_plan)}
        write_tried(self.folder, self.schedule, self.kept, self.rows, {**circumstances(now), **about})
        return self._write_portfolios(now, final=True)

    def _write_portfolios(self, now: datetime, *, final: bool) -> bool:
        about = circumstances(now)
        return write_portfolios(self.folder, self.schedule, self.size, self.kept_plan, about, final=final)

    def complaints(self) -> list[str]:
        """Say in a few lines which incumbents failed elsewhere; empty if none did."""
        failed = [(task, found.reason) for task, found in self.schedule.crossings() if found.status == FAILED]
        if not failed:
            return []
        lines = [f"{len(failed)} incumbents failed on another data set and count as the worst there:"]
        lines += [f"  {task}: {reason}" for task, reason in failed[:_SHOWN]]
        if len(failed) > _SHOWN:
            lines.append(f"  and {len(failed) - _SHOWN} more, in {self.kept.root / 'ended'}")
        return [*lines, "Mend the cause and repeat the command: it tries them again."]

    def _evaluation(self, outcome: Outcome[EvaluationTask]) -> Evaluation:
        task = outcome.task
        kept = None if outcome.reason is not None else self.kept.recall(task)
        if kept is not None:
            return kept
        evaluation = Evaluation.without_run(task.budget, FAILED, outcome.reason or "its run is not in the folder")
        self.kept.write_ended(task, evaluation)
        self.kept.record([outcome])
        return evaluation


def executor_for(
    plan: BuildPlan, folder: Path, engine: str | None = None, jobs: int = 1, scheduler: str | None = None
) -> AbstractContextManager[Executor[EvaluationTask]]:
    """An executor for a plan's evaluations, ready to be entered; see :func:`lcbench.work.get_executor`."""
    return get_executor(engine, jobs, scheduler, trainer(plan, folder), preload="lcbench.collection.worker")


def trainer(plan: BuildPlan, folder: Path) -> TrainEvaluation:
    """Make the function that an executor calls on each evaluation of a plan in a folder."""
    return TrainEvaluation(folder.resolve(), plan.space, plan.seed, plan.patience, plan.trial_seconds)


@contextmanager
def opened(plan: BuildPlan, folder: Path, size: int, loaded: Callable[[str], None] = lambda _: None) -> Iterator[Build]:
    """Load and check every data set, hold the folder for this plan, and recall what has ended in it.

    When the block is left, what is needed to resume stays, unless the build is complete.

    Args:
        plan: The plan.
        folder: The portfolio's folder, as it was left or new.
        size: Of the greedy portfolio.
        loaded: Called with the name of each data set when it is ready.

    Raises:
        InputError: If a data set cannot be used, the folder holds something else, or another build is running in it.
        PlanConflictError: If the folder holds (part of) a different plan; the message says what differs. More data sets
            at the end are no difference while the build is not complete.
    """
    if size < 1:
        raise InputError(f"size must be at least 1, got {size}.")
    kept = BuildFolder(folder)
    if folder.is_dir() and not kept.root.is_dir() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty and holds no build that was stopped; choose a new or an empty folder.")
    with kept.held():
        try:
            yield _prepare(plan, folder, size, kept, loaded)
        finally:
            if (folder / MANIFEST).is_file() and read_folder(folder).complete:
                kept.remove()


def is_complete(plan: BuildPlan, folder: Path) -> bool:
    """Whether a folder holds a finished build of a plan; then what was needed to resume it is cleared up.

    Raises:
        InputError: If another process is still clearing up.
        PlanConflictError: If it holds one of another plan.
    """
    if not (folder / MANIFEST).is_file():
        return False
    held = read_folder(folder)
    refuse_other_plan(differences(held.plan, plan.describe()), folder)
    kept = BuildFolder(folder)
    if held.complete and kept.root.is_dir():  # a process was killed while it cleared up
        with kept.held():
            kept.remove()
    return held.complete


def _prepare(plan: BuildPlan, folder: Path, size: int, kept: BuildFolder, loaded: Callable[[str], None]) -> Build:
    before, asked = kept.plan(), plan.describe()
    if before is not None and not extends(before, asked):
        refuse_other_plan(differences(before, asked), folder)
    known = {} if before is None else before.get("data", {})
    rows, digests = prepare_all(plan.sources, plan.encoding, output=folder, known=known, place=kept.data, loaded=loaded)
    kept_plan = {**asked, "data": digests}
    kept.accept(kept_plan)
    space = get_problem(plan.space).space
    schedule = Schedule(plan, list(rows), lambda: SpaceDomain(space), kept.recall)
    return Build(plan, folder, size, rows, kept_plan, schedule)
