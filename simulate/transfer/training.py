"""The bridge to :mod:`collection`: data sets, engines, and what a worker does. No other file here imports it."""

import time
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lcbench.collection.attempt import DISK_FULL, describe
from lcbench.collection.data.preparation import describe as describe_data
from lcbench.collection.data.preparation import prepare
from lcbench.collection.data.prepared import Prepared
from lcbench.collection.data.sources import load_dataset
from lcbench.collection.data.sources import split_sources as split_sources
from lcbench.collection.engine import Engine as Engine
from lcbench.collection.engines import get_engine
from lcbench.collection.full_disk import clear_if_full as clear_if_full
from lcbench.collection.full_disk import disk_is_full as disk_is_full
from lcbench.collection.plan import digest_data
from lcbench.collection.problem import get_problem
from lcbench.collection.provenance import circumstances as circumstances
from lcbench.collection.shards import Workplace
from lcbench.collection.unit import Outcome as Outcome
from lcbench.collection.unit import Task
from lcbench.collection.unit import Unit as Unit
from lcbench.errors import InputError
from lcbench.simulate.transfer.evaluation import TIMEOUT, Ended, Evaluation
from lcbench.simulate.transfer.kept import NAME, Kept
from lcbench.simulate.transfer.plan import SEED, Plan

if TYPE_CHECKING:
    from lcbench.collection.networks.recorder import Run


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationTask(Task):
    """An evaluation with all that is needed to train it: a task of one budget and one seed.

    Attributes:
        patience: As in the plan.
        trial_seconds: As in the plan.
    """

    patience: int | None = None
    trial_seconds: float | None = None


class OutOfTimeError(Exception):
    """An evaluation has used the processor seconds that it may use."""


class Stopwatch:
    """Processor seconds of this thread: neither other work on the machine counts, nor a pause.

    Args:
        limit: Seconds after which reading it raises :class:`OutOfTimeError`; None: never.
    """

    def __init__(self, limit: float | None) -> None:
        self._started, self._limit = time.thread_time(), limit

    def __call__(self) -> float:
        """Seconds since it was made."""
        seconds = time.thread_time() - self._started
        if self._limit is not None and seconds > self._limit:
            raise OutOfTimeError(f"it took more than {self._limit:g} processor seconds")
        return seconds


def engine(name: str, jobs: int, scheduler: str | None) -> AbstractContextManager[Engine]:
    """Where evaluations are trained, ready to be entered; see :func:`lcbench.collection.engines.get_engine`."""
    return get_engine(name, jobs, scheduler, attempt)


def task_for(evaluation: Evaluation, plan: Plan, folder: Path) -> EvaluationTask:
    """What a worker is given."""
    return EvaluationTask(
        folder,
        plan.space,
        Unit(evaluation.dataset, evaluation.config_id),
        evaluation.config,
        budgets=(evaluation.budget,),
        seeds=(SEED,),
        plan_seed=plan.seed,
        patience=plan.patience,
        trial_seconds=plan.trial_seconds,
    )


def attempt(task: Task) -> Outcome:
    """What a worker does with an evaluation: train it and keep its run, or that it ran out of time."""
    assert isinstance(task, EvaluationTask)  # noqa: S101  # an engine hands on what it was given
    key = task.unit.dataset, task.unit.config_id, task.budgets[0]
    try:
        kept = _kept(task.folder)
        try:
            run = _trained(task)
        except OutOfTimeError as error:
            kept.write_ended(*key, Ended.without_run(task.budgets[0], TIMEOUT, str(error), task.trial_seconds or 0.0))
        else:
            from lcbench.collection.tables import runs_table

            kept.write_run(*key, runs_table(task.unit.config_id, [run]))
    except Exception as error:
        full = isinstance(error, OSError) and error.errno in DISK_FULL
        return Outcome(task.unit, describe(error), traceback.format_exc(), full)
    return Outcome(task.unit)


def _kept(folder: Path) -> Kept:
    kept = Kept(folder)
    if not kept.plan.is_file():
        raise InputError(
            f"{folder} must be shared by all machines, but one sees no build there; choose another folder."
        )
    return kept


def _trained(task: EvaluationTask) -> "Run":
    """Train on one thread. Torch is imported here: who only hands out evaluations never needs it."""
    from lcbench.collection.networks.tensors import one_thread

    with one_thread():
        data = _data(task.problem, task.folder, task.unit.dataset)
        clock = Stopwatch(task.trial_seconds)
        if task.patience is None:
            problem = get_problem(task.problem)
            return problem.train_all(data, [task.config], task.budgets, task.seeds, task.plan_seed, clock)[0][0]
        from lcbench.collection.networks.loop.fitting import Stopping
        from lcbench.collection.networks.problems import network_problem

        stopping = Stopping("valid_accuracy", task.patience)
        networks = network_problem(task.problem)
        return networks.fit(data, task.config, task.budgets[0], SEED, task.plan_seed, clock, stopping=stopping).run


@lru_cache(maxsize=2)
def _data(problem: str, folder: Path, dataset: str) -> Any:
    return get_problem(problem).load(Workplace(folder, NAME).read_data(dataset))


@dataclass(frozen=True, slots=True, eq=False)
class DataSet:
    """A data set that is ready to be trained on.

    Attributes:
        row: Its row in ``lcbench.table.manifest.DATASET_SCHEMA``.
        digest: A digest of its arrays.
        arrays: The arrays.
    """

    row: dict[str, Any]
    digest: str
    arrays: Prepared

    @property
    def name(self) -> str:
        """Its name."""
        return self.arrays.name

    def keep(self, folder: Path) -> None:
        """Put it where the workers read it."""
        Workplace(folder, NAME).keep_data(self.arrays, self.digest)


def prepared(plan: Plan) -> Iterator[DataSet]:
    """Load and prepare the data sets of a plan, one after the other.

    Raises:
        InputError: If one cannot be used, or two have one name.
    """
    names: set[str] = set()
    for source in plan.sources:
        dataset = load_dataset(source)
        if dataset.name in names:
            raise InputError(f"two data sets are named {dataset.name!r}; name one of them with file:...&name=...")
        names.add(dataset.name)
        data = prepare(dataset, plan.encoding)
        yield DataSet(describe_data(dataset, data), digest_data(data), data)
