"""Backend that trains for real."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import pandas as pd

from lcbench.collection.data.dataset import Dataset
from lcbench.collection.data.preparation import prepare
from lcbench.collection.data.prepared import digest_data
from lcbench.collection.data.sources import load_dataset
from lcbench.collection.plan import check_device, digest_configs
from lcbench.collection.problem import get_problem
from lcbench.collection.trainer import Trainer
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


class TrainingBackend(WithObjective):
    """One data set, trained on for real, every budget from scratch with its own learning-rate schedule.

    A run has the networks of the same run in a collection: all its randomness comes from (plan seed, data set,
    configuration, seed), see ``docs/decisions/0028-live-runs.md`` for the rounding. ``curve`` trains in this process;
    :func:`lcbench.simulate.realtime.run.live` trains in processes. On one kind of machine values are the same whenever
    and wherever they are asked for; the seconds are measured, so they differ from run to run.

    Args:
        dataset: Where the data set comes from (``"sklearn:wine"``, ``"file:train.csv?target=y"``, see
            :mod:`lcbench.collection.data.sources`), or the data set itself.
        metric: What is optimized.
        space: Name of the problem: its search space and its training.
        configs: Let optimizers choose among these configurations only, one column per hyperparameter; None for any
            configuration of the space.
        budgets: Epochs that can be asked for, increasing.
        seed: Seed of the runs; several train together, and their mean counts (diverged as soon as one of them is).
        plan_seed: Seed of the collection that this one is to agree with.
        encoding: How categories become numbers: ``"ordinal"`` or ``"onehot"``; by default as the
            problem has it.
        device: Where to compute: ``"cpu"``; experimental and never run on a GPU yet: ``"cuda"``, ``"cuda:1"`` ...

    Attributes:
        trainer: What trains, here or in the processes.

    Raises:
        UnknownNameError: If a name is unknown.
        DataError: If the data set cannot be fetched, read or used.
        InputError: If another argument cannot be used.
    """

    resumes = False

    def __init__(
        self,
        dataset: str | Dataset,
        metric: str | None = None,
        *,
        space: str = "mlp",
        configs: pd.DataFrame | None = None,
        budgets: tuple[int, ...] = (12, 25, 50),
        seed: int | Sequence[int] = 0,
        plan_seed: int = 0,
        encoding: str | None = None,
        device: str = "cpu",
    ) -> None:
        if find_spec("torch") is None:
            raise InputError("training needs the package 'torch', got none; run: pip install 'lcbench[collect]'.")
        problem = get_problem(space)
        self.metric, self.budgets = problem.record.metric(metric), checked(budgets)
        self.space_name, self.space = space, problem.space
        self.table = None if configs is None else ConfigTable(self.space, check_configs(self.space, configs))
        self._ids = pd.Index([]) if configs is None else configs.index
        seeds = _seeds(seed)
        plan_seed = whole("plan seed", plan_seed, least=0)
        loaded = load_dataset(dataset) if isinstance(dataset, str) else dataset
        self.dataset, self.source, self.encoding = loaded.name, loaded.source, encoding or problem.encoding
        prepared = prepare(loaded, self.encoding)
        self.trainer = Trainer(space, prepared, self.metric.name, seeds, plan_seed, check_device(device))

    @classmethod
    def like(cls, bench: Benchmark, dataset: str, metric: str | None = None, *, seed: int | Sequence[int] = 0) -> Self:
        """Train again what a collected benchmark has: its configurations, budgets, plan seed, encoding and device.

        The same optimizer with the same seed, on one worker, asks here for the jobs that it asks for on
        ``ReplayBackend(bench, dataset, metric)``, and gets the same values.

        Args:
            bench: A benchmark made by ``lcbench collect``.
            dataset: Name of one of its data sets.
            metric: What is optimized; by default the table's objective.
            seed: A recorded seed, or several, of which the mean counts.

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
            digest = plan["data"][dataset]
        made = cls(
            str(bench.dataset_table.loc[dataset, "source"]),
            bench.metric(metric).name,
            space=bench.manifest.problem,
            configs=bench.configs,
            budgets=bench.budgets,
            seed=seed,
            **planned,
        )
        if digest_data(made.trainer.data) != digest:
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

    def config_id(self, config: Config) -> int:
        """Number of this configuration among the given ones.

        Raises:
            InputError: If there are none, or it is none of them.
        """
        if self.table is None:
            raise InputError(f"configs must be given for configurations to have numbers, got space {self.space_name}.")
        return int(self._ids[_row(self.table, config)])

    def executor(self, workers: int) -> AbstractContextManager[Executor[JobTask]]:
        """Processes of this machine that train."""
        return LocalExecutor(workers, CurveOf(self), preload="lcbench.collection.worker")

    def describe(self) -> dict[str, Any]:
        """Describe everything that decides the values, in plain types."""
        trainer = self.trainer
        return {
            "data set": self.dataset,
            "data": digest_data(trainer.data),
            "metric": self.metric.name,
            "space": self.space_name,
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
        space_name=backend.space_name,
        configs=given_configs(backend.space_name, tried(trace)),
        budgets=backend.budgets,
        n_seeds=max(backend.trainer.seeds) + 1,
        encoding=backend.encoding,
        plan_seed=backend.trainer.plan_seed,
        device=backend.trainer.device,
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
