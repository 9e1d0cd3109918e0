"""The plan of a collection: data sets x configurations x budgets x seeds."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lcbench.collection.problem import Problem, get_problem
from lcbench.collection.tasks import NO_EXTRAS, Extras, RunsTask
from lcbench.errors import InputError
from lcbench.space.spaces import check_configs, records, sample
from lcbench.table.manifest import check_budgets


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Everything that decides what a collection computes.

    Attributes:
        sources: Data sets as written on the command line, in order.
        space_name: Name of the problem.
        configs: Index ``config_id`` 0, 1, ...; one column per hyperparameter.
        budgets: Epoch budgets, increasing.
        n_seeds: Seeds 0 to ``n_seeds - 1``.
        encoding: How categories become numbers.
        plan_seed: Seed of the whole collection.
        extras: What is logged beside the learning curves.
        device: Where to compute; devices round differently.
    """

    sources: tuple[str, ...]
    space_name: str
    configs: pd.DataFrame
    budgets: tuple[int, ...]
    n_seeds: int
    encoding: str = "ordinal"
    plan_seed: int = 0
    extras: Extras = NO_EXTRAS
    device: str = "cpu"

    def __post_init__(self) -> None:
        if not self.sources:
            raise InputError("at least one data set is needed, got none; try --datasets sklearn:wine.")
        if len(set(self.sources)) < len(self.sources):
            raise InputError(f"data sets must be named once each, got {', '.join(self.sources)}.")
        if self.n_seeds < 1:
            raise InputError(f"number of seeds must be at least 1, got {self.n_seeds}.")
        _check_seed(self.plan_seed)
        check_budgets(self.budgets)
        check_configs(self.problem.space, self.configs)

    @property
    def problem(self) -> Problem:
        """The problem."""
        return get_problem(self.space_name)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the runs."""
        return tuple(range(self.n_seeds))

    @property
    def single_configs(self) -> list[dict[str, Any]]:
        """The configurations one by one, with their active hyperparameters only, in the order of the index."""
        return records(self.problem.space, self.configs)

    def tasks(self, datasets: Mapping[str, object]) -> list[RunsTask]:
        """All tasks on the data sets of these names, data set by data set."""
        configs = dict(zip(map(int, self.configs.index), self.single_configs, strict=True))
        return [RunsTask(name, config_id, config) for name in datasets for config_id, config in configs.items()]

    def describe(self) -> dict[str, Any]:
        """Write down the plan, as it is kept in the folder."""
        return {
            "datasets": list(self.sources),
            "space": self.space_name,
            "configurations": len(self.configs),
            "configurations digest": digest_configs(self.configs),
            "budgets": list(self.budgets),
            "seeds": self.n_seeds,
            "encoding": self.encoding,
            "plan seed": self.plan_seed,
            "gradients": self.extras.gradients,
            "predictions": self.extras.predictions,
            "device": self.device,
        }


def check_device(name: str) -> str:
    """Check that a device is there.

    Raises:
        InputError: If it is not.
    """
    if name == "cpu":
        return name
    import torch

    there = torch.cuda.device_count()
    names = ["cuda", *(f"cuda:{i}" for i in range(there))] if there else []
    if name not in names:
        wanted = f"one of {', '.join(['cpu', *names])}" if names else "cpu, where torch finds no GPU"
        raise InputError(f"device must be {wanted}, got {name!r}; choose another, or go to a machine that has it.")
    return name


def sampled_configs(space_name: str, n: int, plan_seed: int) -> pd.DataFrame:
    """Draw a plan's configurations."""
    _check_seed(plan_seed)
    rng = np.random.default_rng(np.random.SeedSequence(plan_seed, spawn_key=(0,)))
    return _numbered(sample(get_problem(space_name).space, n, rng))


def given_configs(space_name: str, configs: pd.DataFrame) -> pd.DataFrame:
    """Take a plan's configurations from a table, one column per hyperparameter.

    Raises:
        InputError: If one is not in the space.
    """
    return _numbered(check_configs(get_problem(space_name).space, configs.reset_index(drop=True)))


def _check_seed(plan_seed: int) -> None:
    if plan_seed < 0:
        raise InputError(f"plan seed must be at least 0, got {plan_seed}.")


def _numbered(configs: pd.DataFrame) -> pd.DataFrame:
    return configs.set_axis(pd.RangeIndex(len(configs), name="config_id"), axis=0)


def digest_configs(configs: pd.DataFrame) -> str:
    """A digest of all values."""
    digest = hashlib.sha256()
    for name, column in configs.items():
        digest.update(str(name).encode())
        digest.update(repr(column.tolist()).encode())
    return digest.hexdigest()
