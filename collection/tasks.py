"""The tasks of a collection: all runs of one configuration on one data set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lcbench.work import Task


@dataclass(frozen=True, slots=True)
class Extras:
    """Options of what is logged beside the learning curves.

    Attributes:
        gradients: Statistics of the gradients, every epoch.
        predictions: Class probabilities on the validation and test parts after the last epoch.
    """

    gradients: bool = False
    predictions: bool = False


NO_EXTRAS = Extras()


@dataclass(frozen=True, slots=True)
class Block:
    """Runs of one configuration on one data set.

    Attributes:
        budgets: Increasing.
        seeds: Increasing.
    """

    budgets: tuple[int, ...]
    seeds: tuple[int, ...]


@dataclass(frozen=True, slots=True, order=True)
class RunsTask(Task):
    """One configuration on one data set, at all budgets and seeds of a block.

    Attributes:
        dataset: Name of the data set.
        config_id: Number of the configuration.
        block: Number of the block; a new table has one.
        config: The configuration's values.
        companions: Tasks on the same data set that train in the same stack; see
            :meth:`lcbench.collection.problem.Problem.groups`.
    """

    dataset: str
    config_id: int
    block: int = 0
    config: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    companions: tuple["RunsTask", ...] = field(default=(), compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.dataset} {self.config_id}" + (f" part {self.block + 1}" if self.block else "")

    @property
    def parts(self) -> Sequence["RunsTask"]:
        """This task by itself and its companions; empty without companions."""
        return (replace(self, companions=()), *self.companions) if self.companions else ()


@dataclass(frozen=True, slots=True)
class TrainRuns:
    """Trains tasks, and keeps their runs in the folder.

    Attributes:
        folder: The benchmark folder, absolute; a worker on another machine must see it under the same path.
        problem: Name or import string of the problem; the file in it is absolute, and seen likewise.
        blocks: What is trained of a configuration, by the number that a task has.
        plan_seed: Seed of the whole collection.
        extras: What is logged beside the learning curves.
        device: Where to compute: ``"cpu"``, ``"cuda"``, ``"cuda:1"`` ...
    """

    folder: Path
    problem: str
    blocks: Sequence[Block]
    plan_seed: int
    extras: Extras = NO_EXTRAS
    device: str = "cpu"

    def __call__(self, task: RunsTask) -> None:
        """Train on one thread. Torch is imported here: the process that hands out tasks never needs it."""
        from lcbench.collection.worker import train_and_keep

        train_and_keep(self, task)
