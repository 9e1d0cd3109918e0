"""The plan of a collection: data sets x configurations x budgets x seeds."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lcbench.collection.data.sources import is_source
from lcbench.collection.problem import PROBLEMS, Problem, get_problem, identity
from lcbench.collection.tasks import NO_EXTRAS, Block, Extras, RunsTask
from lcbench.errors import InputError
from lcbench.space.spaces import check_configs, read_space_file, records, sample, to_json
from lcbench.table.manifest import check_budgets

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

LARGEST_SEED = 2**31 - 1
RANGES = "ranges of the space digest"
"""Entry of a plan whose search space is not the problem's own."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Everything that decides what a collection computes.

    Attributes:
        sources: Data sets as written on the command line, or tasks that only the problem knows, in order.
        problem_name: Name or import string of the problem.
        configs: Index ``config_id`` 0, 1, ...; one column per hyperparameter.
        budgets: Steps of the problem's fidelity, increasing.
        seeds: Seeds of the runs, increasing.
        encoding: How categories become numbers.
        plan_seed: Seed of the whole collection.
        extras: What is logged beside the learning curves.
        device: Where to compute; devices round differently.
        narrowed: The search space, if it is not the problem's own.
    """

    sources: tuple[str, ...]
    problem_name: str
    configs: pd.DataFrame
    budgets: tuple[int, ...]
    seeds: tuple[int, ...]
    encoding: str = "ordinal"
    plan_seed: int = 0
    extras: Extras = NO_EXTRAS
    device: str = "cpu"
    narrowed: "ConfigurationSpace | None" = None
    problem: Problem = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "problem", get_problem(self.problem_name))
        if self.narrowed is not None and digest_space(self.narrowed) == digest_space(self.problem.space):
            object.__setattr__(self, "narrowed", None)
        if not self.sources:
            raise InputError("at least one data set is needed, got none; try --datasets sklearn:wine.")
        if len(set(self.sources)) < len(self.sources):
            raise InputError(f"data sets must be named once each, got {', '.join(self.sources)}.")
        for source in self.sources:
            if not is_source(source):
                self.problem.check_task(source)
        _check_seeds(self.seeds)
        _check_seed(self.plan_seed)
        check_budgets(self.budgets)
        check_configs(self.space, self.configs)

    @property
    def space(self) -> "ConfigurationSpace":
        """The search space."""
        return self.problem.space if self.narrowed is None else self.narrowed

    @property
    def single_configs(self) -> list[dict[str, Any]]:
        """The configurations one by one, with their active hyperparameters only, in the order of the index."""
        return records(self.space, self.configs)

    @property
    def block(self) -> Block:
        """All runs of a configuration on a data set."""
        return Block(self.budgets, self.seeds)

    def tasks(self, datasets: Mapping[str, object]) -> list[RunsTask]:
        """All tasks on the data sets of these names, data set by data set."""
        configs = dict(zip(map(int, self.configs.index), self.single_configs, strict=True))
        return [RunsTask(name, config_id, config=config) for name in datasets for config_id, config in configs.items()]

    def describe(self) -> dict[str, Any]:
        """Write down the plan, as it is kept in the folder."""
        return {
            "datasets": list(self.sources),
            **identity(self.problem_name),
            RANGES: None if self.narrowed is None else digest_space(self.narrowed),
            "configurations": len(self.configs),
            "configurations digest": digest_configs(self.configs),
            "budgets": list(self.budgets),
            "seeds": len(self.seeds) if self.seeds == tuple(range(len(self.seeds))) else list(self.seeds),
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


def sampled_configs(space: "ConfigurationSpace", n: int, plan_seed: int) -> pd.DataFrame:
    """Draw a plan's configurations; the first of them are the same for every ``n``."""
    _check_seed(plan_seed)
    rng = np.random.default_rng(np.random.SeedSequence(plan_seed, spawn_key=(0,)))
    return _numbered(sample(space, n, rng))


def given_configs(space: "ConfigurationSpace", configs: pd.DataFrame) -> pd.DataFrame:
    """Take a plan's configurations from a table, one column per hyperparameter.

    Raises:
        InputError: If one is not in the space.
    """
    return _numbered(check_configs(space, configs.reset_index(drop=True)))


def read_space(path: Path, problem: Problem) -> "ConfigurationSpace":
    """Read a space in ConfigSpace's own JSON that takes the place of a problem's.

    Raises:
        InputError: If it is no file of a space, or has other hyperparameters than the problem's.
        DamagedFileError: If the space in it cannot be used.
    """
    if not path.exists() and str(path) in PROBLEMS:
        raise InputError(f"space must be a file, got {path}, which is the name of a problem; give --problem {path}.")
    space = read_space_file(path)
    other = sorted({*space} ^ {*problem.space})
    if other:
        raise InputError(
            f"space must have the hyperparameters of problem {problem.name!r} ({', '.join(problem.space)}), got {path} "
            f"that differs in {', '.join(other)}; a Constant keeps one from varying."
        )
    return space


def parse_seeds(text: str) -> tuple[int, ...]:
    """Read seeds as written on a command line: ``"3"`` for the first three, ``"2-4"`` for 2, 3 and 4.

    Raises:
        InputError: If it is neither.
    """
    found = re.fullmatch(r"(\d{1,10})(?:-(\d{1,10}))?", text.strip(), re.ASCII)
    if found is None:
        raise InputError(f"seeds must be a number of seeds or a range such as 2-4, got {text!r}.")
    first, last = found.groups()
    seeds = range(int(first)) if last is None else range(int(first), int(last) + 1)
    if len(seeds) > LARGEST_SEED:
        raise InputError(f"seeds must be at most {LARGEST_SEED}, got {text}.")
    return _check_seeds(tuple(seeds))


def _check_seeds(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if not seeds or list(seeds) != sorted(set(seeds)) or seeds[0] < 0 or seeds[-1] > LARGEST_SEED:
        shown = ", ".join(map(str, seeds[:9])) or "none"
        raise InputError(f"seeds must be at least 1, different, increasing and not negative, got {shown}.")
    return seeds


def _check_seed(plan_seed: int) -> None:
    if plan_seed < 0:
        raise InputError(f"plan seed must be at least 0, got {plan_seed}.")


def digest_space(space: "ConfigurationSpace") -> str:
    """A digest of a search space."""
    return hashlib.sha256(json.dumps(to_json(space), sort_keys=True).encode()).hexdigest()


def _numbered(configs: pd.DataFrame) -> pd.DataFrame:
    return configs.set_axis(pd.RangeIndex(len(configs), name="config_id"), axis=0)


def digest_configs(configs: pd.DataFrame) -> str:
    """A digest of all values."""
    digest = hashlib.sha256()
    for name, column in configs.items():
        digest.update(str(name).encode())
        digest.update(repr(column.tolist()).encode())
    return digest.hexdigest()
