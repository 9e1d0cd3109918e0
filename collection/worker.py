"""The work of a worker process: train a task, or several in one stack, and store their runs."""

import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lcbench.collection.problem import get_problem, identity
from lcbench.collection.shards import Shards
from lcbench.collection.tasks import RunsTask, TrainRuns
from lcbench.collection.threads import one_thread_each
from lcbench.errors import InputError
from lcbench.plugins import SOURCE

if TYPE_CHECKING:
    from lcbench.collection.networks.cost import CostModel


def train_and_keep(job: TrainRuns, task: RunsTask) -> None:
    """Train a task on one thread and write its runs into the folder.

    Raises:
        InputError: If there is no collection in the folder, seen from this machine, or the problem's source has been
            edited since the collection began.
    """
    shards = Shards(job.folder)
    shards.check_shared()
    members = task.parts or (task,)
    configs, block = [member.config for member in members], job.blocks[task.block]
    _check_source(job.problem, job.folder)
    with one_thread_each():
        problem = get_problem(job.problem)
        data = _data(job.problem, job.folder, task.dataset, job.device)
        cost = _cost(job.folder)
        seconds = [problem.step_seconds(cost, data, config) for config in configs]
        known = [each for each in seconds if each is not None]
        runs = problem.train_all(
            data,
            configs,
            block.budgets,
            block.seeds,
            job.plan_seed,
            time.perf_counter,
            known if len(known) == len(configs) else None,
            job.extras,
        )
    if shards.plan_file.is_file():  # not so if another worker was quicker and the benchmark is finished
        for member, own in zip(members, runs, strict=True):
            shards.write(member, own, problem.record)


@lru_cache(maxsize=1)
def _check_source(problem: str, folder: Path) -> None:
    wanted, found = ((plan or {}).get(SOURCE) for plan in (Shards(folder).plan(), identity(problem)))
    if wanted != found:
        raise InputError(
            f"the source of problem {problem} must stay as it was when the collection began, there {wanted}, "
            f"now {found}; undo the edit and repeat the command."
        )


@lru_cache(maxsize=1)
def _data(problem: str, folder: Path, dataset: str, device: str) -> Any:
    return get_problem(problem).load(Shards(folder).task_data(dataset), device)


@lru_cache(maxsize=1)
def _cost(folder: Path) -> "CostModel":
    return Shards(folder).cost_model()
