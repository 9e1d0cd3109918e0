"""A collection from its plan to the finished folder: resumable, wherever its tasks run."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa

from lcbench.collection.data.preparation import prepare_all
from lcbench.collection.growing import GROWING, GROWS, finish_growth, grows, install, new_runs
from lcbench.collection.plan import Plan
from lcbench.collection.provenance import provenance
from lcbench.collection.shards import Shards
from lcbench.collection.tables import labels_table
from lcbench.collection.tasks import Block, RunsTask, TrainRuns
from lcbench.errors import InputError, PlanConflictError, StoppedError
from lcbench.plugins import SOURCE, absolute
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
from lcbench.work import REMEDY, Executor, Outcome, differences, get_executor, refuse_other_plan, run


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
        blocks: What is trained of a configuration, by the number that a task has.
        kept: The plan as it is kept in the folder.
        grows: Whether the folder is a finished benchmark that becomes larger.
    """

    plan: Plan
    folder: Path
    described: Mapping[str, Mapping[str, Any]]
    tasks: Sequence[RunsTask]
    blocks: Sequence[Block]
    kept: Mapping[str, Any]
    grows: bool = False

    @property
    def shards(self) -> Shards:
        """Storage of finished tasks."""
        return Shards(self.folder)

    @property
    def trainer(self) -> TrainRuns:
        """The function that an executor calls on each task."""
        return trainer(self.plan, self.folder, self.blocks)

    def complete(self) -> bool:
        """Whether the folder is a finished benchmark, all that was asked for included."""
        return (self.folder / MANIFEST).is_file() and not (self.grows and self.tasks)

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
            data = [each for name in self.described if not isinstance(each := self.shards.task_data(name), str)]
            model = self.plan.problem.calibrate(data, self.plan.single_configs, self.plan.device)
            store.write_json(self.shards.cost, {} if model is None else model.to_json())

    def expected_seconds(self, tasks: Sequence[RunsTask]) -> dict[RunsTask, float]:
        """Expected work of each task, by the cost model of a calibrated collection.

        Returns:
            Seconds of all steps of its runs one by one, by which tasks compare; a stack needs less than its runs alone,
            by a factor that this leaves open. Steps alone where there is no cost model.
        """
        model = self.shards.cost_model()
        data = {name: self.shards.task_data(name) for name in {task.dataset for task in tasks}}
        problem = self.plan.problem
        each = {task: problem.step_seconds(model, data[task.dataset], task.config) for task in tasks}
        return {task: self.steps(task) * (1.0 if seconds is None else seconds) for task, seconds in each.items()}

    def runs(self, task: RunsTask) -> int:
        """How many runs a task has."""
        return self._copies(task) * len(self.blocks[task.block].budgets)

    def steps(self, task: RunsTask) -> int:
        """How many steps all runs of a task train."""
        budgets = self.blocks[task.block].budgets
        return self._copies(task) * (sum(budgets) if self.plan.problem.is_adaptive else budgets[-1])

    def trainings(self, task: RunsTask) -> int:
        """How many times a task trains: a run that is read at several budgets is trained once."""
        return self.runs(task) if self.plan.problem.is_adaptive else self._copies(task)

    def _copies(self, task: RunsTask) -> int:
        """Runs of a budget."""
        further = (len(each.budgets) for each in self.plan.problem.record.further)
        return math.prod(further, start=len(self.blocks[task.block].seeds))

    def missing(self, tasks: Sequence[RunsTask]) -> str:
        """Say what is missing and why, in a few lines."""
        counts = Counter(task.dataset for task in tasks)
        of = ", ".join(f"{n} of {name}" for name, n in counts.items())
        heading = f"{len(tasks)} of {len(self.tasks)} tasks {'is' if len(tasks) == 1 else 'are'} missing ({of}):"
        said = self.shards.explain(tasks, heading)
        if SOURCE in self.kept and self.shards.count():
            said += "\nA problem whose file is edited is another one: its runs need another folder."
        return said

    def _grouped(self) -> Iterator[RunsTask]:
        """All pending tasks; where the problem trains several together, grouped so."""
        plan, pending = self.plan, self.pending()
        for (dataset, described), (number, block) in product(self.described.items(), enumerate(self.blocks)):
            own = [task for task in pending if (task.dataset, task.block) == (dataset, number)]
            copies = len(block.budgets) * len(block.seeds)
            configs = [task.config for task in own]
            for group in plan.problem.groups(configs, described, copies, plan.device, plan.extras):
                first, *others = [own[i] for i in group]
                yield replace(first, companions=tuple(others))

    def finish(self, now: datetime) -> None:
        """Gather the tasks' runs into one file per data set and write the manifest; a table that grows is replaced.

        Args:
            now: When, for the manifest.
        """
        if self.grows:
            finish_growth(self, now)
        else:
            self.write(self.folder, now)

    def write(self, folder: Path, now: datetime) -> None:
        """Write the finished tasks' runs as a benchmark."""
        datasets = [name for name in self.described if any(task.dataset == name for task in self.tasks)]
        for dataset in datasets:
            own = [task for task in self.tasks if task.dataset == dataset]
            self._refuse_damaged(own)
            runs = self.shards.read(own, self.plan.problem.record)
            store.write_runs(folder, dataset, runs, self.plan.problem.record)
            self._write_extras(folder, dataset, own)
        store.write_parquet(folder / CONFIGS, configs_table(self.plan))
        store.write_parquet(folder / DATASETS, self._described(datasets))
        store.seal(folder, manifest_of(self.plan, self.kept, self.shards.cost_model().to_json(), now), datasets)

    def _described(self, datasets: Sequence[str]) -> pa.Table:
        """What is known of data sets, with the meta-features of those that can be had."""
        from lcbench.collection.meta_recording import meta_columns, with_meta_features

        known = described_table([self.described[name] for name in datasets])
        data = {name: self.shards.task_data(name) for name in datasets}
        found = {name: {} if isinstance(each, str) else meta_columns(each) for name, each in data.items()}
        return with_meta_features(known, [row | found[row["name"]] for row in known.to_pylist()])

    def _refuse_damaged(self, tasks: Sequence[RunsTask]) -> None:
        """Remove finished tasks whose files have been damaged since, so that they are trained again."""
        damaged = [str(task) for task in tasks if self.shards.remove_if_damaged(task, self.plan.problem.record)]
        if damaged:
            were = "was damaged and has" if len(damaged) == 1 else "were damaged and have"
            raise StoppedError(f"{', '.join(damaged)} {were} been removed; run the same command again.")

    def _write_extras(self, folder: Path, dataset: str, tasks: Sequence[RunsTask]) -> None:
        """Gather what was logged beside the curves."""
        asked = {GRADIENTS: self.plan.extras.gradients, PREDICTIONS: self.plan.extras.predictions}
        for kind in (kind for kind, wanted in asked.items() if wanted):
            tables = self.shards.read_extras(kind, tasks)
            store.write_parts(folder / table_path(kind, dataset), tables, extra_schema(kind, self.plan.problem.record))
        if self.plan.extras.predictions:
            data = self.shards.task_data(dataset)
            assert not isinstance(data, str)  # noqa: S101  # predictions are of classes of a data set
            labels = labels_table(data)
            store.write_parquet(folder / table_path(LABELS, dataset), labels)


