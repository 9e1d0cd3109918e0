"""One simulation of a study: one optimizer on one data set with one seed."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from zlib import crc32

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped,unused-ignore]

from lcbench.errors import DataWarning, InputError
from lcbench.simulate.contract import Job, Optimizer, Result
from lcbench.simulate.domain import ConfigTable
from lcbench.simulate.optimizers.spec import Spec, blamed, trait
from lcbench.simulate.portfolios import portfolio_of
from lcbench.simulate.priors import prior_of
from lcbench.simulate.replay import ReplayBackend
from lcbench.simulate.run import NothingFinishedError, simulate
from lcbench.simulate.sources import Sources
from lcbench.simulate.study.file import KEY, SCHEMA, empty_run
from lcbench.simulate.study.limit import Unit
from lcbench.simulate.study.objectives import columns_of
from lcbench.simulate.study.plan import SimulationTask, StudyPlan
from lcbench.simulate.transfer.knowledge import knowledge_of
from lcbench.simulate.warm_start import WarmStart
from lcbench.simulate.wrappers import ScaledCost
from lcbench.table.benchmark import Benchmark
from lcbench.table.view import View


class EpochLimit:
    """A limit on epochs: passes on an optimizer's jobs as long as their epochs fit.

    The first job that does not fit ends it: what is running is told, nothing more is asked. So never more epochs are
    trained than the limit, and less than one job's epochs are left over. Epochs are counted as
    :func:`lcbench.simulate.run.simulate` charges for them: on a backend that resumes, a promoted trial pays its new
    ones only, and so does a new trial that starts from the state of another.

    Args:
        optimizer: Asks for jobs.
        epochs: Epochs that may be trained in all.
        resumes: As the backend has it, see :class:`lcbench.simulate.contract.Backend`.

    Attributes:
        paid: Epochs of each job passed on, by its trial and budget.
    """

    def __init__(self, optimizer: Optimizer, epochs: int, *, resumes: bool) -> None:
        self._optimizer, self._left, self._resumes = optimizer, epochs, resumes
        self._trained: dict[int, int] = {}  # by trial: budget of its latest result
        self._over = False
        self.paid: dict[tuple[int, int], int] = {}

    def ask(self) -> Job | None:
        """The optimizer's next job, or None once one did not fit."""
        job = None if self._over else self._optimizer.ask()
        if job is None:
            return None
        start = self._trained.get(job.trial if job.parent is None else job.parent, 0) if self._resumes else 0
        if job.budget - start > self._left:
            self._over = True
            return None
        self._left -= job.budget - start
        self.paid[job.trial, job.budget] = job.budget - start
        return job

    def tell(self, result: Result) -> None:
        """Pass on a result."""
        self._trained[result.job.trial] = result.job.budget
        self._optimizer.tell(result)


def cell_rng(seed: int, optimizer: str, dataset: str) -> np.random.Generator:
    """The randomness of one simulation: depends on its seed and names only, not on what else is in the study."""
    return np.random.default_rng(np.random.SeedSequence([seed, crc32(optimizer.encode()), crc32(dataset.encode())]))


class Player:
    """Runs simulations of a plan; their results do not depend on process or order.

    The last data set's backend is kept, since the next task is likely to need it, and the encoded configurations of
    the table are shared by all of them.

    Args:
        bench: The table.
        plan: The study.
    """

    def __init__(self, bench: Benchmark, plan: StudyPlan) -> None:
        self._bench, self._plan = bench, plan
        self._table = ConfigTable(bench.space, bench.configs)
        self._backend: tuple[tuple[str, int], ReplayBackend] | None = None

    def play(self, task: SimulationTask) -> pa.Table:
        """Simulate a task.

        Returns:
            One row per result, under :data:`lcbench.simulate.study.file.SCHEMA`; if nothing finished within the limit,
            the row of :func:`lcbench.simulate.study.file.empty_run`.

        Raises:
            InputError: If it cannot be simulated.
        """
        backend, plan = self._backend_of(task), self._plan
        limit, unit = plan.limit.on(backend), plan.limit.unit
        rng = cell_rng(task.seed, task.optimizer, task.dataset)
        spec = plan.optimizer(task.optimizer)
        speedup: int = trait(spec.found, "speedup", 1)
        trained = backend if speedup == 1 else ScaledCost(backend, 1 / speedup)
        most = plan.limit.arguments(backend, speedup)
        same = dict(zip(KEY, task.key, strict=True)) | {"limit": limit, "unit": unit} | _ends(backend)
        try:
            with blamed(spec, f"on {task.dataset}, seed {task.seed}"):
                optimizer = self._optimizer(spec, backend, task, rng)
                epochs = (
                    EpochLimit(optimizer, most["evaluations"], resumes=backend.resumes) if unit == "epochs" else None
                )
                trace = simulate(epochs or optimizer, trained, workers=task.workers, **most)
        except NothingFinishedError as error:
            return empty_run(same, error.first)
        spent = used(trace.results, unit, epochs.paid if epochs else None)
        return _rows(trace.results, backend, spent if unit == "seconds" else spent / speedup, same)

    def _optimizer(
        self, spec: Spec, backend: ReplayBackend, task: SimulationTask, rng: np.random.Generator
    ) -> Optimizer:
        """An optimizer on a fresh domain, with the plan's prior, the task's portfolio, and what it transfers from."""
        plan, factory = self._plan, spec.factory
        begin = plan.portfolio(task.portfolio)
        prior = None if plan.prior is None else prior_of(plan.prior, backend, task.seed)
        known = self._knowledge if begin.source is not None or trait(spec.found, "transfers", default=False) else None
        others = None if known is None else known.without(backend.dataset)
        domain = backend.domain(prior, others)
        if begin.source is not None:
            seen = others if begin.leave_one_out else known
            factory = WarmStart(factory, portfolio_of(begin.source, seen, domain))
        return factory(domain, backend.budgets, rng)

    @cached_property
    def _knowledge(self) -> Sources | None:
        """What the table knows of its data sets."""
        return knowledge_of(self._bench, self._plan.metric, self._table)

    def _backend_of(self, task: SimulationTask) -> ReplayBackend:
        plan = self._plan
        key = task.dataset, task.seed if plan.recorded == "draw" else 0
        if self._backend is None or self._backend[0] != key:
            self._backend = key, self._opened(*key)
        return self._backend[1]

    def _opened(self, dataset: str, draw_seed: int) -> ReplayBackend:
        plan = self._plan
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # said once, where the study begins
            backend = plan.replay(self._bench, dataset, draw_seed, self._table)
        if not np.isfinite(backend.best_loss):
            raise InputError(f"data set {dataset!r} must have a run that did not diverge in {plan.metric}, got none.")
        return backend


