"""Problems, which can be collected, and their registry: the extension point for training code of one's own.

A problem knows its search space, its metrics, what is spent step by step, and how a configuration is trained. All that
collects, trains live or fits models asks the problem and knows nothing of what it trains.

To bring one: subclass :class:`Problem` in a file of your own and name it, ``./file.py:Object`` or
``package.module:Object``, or let your package name it as an entry point of the group ``lcbench.problems``. Importing a
problem's module and making the problem should be cheap (no torch): plans and command lines do both.
"""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from reprlib import repr as short
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from lcbench.collection.data.sources import is_source
from lcbench.collection.tasks import NO_EXTRAS, Extras
from lcbench.errors import InputError, LcbenchError, UnknownNameError
from lcbench.plugins import SOURCE, is_import_string, portable, source_digest
from lcbench.registry import Registry
from lcbench.space import Config
from lcbench.space.rules import completed
from lcbench.table.manifest import LONGEST_BUDGET
from lcbench.table.metric import Fidelity, Metric
from lcbench.table.record import KEY, Record
from lcbench.work.task import describe

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

    from lcbench.collection.data.prepared import Prepared
    from lcbench.collection.networks.cost import CostModel
    from lcbench.collection.run import Run

Target = Literal["classes", "real"]

SCHEDULES = ("adaptive", "non-adaptive")
"""How runs of different budgets relate: each has a course of its own, or all are points on one course."""


