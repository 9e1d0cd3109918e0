"""Backend that trains for real."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from copy import copy
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from lcbench.collection.data.dataset import Dataset
from lcbench.collection.data.preparation import prepare
from lcbench.collection.data.prepared import Prepared, digest_data
from lcbench.collection.data.sources import is_source, load_dataset
from lcbench.collection.plan import RANGES, check_device, digest_configs, digest_space
from lcbench.collection.problem import Problem, get_problem, identity, named_by
from lcbench.collection.trainer import Checkpoints, Trainer
from lcbench.errors import InputError, StoppedError, UnknownNameError
from lcbench.files import understood
from lcbench.simulate.budgets import checked, offered
from lcbench.simulate.contract import Domain
from lcbench.simulate.domain import ConfigTable, SpaceDomain, TableDomain
from lcbench.simulate.function import WithObjective
from lcbench.simulate.realtime.job import CurveOf, JobTask
from lcbench.simulate.realtime.result import tried
from lcbench.simulate.trace import Trace
from lcbench.space import Config
from lcbench.space.encoding import Encoding, given
from lcbench.space.spaces import check_configs, records
from lcbench.table.benchmark import Benchmark, load
from lcbench.table.curve import Curve
from lcbench.table.manifest import MANIFEST
from lcbench.whole import as_whole, whole
from lcbench.work import Executor
from lcbench.work.processes import LocalExecutor

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


class TrainingBackend(WithObjective):
    """One task of a problem, trained on for real.

    Every budget is trained from scratch, as its own run. A problem whose runs go on and that can save its state really
    goes on where a trial, or the parent of a new one, stopped (``resumes``).

    A run has the networks of the same run in a collection: all its randomness comes from (plan seed, data set,
    configuration, seed), see ``docs/decisions/0028-live-runs.md`` for the rounding. ``curve`` trains in this process;
    :func:`lcbench.simulate.realtime.run.live` trains in processes. On one kind of machine values are the same whenever
    and wherever they are asked for; the seconds are measured, so they differ from run to run.

    Args:
        dataset: Where the data set comes from (``"sklearn:wine"``, ``"file:train.csv?target=y"``, see
            :mod:`lcbench.collection.data.sources`), the data set itself, or the name of a task that only the problem
            knows.
        metric: What is optimized.
        problem: Name or import string of the problem: its search space and its training.
        space: A search space in place of the problem's.
        configs: Let optimizers choose among these configurations only, one column per hyperparameter; None for any
            configuration of the space.
        budgets: Steps that can be asked for, increasing; by default the problem's.
        seed: Seed of the runs; several train together, and their mean counts (diverged as soon as one of them is).
        plan_seed: Seed of the collection that this one is to agree with.
        encoding: How categories become numbers: ``"ordinal"`` or ``"onehot"``; by default as the
            problem has it.
        device: Where to compute: ``"cpu"``; experimental and never run on a GPU yet: ``"cuda"``, ``"cuda:1"`` ...
        at: Values of the problem's further fidelities; by default the largest of each.

    Attributes:
        trainer: What trains, here or in the processes.
        checkpoints: Where the states of trials are kept while a live run lasts.

    Raises:
        UnknownNameError: If a name is unknown.
        DataError: If the data set cannot be fetched, read or used.
        InputError: If another argument cannot be used.
    """

    checkpoints: Checkpoints | None = None

    def __init__(
        self,
        dataset: str | Dataset,
        metric: str | None = None,
        *,
        problem: str = "mlp",
        space: "ConfigurationSpace | None" = None,
        configs: pd.DataFrame | None = None,
        budgets: tuple[int, ...] | None = None,
        seed: int | Sequence[int] = 0,
        plan_seed: int = 0,
        encoding: str | None = None,
        device: str = "cpu",
        at: Mapping[str, float] | None = None,
    ) -> None:
        made = get_problem(problem)
        made.check_ready()
        self.metric, self.budgets = made.record.metric(metric), checked(budgets or made.budgets or (12, 25, 50))
        self.fidelity = made.record.fidelity
        self.problem_name, self.space = problem, made.space if space is None else space
        self.resumes = made.restores and not made.is_adaptive
        self.table = None if configs is None else ConfigTable(self.space, check_configs(self.space, configs))
        self._ids = pd.Index([]) if configs is None else configs.index
        seeds = _seeds(seed)
        plan_seed = whole("plan seed", plan_seed, least=0)
        self.encoding = encoding or made.encoding
        if isinstance(dataset, str) and not is_source(dataset):
            self.dataset = self.source = made.check_task(dataset)
            data: Prepared | str = dataset
        else:
            loaded = load_dataset(dataset) if isinstance(dataset, str) else dataset
            self.dataset, self.source = loaded.name, loaded.source
            data = prepare(loaded, self.encoding, made.target)
        further = _further(made, at or {})
        self.trainer = Trainer(problem, data, self.metric.name, seeds, plan_seed, check_device(device), further)

    @classmethod
    def like(
        cls,
        bench: Benchmark,
        dataset: str,
        metric: str | None = None,
        *,
        seed: int | Sequence[int] = 0,
        problem: str | None = None,
    ) -> Self:
        """Train again what a collected benchmark has: its configurations, budgets, plan seed, encoding and device.

        The same optimizer with the same seed, on one worker, asks here for the jobs that it asks for on
        ``ReplayBackend(bench, dataset, metric)``, and gets the same values.

        Args:
            bench: A benchmark made by ``lcbench collect``.
            dataset: Name of one of its data sets.
            metric: What is optimized; by default the table's objective.
            seed: A recorded seed, or several, of which the mean counts.
            problem: Where the problem is, if it is neither installed nor in a file of this folder.

        Raises:
            UnknownNameError: If a name or a seed is not in the benchmark.
            InputError: If the benchmark was not collected here, or the data have changed since.
        """
        plan = bench.manifest.provenance.get("plan")
        if plan is None:
            raise InputError(f"bench must be one made by 'lcbench collect' to be trained again, got {bench.folder}.")
        if dataset not in bench.datasets:
            raise UnknownNameError("data set", dataset, bench.datasets)
        for each in _seeds(seed):
            if each not in bench.seeds:
                raise UnknownNameError("seed", each, bench.seeds)
        with understood(bench.folder / MANIFEST):
            planned = {"plan_seed": plan["plan seed"], "encoding": plan["encoding"], "device": plan["device"]}
            digest = plan["data"].get(dataset)
        name = named_by({"problem": bench.manifest.problem, **plan}, problem)
        made = cls(
            str(bench.dataset_table.loc[dataset, "source"]),
            bench.metric(metric).name,
            problem=name,
            space=bench.space,
            configs=bench.configs,
            budgets=bench.budgets,
            seed=seed,
            **planned,
        )
        if _digest(made.trainer.data) != digest:
            raise InputError(f"data of {dataset} must be those of {bench.folder}, got others; it has changed since.")
        return made

    def domain(self) -> Domain:
        """The given configurations, or the whole space."""
        return SpaceDomain(self.space) if self.table is None else TableDomain(self.table)

    def curve(self, config: Config, budget: int) -> Curve:
        """Train, in this process.

        Raises:
            InputError: If the configuration is not in the space, or none of the given ones.
            UnknownNameError: If the budget is not offered.
        """
        budget = offered(budget, self.budgets)
        return self.trainer.curve(self.values(config), budget)

    def values(self, config: Config) -> dict[str, Any]:
        """A configuration's values in the types of the space, from which its randomness is derived.

        Raises:
            InputError: If it is not in the space, or none of the given ones.
        """
        if self.table is not None:
            row = _row(self.table, config)
            return records(self.space, self.table.frame.iloc[row : row + 1])[0]
        self._encoding.encode(config)
        typed = check_configs(self.space, pd.DataFrame([given(config)], columns=list(self.space)))
        return records(self.space, typed)[0]

    def continued(self, task: JobTask) -> Curve:
        """Train on from where the task says, and keep the state in :attr:`checkpoints`."""
        assert self.checkpoints is not None  # noqa: S101  # live runs give them to a backend that resumes
        values, budget = self.values(task.config), offered(task.budget, self.budgets)
        return self.trainer.continued(values, budget, task.trial, task.start, self.checkpoints)

    def keeping(self, folder: Path) -> Self:
        """The same backend with the states of its trials in a folder."""
        kept = copy(self)
        kept.checkpoints = Checkpoints(folder.resolve())
        return kept

    def config_id(self, config: Config) -> int:
        """Number of this configuration among the given ones.

        Raises:
            InputError: If there are none, or it is none of them.
        """
        if self.table is None:
            raise InputError(
                f"configs must be given for configurations to have numbers, got those of {self.problem_name}."
            )
        return int(self._ids[_row(self.table, config)])

    def executor(self, workers: int) -> AbstractContextManager[Executor[JobTask]]:
        """Processes of this machine that train."""
        return LocalExecutor(workers, CurveOf(self), preload=get_problem(self.problem_name).preload)

    def describe(self) -> dict[str, Any]:
        """Describe everything that decides the values, in plain types."""
        trainer = self.trainer
        return {
            "data set": self.dataset,
            "data": _digest(trainer.data),
            "metric": self.metric.name,
            **identity(self.problem_name),
            RANGES: digest_space(self.space),
            **({"at": trainer.further} if trainer.further else {}),
            "configurations digest": None if self.table is None else digest_configs(self.table.frame),
            "budgets": list(self.budgets),
            "seeds": list(trainer.seeds),
            "plan seed": trainer.plan_seed,
            "encoding": self.encoding,
            "device": trainer.device,
        }

    @cached_property
    def _encoding(self) -> Encoding:
        return Encoding(self.space)


def _digest(data: Prepared | str) -> str | None:
    return None if isinstance(data, str) else digest_data(data)


def _further(problem: Problem, at: Mapping[str, float]) -> dict[str, float]:
    """Values of all further fidelities."""
    known = {each.name: each.budgets for each in problem.record.further}
    for name, value in at.items():
        if name not in known:
            raise UnknownNameError("further fidelity", name, known)
        if value not in known[name]:
            raise UnknownNameError(f"value of {name}", value, known[name])
    return {name: at.get(name, values[-1]) for name, values in known.items()}


def _row(table: ConfigTable, config: Config) -> int:
    row = table.row(config)
    if row is None:
        raise InputError(
            f"config must be one of the given configurations, got {dict(config)}; leave configs out for optimizers "
            "that propose any configuration."
        )
    return row


def _seeds(seed: int | Sequence[int]) -> tuple[int, ...]:
    seeds = tuple(map(as_whole, seed)) if isinstance(seed, Iterable) else (as_whole(seed),)
    sound = bool(seeds) and all(type(each) is int and each >= 0 for each in seeds)
    if not sound or len(set(seeds)) < len(seeds):
        raise InputError(f"seed must be one or several different numbers of at least 0, got {seed}.")
    return seeds


def collect_tried(
    backend: TrainingBackend, trace: Trace, folder: Path, *, now: datetime, workers: int = 1
) -> Benchmark:
    """Make a benchmark of every configuration that a live run tried: at all budgets, with all metrics and seconds.

    An optimizer trains few configurations to the end, and a table has no gaps; so this is a collection of the tried
    configurations, as ``lcbench collect`` makes it. Where the live run trained the same run, it has the same value.

    Args:
        backend: What was trained on; its data set must have a source that can be loaded again.
        trace: What was tried.
        folder: Folder for the benchmark; a stopped collection there is resumed.
        now: When, for the manifest.
        workers: Processes.

    Raises:
        StoppedError: If a run cannot be trained.
        InputError: If the folder cannot be used.
    """
    from lcbench.collection.collecting import executor_for, opened
    from lcbench.collection.plan import Plan, given_configs

    plan = Plan(
        sources=(backend.source,),
        problem_name=backend.problem_name,
        configs=given_configs(backend.space, tried(trace)),
        budgets=backend.budgets,
        seeds=tuple(range(max(backend.trainer.seeds) + 1)),
        encoding=backend.encoding,
        plan_seed=backend.trainer.plan_seed,
        device=backend.trainer.device,
        narrowed=backend.space,
    )
    with executor_for(plan, folder, jobs=workers) as executor, opened(plan, folder) as collection:
        if not collection.complete():
            for _ in collection.run(executor):
                pass
            missing = collection.pending()
            if missing:
                raise StoppedError(collection.missing(missing))
            collection.finish(now)
    return load(folder)