@dataclass(frozen=True, slots=True)
class Simulate:
    """Plays simulations in whatever process it is called; each process opens the table once.

    Attributes:
        folder: The benchmark's.
        view: Which of its runs are replayed.
        plan: The study.
    """

    folder: Path
    view: View
    plan: StudyPlan

    def __call__(self, task: SimulationTask) -> pa.Table:
        """Simulate on one thread.

        Raises:
            InputError: If it cannot be simulated.
        """
        with threadpool_limits(1):  # the number of threads can change a last digit
            return _player(self).play(task)


@lru_cache(maxsize=1)
def _player(simulate: Simulate) -> Player:
    return Player(Benchmark(simulate.folder, dict(simulate.view.fixed), simulate.view.along), simulate.plan)


def _rows(
    results: Sequence[Result], backend: ReplayBackend, used: NDArray[np.float64], same: Mapping[str, object]
) -> pa.Table:
    """One row per result, and what is the same in all of them."""
    places = {trial: backend.row(config) for trial, config in {r.job.trial: r.job.config for r in results}.items()}
    rows = np.array([places[r.job.trial] for r in results])
    ends = rows, np.searchsorted(backend.budgets, [r.job.budget for r in results])
    columns = {
        "trial": [r.job.trial for r in results],
        "config_id": backend.bench.configs.index.to_numpy()[backend.rows[rows]],
        "budget": [r.job.budget for r in results],
        "loss": [r.loss for r in results],
        "value": [float(r.curve.values[-1]) for r in results],  # no DataFrame
        "test_loss": backend.test_losses[ends],
        "test_value": backend.test_values[ends],
        "started": [r.started for r in results],
        "finished": [r.finished for r in results],
        "worker": [r.worker for r in results],
        "used": used,
        **columns_of(results, backend),
    }
    columns |= {
        name: pa.repeat(pa.scalar(value, SCHEMA.field(name).type), len(results)) for name, value in same.items()
    }
    return pa.table(columns, schema=SCHEMA)


def _ends(backend: ReplayBackend) -> dict[str, object]:
    """What is the same in all rows of a replay: the lowest and the highest finite losses, and several objectives.

    On the test part the losses are NaN if it has none.
    """
    known = backend.test_losses[np.isfinite(backend.test_losses)]
    least, most = (float(known.min()), float(known.max())) if known.size else (np.nan, np.nan)
    tested: dict[str, object] = {"best_test_loss": least, "worst_test_loss": most}
    objectives = ",".join(metric.name for metric in backend.metrics) if len(backend.metrics) > 1 else None
    return {"best_loss": backend.best_loss, "worst_loss": backend.worst_loss, "objectives": objectives} | tested


def used(
    results: Sequence[Result], unit: Unit, paid: Mapping[tuple[int, int], int] | None = None
) -> NDArray[np.float64]:
    """Used part of a limit at each result.

    Args:
        results: In the order in which they were told.
        unit: What is counted: virtual seconds since the start, epochs of the results told, or results told.
        paid: For epochs, those of each job by its trial and budget.

    Returns:
        ``(results,)`` array; never decreases.
    """
    if unit == "seconds":
        return np.array([r.finished for r in results])
    each = [1 if paid is None else paid[r.job.trial, r.job.budget] for r in results]
    return np.cumsum(each, dtype=np.float64)