def configs_table(plan: Plan) -> pa.Table:
    """A plan's configurations, as a table has them."""
    return pa.Table.from_pandas(plan.configs.reset_index(), preserve_index=False)


def described_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows of data sets; a task that only the problem knows has no sizes, and columns without a value are left out."""
    whole = pa.Table.from_pylist([dict(row) for row in rows], schema=DATASET_SCHEMA)
    unknown = [name for name in DATASET_SCHEMA.names if all(row.get(name) is None for row in rows)]
    needed = [name for name in unknown if not DATASET_SCHEMA.field(name).nullable]
    return whole.drop_columns(needed)


def manifest_of(plan: Plan, kept: Mapping[str, Any], cost: Mapping[str, float], now: datetime) -> Manifest:
    """What a plan's table says of itself, without its files."""
    problem = plan.problem
    return Manifest(
        title=f"{len(plan.configs)} configurations of space {problem.name}",  # what merging does not change
        problem=problem.name,
        record=problem.record,
        space=to_json(plan.space),
        budgets=plan.budgets,
        seeds=plan.seeds,
        schedule=problem.schedule,
        provenance=provenance(kept, cost, problem.record.seconds, now),
    )


def trainer(plan: Plan, folder: Path, blocks: Sequence[Block] = ()) -> TrainRuns:
    """Make the function that an executor calls on each task of a plan in a folder."""
    return TrainRuns(
        folder.resolve(),
        absolute(plan.problem_name),
        tuple(blocks) or (plan.block,),
        plan.plan_seed,
        plan.extras,
        plan.device,
    )