class Problem:
    """A problem: a search space, metrics, a fidelity, tasks, and training.

    A subclass declares what is below as attributes of the class and writes :meth:`train`. A fresh object is made for
    each run, so a run may keep what it needs in ``self``.

    Attributes:
        name: Its name in tables; by default that of the class.
        space: The search space. Its default values are the problem's defaults.
        metrics: What :meth:`train` yields after each step.
        objective: Name of the metric that is optimized if none is named; the first by default.
        fidelity: What is spent step by step; its budgets are those that are collected if nobody asks for others.
        fidelities: In place of ``fidelity`` if there are several: the first is spent step by step, and a run is trained
            for every value of each further one, which :meth:`train` takes as an argument of its name.
        tasks: What is trained on if nobody names data sets: sources of ours (``"sklearn:wine"``,
            ``"file:train.csv?target=y"``, ``"openml:167161"``), or names that only the problem knows.
        target: What the target of a data set of ours is to be: ``"classes"`` or ``"real"`` numbers (regression).
        encoding: How the categories of a data set of ours become numbers if nobody asks for another encoding.
        schedule: ``"adaptive"`` if each budget has a course of its own, such as a learning rate that follows the
            budget: then every budget is a run. ``"non-adaptive"`` if runs go on: then one run, as long as the largest
            budget, is read at all budgets. A colon and a sentence for people may follow.
    """

    name: str
    space: "ConfigurationSpace"
    metrics: tuple[Metric, ...]
    objective: str = ""
    fidelity: Fidelity
    fidelities: tuple[Fidelity, ...] = ()
    tasks: tuple[str, ...] = ()
    target: Target = "classes"
    encoding: str = "ordinal"
    schedule: str = "adaptive"

    preload: ClassVar[str] = "lcbench.collection.worker"
    """A module that is imported once for all processes."""

    columns: ClassVar[Mapping[str, str]] = {"status": "string", "steps": "int32"}
    """One value for each run: ``"success"`` or ``"diverged"``, and how many steps have numbers."""

    def __init_subclass__(cls) -> None:
        """Name a class that has no name."""
        cls.name = cls.__dict__.get("name", cls.__name__)

    def train(
        self, task: "str | Prepared", config: Config, budget: int, seed: int, **further: float
    ) -> Iterator[Mapping[str, float]]:
        """Train one configuration, step by step: a generator.

        Args:
            task: The prepared arrays of a data set of ours; a task's name if only the problem knows it.
            config: The active hyperparameters.
            budget: How many steps the run will have, where the problem is adaptive; otherwise the largest budget.
            seed: What it changes is never part of a configuration. The same arguments must give the same values.
            **further: The value of each further fidelity, by its name; and ``start``, the number of steps that a run
                has had, where the problem overrides :meth:`restore`: 0, or what the restored state had.

        Yields:
            A value for each metric by its name: first before any step (or nothing, ``{}``, if there is nothing to
            measure yet), then after each step. NaN says that the run has diverged. ``"seconds"`` may be among them, if
            the author knows better than a clock how long the step took. A run that was restored begins with the step
            after ``start``.
        """
        raise NotImplementedError

    def state(self, folder: Path) -> None:
        """Write all that a run needs to go on later, after the step that was yielded last, as files of any format.

        Overriding this and :meth:`restore` lets live runs and population-based training go on where a run stopped.

        Args:
            folder: An empty folder; nobody but :meth:`restore` ever reads what is in it.
        """
        raise NotImplementedError

    def restore(self, folder: Path) -> None:
        """Read what :meth:`state` wrote, maybe of a run with another configuration; :meth:`train` is called next."""
        raise NotImplementedError

    # What follows from what is declared ------------------------------------------------------------------------------

    @cached_property
    def record(self) -> Record:
        """What is recorded of every run."""
        first, *further = self.declared
        return Record(
            metrics=tuple(self.metrics),
            objective=self.objective or self.metrics[0].name,
            fidelities=(replace(first, budgets=()), *further),
            seconds="measured",
            columns=self.columns,
        )

    @property
    def declared(self) -> tuple[Fidelity, ...]:
        """The fidelities, however they are declared; empty if they are not."""
        return tuple(self.fidelities) or ((self.fidelity,) if hasattr(self, "fidelity") else ())

    @property
    def budgets(self) -> tuple[int, ...]:
        """The budgets that are collected if nobody asks for others."""
        return tuple(map(int, self.declared[0].budgets))

    @property
    def is_adaptive(self) -> bool:
        """Whether each budget has a course of its own."""
        return self.schedule.partition(":")[0] == SCHEDULES[0]

    @property
    def restores(self) -> bool:
        """Whether a run can go on where it stopped."""
        return type(self).restore is not Problem.restore

    def completed(self, config: Config) -> dict[str, Any]:
        """Give a configuration the defaults of the active hyperparameters that it lacks.

        So a configuration that was stored before the space had a hyperparameter stays usable; the default of a new
        hyperparameter is to be what training did before there was a choice.
        """
        return completed(self.space, config)

    def check_task(self, name: str) -> str:
        """Check the name of a task that only the problem knows.

        Returns:
            The name.

        Raises:
            InputError: If the problem does not know it.
        """
        own = [task for task in self.tasks if not is_source(task)]
        if not own:
            raise InputError(f"a data set's source must be SCHEME:NAME, got {name!r}; try 'sklearn:wine'.")
        if name not in own:
            raise UnknownNameError(f"task of problem {self.name!r}", name, own)
        return name

    def check_ready(self) -> None:
        """Check that this installation can train.

        Raises:
            InputError: If it cannot.
        """

    # What an engine of one's own overrides ----------------------------------------------------------------------------

    def load(self, data: "str | Prepared", device: str = "cpu") -> Any:
        """Load a prepared data set onto a device, or take a task's name; the result is the ``data`` of the others."""
        if device != "cpu":
            raise InputError(
                f"device must be cpu for problem {self.name!r}, which chooses its own device; got {device}."
            )
        return data

    def train_all(
        self,
        data: Any,
        configs: Sequence[Config],
        budgets: Sequence[int],
        seeds: Sequence[int],
        plan_seed: int,  # noqa: ARG002  # a seed of a problem's own is the number in the table
        clock: Callable[[], float],
        step_seconds: Sequence[float] | None = None,  # noqa: ARG002  # nothing but the clock knows
        extras: Extras = NO_EXTRAS,
    ) -> "list[list[Run]]":
        """Train configurations, each at every budget, seed and value of the further fidelities.

        A run depends on (plan seed, data set, configuration, seed, budget), not on what it is trained beside.

        Args:
            data: From :meth:`load`.
            configs: Active hyperparameters of configurations in plain types (see
                :func:`lcbench.space.spaces.records`); a single one, or a group of :meth:`groups`.
            budgets: Increasing.
            seeds: What a seed changes is never part of a configuration.
            plan_seed: Seed of the whole collection.
            clock: Gives seconds.
            step_seconds: For each configuration what to record for each step in place of the clock's seconds, from
                :meth:`step_seconds`; None to record the clock's.
            extras: What is logged beside the curves.

        Returns:
            For each configuration its runs, budgets in the outer loop.

        Raises:
            InputError: If extras are asked for that these configurations cannot have, or training breaks its contract.
        """
        from lcbench.collection.course import runs_of

        if extras != NO_EXTRAS:
            raise InputError(f"gradients and predictions must not be asked of problem {self.name!r}, which has none.")
        return [runs_of(self, data, config, budgets, seeds, clock) for config in configs]

    def groups(
        self,
        configs: Sequence[Config],
        dataset: Mapping[str, Any],  # noqa: ARG002
        copies: int,  # noqa: ARG002
        device: str,  # noqa: ARG002
        extras: Extras,  # noqa: ARG002
    ) -> list[list[int]]:
        """Decide which configurations of a data set are trained together; by default each by itself.

        Args:
            configs: The configurations.
            dataset: Row of the data set in ``lcbench.table.manifest.DATASET_SCHEMA``.
            copies: Runs of a configuration: budgets x seeds.
            device: Where they train.
            extras: What is logged beside the curves.

        Returns:
            Indices of the configurations of each group, each index once.
        """
        return [[i] for i in range(len(configs))]

    def calibrate(
        self,
        data: "Sequence[Prepared]",  # noqa: ARG002
        configs: Sequence[Config],  # noqa: ARG002
        device: str,  # noqa: ARG002
    ) -> "CostModel | None":
        """Time some steps on this machine.

        Args:
            data: The data sets to be collected.
            configs: The configurations to be trained.
            device: Where they train.

        Returns:
            The cost model that :meth:`step_seconds` takes; None, the default, to record the clock's seconds.
        """
        return None

    def step_seconds(self, cost: "CostModel", data: Any, config: Config) -> float | None:  # noqa: ARG002
        """Seconds that one step of a single run of a configuration takes on one worker; None if a clock says so.

        Args:
            cost: From :meth:`calibrate`.
            data: A prepared data set, or what :meth:`load` made of it.
            config: The configuration.
        """
        return None


