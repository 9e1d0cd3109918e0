"""What is to be trained: data sets x configurations x budgets x seeds."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lcbench.collection.data.prepared import Prepared
from lcbench.collection.problem import Problem, get_problem
from lcbench.collection.unit import NO_EXTRAS, Extras, Unit
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
        """What is collected."""
        return get_problem(self.space_name)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the runs."""
        return tuple(range(self.n_seeds))

    @property
    def single_configs(self) -> list[dict[str, Any]]:
        """The configurations one by one, with their active hyperparameters only, in the order of the index."""
        return records(self.problem.space, self.configs)

    def units(self, datasets: Mapping[str, object]) -> list[Unit]:
        """All units of work for the data sets of these names, data set by data set."""
        return [Unit(name, int(config_id)) for name in datasets for config_id in self.configs.index]

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


def digest_data(data: Prepared) -> str:
    """A digest of a prepared data set: of every array and the order of the classes."""
    digest = hashlib.sha256(repr(data.classes).encode())
    for array in (data.x_train, data.y_train, data.x_valid, data.y_valid, data.x_test, data.y_test):
        digest.update(repr(array.shape).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def differences(kept: Mapping[str, Any], asked: Mapping[str, Any]) -> list[str]:
    """Say how two written plans differ, one line each."""
    found = []
    for key in asked:
        old, new = kept.get(key), asked[key]
        if old == new:
            continue
        if key == "configurations digest":
            found.append("the configurations are others")
        else:
            found.append(f"{key}: there {_short(old)}, asked {_short(new)}")
    return found


def _short(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