@contextmanager
def opened(
    plan: Plan, folder: Path, loaded: Callable[[str], None] = lambda _: None, *, grow: bool = False
) -> Iterator[Collection]:
    """Load and check every data set, and hold the folder for this plan.

    Args:
        plan: The plan.
        folder: The benchmark folder, as it was left or new.
        loaded: Called with the name of each data set when it is ready.
        grow: Whether the folder is a benchmark that is to become that of this plan, which holds all that it has.

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
        install(folder)
        collection = None
        try:
            collection = (_grown if grow else _prepare)(plan, folder, shards, loaded)
            if not collection.complete():
                draft = manifest_of(plan, collection.kept, {}, datetime.now(UTC))
                rows = described_table(list(collection.described.values()))
                shards.keep_draft(draft, configs_table(plan), rows, len(collection.tasks))
            yield collection
        finally:
            unfinished = grows(shards) and not (collection is not None and collection.complete())
            if (folder / MANIFEST).is_file() and not unfinished:
                shards.remove()


def _prepare(plan: Plan, folder: Path, shards: Shards, loaded: Callable[[str], None]) -> Collection:
    if grows(shards):
        raise InputError(
            f"{folder} is being grown; repeat that command (--grow) to finish it, or remove {shards.root} to keep the "
            "table as it is."
        )
    kept, asked = kept_plan(folder, shards), plan.describe()
    complete = (folder / MANIFEST).is_file()
    kept = _same(kept, asked, folder, shards, unfinished=not complete)
    described, kept = _accepted(plan, folder, shards, loaded, {} if kept is None else kept["data"], asked, complete)
    return Collection(plan, folder, described, plan.tasks(described), (plan.block,), kept)


def _grown(plan: Plan, folder: Path, shards: Shards, loaded: Callable[[str], None]) -> Collection:
    table, asked = table_plan(folder), {**plan.describe(), GROWS: True}
    _refuse(differences(table, {key: value for key, value in asked.items() if key not in GROWING}), folder)
    _same(shards.plan() if grows(shards) else None, asked, folder, shards, unfinished=True)
    described, kept = _accepted(plan, folder, shards, loaded, table["data"], asked, complete=False)
    manifest = store.read_manifest(folder)
    blocks, tasks = new_runs(plan, described, manifest)
    if (cost := manifest.provenance.get("cost model")) is not None and not shards.cost.is_file():
        store.write_json(shards.cost, cost)  # seconds of one table come from one model
    return Collection(plan, folder, described, tasks, blocks, kept, grows=True)


def _same(
    kept: dict[str, Any] | None, asked: Mapping[str, Any], folder: Path, shards: Shards, *, unfinished: bool
) -> dict[str, Any] | None:
    """The plan that work was begun with, which must be that of today; None if there is none.

    Work of which nothing is finished is begun anew, so that a problem can be mended whose first runs fail.
    """
    found = [] if kept is None else differences(kept, asked)
    if found and unfinished and not shards.count():
        shards.forget()
        return None
    _refuse(found, folder)
    return kept


def _refuse(found: list[str], folder: Path) -> None:
    edited = len(found) == 1 and found[0].startswith(SOURCE)
    refuse_other_plan(found, folder, _EDITED if edited else REMEDY)


_EDITED = "Undo the edit to go on with it, or choose another folder: what two programs trained is not mixed."


def _accepted(
    plan: Plan,
    folder: Path,
    shards: Shards,
    loaded: Callable[[str], None],
    known: Mapping[str, str],
    asked: Mapping[str, Any],
    complete: bool,
) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Prepare the data sets, keep the plan, and what can be said of the table while it is unfinished."""
    problem = plan.problem
    described, digests = prepare_all(
        plan.sources,
        plan.encoding,
        target=problem.target,
        output=folder,
        known=known,
        place=None if complete else shards.data,
        loaded=loaded,
    )
    kept = {**asked, "data": digests}
    if not complete:
        shards.accept(kept)
    return described, kept


def table_plan(folder: Path) -> dict[str, Any]:
    """The plan that a finished benchmark was collected with.

    Raises:
        PlanConflictError: If it was not collected here.
        FolderError: If there is no benchmark.
    """
    kept = store.read_manifest(folder).provenance.get("plan")
    if kept is None:
        raise PlanConflictError(f"{folder} holds a benchmark that was not collected here; choose another folder.")
    return _as_today(kept, folder / MANIFEST)


def kept_plan(folder: Path, shards: Shards) -> dict[str, Any] | None:
    """The plan that the folder was begun or finished with; None if there is none."""
    if (folder / MANIFEST).is_file():
        return table_plan(folder)
    kept = shards.plan()
    return None if kept is None else _as_today(kept, shards.plan_file)


def _as_today(kept: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """A plan with today's words: problems were called spaces once."""
    if not isinstance(kept.get("data"), dict):
        raise PlanConflictError(f"{file} is no plan of ours; choose another folder.")
    known = dict(kept)
    if "space" in known:
        known["problem"] = known.pop("space")
    return known


def executor_for(
    plan: Plan,
    folder: Path,
    engine: str | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    *,
    blocks: Sequence[Block] = (),
    limit: float = math.inf,
) -> AbstractContextManager[Executor[RunsTask]]:
    """An executor for a plan's tasks, ready to be entered; see :func:`lcbench.work.get_executor`.

    Args:
        plan: The plan.
        folder: The benchmark folder.
        engine: See there, as for ``jobs`` and ``scheduler``.
        jobs: See there.
        scheduler: See there.
        blocks: What is trained of a configuration, if not all that the plan says.
        limit: Seconds that a task may take; one that takes longer is ended and has failed.
    """
    function = trainer(plan, folder, blocks)
    return get_executor(engine, jobs, scheduler, function, preload=plan.problem.preload, seconds=limit)
