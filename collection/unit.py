"""What is handed to the processes that train: a unit of work, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Unit:
    """A unit of work: one configuration on one data set, all its budgets and seeds."""

    dataset: str
    config_id: int

    def __str__(self) -> str:
        return f"{self.dataset} {self.config_id}"


@dataclass(frozen=True, slots=True)
class Extras:
    """What is logged beside the learning curves.

    Attributes:
        gradients: Statistics of the gradients, every epoch.
        predictions: Class probabilities on the validation and test parts after the last epoch.
    """

    gradients: bool = False
    predictions: bool = False


NO_EXTRAS = Extras()


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A unit with all that is needed to train it, and others of the same data set that train in the same stack.

    Attributes:
        folder: The benchmark folder, absolute; a worker on another machine must see it under the same path.
        problem: Name of the problem.
        unit: Which configuration on which data set.
        config: The configuration's values.
        budgets: Epoch budgets, increasing.
        seeds: Seeds of the runs.
        plan_seed: Seed of the whole collection.
        extras: What is logged beside the learning curves.
        device: Where to compute: ``"cpu"``, ``"cuda"``, ``"cuda:1"`` ...
        companions: Other units and their configurations; see :meth:`lcbench.collection.problem.Problem.groups`.
    """

    folder: Path
    problem: str
    unit: Unit
    config: Mapping[str, Any]
    budgets: Sequence[int]
    seeds: Sequence[int]
    plan_seed: int
    extras: Extras = NO_EXTRAS
    device: str = "cpu"
    companions: Sequence[tuple[Unit, Mapping[str, Any]]] = ()

    @property
    def members(self) -> list[tuple[Unit, Mapping[str, Any]]]:
        """All units with their configurations, the task's own first."""
        return [(self.unit, self.config), *self.companions]

    def alone(self) -> "list[Task]":
        """A task for each of the units."""
        return [replace(self, unit=unit, config=config, companions=()) for unit, config in self.members]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a unit.

    Attributes:
        unit: The unit.
        reason: None if its runs lie in the folder, else why they do not, in one line.
        traceback: Where in the program it failed, if anywhere.
        disk_full: Whether it failed because nothing more can be written.
    """

    unit: Unit
    reason: str | None = None
    traceback: str = ""
    disk_full: bool = False
