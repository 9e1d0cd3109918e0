"""A collection from its plan to the finished folder: resumable, wherever its tasks run."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from lcbench.collection.data.preparation import prepare_all
from lcbench.collection.plan import Plan
from lcbench.collection.provenance import provenance
from lcbench.collection.shards import Shards
from lcbench.collection.tables import labels_table
from lcbench.collection.tasks import RunsTask, TrainRuns
from lcbench.errors import InputError, PlanConflictError, StoppedError
from lcbench.space.spaces import to_json
from lcbench.table import store
from lcbench.table.manifest import (
    CONFIGS,
    DATASET_SCHEMA,
    DATASETS,
    GRADIENTS,
    LABELS,
    MANIFEST,
    PREDICTIONS,
    Manifest,
    extra_schema,
    table_path,
)
from lcbench.work import Executor, Outcome, differences, get_executor, refuse_other_plan, run


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """A plan that runs in a folder.

    While tasks are missing, the folder is no benchmark yet: what is finished lies in ``.collecting``, beside the
    reasons of the tasks that failed. Those are pending like all the others, so running again tries them again.

    Attributes:
        plan: The plan.
        folder: The benchmark folder.
        described: For each data set its row in the table of data sets.
        tasks: All tasks, data set by data set.
        kept: The plan as it is kept in the folder.
    """

    plan: Plan
    folder: Path
    described: Mapping[str, Mapping[str, Any]]
    tasks: Sequence[RunsTask]
    kept: Mapping[str, Any]

    @property
    def shards(self) -> Shards:
        """Storage of finished tasks."""
        return Shards(self.folder)

    @property
    def trainer(self) -> TrainRuns:
        """The function that an executor calls on each task."""
        return trainer(self.plan, self.folder)

    def complete(self) -> bool:
        """Whether the folder is a finished benchmark."""
        return (self.folder / MANIFEST).is_file()

    def pending(self) -> list[RunsTask]:
        """Tasks that are still to be done, those that have failed included."""
        done = self.shards.finished(self.tasks)
        return [task for task in self.tasks if task not in done]

    def run(self, executor: Executor[RunsTask]) -> Iterator[Outcome[RunsTask]]:
        """Train all pending tasks; one that fails is tried once more, then its reason is kept.

        Args:
            executor: Where; the results do not depend on it.

        Yields:
            What became of each task, when it ends.

        Raises:
            StoppedError: If the executor is lost.
            OSError: If the disk is full.
        """
        self.calibrate()
        for outcome in run(executor, self._grouped()):
            self.shards.record([outcome])
            yield outcome

    def calibrate(self) -> None:
        """Calibrate the cost model behind ``seconds`` on this machine, unless the folder has one: some seconds."""
        if not self.shards.cost.is_file():
            data = [self.shards.read_data(name) for name in self.described]
            model = self.plan.problem.calibrate(data, self.plan.single_configs, self.plan.device)
            store.write_json(self.shards.cost, model.to_json())

    def expected_seconds(self, tasks: Sequence[RunsTask]) -> dict[RunsTask, float]:
        """Expected seconds of each task, by the cost model of a calibrated collection.

        Returns:
            Seconds of an epoch of one run. All tasks train equally many epochs, so tasks compare as these do; a stack
            needs less than its runs alone, by a factor that this leaves open.
        """
        model = self.shards.cost_model()
        data = {name: self.shards.read_data(name) for name in {task.dataset for task in tasks}}
        problem = self.plan.problem
        return {task: problem.step_seconds(model, data[task.dataset], task.config) for task in tasks}

    def missing(self, tasks: Sequence[RunsTask]) -> str:
        """Say what is missing and why, in a few lines."""
        counts = Counter(task.dataset for task in tasks)
        of = ", ".join(f"{n} of {name}" for name, n in counts.items())
        heading = f"{len(tasks)} of {len(self.tasks)} tasks {'is' if len(tasks) == 1 else 'are'} missing ({of}):"
        return self.shards.explain(tasks, heading)

    def _grouped(self) -> Iterator[RunsTask]:
        """All pending tasks; where the problem trains several together, grouped so."""
        plan, pending = self.plan, self.pending()
        copies = len(plan.budgets) * plan.n_seeds
        for dataset, described in self.described.items():
            own = [task for task in pending if task.dataset == dataset]
            configs = [task.config for task in own]
            for group in plan.problem.groups(configs, described, copies, plan.device, plan.extras):
                first, *others = [own[i] for i in group]
                yield replace(first, companions=tuple(others))

    def finish(self, now: datetime) -> None:
        """Gather the tasks' runs into one file per data set and write the manifest.

        Args:
            now: When, for the manifest.
        """
        for dataset in self.described:
            own = [task for task in self.tasks if task.dataset == dataset]
            self._refuse_damaged(own)
            store.write_runs(
                self.folder, dataset, self.shards.read(own, self.plan.problem.record), self.plan.problem.record
            )
            self._write_extras(dataset, own)
        configs = pa.Table.from_pandas(self.plan.configs.reset_index(), preserve_index=False)
        store.write_parquet(self.folder / CONFIGS, configs)
        described = pa.Table.from_pylist([dict(row) for row in self.described.values()], schema=DATASET_SCHEMA)
        store.write_parquet(self.folder / DATASETS, described)
        store.seal(self.folder, self._manifest(now), list(self.described))

    def _refuse_damaged(self, tasks: Sequence[RunsTask]) -> None:
        """Remove finished tasks whose files have been damaged since, so that they are trained again."""
        damaged = [str(task) for task in tasks if self.shards.remove_if_damaged(task, self.plan.problem.record)]
        if damaged:
            were = "was damaged and has" if len(damaged) == 1 else "were damaged and have"
            raise StoppedError(f"{', '.join(damaged)} {were} been removed; run the same command again.")

    def _write_extras(self, dataset: str, tasks: Sequence[RunsTask]) -> None:
        """Gather what was logged beside the curves."""
        asked = {GRADIENTS: self.plan.extras.gradients, PREDICTIONS: self.plan.extras.predictions}
        for kind in (kind for kind, wanted in asked.items() if wanted):
            tables = self.shards.read_extras(kind, tasks)
            store.write_parts(
                self.folder / table_path(kind, dataset), tables, extra_schema(kind, self.plan.problem.record)
            )
        if self.plan.extras.predictions:
            labels = labels_table(self.shards.read_data(dataset))
            store.write_parquet(self.folder / table_path(LABELS, dataset), labels)

    def _manifest(self, now: datetime) -> Manifest:
        plan = self.plan
        return Manifest(
            title=f"{len(plan.configs)} configurations of space {plan.space_name}",  # what merging does not change
            problem=plan.space_name,
            record=plan.problem.record,
            space=to_json(plan.problem.space),
            budgets=plan.budgets,
            seeds=plan.seeds,
            schedule=plan.problem.schedule,
            provenance=provenance(self.kept, self.shards.cost_model().to_json(), now),
        )


def trainer(plan: Plan, folder: Path) -> TrainRuns:
    """Make the function that an executor calls on each task of a plan in a folder."""
    return TrainRuns(
        folder.resolve(), plan.space_name, plan.budgets, plan.seeds, plan.plan_seed, plan.extras, plan.device
    )


@contextmanager
def opened(plan: Plan, folder: Path, loaded: Callable[[str], None] = lambda _: None) -> Iterator[Collection]:
    """Load and check every data set, and hold the folder for this plan.

    Args:
        plan: The plan.
        folder: The benchmark folder, as it was left or new.
        loaded: Called with the name of each data set when it is ready.

    Raises:
        InputError: If a data set cannot be used, the folder holds something else, or another collection
            holds it.
        PlanConflictError: If the folder holds (part of) a different plan; the message says what differs.
    """
    shards = Shards(folder)
    ours = (folder / MANIFEST).is_file() or shards.root.is_dir()
    if folder.is_dir() and not ours and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty and holds no collection; choose a new or an empty folder.")
    with shards.held():
        try:
            yield _prepare(plan, folder, shards, loaded)
        finally:
            if (folder / MANIFEST).is_file():
                shards.remove()


def _prepare(plan: Plan, folder: Path, shards: Shards, loaded: Callable[[str], None]) -> Collection:
    kept, asked = _kept_plan(folder, shards), plan.describe()
    if kept is not None:
        refuse_other_plan(differences(kept, asked), folder)
    complete = (folder / MANIFEST).is_file()
    described, digests = prepare_all(
        plan.sources,
        plan.encoding,
        output=folder,
        known={} if kept is None else kept["data"],
        place=None if complete else shards.data,
        loaded=loaded,
    )
    kept = {**asked, "data": digests}
    if not complete:
        shards.accept(kept)
    return Collection(plan, folder, described, plan.tasks(described), kept)


def _kept_plan(folder: Path, shards: Shards) -> Mapping[str, Any] | None:
    """The plan that the folder was begun or finished with."""
    if not (folder / MANIFEST).is_file():
        kept = shards.plan()
    elif (kept := store.read_manifest(folder).provenance.get("plan")) is None:
        raise PlanConflictError(f"{folder} holds a benchmark that was not collected here; choose another folder.")
    if kept is not None and not isinstance(kept.get("data"), dict):
        raise PlanConflictError(f"{shards.plan_file} is no plan of ours; choose another folder.")
    return kept


def executor_for(
    plan: Plan, folder: Path, engine: str | None = None, jobs: int = 1, scheduler: str | None = None
) -> AbstractContextManager[Executor[RunsTask]]:
    """An executor for a plan's tasks, ready to be entered; see :func:`lcbench.work.get_executor`."""
    return get_executor(engine, jobs, scheduler, trainer(plan, folder), preload="lcbench.collection.worker")
