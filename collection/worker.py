"""What a worker process does: train a unit, or several in one stack, and keep them."""

import platform
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from lcbench.collection.networks.cost import CostModel
from lcbench.collection.networks.tensors import one_thread
from lcbench.collection.problem import get_problem
from lcbench.collection.shards import Workplace
from lcbench.collection.unit import Task
from lcbench.errors import InputError
from lcbench.table.store import read_json


def work(task: Task) -> None:
    """Train a task's units on one thread and write their runs into the folder.

    Raises:
        InputError: If there is no collection in the folder, seen from this machine.
    """
    workplace = Workplace(task.folder)
    if not workplace.plan.is_file():
        raise InputError(
            f"{task.folder} must be shared by all machines, but {platform.node()} sees no collection there; "
            "choose a folder on a shared file system."
        )
    with one_thread():
        problem = get_problem(task.problem)
        data = _data(task.problem, task.folder, task.unit.dataset, task.device)
        units, configs = zip(*task.members, strict=True)
        cost = _cost(task.folder)
        seconds = [problem.step_seconds(cost, data, config) for config in configs]
        runs = problem.train_all(
            data, configs, task.budgets, task.seeds, task.plan_seed, time.perf_counter, seconds, task.extras
        )
    if workplace.plan.is_file():  # not so if another worker was quicker and the benchmark is finished
        for unit, own in zip(units, runs, strict=True):
            workplace.write_unit(unit, own)


@lru_cache(maxsize=1)
def _data(problem: str, folder: Path, dataset: str, device: str) -> Any:
    return get_problem(problem).load(Workplace(folder).read_data(dataset), device)


@lru_cache(maxsize=1)
def _cost(folder: Path) -> CostModel:
    return CostModel.from_json(read_json(Workplace(folder).cost))