_NETWORKS = "lcbench.collection.networks.problems"

PROBLEMS: Registry[type[Problem]] = Registry(
    "problem",
    {
        "mlp": f"{_NETWORKS}:MLP",
        "mlp-released": f"{_NETWORKS}:ReleasedMLP",
        "full": f"{_NETWORKS}:Full",
        "cells": "lcbench.collection.cells.problem:Cells",
    },
    group="lcbench.problems",
)
"""Problems by name; import strings are names, too."""


def get_problem(name: str) -> Problem:
    """Make the problem of a name or an import string.

    Raises:
        UnknownNameError: If there is no such problem.
        InputError: If an import string leads nowhere, or the problem is not declared as it must be.
    """
    found: object = PROBLEMS[name]
    if not (isinstance(found, type) and issubclass(found, Problem)):
        raise InputError(f"problem must be a subclass of lcbench.collection.Problem, got {short(found)} from {name!r}.")
    problem = _made(name, found)
    if found.__module__.partition(".")[0] != __name__.partition(".")[0]:
        check_problem(problem)
    return problem


def _made(name: str, found: type[Problem]) -> Problem:
    try:
        return found()
    except LcbenchError:
        raise
    except Exception as error:
        raise InputError(
            f"problem {name} cannot be made ({describe(error)}); its __init__ must need no arguments and load nothing."
        ) from error


def identity(name: str) -> dict[str, str]:
    """How a plan names a problem: without its folder, and with a digest of its source where that is not ours."""
    named = {"problem": portable(name)}
    if not is_import_string(name) and str(PROBLEMS[name].__module__).startswith("lcbench."):
        return named
    digest = source_digest(PROBLEMS[name])
    return named | ({} if digest is None else {SOURCE: digest})


def named_by(table: Mapping[str, Any], given: str | None) -> str:
    """The problem that a table was collected with, if it is one that is installed here.

    A table may be a stranger's, and reading one never executes anything: the user must name code that is in a file or a
    module.

    Args:
        table: The plan that the table was collected with.
        given: The name or import string that somebody gave; None if nobody did.

    Raises:
        InputError: If the table's problem is one of a file or a module, and nobody named it.
    """
    if given is not None:
        return given
    name = str(table.get("problem", ""))
    if is_import_string(name):
        raise InputError(f"the table was collected with problem {name}; name it (--problem) to train it again.")
    return name


_LEGAL = re.compile(r"[^\W\d][\w .:+-]{0,199}")


