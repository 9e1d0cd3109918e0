"""What a collection would be: how many runs, how many hours and how many bytes, from a few steps timed here."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from lcbench.collection.collecting import Collection, trainer
from lcbench.collection.data.preparation import prepare_all
from lcbench.collection.growing import new_runs
from lcbench.collection.plan import Plan
from lcbench.collection.shards import Shards
from lcbench.collection.tasks import Block, RunsTask
from lcbench.console import duration
from lcbench.errors import StoppedError
from lcbench.table import store
from lcbench.work import InlineExecutor
from lcbench.work import run as run_tasks
from lcbench.work.progress import Progress

_TIMED = 6
"""Tasks that are timed, drawn at random, each at the smallest budget and one seed."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a plan costs.

    Attributes:
        tasks: Configurations x data sets that are to be trained.
        runs: Runs.
        steps: Steps of all runs.
        seconds: What all steps take one worker.
        bytes: Size of the table before it is compressed.
        timed: How many tasks were timed.
    """

    tasks: int
    runs: int
    steps: int
    seconds: float
    bytes: int
    timed: int

    def lines(self, fidelity: str, jobs: int) -> Iterator[str]:
        """For people."""
        yield f"{self.tasks} tasks, {self.runs} runs, {self.steps} {fidelity} in all"
        yield (
            f"about {duration(self.seconds)} of one worker, {duration(self.seconds / jobs)} with --jobs {jobs} "
            f"(from {self.timed} tasks timed here at the smallest budget)"
        )
        yield f"at most {self.bytes / 1e6:,.1f} MB on the disk"


def estimate(
    plan: Plan,
    folder: Path,
    jobs: int,
    *,
    grow: bool = False,
    quiet: bool = False,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[str]:
    """Time a few steps of a plan and say what all of it would take; nothing is written to the folder.

    Args:
        plan: The plan.
        folder: Where it would go.
        jobs: How many processes it would have.
        grow: Whether it is to make the table there larger.
        quiet: Whether to show no progress.
        clock: Gives seconds.

    Returns:
        Lines for people.

    Raises:
        StoppedError: If what is timed fails.
    """
    with TemporaryDirectory() as place:
        found = _estimated(plan, folder, Path(place), grow, quiet, clock)
    return found.lines(plan.problem.record.fidelity.name, jobs)


def _estimated(plan: Plan, folder: Path, place: Path, grow: bool, quiet: bool, clock: Callable[[], float]) -> Estimate:
    shards = Shards(place)
    described, digests = prepare_all(
        plan.sources, plan.encoding, target=plan.problem.target, output=place, known={}, place=shards.data
    )
    manifest = store.read_manifest(folder) if grow else None
    blocks, tasks = ((plan.block,), plan.tasks(described)) if manifest is None else new_runs(plan, described, manifest)
    kept: dict[str, Any] = {**plan.describe(), "data": digests}
    whole = Collection(plan, place, described, tasks, blocks, kept)
    steps = sum(map(whole.steps, tasks))
    if not tasks:
        return Estimate(0, 0, 0, 0.0, 0, 0)
    small = Collection(plan, place, described, _drawn(tasks), (Block(plan.budgets[:1], plan.seeds[:1]),), kept)
    shards.accept(kept)
    small.calibrate()
    seconds = _timed(small, quiet, clock)
    by_dataset = {name: mean(each) for name, each in seconds.items()}
    typical = mean(by_dataset.values())
    total = sum(whole.steps(task) * by_dataset.get(task.dataset, typical) for task in tasks)
    runs = sum(map(whole.runs, tasks))
    return Estimate(len(tasks), runs, steps, total, 4 * _numbers(whole), len(small.tasks))


def _numbers(collection: Collection) -> int:
    """Numbers that are recorded, before they are compressed: a run that is read at several budgets counts at each."""
    points = sum(
        collection.runs(task) // len(budgets) * sum(budget + 1 for budget in budgets)
        for task in collection.tasks
        for budgets in (collection.blocks[task.block].budgets,)
    )
    return points * len(collection.plan.problem.record.ranges)


def _drawn(tasks: list[RunsTask]) -> list[RunsTask]:
    """Some tasks, as many of each data set as can be, drawn at random but the same each time."""
    rng = np.random.default_rng(0)
    order = [tasks[i] for i in rng.permutation(len(tasks))]
    seen: dict[str, int] = {}
    ranked = []
    for task in order:
        ranked.append((seen.setdefault(task.dataset, 0), task))
        seen[task.dataset] += 1
    first = [replace(task, block=0) for _, task in sorted(ranked, key=lambda pair: pair[0])]
    return first[: max(_TIMED, min(len(seen), 4 * _TIMED))]


def _timed(small: Collection, quiet: bool, clock: Callable[[], float]) -> Mapping[str, list[float]]:
    """Seconds of a step of each data set's tasks, trained in this process."""
    found: dict[str, list[float]] = {}
    executor = InlineExecutor(trainer(small.plan, small.folder, small.blocks))
    with Progress("timing", len(small.tasks), unit="tasks timed", quiet=quiet) as progress, executor:
        for task in small.tasks:
            begun = clock()
            (outcome,) = run_tasks(executor, [task])
            if outcome.reason is not None:
                raise StoppedError(f"{task} failed: {outcome.reason}\nMend it before the collection is begun.")
            found.setdefault(task.dataset, []).append((clock() - begun) / small.steps(task))
            progress.add()
    return found