def check_problem(problem: Problem) -> None:
    """Check what a problem declares.

    Raises:
        InputError: If something is missing or is something else.
    """
    from ConfigSpace import ConfigurationSpace

    what = f"problem {problem.name!r}"
    for name in ("space", "metrics"):
        if not hasattr(problem, name):
            raise InputError(f"{what} must declare {name}, got none; see lcbench.collection.Problem.")
    if not problem.declared:
        raise InputError(f"{what} must declare fidelity, got none; try Fidelity('epochs', budgets=(12, 25, 50)).")
    if not isinstance(problem.space, ConfigurationSpace):
        raise InputError(f"{what} must have a ConfigSpace.ConfigurationSpace as space, got {short(problem.space)}.")
    if not len(problem.space):
        raise InputError(f"space of {what} must have at least one hyperparameter, got none.")
    wrong = [name for name in problem.space if not _LEGAL.fullmatch(name) or name in KEY]
    if wrong:
        raise InputError(
            f"hyperparameters of {what} must have names that begin with a letter and are none of {', '.join(KEY)}, "
            f"got {wrong[0]!r}; rename it."
        )
    named = problem.metrics if isinstance(problem.metrics, Sequence) else ()
    if not named or not all(isinstance(each, Metric) for each in named):
        raise InputError(f"metrics of {what} must be a tuple of lcbench.Metric, got {short(problem.metrics)}.")
    unnamed = [metric.name for metric in named if not _LEGAL.match(metric.name)]
    if unnamed:
        raise InputError(f"metrics of {what} must have names that begin with a letter, got {unnamed[0]!r}; rename it.")
    if problem.schedule.partition(":")[0] not in SCHEDULES:
        raise InputError(f"schedule of {what} must be {' or '.join(SCHEDULES)}, got {problem.schedule!r}.")
    if problem.target not in get_args(Target):
        raise InputError(f"target of {what} must be {' or '.join(get_args(Target))}, got {problem.target!r}.")
    check_fidelities(what, problem.declared)
    shared = [each.name for each in problem.declared[1:] if each.name in problem.space]
    if shared:
        raise InputError(f"further fidelities of {what} must not be hyperparameters as well, got {shared[0]!r}.")
    if (type(problem).state is Problem.state) != (type(problem).restore is Problem.restore):
        raise InputError(f"{what} must have both state and restore or neither, got one of them.")
    if type(problem).train is Problem.train and type(problem).train_all is Problem.train_all:
        raise InputError(f"{what} must have a method train, got none; see lcbench.collection.Problem.train.")
    if type(problem).train_all is Problem.train_all:
        _check_train(what, problem)
    _check_tasks(what, problem.tasks)
    problem.record  # noqa: B018  # names that clash are refused there


def check_fidelities(what: str, declared: tuple[Fidelity, ...]) -> None:
    """Check that the first fidelity counts whole steps, and that further ones can be arguments of training.

    Raises:
        InputError: If it is not so.
    """
    if not all(isinstance(each, Fidelity) for each in declared):
        raise InputError(f"fidelities of {what} must be lcbench.Fidelity, got {short(declared)}.")
    budgets = declared[0].budgets
    if not all(float(budget).is_integer() and budget <= LONGEST_BUDGET for budget in budgets):
        raise InputError(
            f"budgets of {what} must be whole numbers of steps up to {LONGEST_BUDGET}, "
            f"got {', '.join(map(str, budgets))}."
        )
    for each in declared[1:]:
        if not each.name.isidentifier() or each.name in ("task", "config", "budget", "seed", "start"):
            raise InputError(f"fidelity {each.name!r} of {what} must be a name that an argument can have; rename it.")


def _check_train(what: str, problem: Problem) -> None:
    """Check that training can be called as it will be, before anything is trained."""
    further = [each.name for each in problem.declared[1:]] + ["start"] * problem.restores
    try:
        inspect.signature(problem.train).bind("task", {}, 1, 0, **dict.fromkeys(further, 1.0))
    except TypeError as error:
        wanted = ", ".join(["self", "task", "config", "budget", "seed", *further])
        raise InputError(f"train of {what} must take ({wanted}), got others: {error}.") from error


def _check_tasks(what: str, tasks: object) -> None:
    if isinstance(tasks, str) or not isinstance(tasks, Sequence) or not all(isinstance(each, str) for each in tasks):
        raise InputError(f"tasks of {what} must be a tuple of names, got {short(tasks)}.")
    from lcbench.table.manifest import check_dataset_name

    for name in tasks:
        if not is_source(name):
            check_dataset_name(name)
